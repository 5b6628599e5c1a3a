import { assertEquals } from "@std/assert";
import { splitShellWords } from "../../lib/commands/curl/shell_words.ts";
import { quoteVisibly, quoteWord } from "../../lib/text/quote_word.ts";

const WORDS: [string, string][] = [
  ["--allow-read=/tmp/a.txt", "--allow-read=/tmp/a.txt"],
  ["--allow-net=[::1]:8080", "--allow-net=[::1]:8080"],
  ["--allow-read=/tmp/[a]", "'--allow-read=/tmp/[a]'"],
  ["--allow-read=a b", "'--allow-read=a b'"],
  ["it's", `'it'\\''s'`],
  ["$(touch x)", "'$(touch x)'"],
  ["", "''"],
];
for (const [word, quoted] of WORDS) {
  Deno.test(`quoteWord() gives ${quoted}`, () => assertEquals(quoteWord(word), quoted));
}

const VISIBLE: [string, string][] = [
  ["http://h/", "http://h/"],
  ["it's\na", `'it'\\''s\na'`],
  ["\x1b]0;it's\\a", "$'\\033]0;it\\'s\\\\a'"],
  ["\u202e7\t", "$'\\342\\200\\2567\\011'"],
  ["\ud800", "'\ufffd'"],
];
for (const [word, quoted] of VISIBLE) {
  Deno.test(`quoteVisibly() gives ${JSON.stringify(quoted)}`, () => {
    assertEquals(quoteVisibly(word), quoted);
    assertEquals(splitShellWords(quoted), [word.toWellFormed()]);
  });
}
