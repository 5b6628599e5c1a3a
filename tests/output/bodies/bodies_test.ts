import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { BodySink } from "../../../lib/engine/engine.ts";
import { OutputError, UsageError } from "../../../lib/errors.ts";
import { areBodiesWhole } from "../../../lib/output/bodies/body_checks.ts";
import { Bodies } from "../../../lib/output/bodies/bodies.ts";
import type { Result } from "../../../lib/result.ts";
import { folder } from "../../fixtures/folder.ts";
import { result as resultOf } from "../../fixtures/result.ts";
import { target } from "../../fixtures/target.ts";

const NEW = { isResumed: false, hasResults: false, overwrite: false, isSynced: false };
const GONE_ON = { isResumed: true, hasResults: true, overwrite: false, isSynced: false };

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function begin(bodies: Bodies, i: number, type: string | null = null): BodySink {
  const field = (name: string): string | null => name === "content-type" ? type : null;
  return bodies.bodyFor(target("http://x/", { i }), { status: 200, coding: null, field });
}

/** The body of an answer, and the place that its record gives. */
function save(bodies: Bodies, i: number, text: string, type: string | null = null): unknown {
  const sink = begin(bodies, i, type);
  if (text !== "") sink.write(bytes(text));
  sink.end();
  return bodies.annotate(result(i, 200)).bodyFile;
}

function result(i: number, status: number | null): Result {
  return resultOf({ status, error: status === null ? "timeout" : undefined }, { i });
}

/** All files below a folder, with what they hold. */
function filesOf(path: string, below = ""): Record<string, string> {
  let files: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory) files = { ...files, ...filesOf(`${path}/${name}`, `${below}${name}/`) };
    else files[below + name] = Deno.readTextFileSync(`${path}/${name}`);
  }
  return files;
}

Deno.test("Bodies save each body by number, 1,000 a folder, with its type's ending", async () => {
  await using dir = await folder();
  const bodies = await Bodies.open(dir.path("made/here"), NEW);
  for (
    const [i, type, name] of [
      [0, "text/html; charset=utf-8", "0/0.html"],
      [17, "TEXT/HTML", "0/17.html"],
      [999, "application/json", "0/999.json"],
      [1_000, "image/png", "1/1000.png"],
      [1_234_567, "text/plain", "1234/1234567.txt"],
      [1_234_568, "application/octet-stream", "1234/1234568.bin"],
      [9_007_199_254_740_991, null, "9007199254740/9007199254740991"],
      [2, "x/unheard-of", "0/2"],
    ] as [number, string | null, string][]
  ) {
    assertEquals(save(bodies, i, `body ${i}`, type), name);
    assertEquals(await Deno.readTextFile(`${dir.path("made/here")}/${name}`), `body ${i}`);
  }
  bodies.close();
  assertEquals(Object.keys(filesOf(dir.path("made/here"))).length, 8);
});

Deno.test("Bodies keep a hostile content type out of paths", async () => {
  await using dir = await folder();
  const bodies = await Bodies.open(dir.path("b"), NEW);
  const types = [
    "../../x",
    "text/../../../x",
    "/etc/passwd",
    "text/html\0.sh",
    "\0",
    "text/" + "x".repeat(100_000),
    "text/html, ../../x",
    'text/html; name="../../x"',
    "text/html/../..",
    "constructor",
    "__proto__",
    "\x1b]0;x\x07",
    "..",
    "text/\u{202e}lmth",
  ];
  types.forEach((type, i) => {
    const name = save(bodies, i, "x", type) as string;
    assert(/^0\/\d+(\.html)?$/.test(name), name);
  });
  bodies.close();
  assertEquals(Object.keys(filesOf(dir.path(""))).length, types.length);
  assert(Object.keys(filesOf(dir.path(""))).every((name) => /^b\/0\/\d+(\.html)?$/.test(name)));
});

Deno.test("Bodies write an empty file for an empty body", async () => {
  await using dir = await folder();
  const bodies = await Bodies.open(dir.path("b"), NEW);
  assertEquals(save(bodies, 5, "", "text/html"), "0/5.html");
  bodies.close();
  assertEquals(filesOf(dir.path("b")), { "0/5.html": "" });
});

