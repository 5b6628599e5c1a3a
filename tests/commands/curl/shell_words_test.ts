import { assertEquals, assertThrows } from "@std/assert";
import { splitShellWords } from "../../../lib/commands/curl/shell_words.ts";
import { UsageError } from "../../../lib/errors.ts";
import { run } from "../../fixtures/program.ts";

/** Commands whose words bash itself says. */
const COMMANDS = [
  "curl http://h/",
  "  curl\thttp://h/?a=1  ",
  "curl 'a b' \"c d\" e\\ f",
  `curl -H'X: a' -H"Y: b"c d''e ""`,
  `curl "a\\"b\\\\c\\$d\\e" 'a\\'`,
  "curl \\\n  -d 'two\nlines' \\\n  http://h/",
  String.raw`curl $'a\'b\n\t\\ \x41\u00e9\U0001F600 \xc3\xa9 \101\e\q'`,
  "curl a#b # a comment",
  'curl "100 $" 5$ {a} ~ a*',
  `curl "a'b" 'c"d' "!" '$HOME' '\`'`,
  "curl é😀 'é😀'",
  'curl "a\\\nb"',
];

Deno.test("splitShellWords() gives the words that bash gives", async () => {
  const script = COMMANDS.map((command) => `set -f; words ${command.trim()}\n`).join("");
  const { stdout, code, stderr } = await run(
    ["bash", "-c", `words() { printf '%s\\0' "$@"; printf '\\1\\0'; }\n${script}`],
    { env: { LC_ALL: "C.UTF-8", HOME: "~" } },
  );
  assertEquals([code, stderr], [0, ""]);
  const words = stdout.split("\u0001\0").slice(0, -1).map((list) => list.split("\0").slice(0, -1));
  assertEquals(COMMANDS.map(splitShellWords), words);
});

for (
  const [text, what] of [
    ["curl http://h/ | jq .", "'|' behind word 2"],
    ["curl http://h/?a=1&b=2", "'&' behind word 1"],
    ["curl http://h/ > out", "'>' behind word 2"],
    ["curl http://h/; rm x", "';' behind word 1"],
    ["curl http://h/\ncurl http://i/", "'a line break' behind word 1"],
    ["curl $URL", "'$URL' behind word 1"],
    ['curl -H "A: $TOKEN"', "'$TOKEN' behind word 2"],
    ['curl "${URL}"', "'${' behind word 1"],
    ["curl $(cat url)", "'$(' behind word 1"],
    ["curl `cat url`", "'`' behind word 1"],
    ["curl 'http://h/", "a ' lacks its second one"],
    ['curl "http://h/\\"', 'a " lacks its second one'],
    ["curl $'http://h/\\'", "a ' lacks its second one"],
  ]
) {
  Deno.test(`splitShellWords() refuses ${JSON.stringify(text)}`, () => {
    assertThrows(() => splitShellWords(text), UsageError, what);
  });
}

Deno.test("splitShellWords() takes time in proportion to a long word", () => {
  const long = "x".repeat(1 << 20);
  assertEquals(splitShellWords(`curl '${long}' "${long}" ${long}`), ["curl", long, long, long]);
});
