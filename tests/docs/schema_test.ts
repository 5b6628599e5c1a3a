import { assert, assertEquals } from "@std/assert";
import { listFields, readSchemas } from "../../docs/generate.ts";
import { FIELDS } from "../../lib/output/record.ts";
import { formatSummary } from "../../lib/report/json.ts";
import { ERROR_KINDS, toUnsentResult } from "../../lib/result.ts";
import { FlowTally } from "../../lib/stats/flow_tally.ts";
import { folder } from "../fixtures/folder.ts";
import { type JsonSchema, problemsOf } from "../fixtures/json_schema.ts";
import { myriad } from "../fixtures/program.ts";
import { target } from "../fixtures/target.ts";
import { SNAPSHOT } from "../fixtures/report_snapshots.ts";

// The schemas in docs/ against what the program really writes.

const { record, summary } = await readSchemas();
const files = { "record.schema.json": record as JsonSchema };
const problemsOfRecord = (value: unknown): string[] =>
  problemsOf(value, { schema: record as JsonSchema, files });
const problemsOfSummary = (value: unknown): string[] =>
  problemsOf(value, { schema: summary as JsonSchema, files });

/** A server on the loopback that answers with what the path asks for: a status, or 302. */
function serve(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const path = new URL(request.url).pathname;
    if (path === "/302") return Response.redirect("http://user:secret@127.0.0.1:1/next", 302);
    return new Response('{"id":7}', {
      status: Number(path.slice(1)),
      headers: { "Content-Type": "application/json", "ETag": '"x"' },
    });
  });
}

/** The values at a path of {@linkcode listFields}. */
function valuesAt(value: unknown, path: string): unknown[] {
  let values = [value];
  for (const [step] of path.matchAll(/\w+|\[\d*\]/g)) {
    values = values.filter((it) => typeof it === "object" && it !== null).flatMap((it) =>
      step === "[]"
        ? Object.values(it!)
        : [(it as Record<string, unknown>)[step.replace(/\W/g, "")]]
    ).filter((it) => it !== undefined);
  }
  return values;
}

const parsed = (lines: string): Record<string, unknown>[] =>
  lines.trimEnd().split("\n").map((line) => JSON.parse(line));

Deno.test("summary.schema.json names exactly the fields of summaries, and they validate", async () => {
  await using dir = await folder();
  await using server = serve();
  const url = `http://127.0.0.1:${server.addr.port}`;
  const lines = [..."200,404,503".split(",").map((status) => `${url}/${status}`), "no URL"];
  const input = await dir.write("urls.txt", lines.join("\n"));
  const [atRate, plain, aborted] = await Promise.all([
    myriad([
      ...["-i", input, "-q", "1000", "-c", "2", "--json", "--retries", "1", "--retry-delay", "1ms"],
      ...["--no-pause", "--expect-status", "200", "--threshold", "p99<9m", "--threshold", "late<0"],
      ...["--top", "2"],
    ]),
    myriad(["-n", "3", `${url}/200`, "--engine", "fetch", "-s", "--summary", "-"]),
    // Two seconds at most: a lost threshold is looked for once a second.
    myriad([
      ...["-z", "1m", "-q", "50", `${url}/200`, "--json"],
      ...["--threshold", "requests<1", "--abort-on-threshold"],
    ]),
  ]);
  assertEquals([atRate.code, plain.code, aborted.code], [1, 0, 1], atRate.stderr + plain.stderr);
  const cluster = { run: "x", workers: 1, slices: 1, redone: 0, records: 2, sha256: "" };
  const tally = new FlowTally();
  tally.recordRequest(
    toUnsentResult(target("http://h/", { step: "a" }), { error: "url", detail: "" }),
  );
  tally.addChecks([{ check: "b", passed: 1, failed: 0 }]);
  const all = { ...SNAPSHOT, cluster, flow: tally.figures() };
  const onMachines = formatSummary(all, { version: "1" });
  const texts = [...[atRate, plain, aborted].map(({ stdout }) => stdout), onMachines];
  const summaries = texts.map((text) => JSON.parse(text));
  for (const it of summaries) assertEquals(problemsOfSummary(it), []);
  assertEquals(summaries[2].aborted, "requests<1");
  const unseen = listFields(summary).map(({ path }) => path)
    .filter((path) => summaries.every((it) => valuesAt(it, path).length === 0));
  assertEquals(unseen, []);
});

