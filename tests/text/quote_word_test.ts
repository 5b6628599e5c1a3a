import { assertEquals } from "@std/assert";
import { quoteWord } from "../../lib/text/quote_word.ts";

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
