import { assert, assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import { DoneSet } from "../../lib/checkpoint/done_set.ts";
import { readJournal } from "../../lib/checkpoint/journal.ts";
import { toExitCode } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { openEngine } from "../../lib/run/open_engine.ts";
import { Run } from "../../lib/run/run.ts";
import type { Snapshot } from "../../lib/stats/snapshot.ts";
import { assertEach } from "../fixtures/assert_each.ts";
import { type Folder, folder } from "../fixtures/folder.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

const THREADS = [1, 2, 5];

/** A server whose responses depend on the number at the end of the path, and on the attempt. */
async function answering(): Promise<RawServer> {
  const attempts = new Map<string, number>();
  return await RawServer.start(({ request, send, end }) => {
    const [path] = /\/\S*/.exec(request)!;
    const i = Number(/(\d+)$/.exec(path)![1]);
    const attempt = (attempts.get(path) ?? 0) + 1;
    attempts.set(path, attempt);
    if (i % 10 === 1 && attempt === 1) {
      return send("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n");
    }
    if (i % 10 === 2) return send("HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\nok");
    if (i % 10 === 3) return send("no answer\r\n\r\n");
    if (i % 10 === 4) {
      send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok");
      return end();
    }
    const sent = /\r\n\r\n(.*)$/s.exec(request)![1];
    send(ok(i % 10 === 5 ? "wrong" : `ok ${i} ${sent}`, `X-Id: ${i}\r\n`));
  });
}

/** What became of a run, without what depends on time. */
interface Became {
  readonly records: readonly string[];
  readonly failures: readonly string[];
  readonly bodies: readonly string[];
  readonly requested: readonly string[];
  readonly notices: readonly string[];
  readonly figures: unknown;
}

const sortedLines = async (path: string): Promise<string[]> =>
  (await Deno.readTextFile(path)).split("\n").slice(0, -1).sort();

/** A record without the time of its request. */
function withoutTimes(line: string): string {
  const { ms: _ms, at: _at, ...rest } = JSON.parse(line);
  return JSON.stringify(rest);
}

/** All files of a folder and those below. */
function* filesIn(path: string, below = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(path + below)) {
    if (isDirectory) yield* filesIn(path, `${below}/${name}`);
    else yield `${below}/${name}: ${Deno.readTextFileSync(`${path}${below}/${name}`)}`;
  }
}

/** The figures that tell what came back, not when. */
function figuresOf(snapshot: Snapshot): unknown {
  const { requests, succeeded, failed, attempts, bytes, statuses, retries, errors } = snapshot;
  const counts = Object.fromEntries(Object.entries(errors).map(([kind, it]) => [kind, it?.count]));
  return { requests, succeeded, failed, attempts, bytes, statuses, retries, errors: counts };
}

/** A file that a run reads: its name, and what it holds. */
type File = readonly [name: string, content: string | Uint8Array];

