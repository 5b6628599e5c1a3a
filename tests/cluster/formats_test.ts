import { assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { Run } from "../../lib/run/run.ts";
import { Cluster, readNumbers, readOutput } from "../fixtures/cluster.ts";
import { folder } from "../fixtures/folder.ts";

// Each input and output of a run on several machines, beside the same run in one process.

/** The threads of a worker read the source. */
const PERMISSIONS = ["--allow-net", `--allow-read=${new URL("../../", import.meta.url).pathname}`];
/** What does not depend on when and where a request was made. */
const FIELDS = "i,url,method,status,bytes,attempts,error";
const COUNT = 120;
const EACH = Array.from({ length: COUNT }, (_, i) => i);
const fails = (path: string): boolean => /[37]$/.test(path);

const LINES = EACH.map((i) => i % 10 === 4 ? "\r\n" : `line ${i}\r\n`).join("");
const CSV = `id,text\n${EACH.map((i) => `${i},"a\n""${i}"""\n`).join("")}`;
const JSONL = EACH.map((i) =>
  `${JSON.stringify({ id: i, status: i % 9 === 3 ? 500 : undefined })}\n`
)
  .join("");

/** A run: its flags before the URL, the path of the URL, its output, and its input. */
interface Case {
  readonly name: string;
  readonly flags: readonly string[];
  readonly path?: string;
  readonly output?: string;
  readonly input?: readonly [name: string, content: string | Uint8Array];
  readonly stdin?: string;
  /** Flags of the run on several machines. */
  readonly cluster?: readonly string[];
}

const CASES: readonly Case[] = [
  { name: "numbers", flags: ["-n", `${COUNT}`] },
  { name: "numbers, CSV", flags: ["-n", `${COUNT}`, "--failures"], output: "out.csv" },
  { name: "lines", flags: [], input: ["in.txt", LINES], output: "out.ndjson.gz" },
  {
    name: "lines, one after the other",
    flags: ["-c", "1", "--failures"],
    input: ["in.txt", LINES],
    output: "out.sqlite",
  },
  { name: "CSV", flags: [], input: ["in.csv", CSV], path: "/{id}?q={text}", output: "out.csv.gz" },
  {
    name: "JSONL",
    flags: ["--failures"],
    input: ["in.jsonl", JSONL],
    path: "/{id}",
    cluster: ["--cluster-plain"],
  },
  {
    name: "gzip",
    flags: [],
    input: ["in.jsonl.gz", gzipSync(JSONL)],
    path: "/{id}",
    cluster: ["--cluster-plain"],
  },
  { name: "stdin", flags: ["-i", "-"], stdin: LINES },
  { name: "--shard", flags: ["-n", `${COUNT}`, "--shard", "1/3", "--start", "5"] },
  { name: "--shard of lines", flags: ["--shard", "1/3"], input: ["in.txt", LINES] },
  { name: "--loop", flags: ["-n", "250", "--loop"], input: ["in.txt", LINES] },
  { name: "--threads", flags: ["-n", `${COUNT}`, "--threads", "2"] },
  {
    name: "retries, expectations and captures",
    output: "out.parquet",
    flags: [
      ...["-n", `${COUNT}`, "--retries", "2", "--retry-delay", "1ms", "--retry-on", "404"],
      ...["--expect-body", "ok", "--capture", "length=header:Content-Length", "--no-pause"],
    ],
  },
];

/** How many of them one machine does, too. */
const ALONE = 7;

async function runAlone(argv: readonly string[]): Promise<void> {
  const run = await Run.open(await parseRun(argv, "1") as RunOptions);
  const { failure } = await run.finish("1");
  assertEquals(failure, undefined);
}

const readSorted = async (file: string): Promise<string[]> =>
  (await readOutput(file)).split("\n").sort();

/** Throws unless the run does the same on the machines of the cluster as in this process. */
async function compare(
  cluster: Cluster,
  { flags, path, output, input, stdin, cluster: more = [] }: Case,
) {
  const { target } = cluster;
  await using dir = await folder();
  const hasFailures = flags.includes("--failures");
  const source = input === undefined ? [] : ["-i", await dir.write(...input)];
  /** The command line of the run, with outputs of its own. */
  const toArgs = (run: string): string[] => [
    ...["--fields", FIELDS, ...flags.filter((flag) => flag !== "--failures"), ...source],
    ...["-o", dir.path(`${run}-${output ?? "out.ndjson"}`)],
    ...hasFailures ? ["--failures", dir.path(`${run}.failed`)] : [],
    target.url(path ?? "/{}"),
  ];
  target.clear();
  const file = await dir.write("stdin", stdin ?? "");
  await runAlone(toArgs("alone").map((word) => word === "-" ? file : word));
  const alone = target.paths.toSorted();
  target.clear();
  const run = cluster.submit(
    [...toArgs("cluster"), "--slice", "10", "--json", ...more],
    { input: stdin },
  );
  await run.ended;
  assertEquals(target.paths.toSorted(), alone, cluster.said);
  const files = ["alone", "cluster"].map((run) => dir.path(`${run}-${output ?? "out.ndjson"}`));
  const [expected, actual] = await Promise.all(files.map(readSorted));
  assertEquals(actual, expected, cluster.said);
  await cluster.verify(files[1], { numbers: await readNumbers(files[0]) });
  if (!hasFailures) return;
  const failed = ["alone", "cluster"].map((run) => readSorted(dir.path(`${run}.failed`)));
  assertEquals(await failed[1], await failed[0]);
}

Deno.test("one machine, and three, do what one process does", async (t) => {
  await using cluster = await Cluster.start({ status: (path) => fails(path) ? 404 : 200 });
  for (const joining of [1, 2]) {
    for (let k = 0; k < joining; k++) cluster.work([], { permissions: PERMISSIONS });
    const machines = joining === 1 ? "one machine" : "three machines";
    for (const each of joining === 1 ? CASES.slice(0, ALONE) : CASES) {
      await t.step(`${each.name}, ${machines}`, () => compare(cluster, each));
    }
  }
});
