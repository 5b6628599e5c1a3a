import { assert, assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { readJournal } from "../../lib/checkpoint/journal.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { openFailureEncoder, openRecordEncoder } from "../../lib/output/open_output.ts";
import type { RecordEncoder } from "../../lib/output/record_encoder.ts";
import { Outputs } from "../../lib/run/outputs.ts";
import { Run } from "../../lib/run/run.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { every } from "../fixtures/every.ts";
import { folder } from "../fixtures/folder.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { result } from "../fixtures/result.ts";
import { until } from "../fixtures/until.ts";

// A process that dies between any two of the operations that it does on files.

/** What is done on files after the process has died. */
class Died extends Error {}

/** Counts the operations on files, and lets none take place from one of them on. */
class Files implements Disposable {
  /** Their names, in order. */
  readonly done: string[] = [];
  readonly #restore: (() => void)[] = [];

  /** @param last how many take place; the next one, and all after it, do not */
  constructor(last: number) {
    const patch = (object: object, name: string): void => {
      const methods = object as Record<string, (...args: unknown[]) => unknown>;
      const method = methods[name];
      const done = this.done;
      methods[name] = function (this: unknown, ...args: unknown[]): unknown {
        if (done.length >= last) return Promise.reject(new Died(name));
        done.push(name);
        return method.apply(this, args);
      };
      this.#restore.push(() => methods[name] = method);
    };
    for (const name of ["open", "rename", "remove"]) patch(Deno, name);
    for (const name of ["write", "truncate", "seek", "syncData"]) {
      patch(Deno.FsFile.prototype, name);
    }
    // A second goes by in 40 ms.
    const { now } = performance;
    performance.now = () => now.call(performance) * 25;
    this.#restore.push(() => performance.now = now);
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restore) restore();
  }
}

async function run(options: RunOptions): Promise<unknown> {
  try {
    const run = await Run.open(options);
    return (await run.finish("1")).failure;
  } catch (error) {
    return error;
  }
}

/** Goes on with a run whose process has died. */
async function goOn(options: RunOptions): Promise<unknown> {
  for (;;) {
    const failure = await run(options);
    // It died here, in the same process: a thread may hold the file for a moment after its end.
    if (!/another run writes it/.test(String(failure))) return failure;
  }
}

const COUNT = 60;

for (const format of ["ndjson", "csv", "ndjson.gz"]) {
  Deno.test(`--resume loses nothing when a run dies between any two file operations (${format})`, async () => {
    let late: (() => void)[] = [];
    await using server = await RawServer.start(({ send, request }) => {
      // The second half comes after a journal of the first has been written.
      const i = Number(request.split(" ")[1].slice(1));
      if (i < COUNT / 2) send(ok());
      else late.push(() => send(ok()));
    });
    await using dir = await folder();
    const points = new Set<string>();
    for (let last = 0;; last++) {
      const output = dir.path(`${last}.${format}`);
      const argv = [
        "-n",
        `${COUNT}`,
        "-c",
        "10",
        "--transport",
        "portable",
        "-t",
        "10m",
        server.url("/{}"),
        "-o",
        output,
        "--resume",
      ];
      argv.push("--failures", dir.path(`${last}.failures`));
      const options = await parseRun(argv, "1") as RunOptions;
      let failure;
      {
        using files = new Files(last);
        using _answers = every(5, () => {
          if (
            files.done.filter((name) => name === "rename").length < 2 && files.done.length < last
          ) {
            return;
          }
          for (const answer of late.splice(0)) answer();
        });
        failure = await run(options);
        points.add(files.done.join());
      }
      const wholeRun = failure === undefined;
      late = [];
      {
        using _answers = every(5, () => late.splice(0).forEach((answer) => answer()));
        assertEquals(await goOn(options), undefined, `gone on with after ${last} operations`);
      }
      const bytes = await Deno.readFile(output);
      const text = new TextDecoder().decode(format.endsWith(".gz") ? gunzipSync(bytes) : bytes);
      const lines = text
        .split("\n").slice(format === "csv" ? 1 : 0, -1);
      const numbers = lines.map((line) =>
        format === "csv" ? Number(line.split(",")[0]) : JSON.parse(line).i as number
      );
      const each = Array.from({ length: COUNT }, (_, i) => i);
      assertEquals(numbers.sort((a, b) => a - b), each, `after ${last} operations`);
      if (wholeRun) break;
    }
    // From none to all of two journals and more.
    assert(points.size > 20, `${points.size}`);
  });
}

/** A worker by hand: what it has and has not handed over. */
interface ByHand {
  readonly records: RecordEncoder;
  readonly failures: RecordEncoder;
  readonly stats: Stats;
  readonly numbers: number[];
}

