import { assert, assertEquals, assertThrows } from "@std/assert";
import { MAX_INSPECTED_BYTES } from "../../lib/check/body_prefix.ts";
import { computeSafeLength, Pattern, Patterns } from "../../lib/check/pattern.ts";

for (
  const [source, length] of [
    ["ok", 1_000],
    ["^[a-z*+]+$", 31],
    ["\\*\\+\\(\\)", 1_000],
    ["a|b", 500],
    ["ab?c", 500],
    ["a.*b", 31],
    ["a.*b.*c", 10],
    ["a{2,}", 31],
    ["(?:a|b)", 500],
    ["(?<name>x)", 1_000],
    ["(a)\\1", 31],
    ["(a+)+", 0],
    ["(a|a)*", 0],
    ["(?:a){2,}", 0],
  ] as [string, number][]
) {
  Deno.test(`computeSafeLength() is ${length} characters for '${source}'`, () => {
    assertEquals(computeSafeLength(source, 1_000), length);
  });
}

for (
  const [source, text] of [
    ["(a+)+$", `${"a".repeat(40)}!`],
    ["(a|a)*$", `${"a".repeat(40)}!`],
    ["(.*)*x", "a".repeat(100)],
    ["a.*b.*c.*d", "abc".repeat(5_000)],
    ["a.*b", "a".repeat(MAX_INSPECTED_BYTES)],
  ]
) {
  Deno.test(`Pattern.test() gives up on /${source}/ at its time limit`, () => {
    const pattern = new Pattern(source);
    assertEquals([pattern.test(text), pattern.exec(text)], [undefined, undefined]);
    // And is none the worse for it.
    assertEquals(new Pattern("(b+)+$").exec("abb")?.[0], "bb");
    assertEquals(pattern.test("abcd"), source !== "(.*)*x" && source !== "(a+)+$");
  });
}

Deno.test("Pattern.test() matches the end of the longest text, with or without a time limit", () => {
  const text = "x".repeat(MAX_INSPECTED_BYTES - 3) + "end";
  for (const source of ["end$", "e.*d$", "(e)+nd", "(?<=x)end"]) {
    assertEquals(new Pattern(source).test(text), true, source);
    assertEquals(new Pattern(source).test(text.slice(0, -1)), false, source);
  }
});

Deno.test("Pattern matches code points, and rejects an invalid regular expression", () => {
  assertEquals(new Pattern("^.$").test("\u{1f600}"), true);
  for (const source of ["(", "[b-a]", "\\-", "{"]) {
    assertThrows(() => new Pattern(source), SyntaxError);
  }
});

Deno.test("Patterns.compile() compiles each pattern once, and keeps a bounded number", () => {
  const patterns = new Patterns();
  const first = patterns.compile("a");
  assert(patterns.compile("a") === first);
  const long = "b".repeat(5_000);
  assert(patterns.compile(long) !== patterns.compile(long), "too long to be kept");
  for (let k = 0; k < 1_000; k++) patterns.compile(`c${k}`);
  assert(patterns.compile("a") !== first, "it made room");
});