Deno.test("Bodies write pieces of any size in order, and copy what they keep", async () => {
  await using dir = await folder();
  const bodies = await Bodies.open(dir.path("b"), NEW);
  let i = 0;
  for (
    const sizes of [
      [1, 1, 1],
      [65_536],
      [65_535, 1],
      [65_535, 2],
      [65_537],
      [1, 65_536, 1],
      [200_000, 3, 65_000, 600, 100_000],
      Array(300).fill(997),
    ]
  ) {
    const whole = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
    whole.forEach((_, k) => whole[k] = k * 31 % 251);
    const sink = begin(bodies, i);
    // As an engine does: one buffer for all, which is overwritten at once.
    const shared = new Uint8Array(200_000);
    let from = 0;
    for (const size of sizes) {
      shared.set(whole.subarray(from, from + size));
      sink.write(shared.subarray(0, size));
      shared.fill(0xff);
      from += size;
    }
    sink.end();
    const written = await Deno.readFile(`${dir.path("b")}/0/${i++}`);
    assert(written.length === whole.length && written.every((byte, k) => byte === whole[k]));
  }
  bodies.close();
});

Deno.test("Bodies name a file only when it is complete", async () => {
  await using dir = await folder();
  const bodies = await Bodies.open(dir.path("b"), NEW);
  const names = (): string[] => Object.keys(filesOf(dir.path("b"))).sort();
  const long = begin(bodies, 1, "text/html");
  long.write(bytes("x".repeat(100_000)));
  const cut = begin(bodies, 2, "text/html");
  cut.write(bytes("x".repeat(100_000)));
  const short = begin(bodies, 3, "text/html");
  short.write(bytes("x"));
  assertEquals(names(), [`0/.1.${bodies.run}.part`, `0/.2.${bodies.run}.part`]);
  cut.discard();
  short.discard();
  assertEquals(names(), [`0/.1.${bodies.run}.part`]);
  long.end();
  assertEquals(names(), ["0/1.html"]);
  bodies.close();
});

Deno.test("Bodies keep one file for a number, the last, with any ending", async () => {
  await using dir = await folder();
  const first = await Bodies.open(dir.path("b"), NEW);
  save(first, 1, "old", "text/html");
  save(first, 2, "old", "text/html");
  save(first, 3, "stays", "text/html");
  save(first, 4, "old");
  // Tried again within the run.
  save(first, 1, "new", "application/json");
  first.close();
  // And by a run that goes on; what was left behind by one that was killed is gone.
  await dir.write("b/0/.2.part", "left behind, and longer than what comes");
  await dir.write("b/0/.700.part", "left behind");
  await dir.write(`b/0/.4.${first.run}.part`, "left behind");
  const second = await Bodies.open(dir.path("b"), GONE_ON);
  save(second, 2, "new", "application/json");
  save(second, 4, "new", "text/css");
  second.close();
  assertEquals(filesOf(dir.path("b")), {
    "0/1.json": "new",
    "0/2.json": "new",
    "0/3.html": "stays",
    "0/4.css": "new",
  });
});

Deno.test("Bodies scan folders again without removing a body that is being written", async () => {
  await using dir = await folder();
  const bodies = await Bodies.open(dir.path("b"), NEW);
  const slow = begin(bodies, 1, "text/html");
  slow.write(bytes("x".repeat(70_000)));
  save(bodies, 2, "old", "text/html");
  for (let k = 1; k <= 200; k++) save(bodies, k * 1_000, "x");
  save(bodies, 2, "new", "text/css");
  slow.write(bytes("y"));
  slow.end();
  bodies.close();
  const files = filesOf(dir.path("b"));
  assertEquals([files["0/2.css"], files["0/2.html"]], ["new", undefined]);
  assertEquals([files["0/1.html"].length, Object.keys(files).length], [70_001, 202]);
});