/** A run whose results come in blocks that workers have encoded. */
async function runEncoded(options: RunOptions, isHalfWritten: () => boolean): Promise<unknown> {
  const { output, captures, requests } = options;
  let stats = new Stats();
  let failure: unknown;
  const outputs = await Outputs.find(options).catch((error) => void (failure = error));
  if (outputs === undefined) return failure;
  const usage = { seconds: 1, cpuSeconds: 1, peakRssKb: 1, shortages: {} };
  const fail = (error: unknown): void => void (failure ??= error);
  try {
    await outputs.open(() => ({ stats: stats.toJSON(), cluster: null, ...usage }), fail);
  } catch (error) {
    await outputs.abandon().catch(() => {});
    return error;
  }
  try {
    stats = outputs.restoreStats();
    const workers: ByHand[] = [];
    for (let thread = 0; thread < 3; thread++) {
      const records = await openRecordEncoder({ output: output!, captures, thread });
      const failures = await openFailureEncoder(options);
      workers.push({ records, failures, stats: new Stats(), numbers: [] });
    }
    const hand = async ({ numbers, ...worker }: ByHand): Promise<void> => {
      if (failure !== undefined) throw failure;
      stats.add(worker.stats.take());
      await outputs.writeEncoded({
        records: worker.records.take(),
        failures: worker.failures.take(),
        numbers: Float64Array.from(numbers.splice(0)),
      });
    };
    let i = outputs.remainingRange.start;
    const pending = outputs.pending({
      next: () =>
        i < requests ? { value: { i: i++ }, done: false } : { value: undefined, done: true },
    });
    for (let k = 0;; k++) {
      const step = await pending.next();
      if (step.done) break;
      const one = result({ error: "reset", detail: "x", status: null }, { i: step.value.i });
      const { records, failures, stats, numbers } = workers[k * k % 3];
      stats.record(one);
      records.add(one);
      failures.add(one);
      numbers.push(one.target.i);
      // In blocks of several sizes, and not in the order of the numbers.
      if (k % 5 === 4) await hand(workers[k % 3]);
      if (k === COUNT / 2) await until(() => isHalfWritten() || failure !== undefined);
    }
    for (const worker of workers) await hand(worker);
  } catch (error) {
    fail(error);
  }
  const end = failure === undefined ? "complete" : "failed";
  await outputs.close(end, () => Promise.resolve("")).catch(fail);
  return failure;
}

Deno.test("--resume loses nothing of encoded blocks when a run dies between any two file operations", async () => {
  await using dir = await folder();
  let points = 0;
  for (let last = 0, isWhole = false; !isWhole; last++) {
    const output = dir.path(`${last}.ndjson`);
    const failures = dir.path(`${last}.failures`);
    const argv = ["-n", `${COUNT}`, "http://h/{}", "-o", output, "--failures", failures];
    const options = await parseRun([...argv, "--resume"], "1") as RunOptions;
    {
      using files = new Files(last);
      const isHalfWritten = (): boolean =>
        files.done.filter((name) => name === "rename").length > 1;
      isWhole = await runEncoded(options, isHalfWritten) === undefined;
      points = files.done.length;
    }
    const goOn = () => runEncoded(options, () => true);
    let failure = await goOn();
    while (/another run writes it/.test(String(failure))) failure = await goOn();
    assertEquals(failure, undefined, `gone on with after ${last} operations`);
    const lines = (await Deno.readTextFile(output)).trimEnd().split("\n");
    const numbers = lines.map((line) => JSON.parse(line).i as number);
    const each = Array.from({ length: COUNT }, (_, i) => i);
    assertEquals(numbers.sort((a, b) => a - b), each, `after ${last} operations`);
    assertEquals((await Deno.readTextFile(failures)).split("\n").length, COUNT + 1);
    const { stats, complete } = await readJournal(`${output}.myriad`);
    assertEquals([stats.requests, stats.failed, complete], [COUNT, COUNT, true]);
  }
  assert(points > 20, `${points}`);
});

const NOT_FOUND = "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n";

Deno.test("--retry-failed loses nothing when it dies between any two file operations", async () => {
  let isMended = false;
  await using server = await RawServer.start(({ send, request }) => {
    const i = Number(request.split(" ")[1].slice(1));
    // What has failed in any case, and what has by the expectation of the retry.
    send(isMended || i % 3 === 0 ? ok() : i % 3 === 1 ? "no answer\r\n\r\n" : NOT_FOUND);
  });
  await using dir = await folder();
  let points = 0;
  for (let last = 0, isWhole = false; !isWhole; last++) {
    const output = dir.path(`${last}.ndjson`);
    const argv = ["-n", `${COUNT}`, "-c", "10", "-t", "10m", server.url("/{}"), "-o", output];
    argv.push("--transport", "portable");
    isMended = false;
    assertEquals(await run(await parseRun(argv, "1") as RunOptions), undefined);
    isMended = true;
    const options = await parseRun([...argv, "--retry-failed", "--fail"], "1") as RunOptions;
    {
      using files = new Files(last);
      isWhole = await run(options) === undefined;
      points = files.done.length;
    }
    assertEquals(await goOn(options), undefined, `gone on with after ${last} operations`);
    const records = (await Deno.readTextFile(output)).split("\n").slice(0, -1)
      .map((line) => JSON.parse(line));
    const each = Array.from({ length: COUNT }, (_, i) => i);
    assertEquals(records.map(({ i }) => i).sort((a, b) => a - b), each);
    assertEquals(records.filter(({ status }) => status !== 200), []);
  }
  assert(points > 20, `${points}`);
});
