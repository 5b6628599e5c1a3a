import { assertEquals } from "@std/assert";
import { parseSize } from "../../lib/cli/units.ts";
import {
  formatBytes,
  formatClock,
  formatCount,
  formatMs,
  formatRate,
  formatShare,
  formatTimes,
  formatTook,
  latencyTitle,
} from "../../lib/text/format.ts";

/** Checks a function of one number against rows of what it gives. */
function check(
  format: (value: number) => string,
  rows: readonly (readonly [value: number, text: string])[],
): void {
  for (const [value, text] of rows) assertEquals(format(value), text);
}

Deno.test("formatCount() groups three digits, and rounds", () => {
  check(formatCount, [[0, "0"], [999, "999"], [1_000, "1,000"], [1234567.5, "1,234,568"]]);
});

Deno.test("formatTimes() has a word for one", () => {
  check(formatTimes, [[1, "once"], [2, "2 times"], [1_000, "1,000 times"]]);
});

Deno.test("formatMs() picks a unit in which three digits matter", () => {
  check(formatMs, [
    [0, "0 s"],
    [0.34, "340 us"],
    [0.9994, "999 us"],
    [0.9996, "1.00 ms"],
    [12.34, "12.3 ms"],
    [999.4, "999 ms"],
    [999.6, "1.00 s"],
    [599_999, "600 s"],
    [600_000, "10:00"],
  ]);
});

Deno.test("formatClock() shows days, hours, minutes and seconds as needed", () => {
  check(formatClock, [
    [0.4, "0s"],
    [59.4, "59s"],
    [59.5, "1:00"],
    [3_723, "1:02:03"],
    [86_400, "1d 00:00:00"],
    [3 * 86_400 + 4 * 3_600 + 5 * 60 + 6, "3d 04:05:06"],
  ]);
});

Deno.test("formatTook() has milliseconds below a second, and a clock from there on", () => {
  check(formatTook, [[0.084, "84.0 ms"], [0.9994, "999 ms"], [0.9996, "1s"], [61, "1:01"]]);
});

Deno.test("formatRate() has three digits below 100, and whole numbers above", () => {
  check(formatRate, [[0.52, "0.52"], [12.34, "12.3"], [660.4, "660"], [25_321, "25,321"]]);
});

Deno.test("formatShare() reads as all or nothing only when it is", () => {
  check(formatShare, [
    [0, "0.0 %"],
    [0.000_1, "<0.1 %"],
    [0.123_4, "12.3 %"],
    [0.999_99, "99.999 %"],
    [1, "100.0 %"],
  ]);
});

Deno.test("latencyTitle() puts the point into a percentile's name", () => {
  assertEquals(["p50", "p999", "p9999", "max"].map(latencyTitle), [
    "p50",
    "p99.9",
    "p99.99",
    "max",
  ]);
});

Deno.test("formatBytes() divides by 1,000 for kB, MB and GB", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1_000, "1.00 kB"],
    [13_000, "13.0 kB"],
    [999_499, "999 kB"],
    [999_500, "1.00 MB"],
    [104_857_600, "105 MB"],
    [1e9, "1.00 GB"],
    [2e12, "2.00 TB"],
  ];
  for (const [bytes, text] of cases) assertEquals(formatBytes(bytes), text);
  // What a user writes means the same as what a report shows.
  for (const [text, bytes] of [["13kB", 13_000], ["1MB", 1e6], ["2gb", 2e9], ["13KiB", 13_312]]) {
    assertEquals(parseSize(`${text}`, "--max-body"), bytes);
  }
  for (const [text, bytes] of [["13k", 13_312], ["64M", 67_108_864], ["1b", 1], ["1kib", 1_024]]) {
    assertEquals(parseSize(`${text}`, "--max-body"), bytes);
  }
});
