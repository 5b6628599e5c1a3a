import { assert, assertEquals, assertMatch } from "@std/assert";
import { allowedRate } from "../../bench/allowed_rate.ts";
import { type Bar, barPlot, type Panel } from "../../bench/bar_plot.ts";
import { csvRow, markdownCell } from "../../bench/table.ts";

function panel(bars: Bar[]): Panel {
  return { title: "requests/s", unit: "", digits: 0, bars };
}

/** The widths of its bars, from top to bottom. */
function widths(svg: string): number[] {
  return [...svg.matchAll(/<rect class="bar[^>]* width="([\d.]+)"/g)].map(([, w]) => Number(w));
}

/** How deep elements are nested, which no text may end too early. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [tag, isEnd, name, isEmpty] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/gi)) {
    if (isEnd) assertEquals(open.pop(), name, tag);
    else if (!isEmpty) open.push(name);
  }
  assertEquals(open, []);
  assertEquals(svg.match(/&(?!(amp|lt|gt|quot|#39);)/g), null);
}

Deno.test("barPlot() draws bars in proportion when values are of like size", () => {
  const svg = barPlot("A title", [panel([
    { name: "a", value: 100, marked: true },
    { name: "b", value: 50, least: 40, most: 60 },
    { name: "c", value: 0 },
  ])]);
  const [a, b, c] = widths(svg);
  assertEquals(b, a / 2);
  assertEquals(c, 1);
  assert(svg.includes("linear axis") && !svg.includes("logarithmic axis"));
  assertMatch(svg, /<rect class="bar mark"/);
  assertEquals(svg.match(/class="range" d=/g)?.length, 1);
  assertWellFormed(svg);
});

Deno.test("barPlot() labels a logarithmic axis when values span decades", () => {
  const svg = barPlot("A title", [panel([
    { name: "a", value: 100_000 },
    { name: "b", value: 1_000 },
    { name: "c", value: 10 },
  ])]);
  const [a, b, c] = widths(svg);
  // From 1, the decade below the least: 5, 3 and 1 of 5.
  assertEquals([b / a, c / a].map((ratio) => ratio.toFixed(3)), ["0.600", "0.200"]);
  assert(svg.includes("logarithmic axis"));
  for (const tick of ["1", "10", "100", "1k", "10k", "100k"]) {
    assert(svg.includes(`>${tick}</text>`), tick);
  }
});

Deno.test("barPlot() gives each panel the axis of its own values", () => {
  const svg = barPlot("A title", [
    panel([{ name: "a", value: 1 }, { name: "b", value: 2 }]),
    { ...panel([{ name: "a", value: 1 }, { name: "b", value: 2_000 }]), unit: " us", digits: 1 },
  ]);
  assert(svg.includes("linear axis") && svg.includes("logarithmic axis"));
  assert(svg.includes(">2,000.0 us</text>"));
});

Deno.test("barPlot() shows a notice when nothing was measured", () => {
  for (const bars of [[], [{ name: "a", value: undefined }]]) {
    const svg = barPlot("A title", [panel(bars)]);
    assertEquals(widths(svg), []);
    assertEquals(svg.includes("not measured"), bars.length > 0);
    assert(!/NaN|Infinity|undefined/.test(svg), svg);
    assertWellFormed(svg);
  }
});

Deno.test("barPlot() escapes text that looks like markup", () => {
  const name = `</text><script>"a" & 'b'</script>\x00\x1b\ud800`;
  const svg = barPlot(name, [{ ...panel([{ name, value: 1 }]), title: name, unit: name }]);
  assertWellFormed(svg);
  assert(!svg.includes("<script"));
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f]/.test(svg) && svg.isWellFormed());
});

Deno.test("barPlot() has colors for light and dark", () => {
  const svg = barPlot("A title", [panel([{ name: "a", value: 1 }])]);
  for (
    const rule of [/text \{ fill: (#\w+)/g, /background: (#\w+)/g, /\.mark \{ fill: (#\w+)/g]
  ) {
    const [light, dark] = [...svg.matchAll(rule)];
    assert(dark.index > svg.indexOf("@media (prefers-color-scheme: dark)"), `${rule}`);
    assert(light[1] !== dark[1], `${rule}`);
  }
});

for (
  const [inFlight, requests, allowed, why] of [
    [1_000, 0, 2_000, "no end of requests"],
    [1, 12, 2, "one after another"],
    [10_000, 10_000, 10_001, "all at once, until the slowest"],
    [10_000, 4, 5, "fewer than may be in flight"],
    [999, 12 * 999, 12 * 999 / 6.499, "11 times the mean, then the slowest"],
  ] as const
) {
  Deno.test(`allowedRate() is ${allowed} when there is ${why}`, () => {
    const rate = allowedRate({ maxSeconds: 1 }, inFlight, requests);
    assert(Math.abs(rate / allowed - 1) < 1e-9, `${rate}`);
  });
}

Deno.test("markdownCell() escapes what would end its cell", () => {
  assertEquals(
    markdownCell("no | in\nwhat \x1b[1m it\r\n said "),
    "no \\| in what \\x1b[1m it said",
  );
  assertEquals(markdownCell("x".repeat(1_000)).length, 160);
});

Deno.test("csvRow() quotes commas and leaves out missing values", () => {
  assertEquals(
    csvRow(["aiohttp, semaphore", 1, undefined, 'a "b"']),
    '"aiohttp, semaphore",1,,"a ""b"""\n',
  );
});