Deno.test("Bodies of several threads leave each other's parts alone, and remove those of other runs", async () => {
  await using dir = await folder();
  const path = dir.path("b");
  const main = await Bodies.open(path, NEW);
  await Deno.mkdir(dir.path("b/0"));
  await dir.write("b/0/.7.0123abcd.part", "left behind");
  const join = await Bodies.loadJoin();
  const threads = [0, 1, 2].map(() => join(path, { run: main.run, threads: 3, isSynced: false }));
  const slow = threads.map((bodies, k) => {
    const sink = begin(bodies, k);
    sink.write(bytes("x".repeat(70_000)));
    return sink;
  });
  // More folders than one of them remembers, so that each looks at its first one again.
  for (let k = 1; k <= 75; k++) save(threads[k % 3], k * 1_000 + k % 3, "y");
  for (const [k, bodies] of threads.entries()) save(bodies, 100 + k, "z");
  for (const sink of slow) sink.end();
  for (const bodies of [...threads, main]) bodies.close();
  const files = filesOf(path);
  assertEquals(Object.keys(files).filter((name) => name.startsWith("0/")).sort(), [
    ...["0/0", "0/1", "0/100", "0/101", "0/102", "0/2"],
  ]);
  assertEquals(Object.keys(files).length, 81);
  assertEquals([files["0/0"].length, files["0/101"]], [70_000, "z"]);
});

Deno.test("Bodies.take() removes an earlier attempt's file when the request has failed", async () => {
  await using dir = await folder();
  const bodies = await Bodies.open(dir.path("b"), NEW);
  save(bodies, 1, "an attempt", "text/html");
  assertEquals(bodies.annotate(result(1, null)).bodyFile, null);
  assertEquals(bodies.annotate(result(5_000, null)).bodyFile, null);
  bodies.close();
  assertEquals(filesOf(dir.path("b")), {});
  assertEquals([...Deno.readDirSync(dir.path("b"))].map(({ name }) => name), ["0"]);
});

Deno.test("Bodies check and keep no body of an earlier attempt of a request that has failed", async () => {
  await using dir = await folder();
  const bodies = (await Bodies.open(dir.path("b"), NEW)).keepChecks();
  const kept: string[] = [];
  bodies.onKept = (name) => kept.push(name);
  begin(bodies, 1).end();
  assertEquals(bodies.annotate(result(1, null)).bodyFile, null);
  begin(bodies, 2).end();
  assertEquals(bodies.annotate(result(2, 503)).bodyFile, "0/2");
  bodies.close();
  const checks = bodies.takeChecks();
  assertEquals([kept, filesOf(dir.path("b"))], [["0/2"], { "0/2": "" }]);
  assert(areBodiesWhole(dir.path("b"), checks), checks);
});

Deno.test("Bodies keep one file for a number whose folder was forgotten meanwhile", async () => {
  await using dir = await folder();
  const path = dir.path("b");
  const { run, ...first } = await Bodies.open(path, NEW).then((it) => ({ run: it.run, it }));
  // One of so many threads remembers one folder.
  const bodies = (await Bodies.loadJoin())(path, { run, threads: 64, isSynced: false });
  const earlier = begin(bodies, 5, "text/html");
  earlier.write(bytes("of an earlier attempt"));
  save(bodies, 1_000, "in another folder");
  save(bodies, 6, "beside it");
  earlier.end();
  assertEquals(save(bodies, 5, "the last", "application/json"), "0/5.json");
  const failed = begin(bodies, 7);
  save(bodies, 1_001, "in another folder");
  save(bodies, 8, "beside it");
  failed.end();
  assertEquals(bodies.annotate(result(7, null)).bodyFile, null);
  bodies.close();
  first.it.close();
  assertEquals(Object.keys(filesOf(path)).sort(), ["0/5.json", "0/6", "0/8", "1/1000", "1/1001"]);
});

