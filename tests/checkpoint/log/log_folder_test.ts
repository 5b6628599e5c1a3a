import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { HEAD_BYTES } from "../../../lib/checkpoint/log/entry.ts";
import {
  beginLog,
  drawLogId,
  LogWriter,
  readLog,
  removeLog,
} from "../../../lib/checkpoint/log/log_folder.ts";
import { ResultLog } from "../../../lib/checkpoint/log/result_log.ts";
import { RecordEncoder } from "../../../lib/output/record_encoder.ts";
import { Stats } from "../../../lib/stats/stats.ts";
import { type Folder, folder } from "../../fixtures/folder.ts";
import { result } from "../../fixtures/result.ts";

const ID = 7;

/** A log whose blocks have one result each, whose record is its number. */
async function openLog(path: string, thread = 0, id = ID): Promise<ResultLog> {
  return new ResultLog({ path, id, isSynced: false, startMs: 0 }, {
    thread,
    concurrency: 1,
    encoders: {
      records: await RecordEncoder.open(({ target: { i } }) => `${i}\n`, false),
      failures: undefined,
    },
    stats: new Stats(),
    isNamed: false,
  });
}

function add(log: ResultLog, ...numbers: number[]): void {
  for (const i of numbers) {
    const one = result({}, { i });
    log.record(one);
    log.addRecord(one);
    assert(log.isFull);
    log.endBlock();
  }
}

/** The records of a log. */
function read(path: string, covered: readonly number[] = [], id = ID): string {
  const records = Array.from(
    readLog(path, { id, covered }),
    ({ sections }) => new TextDecoder().decode(sections.records),
  );
  return records.join("").replaceAll("\n", " ").trim();
}

/** The folder of a log with some results, each in an entry. */
async function writeLog(dir: Folder, ...numbers: number[]): Promise<string> {
  const path = dir.path("log");
  await beginLog(path, true);
  const log = await openLog(path);
  add(log, ...numbers);
  log.close();
  return path;
}

Deno.test("readLog() gives what was written, up to an end that is torn at any byte", async () => {
  await using dir = await folder();
  const path = await writeLog(dir, 1, 2, 3);
  assertEquals(read(path), "1 2 3");
  const file = `${path}/0.0`;
  const bytes = await Deno.readFile(file);
  const length = bytes.length / 3;
  assert(length > HEAD_BYTES);
  for (let end = 0; end < bytes.length; end++) {
    await Deno.writeFile(file, bytes.subarray(0, end));
    assertEquals(read(path), "1 2 3".slice(0, Math.max(0, 2 * Math.floor(end / length) - 1)));
  }
});

Deno.test("readLog() gives all results where requests with long bodies fail", async () => {
  await using dir = await folder();
  const path = dir.path("log");
  await beginLog(path, false);
  const line = `${"x".repeat(2 ** 20)}\n`;
  const failures = await RecordEncoder.open(() => line, false);
  const log = new ResultLog({ path, id: ID, isSynced: false, startMs: 0 }, {
    thread: 0,
    concurrency: 1_000,
    encoders: { records: undefined, failures },
    stats: new Stats(),
    isNamed: false,
  });
  // More than an entry can have.
  const count = 70;
  for (let i = 0; i < count; i++) {
    const one = result({ error: "reset", status: null }, { i });
    log.record(one);
    log.addRecord(one);
    if (!log.isFull) continue;
    log.endBlock();
    failures.borrow();
  }
  log.endBlock();
  log.close();
  let bytes = 0;
  for (const { sections } of readLog(path, { id: ID, covered: [] })) {
    bytes += sections.failures.length;
  }
  assertEquals(bytes, count * line.length);
});

Deno.test("readLog() ends at an entry of which one byte is another", async () => {
  await using dir = await folder();
  const path = await writeLog(dir, 1, 2, 3);
  const file = `${path}/0.0`;
  const bytes = await Deno.readFile(file);
  const length = bytes.length / 3;
  for (let at = length; at < 2 * length; at++) {
    const flipped = bytes.slice();
    flipped[at] ^= 1 << at % 8;
    await Deno.writeFile(file, flipped);
    assertEquals(read(path), "1", `byte ${at}`);
  }
});

Deno.test("readLog() gives only the entries behind the journal, and of no other journal", async () => {
  await using dir = await folder();
  const path = await writeLog(dir, 1, 2, 3);
  assertEquals([read(path, [1]), read(path, [3]), read(path, [9])], ["2 3", "", ""]);
  assertEquals(read(path, [], ID + 1), "");
  assertEquals(read(dir.path("missing")), "");
  // A thread that the journal knows nothing of.
  const second = await openLog(path, 12);
  add(second, 5);
  second.close();
  assertEquals(read(path, [1]), "2 3 5");
});

Deno.test("readLog() gives the entries of both files in their order, whichever was overwritten", async () => {
  await using dir = await folder();
  const path = dir.path("log");
  await beginLog(path, false);
  const log = await openLog(path);
  add(log, 1, 2);
  log.switchTo(1);
  add(log, 3, 4);
  assertEquals(read(path), "1 2 3 4");
  log.switchTo(0);
  add(log, 5);
  // The second entry is still in the file, behind the fifth.
  assertEquals(read(path, [2]), "3 4 5");
  assertEquals(read(path, [4]), "5");
  // What is missing in between ends it.
  assertEquals(read(path, [1]), "");
  log.close();
});

Deno.test("beginLog() removes the entries of an earlier run, removeLog() leaves foreign files", async () => {
  await using dir = await folder();
  const path = await writeLog(dir, 1);
  await Deno.writeTextFile(`${path}/mine.txt`, "x");
  await beginLog(path, false);
  assertEquals([...Deno.readDirSync(path)].map(({ name }) => name), ["mine.txt"]);
  removeLog(path);
  assertEquals(await Deno.readTextFile(`${path}/mine.txt`), "x");
  await Deno.remove(`${path}/mine.txt`);
  removeLog(path);
  assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
});

Deno.test("beginLog() and removeLog() leave a file that has the name of the log", async () => {
  await using dir = await folder();
  const path = dir.path("log");
  await Deno.writeTextFile(path, "mine");
  await assertRejects(() => beginLog(path, false), Error, "move that away");
  removeLog(path);
  assertEquals(await Deno.readTextFile(path), "mine");
});

Deno.test("LogWriter makes files that only their owner can read", async () => {
  await using dir = await folder();
  const path = dir.path("log");
  await beginLog(path, false);
  new LogWriter({ path, id: drawLogId(), isSynced: true, startMs: 0 }, 3).close();
  if (Deno.build.os === "windows") return;
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o700);
  assertEquals(Deno.statSync(`${path}/3.1`).mode! & 0o777, 0o600);
});

Deno.test({
  name: "beginLog() follows no link, and closes a folder that others made",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using dir = await folder();
    await Deno.mkdir(dir.path("others"));
    await Deno.symlink(dir.path("others"), dir.path("link"));
    await Deno.mkdir(dir.path("open"));
    await Deno.chmod(dir.path("open"), 0o777);
    for (const name of ["link", "open"]) {
      await beginLog(dir.path(name), false);
      const { isDirectory, mode } = await Deno.lstat(dir.path(name));
      assertEquals([name, isDirectory, mode! & 0o777], [name, true, 0o700]);
    }
  },
});
