import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname } from "node:path";
import { OutputError, UsageError } from "../../../lib/errors.ts";
import {
  ArchiveOutput,
  type ArchiveOutputOptions,
} from "../../../lib/output/archive/archive_output.ts";
import { type ArchiveRecord, parseArchive, readArchive } from "../../fixtures/archive_records.ts";
import { folder } from "../../fixtures/folder.ts";
import { noteSyncs } from "../../fixtures/note_syncs.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const NEW = { isResumed: false, hasResults: false, overwrite: false };
const RESUMED = { isResumed: true, hasResults: true, overwrite: false };

/** A record, plain; its block begins with its number. */
function record(i: number, length = 0): string {
  const block = `${i}`.padEnd(length, " ");
  // Its digest is not looked at here.
  return `WARC/1.1\r\nWARC-Type: response\r\nContent-Length: ${block.length}\r\n\r\n${block}\r\n\r\n`;
}

function packed(i: number, length?: number) {
  return { bytes: encode(record(i, length)), parts: [], responses: [0], captures: undefined };
}

function optionsFor(path: string, sizeBytes: number): ArchiveOutputOptions {
  const info = { software: "s/1", command: "c" };
  return { path, sizeBytes, isSynced: true, gzip: false, dedupe: false, cdx: false, ...info };
}

/** The numbers of the records in each file of a series, behind its warcinfo. */
async function numbersIn(path: string): Promise<number[][]> {
  const files = [];
  for (let serial = 0;; serial++) {
    const name = serial === 0
      ? path
      : path.replace(".warc", `-${`${serial}`.padStart(5, "0")}.warc`);
    const text = await Deno.readTextFile(name).catch(() => undefined);
    if (text === undefined) return files;
    assert(text.startsWith("WARC/1.1\r\nWARC-Type: warcinfo\r\n"), name);
    assert(text.includes(`WARC-Filename: ${name.split("/").at(-1)}\r\n`), name);
    files.push([...text.matchAll(/\r\n\r\n(\d+) *\r\n\r\n/g)].map(([, i]) => Number(i)));
  }
}

Deno.test("ArchiveOutput begins each file with warcinfo, for its owner only", async () => {
  await using dir = await folder();
  const path = dir.path("x.warc.gz");
  const options = { ...optionsFor(path, 1), gzip: true, command: "myriad -n 1\nx", cdx: false };
  const output = await ArchiveOutput.open(options, NEW);
  await output.cutTo(0);
  await output.close();
  const [{ type, fields, block }, ...others]: ArchiveRecord[] = await readArchive(path);
  assertEquals([type, others.length], ["warcinfo", 0]);
  assertEquals(fields.get("Content-Type"), "application/warc-fields");
  assert(block.startsWith("software: s/1\r\nformat: WARC File Format 1.1\r\n"), block);
  assert(block.endsWith("\r\ndescription: myriad -n 1 x\r\n"), block);
  if (Deno.build.os !== "windows") assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
});

Deno.test("ArchiveOutput goes on in a new file once one is full, and cuts the series back", async () => {
  await using dir = await folder();
  const path = dir.path("x.warc");
  const positions = [];
  let output = await ArchiveOutput.open(optionsFor(path, 1_500), NEW);
  await output.cutTo(0);
  for (let i = 0; i < 8; i++) {
    const { serial, offset } = output.findPlace();
    assertEquals(serial, Math.floor(i / 2));
    assert(offset > 0);
    await output.append(packed(i, 700));
    positions.push(await output.sync());
  }
  await output.close();
  assertEquals(await numbersIn(path), [[0, 1], [2, 3], [4, 5], [6, 7]]);
  for (const last of [6, 5, 2, 1, 0]) {
    output = await ArchiveOutput.open(optionsFor(path, 1_500), RESUMED);
    await output.cutTo(positions[last]);
    assertEquals(output.written, positions[last]);
    await output.close();
    assertEquals((await numbersIn(path)).flat(), [...Array(last + 1).keys()]);
  }
  // Where it was cut, it goes on.
  output = await ArchiveOutput.open(optionsFor(path, 1_500), RESUMED);
  await output.cutTo(positions[0]);
  for (const i of [1, 2, 3]) await output.append(packed(i, 700));
  await output.close();
  assertEquals(await numbersIn(path), [[0, 1], [2, 3]]);
  const tooShort = await ArchiveOutput.open(optionsFor(path, 1_500), RESUMED);
  await assertRejects(() => tooShort.cutTo(1e6), UsageError, "it has less than its journal says");
  tooShort.abandon();
});

