import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);
const PAGE = Deno.readTextFileSync(new URL("docs/threats.md", ROOT));

/** The lines of the page that say what holds something, without those that say what nothing holds. */
const [HELD, LIMITS] = PAGE.split("\n## Limits\n");
const LINES = HELD.split("\n- ").slice(1).map((line) => line.split("\n\n")[0].replace(/\s+/g, " "));

/** A test that a line names: a file, and the titles of tests in it. */
interface NamedTest {
  readonly file: string;
  readonly titles: readonly string[];
}

function listTests(line: string): NamedTest[] {
  const tests: { file: string; titles: string[] }[] = [];
  for (const [, text] of line.matchAll(/`([^`]+)`/g)) {
    if (/^tests\/[\w/.]+_test\.ts$/.test(text)) tests.push({ file: text, titles: [] });
    else tests.at(-1)?.titles.push(text);
  }
  return tests;
}

Deno.test("docs/threats.md has the four adversaries, and limits", () => {
  assertEquals(HELD.match(/^## .*$/gm), [
    "## A hostile server",
    "## A hostile input",
    "## A hostile neighbour",
    "## Leaked outputs",
  ]);
  assert(LIMITS.includes("\n- "));
  assert(LINES.length > 40, `${LINES.length}`);
});

Deno.test("each line of docs/threats.md names a test that holds it, and that exists", () => {
  const wrong: string[] = [];
  for (const line of LINES) {
    const tests = listTests(line);
    const [what] = line.split("**", 2).slice(1);
    if (tests.length === 0) wrong.push(`${what}: names no test`);
    for (const { file, titles } of tests) {
      let text = "";
      try {
        text = Deno.readTextFileSync(new URL(file, ROOT));
      } catch {
        wrong.push(`${what}: ${file} does not exist`);
        continue;
      }
      if (titles.length === 0) wrong.push(`${what}: no test of ${file} is named`);
      for (const title of titles) {
        // As it begins in the source, where the name of an engine may stand before it.
        const starts = ['"', "`", "`${title} ", '"http1 engine ', "`http1 engine "];
        const isThere = starts.some((start) => text.includes(start + title));
        if (!isThere) wrong.push(`${what}: ${file} has no test '${title}'`);
      }
    }
  }
  assertEquals(wrong, []);
});
