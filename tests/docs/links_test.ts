import { assert } from "@std/assert";
import { dirname, join, normalize } from "node:path";
import { listDocuments, Markdown, ROOT } from "../fixtures/markdown.ts";

const MAX_README_LINES = 200;

/** The documents of the repository, taken apart, by their path. */
const DOCUMENTS = new Map(
  listDocuments().map((path) => [path, new Markdown(Deno.readTextFileSync(ROOT + path))]),
);

/** What is wrong with a link of a document; undefined if it leads somewhere. */
function findProblem(path: string, target: string): string | undefined {
  if (/^(https?|mailto):/.test(target)) return undefined;
  const [file, anchor] = target.split("#");
  const place = file === "" ? path : normalize(join(dirname(path), file));
  if (place.startsWith("..")) return "it leads out of the repository";
  try {
    Deno.statSync(ROOT + place);
  } catch {
    return `'${place}' does not exist`;
  }
  if (anchor === undefined) return undefined;
  const document = DOCUMENTS.get(place);
  if (document === undefined) return `'${place}' has no headings`;
  return document.anchors().has(anchor) ? undefined : `'${place}' has no heading '#${anchor}'`;
}

Deno.test("each link of a document leads to a file and a heading that exist", () => {
  const problems = [...DOCUMENTS].flatMap(([path, document]) =>
    document.links().flatMap(({ line, target }) => {
      const problem = findProblem(path, target);
      return problem === undefined ? [] : [`${path}:${line}: ${target}: ${problem}`];
    })
  );
  assert(problems.length === 0, problems.join("\n"));
});

Deno.test("each document in docs/ is linked from another document", () => {
  const linked = new Set(
    [...DOCUMENTS].flatMap(([path, document]) =>
      document.links().map(({ target }) => normalize(join(dirname(path), target.split("#")[0])))
        .filter((target) => target !== path)
    ),
  );
  const unlinked = [...DOCUMENTS.keys()].filter((path) =>
    path.startsWith("docs/") && !linked.has(path)
  );
  assert(unlinked.length === 0, unlinked.join("\n"));
});

Deno.test("each file of the repository that a document names exists", async () => {
  const problems: string[] = [];
  for (const path of DOCUMENTS.keys()) {
    const text = await Deno.readTextFile(ROOT + path);
    for (const [, name] of text.matchAll(/`((?:lib|tests|bench|docs|findings)\/[\w./-]*)`/g)) {
      if (!await exists(ROOT + name)) problems.push(`${path}: '${name}' does not exist`);
    }
  }
  assert(problems.length === 0, problems.join("\n"));
});

Deno.test("README.md has at most 200 lines", async () => {
  const lines = (await Deno.readTextFile(`${ROOT}/README.md`)).trimEnd().split("\n").length;
  assert(lines <= MAX_README_LINES, `README.md has ${lines} lines`);
});

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
