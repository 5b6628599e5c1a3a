import { assert, assertEquals, assertRejects } from "@std/assert";
import { basename } from "node:path";
import { OutputError, UsageError } from "../../../lib/errors.ts";
import { CdxIndex, toIndexPath } from "../../../lib/output/cdx/cdx_index.ts";
import { beginCdxjLine, formatCapture } from "../../../lib/warc/cdxj.ts";
import { toRecord, toResponse, zipEach } from "../../fixtures/archives.ts";
import { type Folder, folder } from "../../fixtures/folder.ts";
import { fillDisk } from "../../fixtures/full_disk.ts";
import { noteSyncs } from "../../fixtures/note_syncs.ts";

const BLOCK_BYTES = 1000;
const NEW = { isKept: false, isResumed: false, isSynced: true };
const KEPT = { ...NEW, isKept: true };

/** A line that lacks its place, of the record of a block. */
const capture = (url: string, offset = 0): string =>
  formatCapture(
    beginCdxjLine({
      url,
      dateDigits: "20260102030405",
      type: "response",
      mediaType: "text/html",
      status: 200,
      digest: undefined,
    }),
    offset,
    10,
  );

/** Adds blocks of two records each. */
async function add(index: CdxIndex, from: number, to: number): Promise<void> {
  for (let k = from; k < to; k++) {
    const offset = k * BLOCK_BYTES;
    const captures = capture(`http://h/${999 - k}`) + capture(`http://h/x${k}`, 500);
    await index.add(captures, { filename: "x.warc.gz", offset, position: offset + BLOCK_BYTES });
  }
}

/** What a run that is not interrupted writes. */
async function expected(to: number): Promise<string> {
  await using dir = await folder();
  const index = await begin(dir, 0);
  await add(index, 0, to);
  return await end(dir, index);
}

async function begin(dir: Folder, position: number): Promise<CdxIndex> {
  const index = await CdxIndex.open(dir.path("x.warc.gz"), NEW);
  await index.cutTo(position, []);
  return index;
}

async function end(dir: Folder, index: CdxIndex): Promise<string> {
  await index.finish();
  await index.close(true);
  return await Deno.readTextFile(dir.path("x.cdxj"));
}

const filesOf = (dir: Folder): string[] =>
  [...Deno.readDirSync(dir.path(""))].map(({ name }) => name).sort();

Deno.test("CdxIndex.finish() brings the index to the disk before its name, and that, if lines are synced", async () => {
  for (const isSynced of [true, false]) {
    await using dir = await folder();
    const index = await CdxIndex.open(dir.path("x.warc.gz"), { ...NEW, isSynced });
    await index.cutTo(0, []);
    await add(index, 0, 3);
    const synced: string[] = [];
    {
      using _ = noteSyncs((path) => {
        const hasName = filesOf(dir).includes("x.cdxj");
        if (path !== "?") synced.push(`${basename(path)} ${hasName ? "behind" : "before"} it`);
      });
      await index.finish();
    }
    const expected = ["x.cdxj.myriad.sorted before it"];
    // Windows has nothing that would do it.
    if (Deno.build.os !== "windows") expected.push(`${basename(dir.path())} behind it`);
    assertEquals(synced, isSynced ? expected : []);
    await index.close(true);
  }
});

Deno.test("CdxIndex writes the lines of all records, sorted, for the owner alone", async () => {
  await using dir = await folder();
  const index = await begin(dir, 0);
  await add(index, 0, 3);
  const text = await end(dir, index);
  const places = text.trimEnd().split("\n").map((line) => {
    const { offset, length, filename } = JSON.parse(line.slice(line.indexOf("{")));
    return [line.split(" ")[0], offset, length, filename];
  });
  const filename = "x.warc.gz";
  assertEquals(places, [
    ["h)/997", "2000", "10", filename],
    ["h)/998", "1000", "10", filename],
    ["h)/999", "0", "10", filename],
    ["h)/x0", "500", "10", filename],
    ["h)/x1", "1500", "10", filename],
    ["h)/x2", "2500", "10", filename],
  ]);
  assertEquals(filesOf(dir), ["x.cdxj"]);
  if (Deno.build.os !== "windows") {
    assertEquals((await Deno.stat(dir.path("x.cdxj"))).mode! & 0o777, 0o600);
  }
});

Deno.test("CdxIndex goes on where the archive is cut, whatever a run that died has left", async () => {
  const whole = await expected(400);
  // The rest of a line, or of a line that is longer than what is read at once.
  for (const torn of ["", "4", "401000 h)/", `401000 ${"x".repeat(200_000)}`, "\0\0\0"]) {
    for (const kept of torn === "" ? [0, 1, 399, 400] : [399]) {
      await using dir = await folder();
      const first = await begin(dir, 0);
      await add(first, 0, 400);
      await first.finish();
      await first.close(false);
      await Deno.writeTextFile(dir.path("x.cdxj.myriad"), torn, { append: true });
      const second = await begin(dir, kept * BLOCK_BYTES);
      // What stood there had lines of records that are gone.
      assertEquals(filesOf(dir), ["x.cdxj.myriad"]);
      await add(second, kept, 400);
      assertEquals(await end(dir, second), whole);
    }
  }
});

