import { assertEquals, assertThrows } from "@std/assert";
import { parseCount, parseDuration, parseSize } from "../../lib/cli/units.ts";
import { UsageError } from "../../lib/errors.ts";

for (
  const [text, count] of [
    ["0", 0],
    ["100", 100],
    ["10k", 10_000],
    ["1.5K", 1_500],
    ["0.3M", 300_000],
    ["1g", 1e9],
    ["1e8", 1e8],
    ["2.50e2", 250],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ] as const
) {
  Deno.test(`parseCount() gives ${count} for ${text}`, () => {
    assertEquals(parseCount(text, "-n"), count);
  });
}

for (
  const text of ["", "-1", "1.5", "1.0005k", "k", "1kk", "1e", "1e100", "9007199254740993", " 1"]
) {
  Deno.test(`parseCount() throws UsageError for '${text}'`, () => {
    assertThrows(() => parseCount(text, "-n"), UsageError, `Cannot read '-n ${text}'`);
  });
}

Deno.test("parseCount() throws UsageError when a count is out of range", () => {
  assertEquals(parseCount("5", "-c", { min: 1, max: 5 }), 5);
  assertThrows(() => parseCount("0", "-c", { min: 1, max: 5 }), UsageError, "from 1 to 5");
  assertThrows(() => parseCount("6", "-c", { min: 1, max: 5 }), UsageError, "from 1 to 5");
});

for (
  const [max, like] of [
    [undefined, "from 1, like 500, 10k, 1M or 1e8"],
    [1_000_000, "from 1 to 1000000, like 500, 10k or 1M"],
    [65_535, "from 1 to 65535, like 500 or 10k"],
    [1_000, "from 1 to 1000, like 500"],
    [9, "from 1 to 9"],
  ] as const
) {
  Deno.test(`parseCount() shows examples up to ${max ?? "the largest number"}`, () => {
    const { message } = assertThrows(() => parseCount("x", "-n", { min: 1, max }), UsageError);
    assertEquals(message, `Cannot read '-n x': use a whole number ${like}`);
  });
}

for (
  const [text, bytes] of [
    ["500", 500],
    ["500b", 500],
    ["10k", 10_240],
    ["10kB", 10_000],
    ["10KiB", 10_240],
    ["64M", 67_108_864],
    ["1.5g", 1_610_612_736],
  ] as const
) {
  Deno.test(`parseSize() gives ${bytes} for ${text}`, () => {
    assertEquals(parseSize(text, "--max-body"), bytes);
  });
}

Deno.test("parseSize() throws UsageError when the text is not a size", () => {
  for (const text of ["", "k", "1t", "-1", "1kk", "9007199254740993"]) {
    assertThrows(() => parseSize(text, "--max-body"), UsageError, `'--max-body ${text}'`);
  }
});

for (
  const [text, ms] of [["0", 0], ["250ms", 250], ["0.5s", 500], ["5m", 300_000], [
    "2h",
    7_200_000,
  ]] as const
) {
  Deno.test(`parseDuration() gives ${ms} ms for ${text}`, () => {
    assertEquals(parseDuration(text, "-z"), ms);
  });
}

Deno.test("parseDuration() throws UsageError when the text is not a duration", () => {
  for (const text of ["", "1", "s", "1d", "-1s", "1 s", "1e3ms"]) {
    assertThrows(() => parseDuration(text, "-z"), UsageError, `'-z ${text}'`);
  }
});
