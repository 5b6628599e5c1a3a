import { assert, assertEquals } from "@std/assert";
import { formatComparisonPage, plotComparison } from "../../../lib/commands/compare/plot.ts";
import { CONDITIONS, TRIALS } from "../../fixtures/trials.ts";

Deno.test("plotComparison() draws a line for each strategy, and a cross where it was stopped", () => {
  const svg = plotComparison(TRIALS);
  assertEquals(svg.match(/<g /g)?.length, 2);
  for (const name of ["sync", "semaphore", "http1"]) assert(svg.includes(`>${name}</text>`), name);
  assert(!svg.includes(">race<"));
  assertEquals(svg.match(/m-5 -5l10 10/g)?.length, 2);
  assert(!/NaN|Infinity|undefined/.test(svg));
});

Deno.test("formatComparisonPage() escapes what a client printed", () => {
  const page = formatComparisonPage(TRIALS, { ...CONDITIONS, delay: "<b>" });
  assert(!page.includes("<script>"));
  assert(!page.includes("<b>"));
  assert(page.includes("\\x1b[2Jerror &lt;/pre&gt;&lt;script&gt;"));
});
