import { assert, assertEquals } from "@std/assert";
import { escapeForTerminal, escapeJson, escapeMarkup } from "../../lib/text/escape.ts";

/** Every code point that must not come through. */
const UNSAFE = [
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f),
  0x061c,
  ...range(0x200e, 0x200f),
  ...range(0x2028, 0x202e),
  ...range(0x2066, 0x2069),
  0xfeff,
  0xfffe,
  0xffff,
  ...range(0xd800, 0xdfff),
];

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

Deno.test("escapeForTerminal() makes every control, direction mark and lone surrogate visible", () => {
  for (const code of UNSAFE) {
    const hex = code.toString(16);
    const escaped = code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
    assertEquals(escapeForTerminal(`a${String.fromCharCode(code)}b`), `a${escaped}b`);
  }
});

Deno.test("escapeForTerminal() keeps all other of the first 65,536 code points", () => {
  const unsafe = new Set(UNSAFE);
  for (let code = 0; code < 0x10000; code++) {
    const text = String.fromCharCode(code);
    assertEquals(escapeForTerminal(text) === text, !unsafe.has(code), code.toString(16));
  }
});

const ESCAPED: [string, string, string][] = [
  ["a colour", "\x1b[31mred", "\\x1b[31mred"],
  ["a title", "\x1b]0;title\x07", "\\x1b]0;title\\x07"],
  ["a one-character CSI", "\x9b2J", "\\x9b2J"],
  ["another line", "a\r\nb", "a\\x0d\\x0ab"],
  ["text turned round", "\u202egpj.exe", "\\u{202e}gpj.exe"],
  ["half a pair", "\ud83d!", "\\u{d83d}!"],
  ["a pair the wrong way round", "\ude00\ud83d", "\\u{de00}\\u{d83d}"],
  ["nothing to escape", "schöne Grüße \u{1f600}", "schöne Grüße \u{1f600}"],
  ["nothing", "", ""],
];
for (const [what, text, expected] of ESCAPED) {
  Deno.test(`escapeForTerminal() escapes ${what}`, () => {
    assertEquals(escapeForTerminal(text), expected);
    assertEquals(escapeForTerminal(text, expected.length || 1), expected);
  });
}

const CUT: [string, number, string][] = [
  ["abcdef", 6, "abcdef"],
  ["abcdef", 5, "abcd…"],
  ["abcdef", 1, "…"],
  ["\x1b\x1b\x1b", 6, "\\x1b\\…"],
  ["ab\u{1f600}", 4, "ab\u{1f600}"],
  ["ab\u{1f600}", 3, "ab…"],
  ["abc\u{1f600}", 4, "abc…"],
  ["a\u{1f600}\u{1f600}", 3, "a…"],
];
for (const [text, maxLength, expected] of CUT) {
  Deno.test(`escapeForTerminal() cuts ${JSON.stringify(text)} to ${maxLength}`, () => {
    assertEquals(escapeForTerminal(text, maxLength), expected);
  });
}

Deno.test("escapeForTerminal() is never longer than its bound", () => {
  const text = "a\x1b\u{1f600}\u202e\ud800b".repeat(20);
  for (let maxLength = 1; maxLength < 300; maxLength++) {
    const escaped = escapeForTerminal(text, maxLength);
    assert(escaped.length <= maxLength);
    assert(escaped.isWellFormed());
  }
});

Deno.test("escapeJson() gives the same JSON without characters that act on a terminal", () => {
  const value = { text: UNSAFE.map((code) => `${String.fromCharCode(code)} `).join("") };
  const json = escapeJson(JSON.stringify(value, null, 2));
  assertEquals(JSON.parse(json), value);
  assertEquals(escapeForTerminal(json.replaceAll("\n", "")), json.replaceAll("\n", ""));
});

Deno.test("escapeMarkup() escapes what ends a text or a quoted attribute", () => {
  assertEquals(
    escapeMarkup(`<a href="x" b='y' c=\`z\`>&amp;</a>`),
    "&lt;a href=&quot;x&quot; b=&#39;y&#39; c=&#96;z&#96;&gt;&amp;amp;&lt;/a&gt;",
  );
  assertEquals(escapeMarkup("a\0\u202eb\x7f"), String.raw`a\x00\u{202e}b\x7f`);
});
