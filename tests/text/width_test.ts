import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  escapeForCells,
  measureWidth,
  padEndWidth,
  truncateWidth,
  wrapWidth,
} from "../../lib/text/width.ts";
import { isInstalled } from "../fixtures/installed.ts";
import { Tmux } from "../fixtures/tmux.ts";

/** Texts that are shown as they are, and their cells. */
const SHOWN: [string, number][] = [
  ["plain text ~", 12],
  ["Grüße à l’été, señor: 5 € – „ok“…", 33],
  ["Ελλάδα", 6],
  ["Ўзбекистон", 10],
  ["Հայաստան საქართველო", 19],
  ["Việt Nam, Đà Nẵng", 17],
  ["日本語、漢字「々〆」", 20],
  ["ひらがな カタカナー", 19],
  ["대한민국", 8],
  ["ㄅㄆㄇ", 6],
  ["ｆｕｌｌ（１２）", 16],
  ["ﾊﾝｶｸ｡", 5],
  ["𠮷野家", 6],
];
for (const [text, cells] of SHOWN) {
  Deno.test(`escapeForCells() keeps '${text}', of ${cells} cells`, () => {
    assertEquals(escapeForCells(text), text);
    assertEquals(measureWidth(text), cells);
  });
}

const ESCAPED: [string, string, string][] = [
  ["a picture", "\u{1f600}!", "\\u{1f600}!"],
  ["a family of joined pictures", "\u{1f468}\u200d\u{1f467}", "\\u{1f468}\\u{200d}\\u{1f467}"],
  ["a flag", "\u{1f1e9}\u{1f1ea}", "\\u{1f1e9}\\u{1f1ea}"],
  ["a key cap", "1\ufe0f\u20e3", "1\\u{fe0f}\\u{20e3}"],
  ["a symbol that is a picture or not", "\u2764 \u2049", "\\u{2764} \\u{2049}"],
  ["a mark without its letter", "日\u0301", "日\\u{301}"],
  ["a pile of marks", "Z\u0351\u036b", "Z\\u{351}\\u{36b}"],
  ["a letter and its accent", "e\u0301 가", "é 가"],
  ["text from right to left", "\u05e9\u05dc \u0639", "\\u{5e9}\\u{5dc} \\u{639}"],
  ["letters that join", "\u0e44\u0e17 \u0915\u094d", "\\u{e44}\\u{e17} \\u{915}\\u{94d}"],
  ["spaces of other widths", "\u00a0\u2003\u3000\u200b", "\\u{a0}\\u{2003}\\u{3000}\\u{200b}"],
  ["a soft hyphen", "a\u00adb", "a\\u{ad}b"],
  ["half a syllable", "\u1100", "\\u{1100}"],
  ["commands of a terminal", "\x1b[2J\x9b\u202e", "\\x1b[2J\\x9b\\u{202e}"],
  ["half a pair", "日\ud842", "日\\u{d842}"],
  ["new letters, which old terminals do not know", "\ua7da", "\\u{a7da}"],
];
for (const [what, text, expected] of ESCAPED) {
  Deno.test(`escapeForCells() escapes ${what}`, () => {
    assertEquals(escapeForCells(text), expected);
  });
}

Deno.test("escapeForCells() reads at most as many characters as allowed", () => {
  assertEquals(escapeForCells("日本語", 2), "日…");
  assertEquals(escapeForCells("é".repeat(10_000), 500).length, 500);
});

Deno.test("escapeForCells() gives only characters of one or two cells", () => {
  for (let code = 0; code < 0x20000; code++) {
    const shown = escapeForCells(String.fromCodePoint(code));
    assert(/^\P{C}+$/u.test(shown), code.toString(16));
    assert(measureWidth(shown) >= [...shown].length, code.toString(16));
  }
});

Deno.test("measureWidth() counts cells as most terminals do", () => {
  assertEquals(measureWidth("\u{1f600}e\u0301 ש"), 5);
});

Deno.test("padEndWidth() and truncateWidth() fill cells, not characters", () => {
  assertEquals(padEndWidth("日本", 6), "日本  ");
  assertEquals(padEndWidth("日本", 3), "日本");
  assertEquals([6, 5, 4, 3, 2, 1].map((cells) => truncateWidth("日本a", cells)), [
    "日本a",
    "日本a",
    "日…",
    "日…",
    "…",
    "…",
  ]);
});

Deno.test("wrapWidth() breaks a line where a terminal does", () => {
  assertEquals(wrapWidth("日本語", 5), ["日本", "語"]);
  assertEquals(wrapWidth("a日本語", 5), ["a日本", "語"]);
  assertEquals(wrapWidth("abcdef", 3), ["abc", "def"]);
  assertEquals(wrapWidth("", 3), [""]);
});

Deno.test("a terminal uses the same cells as measureWidth()", {
  ignore: !isInstalled("tmux"),
}, async () => {
  await using tmux = await Tmux.start({ columns: 80, rows: 24 });
  for (const [text, cells] of SHOWN) assertEquals(await tmux.measure(text), cells, text);
});

Deno.test("std's unicodeWidth() cannot be loaded from its npm package", async () => {
  // As soon as it can, it is to be weighed against the scripts that lib/text/width.ts names.
  const specifier = "npm:deno-std@1.4.0/cli/unicode_width.js";
  await assertRejects(() => import(specifier), TypeError, "_data.json");
});