Deno.test("Bodies follow no symbolic link out of their folder", async () => {
  await using dir = await folder();
  const outside = await dir.write("outside", "mine");
  const bodies = await Bodies.open(dir.path("b"), NEW);
  save(bodies, 0, "x");
  await Deno.symlink(outside, dir.path(`b/0/.1.${bodies.run}.part`));
  await Deno.symlink(outside, dir.path("b/0/1"));
  await Deno.symlink(dir.path(""), dir.path("b/1"));
  assertEquals(save(bodies, 1, "y"), "0/1");
  assertThrows(() => save(bodies, 1_000, "z"), OutputError, "is not a folder");
  bodies.close();
  assertEquals(await Deno.readTextFile(outside), "mine");
  assertEquals((await Deno.lstat(dir.path("b/0/1"))).isFile, true);
  assertEquals(filesOf(dir.path("b/0")), { "0": "x", "1": "y" });
});

Deno.test("Bodies.open() rejects another run's folder, or a path that is not a folder", async () => {
  await using dir = await folder();
  const path = dir.path("b");
  const refused = async (options: typeof NEW, why: string, place = path): Promise<void> => {
    const { message } = await assertRejects(() => Bodies.open(place, options), UsageError);
    assert(message.includes(`'--save-bodies ${place}'`) && message.includes(why), message);
  };
  await refused(GONE_ON, "it is gone");
  // A run that failed before it had a result has removed the folder that it made.
  const begun = await Bodies.open(path, { ...GONE_ON, hasResults: false });
  begun.abandon();
  await refused(NEW, "it is not a folder", await dir.write("file", ""));
  await refused(NEW, "it is not a folder", dir.path("file/below"));
  // What is not named as a body does not matter.
  await Deno.mkdir(path);
  await dir.write("b/records.ndjson", "");
  const first = await Bodies.open(path, NEW);
  await refused(NEW, "another run writes it");
  save(first, 1, "first");
  first.close();
  await refused(NEW, "it holds bodies already");
  const second = await Bodies.open(path, {
    isResumed: false,
    hasResults: false,
    overwrite: true,
    isSynced: false,
  });
  save(second, 1, "second", "text/html");
  second.close();
  assertEquals(filesOf(path), { "records.ndjson": "", "0/1.html": "second" });
});

Deno.test("Bodies.abandon() removes a folder that it made and did not use", async () => {
  await using dir = await folder();
  (await Bodies.open(dir.path("b"), NEW)).abandon();
  await Deno.mkdir(dir.path("there"));
  (await Bodies.open(dir.path("there"), NEW)).abandon();
  assertEquals([...Deno.readDirSync(dir.path(""))].map(({ name }) => name), ["there"]);
});

Deno.test("Bodies fail with the flag's name when a file cannot be written", async () => {
  await using dir = await folder();
  const bodies = await Bodies.open(dir.path("b"), NEW);
  const sink = begin(bodies, 1);
  await Deno.remove(dir.path("b"), { recursive: true });
  const { message } = assertThrows(() => sink.write(bytes("x".repeat(100_000))), OutputError);
  assert(message.startsWith(`Cannot write '--save-bodies ${dir.path("b")}': `), message);
  sink.discard();
  bodies.close();
});

Deno.test("Bodies brings a body, its name and its folder to the disk if they are waited for", async () => {
  await using dir = await folder();
  const done: string[] = [];
  const { syncSync, syncDataSync } = Deno.FsFile.prototype;
  const { renameSync } = Deno;
  Deno.FsFile.prototype.syncSync = function () {
    done.push("sync");
    syncSync.call(this);
  };
  Deno.FsFile.prototype.syncDataSync = function () {
    done.push("data");
    syncDataSync.call(this);
  };
  Deno.renameSync = (from, to) => {
    done.push("rename");
    renameSync(from, to);
  };
  try {
    for (const isSynced of [false, true]) {
      const bodies = await Bodies.open(dir.path(`${isSynced}`), { ...NEW, isSynced });
      save(bodies, 0, "x");
      save(bodies, 1, "y");
      bodies.close();
      done.push("/");
    }
  } finally {
    Object.assign(Deno.FsFile.prototype, { syncSync, syncDataSync });
    Deno.renameSync = renameSync;
  }
  // The new folder; then each body before it has its name, and the name.
  const synced = Deno.build.os === "windows"
    ? "data rename data rename"
    : "sync data rename sync data rename sync";
  assertEquals(done.join(" "), `rename rename / ${synced} /`);
});