async function make(
  argv: readonly string[],
  file: File | undefined,
  dir: Folder,
  threads: number,
): Promise<Became> {
  await using server = await answering();
  const origin = `http://127.0.0.1:${server.port}`;
  let path = "";
  if (file !== undefined) {
    const [name, content] = file;
    const whole = typeof content === "string" ? content.replaceAll("SERVER", origin) : content;
    path = await dir.write(name, whole);
  }
  const [output, failures, bodies] = ["o.ndjson", "failures", "bodies"]
    .map((name) => dir.path(`${threads}.${name}`));
  const options = await parseRun([
    ...argv.map((word) => word.replace("SERVER", origin).replace("FILE", path)),
    ...["-o", output, "--failures", failures, "--save-bodies", bodies, "-c", "12"],
    ...["--retries", "2", "--retry-delay", "1ms", "--retry-max-delay", "1ms", "--no-pause"],
    ...["--expect-body", "ok", "--capture", "id=header:X-Id", "--threads", `${threads}`],
  ], "1") as RunOptions;
  const notices: string[] = [];
  const run = await Run.open(options, (text) => notices.push(text));
  const { snapshot, failure } = await run.finish("1");
  assertEquals(failure, undefined);
  const anyPort = (line: string): string => line.replaceAll(`:${server.port}`, ":PORT");
  return {
    records: (await sortedLines(output)).map(withoutTimes).map(anyPort).sort(),
    failures: (await sortedLines(failures)).map(anyPort).sort(),
    bodies: [...filesIn(bodies)].sort(),
    requested: server.requests.map(anyPort).sort(),
    notices,
    figures: figuresOf(snapshot),
  };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const LINES = numbers(80).map((i) => `${i}${["\n", "\r\n", "\n\n"][i % 3]}`).join("");
const RECORDS = numbers(80).map((i) =>
  JSON.stringify({
    url: `SERVER/${i}`,
    method: "POST",
    body: `body ${i}`,
    headers: { "X-Of": `${i}` },
  })
).join("\n");
const TABLE = "number,word\n" +
  numbers(80).map((i) => `${i},"a ""word"", ${i % 2 ? "and\nmore" : ""}"\n`).join("");

for (
  const [what, count, argv, file] of [
    ["numbers", 150, ["-n", "150", "SERVER/{}"]],
    ["a shard of numbers", 50, ["-n", "150", "--start", "7", "--shard", "1/3", "SERVER/{}"]],
    ["lines", 80, ["-i", "FILE", "SERVER/{}"], ["lines", LINES]],
    ["a shard of lines", 20, ["-i", "FILE", "--shard", "2/4", "SERVER/{}"], ["lines", LINES]],
    ["gzipped lines", 80, ["-i", "FILE", "SERVER/{}"], ["lines.gz", gzipSync(LINES)]],
    ["lines behind the first", 40, ["-i", "FILE", "--start", "40", "SERVER/{}"], ["lines", LINES]],
    ["lines, fewer than asked for", 80, ["-i", "FILE", "-n", "99", "SERVER/{}"], ["lines", LINES]],
    ["lines in a loop", 99, ["-i", "FILE", "--loop", "-n", "99", "SERVER/{}"], [
      "l",
      "2\n3\n6\n14",
    ]],
    ["JSONL", 80, ["-i", "FILE"], ["records.jsonl", RECORDS]],
    [
      "CSV",
      80,
      ["-i", "FILE", "-d", "{word}", "SERVER/{number}"],
      ["table.csv", TABLE],
    ],
  ] as [string, number, string[], File?][]
) {
  Deno.test(`--threads 1, 2 and 5 make the same requests and records of ${what}`, async () => {
    await using dir = await folder();
    const all: Became[] = [];
    for (const threads of THREADS) all.push(await make(argv, file, dir, threads));
    const [one, ...others] = all;
    assertEquals(one.records.length, count);
    assert(one.failures.length > 0 && one.bodies.length > 0);
    for (const many of others) assertEquals(many, one);
  });
}

Deno.test("--threads ends with exit code 3 and a true journal when a thread dies", async () => {
  const COUNT = 600;
  let isHeld = true;
  await using server = await RawServer.start(({ request, send }) => {
    // The run is not over before the thread dies.
    if (!isHeld || Number(/\/(\d+) /.exec(request)![1]) < COUNT / 2) send(ok());
  });
  await using dir = await folder();
  const output = dir.path("o.ndjson");
  const argv = ["-n", `${COUNT}`, "-c", "9", "--threads", "3", server.url("/{}"), "-o", output];
  const options = await parseRun([...argv, "--resume"], "1") as RunOptions;
  const sign = dir.path("die");
  const code = new URL("../fixtures/dying_worker.ts", import.meta.url);
  code.searchParams.set("sign", sign);
  const run = await Run.open(options, () => {}, {
    open: openEngine,
    findCode: () => Promise.resolve({ url: code.href }),
  });
  const ended = run.finish("1");
  await until(async () => (await readJournal(`${output}.myriad`)).stats.requests > 0);
  await Deno.writeTextFile(sign, "");
  const { failure } = await ended;
  assertMatch(String(failure), /Cannot go on: a thread has failed: .*it is told to die/);
  assertEquals(toExitCode(failure), 3);
  const { done, output: end, complete, stats } = await readJournal(`${output}.myriad`);
  const set = DoneSet.from(done);
  const text = new TextDecoder().decode((await Deno.readFile(output)).subarray(0, end as number));
  const known = text.split("\n").slice(0, -1).map((line) => JSON.parse(line).i as number);
  assertEquals(known.toSorted((a, b) => a - b), numbers(COUNT).filter((i) => set.has(i)));
  assertEquals([complete, stats.requests], [false, known.length]);
  isHeld = false;
  const again = await Run.open(options);
  const { failure: none, snapshot } = await again.finish("1");
  assertEquals([none, snapshot.requests, snapshot.succeeded], [undefined, COUNT, COUNT]);
  const lines = (await Deno.readTextFile(output)).split("\n").slice(0, -1);
  assertEach(lines.map((line) => JSON.parse(line).i), COUNT);
});