Deno.test("CdxIndex reads the archive if the lines so far are gone", async () => {
  await using dir = await folder();
  const record = (url: string) => toRecord("response", toResponse("x"), { uri: url });
  const files = [
    { path: dir.path("x.warc.gz"), bytes: zipEach([record("http://h/b"), record("http://h/c")]) },
    { path: dir.path("x-00001.warc.gz"), bytes: zipEach([record("http://h/a")]) },
  ];
  for (const { path, bytes } of files) await Deno.writeFile(path, bytes);
  const index = await CdxIndex.open(dir.path("x.warc.gz"), NEW);
  const lengths = files.map(({ path, bytes }) => ({ path, length: bytes.length }));
  const position = lengths[0].length + lengths[1].length;
  await index.cutTo(position, lengths);
  const text = await end(dir, index);
  assertEquals(text.trimEnd().split("\n").map((line) => line.split(" ")[0]), [
    "h)/a",
    "h)/b",
    "h)/c",
  ]);
  await Deno.writeTextFile(dir.path("x.warc.gz"), "not WARC");
  const other = await CdxIndex.open(dir.path("x.warc.gz"), NEW);
  const error = await assertRejects(
    () => other.cutTo(8, [{ ...lengths[0], length: 8 }]),
    UsageError,
  );
  assert(error.message.endsWith("or use --overwrite"), error.message);
  await other.abandon();
});

Deno.test("CdxIndex reads the archive again if a run died while it read it", async () => {
  await using dir = await folder();
  const paths = [dir.path("x.warc.gz"), dir.path("x-00001.warc.gz")];
  const files: { path: string; length: number }[] = [];
  for (const [k, path] of paths.entries()) {
    const uri = `http://h/${k}`;
    const bytes = zipEach([toRecord("response", toResponse("x"), { uri })]);
    await Deno.writeFile(path, bytes);
    files.push({ path, length: bytes.length });
  }
  const position = files[0].length + files[1].length;
  // It breaks off in the second file.
  const whole = await Deno.readFile(paths[1]);
  await Deno.writeTextFile(paths[1], "not WARC");
  const first = await CdxIndex.open(paths[0], NEW);
  await assertRejects(() => first.cutTo(position, files), UsageError);
  await first.close(false);
  assertEquals(await Deno.readTextFile(dir.path("x.cdxj.myriad")), "");
  await Deno.writeFile(paths[1], whole);
  // What a kill leaves of it does not count.
  await dir.write("x.cdxj.myriad.new", "1 some of the lines\n");
  const second = await CdxIndex.open(paths[0], NEW);
  await second.cutTo(position, files);
  const text = await end(dir, second);
  assertEquals(text.trimEnd().split("\n").map((line) => line.split(" ")[0]), ["h)/0", "h)/1"]);
});

Deno.test("CdxIndex says once that the disk is full when it reads the archive", async () => {
  await using dir = await folder();
  const path = dir.path("x.warc.gz");
  // Longer than what is gathered before it is written.
  const uri = `http://h/${"a".repeat(70_000)}`;
  const bytes = zipEach(Array(3).fill(toRecord("response", toResponse("x"), { uri })));
  await Deno.writeFile(path, bytes);
  const index = await CdxIndex.open(path, NEW);
  const { length } = bytes;
  {
    using _full = fillDisk();
    const error = await assertRejects(() => index.cutTo(length, [{ path, length }]), OutputError);
    assertEquals(error.message.match(/Cannot write/g)?.length, 1);
  }
  await index.abandon();
});

Deno.test("CdxIndex replaces no index that is there, unless it may", async () => {
  await using dir = await folder();
  await Deno.writeTextFile(dir.path("x.cdxj"), "of somebody");
  const error = await assertRejects(() => CdxIndex.open(dir.path("x.warc"), KEPT), UsageError);
  assert(error.message.includes("is there already"), error.message);
  const index = await CdxIndex.open(dir.path("x.warc"), NEW);
  await index.abandon();
  assertEquals(filesOf(dir), ["x.cdxj"]);
  assertEquals(await Deno.readTextFile(dir.path("x.cdxj")), "of somebody");
  await Deno.symlink(dir.path("x.cdxj"), dir.path("y.cdxj.myriad"));
  const linked = CdxIndex.open(dir.path("y.warc"), NEW);
  await assertRejects(() => linked, UsageError, "y.cdxj.myriad' is not a file: move it away");
});

Deno.test("CdxIndex keeps its lines if the index cannot be written", async () => {
  await using dir = await folder();
  const index = await begin(dir, 0);
  await add(index, 0, 2);
  await Deno.mkdir(dir.path("x.cdxj"));
  await assertRejects(() => index.finish(), OutputError, "it is a folder");
  await index.close(false);
  assertEquals(filesOf(dir), ["x.cdxj", "x.cdxj.myriad"]);
});

Deno.test("toIndexPath() is beside the archive", () => {
  assertEquals(toIndexPath("a/crawl.warc.gz"), "a/crawl.cdxj");
  assertEquals(toIndexPath("a.warc.gz/CRAWL.WARC"), "a.warc.gz/CRAWL.cdxj");
});
