import { UsageError } from "../../lib/errors.ts";
import { parseCurl } from "../../lib/commands/curl/parse_curl.ts";
import { splitShellWords } from "../../lib/commands/curl/shell_words.ts";
import { translateCurl } from "../../lib/commands/curl/translate.ts";
import { quoteWord } from "../../lib/text/quote_word.ts";
import { parseFlags } from "../../lib/cli/parse_flags.ts";
import { RUN_FLAGS } from "../../lib/options/table.ts";
import { attempt, decode, type FuzzTarget, hold, holdEqual } from "../target.ts";

export const target: FuzzTarget = {
  reads: "commands of curl: words of a shell, options, and what they are here",
  seeds: [
    "-X POST -H 'Content-Type: application/json' -d '{\"a\":1}' 'http://h/a?b=c'",
    "'https://h/' --compressed -sSLk -u user:pass -b 'a=b' -A x -e y --retry 3",
    "-G --data-urlencode 'q=a b' -d x=y http://h/ -o /dev/null -w '%{http_code}'",
    "$'http://h/\\u00e4\\x41\\'' \\\n  -F 'a=@file;type=text/plain' -F b=c # comment",
    '"http://h/$x" | cat; `id`',
    '-H "A: \\"b\\"" --max-time 5 --connect-timeout 0 -x socks5://p:1 http://h/ -T - -I',
  ],
  tokens: [
    "'",
    '"',
    "\\",
    "$'",
    "\\x",
    "-d ",
    "-H ",
    "--",
    "-F ",
    "http://h/",
    " ",
    "\n",
    "#",
    "{",
    "@",
    "=",
    ";",
  ],
  // An option that does not exist is compared to all that do.
  maxSteps: (bytes) => 500_000 + 1_000 * bytes,

  run(input) {
    const words = attempt(() => splitShellWords(decode(input)), UsageError);
    if ("error" in words) return words.error;
    const quoted = words.value.map(quoteWord).join(" ");
    if (!quoted.includes("\0")) {
      holdEqual(splitShellWords(quoted), words.value, "words that are quoted read differently");
    }
    const translated = attempt(() => translateCurl(parseCurl(words.value)), UsageError);
    if ("error" in translated) return translated.error;
    const { argv, notes } = translated.value;
    const values = attempt(() => parseFlags(RUN_FLAGS, argv, "myriad"), UsageError);
    hold("value" in values, `flags that a run refuses: ${"error" in values ? values.error : ""}`);
    return JSON.stringify([argv, notes]);
  },
};
