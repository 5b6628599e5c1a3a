import { assert, assertEquals } from "@std/assert";
import { formatLinePlot, type Panel, type PlotLine } from "../../lib/plot/line_plot.ts";
import { listLabels } from "../../lib/plot/round_numbers.ts";
import { linearScale, logScale, thinTicks } from "../../lib/plot/scale.ts";
import { escapeMarkup } from "../../lib/text/escape.ts";

Deno.test("linearScale() goes from 0 to a round number at or above the greatest value", () => {
  for (
    const [values, ticks] of [
      [[98.4, 3], [0, 20, 40, 60, 80, 100]],
      [[0], [0, 0.2, 0.4, 0.6, 0.8, 1]],
      [[100], [0, 20, 40, 60, 80, 100]],
      [[0.003], [0, 0.001, 0.002, 0.003]],
      [[101], [0, 50, 100, 150]],
    ]
  ) {
    const scale = linearScale(values);
    assertEquals(scale.ticks, ticks);
    assertEquals([scale.place(0), scale.place(ticks.at(-1)!)], [0, 1]);
  }
});

Deno.test("logScale() begins and ends at 1, 2 or 5 times a power of 10", () => {
  for (
    const [values, ticks] of [
      [[10, 1000], [10, 20, 50, 100, 200, 500, 1000]],
      [[46, 93], [20, 50, 100]],
      [[3], [2, 5]],
      [[1], [1, 2]],
      [[10, 1e8], [10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]],
      [[0.25, 15], [0.2, 0.5, 1, 2, 5, 10, 20]],
    ]
  ) {
    const scale = logScale(values);
    assertEquals(scale.ticks, ticks);
    for (const value of values) {
      const place = scale.place(value);
      assert(place >= 0 && place <= 1, `${value} of ${values}: ${place}`);
    }
  }
  const scale = logScale([1, 10_000]);
  assertEquals([1, 100, 10_000].map(scale.place), [0, 0.5, 1]);
});

Deno.test("logScale() and linearScale() have few ticks for any range", () => {
  for (const scale of [logScale([1e-9, 1e15]), linearScale([1e15]), linearScale([1.1e-7])]) {
    assert(scale.ticks.length >= 2 && scale.ticks.length <= 12, `${scale.ticks}`);
  }
});

Deno.test("listLabels() has a few round numbers for an axis of any length", () => {
  assertEquals(listLabels(1, 1e6), [1, 10, 100, 1e3, 1e4, 1e5, 1e6]);
  assertEquals(listLabels(0.5, 500), [1, 3, 10, 30, 100, 300]);
  assertEquals(listLabels(3, 60), [5, 10, 20, 50]);
  assertEquals(listLabels(0.101, 0.138), [0.11, 0.12, 0.13]);
  for (const [low, high] of [[0, 1], [1, Infinity], [NaN, NaN]]) {
    assertEquals(listLabels(low, high).length, 0);
  }
  for (let high = 1.001; high < 1e15; high *= 1.37) {
    const { length } = listLabels(1, high);
    assert(length >= 2 && length <= 16, `${high}: ${length}`);
  }
});

Deno.test("thinTicks() keeps powers of 10, or else evenly spaced ticks", () => {
  assertEquals(thinTicks([10, 20, 50, 100], 4), [10, 20, 50, 100]);
  assertEquals(thinTicks([10, 20, 50, 100, 200], 3), [10, 100]);
  assertEquals(thinTicks([0, 20, 40, 60, 80], 3), [0, 40, 80]);
});

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
