import { assert, assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { Run } from "../../lib/run/run.ts";
import { every } from "../fixtures/every.ts";
import { folder } from "../fixtures/folder.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

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
