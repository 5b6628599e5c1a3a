import { assertEquals } from "@std/assert";
import { computeSliceLength, type SliceLengthOptions } from "../../lib/cluster/slice_length.ts";

const OPTIONS: SliceLengthOptions = {
  slice: undefined,
  total: undefined,
  items: {},
  rate: undefined,
};

const CASES: readonly [
  subject: string,
  options: Partial<SliceLengthOptions>,
  given: number,
  length: number,
][] = [
  ["what the user has set", { slice: 7, total: 1_000_000 }, 0, 7],
  ["a thirtieth of what is left", { total: 61_000 }, 1_000, 2_000],
  ["the maximum where more is left", { total: 100_000_000 }, 0, 20_000],
  ["the minimum near the end", { total: 61_000 }, 60_990, 100],
  ["the usual one where nobody knows how many are left", {}, 5_000, 2_000],
  ["the usual one before anything was read", { items: { progress: () => 0 } }, 0, 2_000],
  [
    "a thirtieth of what the input seems to have",
    { items: { progress: () => 0.25 } },
    20_000,
    2_000,
  ],
  ["the minimum at the end of the input", { items: { progress: () => 1 } }, 20_000, 100],
  ["what a rate does in 10 s", { total: 1_000_000, rate: 50 }, 0, 500],
  ["one request at a low rate", { total: 1_000_000, rate: 0.01 }, 0, 1],
];

for (const [subject, options, given, length] of CASES) {
  Deno.test(`computeSliceLength() gives ${subject}`, () => {
    assertEquals(computeSliceLength({ ...OPTIONS, ...options }, given), length);
  });
}