Deno.test("record.schema.json names exactly the fields of records, and they validate", async () => {
  assertEquals(Object.keys(record.properties!), Object.keys(FIELDS));
  assertEquals(record.$defs!.errorKind.oneOf!.map((it) => it.const), [...ERROR_KINDS]);
  await using dir = await folder();
  await using server = serve();
  const url = `http://127.0.0.1:${server.addr.port}`;
  const lines = ["200", "302", "404"].map((path) => JSON.stringify({ url: `${url}/${path}` }));
  const input = await dir.write("urls.jsonl", [...lines, "{}"].join("\n"));
  const args = ["-i", input, "-s", "--redirects", "0", "--fail", "--request-id", "-o", "-"];
  const fields = ["--fields", Object.keys(FIELDS).join(",")];
  const captures = ["etag=header:ETag", "id=json:/id", "all=regex:(nothing)?"]
    .flatMap((it) => ["--capture", it]);
  const [byDefault, all, fetched, captured] = await Promise.all([
    myriad([...args, "--save-bodies", dir.path("default")]),
    myriad([...args, "--save-bodies", dir.path("all"), ...fields]),
    myriad([...args, "--engine", "fetch", ...fields]),
    myriad([...args, ...captures]),
  ]);
  for (const [k, { code, stdout, stderr }] of [byDefault, all, fetched, captured].entries()) {
    assertEquals(code, 1, stderr);
    const records = parsed(stdout);
    assertEquals(records.length, 4);
    for (const it of records) {
      assertEquals(problemsOfRecord(it), []);
      // What is captured has names that no schema can know.
      const own = Object.keys(it).filter((name) => !(name in FIELDS));
      assertEquals(own, k === 3 ? ["etag", "id", "all"] : []);
    }
  }
  for (const it of [...parsed(all.stdout), ...parsed(fetched.stdout)]) {
    assertEquals(Object.keys(it), Object.keys(FIELDS));
  }
  const isSeen = (name: string): boolean => parsed(all.stdout).some((it) => it[name] !== null);
  assertEquals(Object.keys(FIELDS).filter((name) => !isSeen(name)), [
    "dns_ms",
    "tls_ms",
    "step",
  ]);
});

Deno.test("problemsOf() finds values that do not fit the schema", () => {
  const schema: JsonSchema = {
    type: "object",
    properties: {
      a: { type: ["integer", "null"], minimum: 1, maximum: 5 },
      b: { type: "array", items: { enum: ["x", 1] }, maxItems: 2 },
      c: { oneOf: [{ const: 1 }, { type: "string", pattern: "^y$", maxLength: 1 }] },
      d: { type: "array", prefixItems: [{ type: "boolean" }], minItems: 1 },
      e: { type: "number", exclusiveMinimum: 0 },
      f: { type: "object", minProperties: 1, propertyNames: { pattern: "^k" } },
    },
    required: ["a"],
    additionalProperties: false,
  };
  const problems = (value: unknown): number => problemsOf(value, { schema, files: {} }).length;
  const good = { a: null, b: ["x", 1], c: "y", d: [true], e: 0.1, f: { k: 1 } };
  assertEquals(problems(good), 0);
  for (
    const bad of [
      ...[null, [], {}, { ...good, z: 1 }, { a: 0 }, { a: 6 }, { a: 1.5 }, { a: "1" }],
      ...[{ ...good, b: ["y"] }, { ...good, b: ["x", "x", "x"] }, { ...good, c: "z" }],
      ...[{ ...good, c: 2 }, { ...good, d: [] }, { ...good, d: [1] }, { ...good, e: 0 }],
      ...[{ ...good, f: {} }, { ...good, f: { x: 1 } }],
    ]
  ) assert(problems(bad) > 0, JSON.stringify(bad));
});
