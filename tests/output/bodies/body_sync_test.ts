import { assert, assertEquals, assertRejects } from "@std/assert";
import { OutputError } from "../../../lib/errors.ts";
import { BodySync } from "../../../lib/output/bodies/body_sync.ts";
import { folder } from "../../fixtures/folder.ts";
import { noteSyncs } from "../../fixtures/note_syncs.ts";

const IS_WINDOWS = Deno.build.os === "windows";

/** What comes to the disk while some work is done, in its order: in a folder, paths below it. */
async function watchSyncs(path: string, work: () => Promise<void>): Promise<string[]> {
  const synced: string[] = [];
  using _noted = noteSyncs((at) => {
    synced.push(at.startsWith(`${path}/`) ? at.slice(path.length + 1) : at);
  });
  await work();
  return synced;
}

async function makeBodies(path: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await Deno.mkdir(`${path}/${name.split("/")[0]}`, { recursive: true });
    await Deno.writeTextFile(`${path}/${name}`, name);
  }
}

Deno.test("BodySync.sync() brings bodies to the disk, and then the folders with their names", async () => {
  await using dir = await folder();
  const path = dir.path("");
  const names = Array.from({ length: 40 }, (_, k) => `${k % 2}/${k % 2 * 1_000 + k}.html`);
  await makeBodies(path, names);
  const bodies = new BodySync(path);
  const synced = await watchSyncs(path, async () => {
    for (const name of names) bodies.add(name);
    assertEquals(bodies.full, undefined);
    await bodies.sync();
    await bodies.sync();
  });
  assertEquals(synced.slice(0, 40).sort(), names.toSorted());
  assertEquals(synced.slice(40).sort(), IS_WINDOWS ? [] : [".", "0", "1"]);
  bodies[Symbol.dispose]();
});

Deno.test("BodySync.full holds everybody up until the bodies that wait are on the disk", async () => {
  await using dir = await folder();
  const path = dir.path("");
  const names = Array.from({ length: 9 }, (_, k) => `0/${k}`);
  await makeBodies(path, names);
  using bodies = new BodySync(path, 3);
  const synced = await watchSyncs(path, async () => {
    // As many as there are places go on at the same time: each adds one, and waits.
    const waits: unknown[] = [];
    for (const name of names) {
      bodies.add(name);
      waits.push(bodies.full);
    }
    assertEquals(waits.map((it) => it instanceof Promise), [false, false, ...Array(7).fill(true)]);
    await Promise.resolve();
    assert(bodies.full instanceof Promise);
    await Promise.all(waits);
    await bodies.full;
    assertEquals(bodies.full, undefined);
  });
  assertEquals(synced.filter((name) => name.startsWith("0/")).sort(), names);
});

Deno.test("BodySync.sync() passes over a body that is gone, and tells of a disk that fails", async () => {
  await using dir = await folder();
  const path = dir.path("");
  await makeBodies(path, ["0/1"]);
  const bodies = new BodySync(path);
  const synced = await watchSyncs(path, async () => {
    bodies.add("0/0");
    bodies.add("0/1");
    await bodies.sync();
  });
  assertEquals(synced.slice(0, 1), ["0/1"]);
  await Deno.remove(`${path}/0`, { recursive: true });
  bodies.add("0/1");
  await bodies.sync();
  await makeBodies(path, ["0/1"]);
  const { syncData } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.syncData = () =>
    Promise.reject(new Error("Input/output error (os error 5)"));
  try {
    bodies.add("0/1");
    const error = await assertRejects(() => bodies.sync(), OutputError);
    assert(error.message.startsWith(`Cannot write '--save-bodies ${path}': `), error.message);
    // No later journal may count what is not there.
    await assertRejects(() => bodies.sync(), OutputError);
  } finally {
    Deno.FsFile.prototype.syncData = syncData;
  }
  bodies[Symbol.dispose]();
});

Deno.test("BodySync.sync() takes a descriptor of its reserve while none is free", async () => {
  await using dir = await folder();
  const path = dir.path("");
  const names = Array.from({ length: 40 }, (_, k) => `0/${k}`);
  await makeBodies(path, names);
  const bodies = new BodySync(path);
  for (const name of [...names, "0/gone"]) bodies.add(name);
  const synced = await watchSyncs(path, async () => {
    // Each first try fails, as if the sockets had all.
    const { openSync } = Deno;
    const tried = new Set<string | URL>();
    Deno.openSync = (path, options) => {
      if (tried.has(path)) return openSync(path, options);
      tried.add(path);
      throw new Error("Too many open files (os error 24)");
    };
    await bodies.sync();
  });
  assertEquals(synced.slice(0, 40), names);
  bodies[Symbol.dispose]();
});
