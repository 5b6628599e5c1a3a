import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { gunzipSync, gzipSync } from "node:zlib";
import { ClosedPipe, OutputError, UsageError } from "../../lib/errors.ts";
import {
  type LineFile,
  LineWriter,
  measureSize,
  openFile,
  openLineWriter,
} from "../../lib/output/line_writer.ts";
import { folder } from "../fixtures/folder.ts";
import { turn } from "../fixtures/turn.ts";

/** A file by hand: each write waits until the test lets it through. */
class SlowFile implements LineFile {
  readonly writes: {
    block: Uint8Array;
    done: (length: number) => void;
    fail: (e: Error) => void;
  }[] = [];
  closed = 0;
  truncated: number[] = [];
  write(block: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.writes.push({ block, done: resolve, fail: reject });
    return promise;
  }
  truncate(length: number): Promise<void> {
    this.truncated.push(length);
    return Promise.resolve();
  }
  close(): void {
    this.closed++;
  }
}

const LINE = "x".repeat(1023) + "\n";

Deno.test("LineWriter writes one large block at a time, and waits when two are full", async () => {
  const file = new SlowFile();
  const blocks = new LineWriter(file, "--output x");
  let lines = 0;
  let full: unknown;
  while (full === undefined && lines < 1000) {
    full = blocks.write(LINE);
    lines++;
  }
  assertEquals(lines, 128);
  assertEquals(file.writes.length, 1);
  assertEquals(file.writes[0].block.length, 64 * 1024);
  let waited = false;
  const wait = (full as Promise<void>).then(() => waited = true);
  await turn();
  assert(!waited);
  // A write may take less than it was given.
  file.writes[0].done(1000);
  await turn();
  assertEquals(file.writes[1].block.length, 64 * 1024 - 1000);
  file.writes[1].done(64 * 1024 - 1000);
  await wait;
  assertEquals(file.writes.length, 3);
  file.writes[2].done(64 * 1024);
  await blocks.close();
  assertEquals([file.writes.length, file.closed], [3, 1]);
});

Deno.test("LineWriter writes a waiting line after a moment", async () => {
  const file = new SlowFile();
  const blocks = new LineWriter(file, "--output x");
  blocks.write("one\n");
  while (file.writes.length === 0) await turn();
  file.writes[0].done(4);
  await blocks.close();
});

Deno.test("LineWriter keeps whole lines when the disk is full", async () => {
  const file = new SlowFile();
  const blocks = new LineWriter(file, "--output x");
  blocks.write("one\n");
  blocks.write("two\n".repeat(20_000));
  file.writes[0].done(10);
  await turn();
  file.writes[1].fail(new Error("No space left on device (os error 28)"));
  await turn();
  assertEquals(file.truncated, [8]);
  const thrown = assertThrows(() => blocks.write("three\n"), OutputError);
  assertEquals(thrown.message, "Cannot write '--output x': no space left on device: free some");
  await assertRejects(() => blocks.close(), OutputError);
  assertEquals([file.writes.length, file.closed], [2, 1]);
});

Deno.test("LineWriter does not forget that its lines did not come to the disk", async () => {
  await using dir = await folder();
  const file = await Deno.open(dir.path("x"), { write: true, create: true });
  let syncs = 0;
  const syncData = (): Promise<void> =>
    // As the system does: it tells once.
    syncs++ === 0
      ? Promise.reject(new Error("Input/output error (os error 5)"))
      : Promise.resolve();
  const lines = new LineWriter(Object.assign(file, { syncData }), "--output x");
  lines.write("one\n");
  const said = "Cannot write '--output x': the disk has failed (input/output error): check it";
  await assertRejects(() => lines.sync(), OutputError, said);
  await assertRejects(() => lines.sync(), OutputError, said);
  assertThrows(() => lines.write("two\n"), OutputError, said);
  await assertRejects(() => lines.close(), OutputError, said);
});

Deno.test("measureSize() and LineWriter tell a disk that fails from what is not a file", async () => {
  const failing = (message: string): LineFile =>
    Object.assign(new SlowFile(), {
      seek: () => Promise.resolve(7),
      truncate: () => Promise.reject(new Error(message)),
    });
  assertEquals(await measureSize(failing("Invalid argument (os error 22)")), undefined);
  const broken = failing("Input/output error (os error 5)");
  await assertRejects(() => measureSize(broken), Error, "os error 5");
  const lines = new LineWriter(broken, "--output x");
  const said = "Cannot write '--output x': the disk has failed (input/output error): check it";
  await assertRejects(() => lines.reaches(7), UsageError, said);
  await assertRejects(() => lines.cutTo(7), UsageError, said);
  await lines.close();
});

