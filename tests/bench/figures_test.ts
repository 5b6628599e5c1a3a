import { assertEquals } from "@std/assert";
import { type Figure, ratio, summarize } from "../../bench/figures.ts";

const VALUE: Figure<number | undefined> = { title: "a figure", value: (sample) => sample };

for (
  const [pick, samples, expected] of [
    ["median", [3, 1, 2], 2],
    ["median", [4, 1, 2, 3], 3],
    ["least", [3, undefined, 2], 2],
    ["most", [3, undefined, 2], 3],
    ["median", [undefined], undefined],
    ["least", [], undefined],
  ] as const
) {
  Deno.test(`summarize() gives ${expected} as the ${pick} of [${samples}]`, () => {
    assertEquals(summarize({ ...VALUE, pick }, samples), expected);
  });
}

Deno.test("summarize() gives the median unless the figure says otherwise", () => {
  assertEquals(summarize(VALUE, [1, 5, 9]), 5);
});

Deno.test("ratio() is undefined when one of the two was not measured", () => {
  assertEquals([ratio(3, 2), ratio(3, undefined), ratio(undefined, 2)], [
    1.5,
    undefined,
    undefined,
  ]);
});
