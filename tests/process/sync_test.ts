import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { NO_RESERVE, ReservedDescriptors } from "../../lib/process/reserved_descriptors.ts";
import { syncFolder, syncFolderSync } from "../../lib/process/sync.ts";
import { folder } from "../fixtures/folder.ts";

const IS_WINDOWS = Deno.build.os === "windows";

/** Has a file system answer as it does where the disk, or the kind of the system, refuses a folder. */
async function whileItFails(message: string, work: () => Promise<void>): Promise<void> {
  const { sync, syncSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.sync = () => Promise.reject(new Error(message));
  Deno.FsFile.prototype.syncSync = () => {
    throw new Error(message);
  };
  try {
    await work();
  } finally {
    Object.assign(Deno.FsFile.prototype, { sync, syncSync });
  }
}

Deno.test("syncFolder() passes over a file system that brings no folders to the disk", async () => {
  await using dir = await folder();
  const path = dir.path("");
  const reserve = new ReservedDescriptors(path);
  for (const why of ["Invalid argument (os error 22)", "Operation not supported (os error 95)"]) {
    await whileItFails(why, async () => {
      await syncFolder(path, reserve);
      syncFolderSync(path, reserve);
    });
  }
  reserve.close();
});

Deno.test({
  name: "syncFolder() tells of a disk that fails, and of a folder that is gone",
  ignore: IS_WINDOWS,
  async fn() {
    await using dir = await folder();
    const path = dir.path("");
    const reserve = new ReservedDescriptors(path);
    const why = "Input/output error (os error 5)";
    await whileItFails(why, async () => {
      await assertRejects(() => syncFolder(path, reserve), Error, why);
      assertThrows(() => syncFolderSync(path, reserve), Error, why);
    });
    await assertRejects(() => syncFolder(dir.path("none")), Deno.errors.NotFound);
    reserve.close();
  },
});

Deno.test({
  name: "syncFolder() passes over a folder that Deno keeps from programs that may read all else",
  ignore: IS_WINDOWS,
  permissions: { read: true },
  async fn() {
    await syncFolder("/dev");
    syncFolderSync("/dev", NO_RESERVE);
  },
});

Deno.test({
  name: "syncFolder() passes over a folder in which files can be made, but not listed",
  ignore: IS_WINDOWS,
  async fn() {
    await using dir = await folder();
    const path = dir.path("closed");
    await Deno.mkdir(path, { mode: 0o300 });
    const { openSync } = Deno;
    const opened: unknown[] = [];
    // Root may read it all the same.
    Deno.openSync = (path) => {
      opened.push(path);
      throw new Deno.errors.PermissionDenied("Permission denied (os error 13)");
    };
    try {
      await syncFolder(path);
    } finally {
      Deno.openSync = openSync;
    }
    assertEquals(opened, [path]);
  },
});