Deno.test("ArchiveOutput puts parts on the disk where they belong, and removes them", async () => {
  await using dir = await folder();
  const path = dir.path("x.warc");
  const output = await ArchiveOutput.open(optionsFor(path, 1e9), NEW);
  await output.cutTo(0);
  const whole = record(2, 600_000);
  const part = await dir.write(".x.warc.ab.0.1.part", whole.slice(100, -4));
  const bytes = encode(record(1) + whole.slice(0, 100) + whole.slice(-4) + record(3));
  const at = record(1).length + 100;
  await output.append({
    bytes,
    parts: [{ at, path: part, length: whole.length - 104, crc: 0 }],
    responses: [],
    captures: undefined,
  });
  assertEquals(await output.sync(), (await Deno.stat(path)).size);
  await output.close();
  assertEquals(await numbersIn(path), [[1, 2, 3]]);
  assertEquals([...Deno.readDirSync(dir.path(""))].length, 1);
});

Deno.test("ArchiveOutput refuses what another run has written or writes", async () => {
  await using dir = await folder();
  const path = dir.path("x.warc");
  // Behind a gap, too: a run would come to it, and --resume would remove it as its own.
  const later = await dir.write("x-00002.warc", "mine");
  const refused = (why: string) =>
    assertRejects(() => ArchiveOutput.open(optionsFor(path, 1e9), NEW), UsageError, why);
  await refused(`'${later}' holds 4 bytes already: name another file, or use --overwrite`);
  assertEquals(await Deno.readTextFile(later), "mine");
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  await assertRejects(
    () => ArchiveOutput.open(optionsFor(path, 1e9), RESUMED),
    UsageError,
    "it is gone, and what it held",
  );
  // A run that failed before it had a result has removed the file that it made.
  (await ArchiveOutput.open(optionsFor(path, 1e9), { ...RESUMED, hasResults: false })).abandon();
  await Deno.writeTextFile(path, "mine as well");
  await refused("it holds 12 bytes already");
  // A part that a killed run has left goes with the rest; another one's file stays.
  await dir.write(".x.warc.ab.0.1.part", "left");
  await dir.write(".x.warc.note.part", "not of a run");
  const output = await ArchiveOutput.open(optionsFor(path, 1e9), { ...NEW, overwrite: true });
  await output.cutTo(0);
  await output.close();
  const names = [...Deno.readDirSync(dir.path(""))].map(({ name }) => name).sort();
  assertEquals(names, [".x.warc.note.part", "x.warc"]);
  assertEquals(parseArchive(await Deno.readFile(path)).length, 1);
  await assertRejects(
    () => ArchiveOutput.open(optionsFor(dir.path(""), 1e9), NEW),
    UsageError,
    "Cannot write '--save-bodies",
  );
});

Deno.test("ArchiveOutput says that it cannot go on, and ends with a whole record", async () => {
  await using dir = await folder();
  const path = dir.path("x.warc");
  const output = await ArchiveOutput.open(optionsFor(path, 1_000), NEW);
  await output.cutTo(0);
  await output.append(packed(0, 800));
  await output.append(packed(1, 800));
  await output.sync();
  // The next file cannot be made.
  await Deno.mkdir(dir.path("x-00002.warc"));
  await assertRejects(
    async () => {
      await output.append(packed(2, 800));
      await output.sync();
    },
    OutputError,
    `Cannot write '--save-bodies ${path}'`,
  );
  await assertRejects(async () => await output.append(packed(3)), OutputError);
  await assertRejects(() => output.close(), OutputError);
  await Deno.remove(dir.path("x-00002.warc"));
  assertEquals(await numbersIn(path), [[0], [1]]);
});