Deno.test("LineWriter tells a closed pipe from a failure", async () => {
  const file = new SlowFile();
  const blocks = new LineWriter(file, "--output -");
  blocks.write(LINE.repeat(64));
  const full = blocks.write(LINE.repeat(64));
  file.writes[0].fail(new Deno.errors.BrokenPipe("Broken pipe (os error 32)"));
  await assertRejects(() => full as Promise<void>, ClosedPipe);
  await assertRejects(() => blocks.close(), ClosedPipe);
  assertEquals(file.truncated, []);
});

Deno.test("openLineWriter() writes gzip in members of whole lines", async () => {
  await using dir = await folder();
  const path = dir.path("out.ndjson.gz");
  const blocks = await openLineWriter(path, { flag: "--output", gzip: true });
  let expected = "";
  for (let i = 0; i < 50_000; i++) {
    const line = `{"i":${i},"url":"http://localhost/${i}"}\n`;
    expected += line;
    await blocks.write(line);
  }
  await blocks.close();
  const packed = await Deno.readFile(path);
  assertEquals(new TextDecoder().decode(gunzipSync(packed)), expected);
  assert(packed.length < expected.length / 4);
});

Deno.test("openLineWriter() throws UsageError when the file cannot be written", async () => {
  await using dir = await folder();
  for (
    const [path, why] of [
      [dir.path(), "it is a folder"],
      [dir.path("none/out.ndjson"), "no such folder"],
    ]
  ) {
    const error = await assertRejects(() => openLineWriter(path, { flag: "--output" }), UsageError);
    assertStringIncludes(error.message, `Cannot write '--output ${path}': ${why}`);
  }
});

Deno.test({
  name: "openLineWriter() throws UsageError when the permission is missing",
  permissions: { write: false },
  fn: async () => {
    const error = await assertRejects(() => openLineWriter("x", { flag: "--output" }), UsageError);
    assertStringIncludes(error.message, "--allow-write=x");
  },
});

Deno.test("openLineWriter() empties the file first", async () => {
  await using dir = await folder();
  const path = await dir.write("file", "longer than what comes\n");
  const blocks = await openLineWriter(path, { flag: "--summary" });
  await blocks.write("short\n");
  await blocks.close();
  assertEquals(await Deno.readTextFile(path), "short\n");
});

const encoder = new TextEncoder();
const encoded = (text: string) => ({ bytes: encoder.encode(text), isPacked: false });
/** How many blocks are in one file. */
const countMembers = (bytes: Uint8Array): number =>
  bytes.reduce((sum, _, k) => bytes[k] === 0x1f && bytes[k + 1] === 0x8b ? sum + 1 : sum, 0);

Deno.test("LineWriter.writeEncoded() writes behind text, in order, and without copying", async () => {
  const file = new SlowFile();
  const writer = new LineWriter(file, "--output x");
  writer.write("header\n");
  const blocks = [LINE, LINE.repeat(64), "last\n"].map(encoded);
  const buffers = blocks.map(({ bytes }) => bytes.buffer);
  assertEquals(writer.writeEncoded(blocks[0]), undefined);
  assertEquals(writer.writeEncoded(blocks[1]), undefined);
  assertEquals(file.writes.length, 1);
  assertEquals(writer.writeEncoded(blocks[2]), undefined);
  const closed = writer.close();
  for (const [k, text] of ["header\n", LINE, LINE.repeat(64), "last\n"].entries()) {
    while (file.writes.length === k) await turn();
    const { block, done } = file.writes[k];
    assertEquals(new TextDecoder().decode(block), text);
    if (k > 0) assertStrictEquals(block.buffer, buffers[k - 1]);
    done(text.length);
  }
  await closed;
});

