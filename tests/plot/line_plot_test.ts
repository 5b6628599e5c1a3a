import { assert, assertEquals } from "@std/assert";
import { formatLinePlot, type Panel, type PlotLine } from "../../lib/plot/line_plot.ts";
import { escapeMarkup } from "../../lib/text/escape.ts";

const plain = {
  label: "",
  scale: "linear",
  format: (value: number): string => `${value}`,
} as const;

function panel(lines: PlotLine[], more: Partial<Panel> = {}): Panel {
  return { title: "", x: plain, y: plain, lines, ...more };
}

Deno.test("formatLinePlot() keeps a line's color in each panel, and all points within the plot", () => {
  const a = { name: "a", points: [{ x: 0, y: 5 }, { x: 10, y: 0 }] };
  const b = { name: "b", points: [{ x: 5, y: 2 }] };
  const svg = formatLinePlot([panel([a, b]), panel([b])]);
  const ofB = [...svg.matchAll(/stroke="(#\w+)" stroke-width="2" d="M([\d.]+) ([\d.]+)"/g)];
  assertEquals(ofB.length, 2);
  assertEquals(ofB[0][1], ofB[1][1]);
  const line = /stroke-width="2" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/.exec(svg)!;
  // From the top left to the bottom right of the plot.
  assertEquals(line.slice(1).map(Number), [74, 40, 410, 300]);
});

Deno.test("formatLinePlot() draws lines with gaps", () => {
  const svg = formatLinePlot([panel([], { title: "nothing" })]);
  assert(svg.includes(">nothing</text>"));
  assert(!/NaN|Infinity/.test(svg));
});

Deno.test("formatLinePlot() escapes names and labels", () => {
  const evil = `</text><script>alert("1")</script>&\x00\ud800\uffff`;
  const svg = formatLinePlot([
    panel([{ name: evil, points: [{ x: 1, y: 1 }] }, { name: "b", points: [] }], {
      title: evil,
      x: { ...plain, label: evil, format: () => evil },
    }),
  ]);
  assert(!svg.includes("<script"));
  assertEquals(
    escapeMarkup(evil),
    "&lt;/text&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;\\x00\\u{d800}\\u{ffff}",
  );
});