Deno.test("ArchiveOutput does not forget that its records did not come to the disk", async () => {
  await using dir = await folder();
  const path = dir.path("x.warc");
  const output = await ArchiveOutput.open(optionsFor(path, 1e9), NEW);
  await output.cutTo(0);
  await output.append(packed(0));
  const { syncData } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.syncData = () =>
    Promise.reject(new Error("Input/output error (os error 5)"));
  try {
    await assertRejects(() => output.sync(), OutputError, "the disk has failed");
  } finally {
    Deno.FsFile.prototype.syncData = syncData;
  }
  await assertRejects(() => output.sync(), OutputError, "the disk has failed");
  await assertRejects(() => output.close(), OutputError);
});

Deno.test("ArchiveOutput leaves a file empty whose name did not come to the disk", async () => {
  await using dir = await folder();
  const path = dir.path("x.warc");
  const output = await ArchiveOutput.open(optionsFor(path, 1_000), NEW);
  await output.cutTo(0);
  await output.append(packed(0, 800));
  await output.sync();
  const { sync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.sync = () => Promise.reject(new Error("Input/output error (os error 5)"));
  try {
    await assertRejects(
      async () => {
        await output.append(packed(1, 800));
        await output.sync();
      },
      OutputError,
      "the disk has failed",
    );
  } finally {
    Deno.FsFile.prototype.sync = sync;
  }
  await assertRejects(() => output.close(), OutputError);
  assertEquals((await Deno.stat(dir.path("x-00001.warc"))).size, 0);
});

for (const isSynced of [true, false]) {
  Deno.test(`ArchiveOutput brings ${isSynced ? "each file" : "nothing"} to the disk`, async () => {
    await using dir = await folder();
    const path = dir.path("x.warc");
    const output = await ArchiveOutput.open({ ...optionsFor(path, 1_000), isSynced }, NEW);
    await output.cutTo(0);
    let files = 0;
    let folders = 0;
    const noted = noteSyncs((at) => {
      if (at === dirname(path)) folders++;
      else files++;
    });
    for (let i = 0; i < 3; i++) {
      await output.append(packed(i, 800));
      await output.sync();
    }
    noted[Symbol.dispose]();
    await output.close();
    assertEquals(await numbersIn(path), [[0], [1], [2]]);
    // Each file with its record, and as it is left; and its name, but that of the first.
    const names = Deno.build.os === "windows" ? 0 : 2;
    assertEquals([files, folders], isSynced ? [5, names] : [0, 0]);
  });
}

Deno.test({
  name: "ArchiveOutput asks for the permissions of its folder",
  permissions: { read: false, write: false },
  fn: async () => {
    await assertRejects(
      () => ArchiveOutput.open(optionsFor("/a/x.warc", 1e9), NEW),
      UsageError,
      "Cannot write '--save-bodies /a/x.warc': no permission: " +
        "run with --allow-write=/a --allow-read=/a",
    );
  },
});

Deno.test("ArchiveOutput goes on behind 4 GiB, and knows the places there", async () => {
  await using dir = await folder();
  const path = dir.path("x.warc");
  const first = await ArchiveOutput.open(optionsFor(path, 1e12), NEW);
  await first.cutTo(0);
  await first.close();
  // It has a hole in it, so that it takes no room.
  const length = 2 ** 32 + 7;
  await Deno.truncate(path, length + 100);
  const output = await ArchiveOutput.open(optionsFor(path, 1e12), RESUMED);
  await output.cutTo(length);
  assertEquals(output.findPlace(), { serial: 0, offset: length });
  await output.append(packed(1));
  assertEquals(await output.sync(), length + record(1).length);
  assertEquals(output.findPlace().offset, length + record(1).length);
  await output.close();
  using file = await Deno.open(path);
  await file.seek(length, Deno.SeekMode.Start);
  const bytes = new Uint8Array(record(1).length + 1);
  assertEquals(await file.read(bytes), record(1).length);
  assertEquals(new TextDecoder().decode(bytes.subarray(0, -1)), record(1));
});