Deno.test("LineWriter.writeEncoded() waits until its lines are written, beside a block", async () => {
  const file = new SlowFile();
  const writer = new LineWriter(file, "--output x");
  const large = encoded(LINE.repeat(64));
  assertEquals(writer.writeEncoded(large), undefined);
  // Small ones, too, as soon as there is a block of them.
  for (let k = 0; k < 63; k++) assertEquals(writer.writeEncoded(encoded(LINE)), undefined);
  let waiting = 3;
  const waits = [LINE, LINE.repeat(10), LINE].map((text) =>
    (writer.writeEncoded(encoded(text)) as Promise<void>).then(() => waiting--)
  );
  file.writes[0].done(LINE.length * 64);
  for (let k = 1; k <= 66; k++) {
    assertEquals(waiting, 3);
    while (file.writes.length === k) await turn();
    file.writes[k].done(file.writes[k].block.length);
  }
  await Promise.all(waits);
  assertEquals(writer.length, LINE.length * (64 + 63 + 12));
  await writer.close();
});

Deno.test("LineWriter.writeEncoded() keeps whole lines when the disk is full, and tells who waits", async () => {
  const file = new SlowFile();
  const writer = new LineWriter(file, "--output x");
  writer.writeEncoded(encoded("12\n".repeat(40_000)));
  const full = writer.writeEncoded(encoded("34\n".repeat(40_000))) as Promise<void>;
  const failed = assertRejects(() => full, OutputError);
  file.writes[0].done(10_000);
  await turn();
  file.writes[1].fail(new Error("No space left on device (os error 28)"));
  await failed;
  assertEquals(file.truncated, [9_999]);
  assertEquals(writer.length, 9_999);
  assertThrows(() => writer.writeEncoded(encoded("5\n")), OutputError);
  await assertRejects(() => writer.close(), OutputError);
  assertEquals(file.writes.length, 2);
});

Deno.test("LineWriter fails nobody who has stopped waiting", async () => {
  for (const isEncoded of [false, true]) {
    const file = new SlowFile();
    const writer = new LineWriter(file, "--output x");
    const add = () =>
      isEncoded ? writer.writeEncoded(encoded(LINE.repeat(64))) : writer.write(LINE.repeat(64));
    add();
    // As by a caller whose other output has failed.
    assert(add() instanceof Promise);
    file.writes[0].fail(new Error("No space left on device (os error 28)"));
    await turn();
    await assertRejects(() => writer.close(), OutputError);
  }
});

Deno.test("LineWriter.writeEncoded() gathers small blocks into one gzip member, and keeps members", async () => {
  await using dir = await folder();
  const path = dir.path("out.csv.gz");
  const writer = await openLineWriter(path, { flag: "--output", gzip: true });
  writer.write("header\n");
  for (let k = 0; k < 50; k++) writer.writeEncoded(encoded(`small ${k}\n`));
  writer.writeEncoded({ bytes: new Uint8Array(gzipSync("packed\n")), isPacked: true });
  assertEquals(await writer.sync(), (await Deno.stat(path)).size);
  writer.writeEncoded({ bytes: new Uint8Array(gzipSync("again\n")), isPacked: true });
  await writer.close();
  const bytes = await Deno.readFile(path);
  assertEquals(countMembers(bytes), 3);
  const small = Array.from({ length: 50 }, (_, k) => `small ${k}\n`).join("");
  assertEquals(new TextDecoder().decode(gunzipSync(bytes)), `header\n${small}packed\nagain\n`);
});

Deno.test("LineWriter goes on behind 4 GiB, where it was cut", async () => {
  await using dir = await folder();
  const path = dir.path("out.ndjson");
  // It has a hole in it, so that it takes no room.
  const length = 2 ** 32 + 5;
  await Deno.writeTextFile(path, "");
  await Deno.truncate(path, length + 100);
  const { file } = await openFile(path, { flag: "--output" });
  const writer = new LineWriter(file, "--output x");
  assertEquals([await writer.reaches(length + 100), await writer.reaches(length + 101)], [
    true,
    false,
  ]);
  await writer.cutTo(length);
  writer.write("next\n");
  assertEquals(await writer.sync(), length + 5);
  await writer.close();
  assertEquals((await Deno.stat(path)).size, length + 5);
  using reader = await Deno.open(path);
  await reader.seek(length - 1, Deno.SeekMode.Start);
  const bytes = new Uint8Array(10);
  assertEquals(await reader.read(bytes), 6);
  assertEquals(new TextDecoder().decode(bytes.subarray(0, 6)), "\0next\n");
});
