import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** Turns of phrase that make a reader solve a sentence instead of reading it. */
const TURNS: readonly (readonly [turn: RegExp, instead: string])[] = [
  [/\b(?:is|are|was|were) none\b/i, "name what is missing: 'there is no header', 'invalid date'"],
  [/\b(?:is|are|was|were) no (?!longer\b|more\b)\p{L}+/iu, "'is not a URL', 'there is no file'"],
  [/\boctets?\b/i, "bytes"],
  [/\bbut for\b/i, "except"],
];

/** Sentences with one of the turns that are right as they are. */
const RIGHT: readonly RegExp[] = [
  /\bthere (?:is|are|was|were) no\b/i,
  /application\/octet-stream/,
  // The part of an IPv4 address has no other name.
  /\bOCTET\b/g,
];

async function* textFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) yield* textFiles(`${folder}${name}/`);
    else if (/\.(?:ts|js|md)$/.test(name)) yield `${folder}${name}`;
  }
}

async function listFiles(): Promise<string[]> {
  const files = ["main.ts", "server.ts"];
  for await (const { name } of Deno.readDir(ROOT)) if (name.endsWith(".md")) files.push(name);
  for (const folder of ["lib/", "docs/"]) {
    for await (const file of textFiles(folder)) files.push(file);
  }
  return files.sort();
}

Deno.test("no comment, message or document has a phrase that readers have to solve", async () => {
  const found: string[] = [];
  for (const file of await listFiles()) {
    const lines = (await Deno.readTextFile(new URL(file, ROOT))).split("\n");
    for (const [k, line] of lines.entries()) {
      const rest = RIGHT.reduce((text, right) => text.replace(right, ""), line);
      for (const [turn, instead] of TURNS) {
        if (turn.test(rest)) found.push(`${file}:${k + 1}: ${line.trim()} (write ${instead})`);
      }
    }
  }
  assertEquals(found, []);
});

Deno.test("functions are verbs, and bounds are MAX_ and MIN_", async () => {
  const found: string[] = [];
  for (const file of await listFiles()) {
    if (!file.endsWith(".ts")) continue;
    const text = await Deno.readTextFile(new URL(file, ROOT));
    const names = [
      ...text.matchAll(/\bfunction (\w+Of)\b/g),
      ...text.matchAll(/^ {2}(?:(?:static|async|get|readonly) )*(#?\w+Of)(?:\(| = \()/gm),
      ...text.matchAll(/\b((?:MOST|LEAST|LONGEST|SHORTEST|FEW)(?:_\w+)?)\b/g),
    ].map(([, name]) => name);
    for (const name of names) found.push(`${file}: ${name}`);
  }
  assertEquals(found, []);
});
