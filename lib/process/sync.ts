/**
 * What waits until it is on the disk.
 *
 * @module
 */
import { readErrorNumber } from "./os_error.ts";
import { isGranted } from "./permission.ts";
import { type DescriptorReserve, NO_RESERVE } from "./reserved_descriptors.ts";

/**
 * How file systems refuse to bring a folder to the disk, as some do that are shared with another
 * machine: EBADF, EINVAL, ENOTSUP and EOPNOTSUPP of Linux and macOS.
 */
const REFUSALS = new Set([9, 22, 45, 95, 102]);

/** Windows brings only what may be written to the disk. */
const TO_SYNC: Deno.OpenOptions = { write: true };

/**
 * Brings what a file holds to the disk.
 *
 * @throws {Error} If it cannot be opened, or the disk fails.
 */
export async function syncFile(path: string): Promise<void> {
  using file = Deno.openSync(path, TO_SYNC);
  await file.syncData();
}

/** {@linkcode syncFile} while the thread waits. @param reserve has a descriptor for it */
export function syncFileSync(path: string, reserve: DescriptorReserve): void {
  reserve.use(() => {
    using file = Deno.openSync(path, TO_SYNC);
    file.syncDataSync();
  });
}

/**
 * Brings to the disk which files a folder has, such as a new name of one. It does nothing on Windows,
 * where the folder cannot be read, and where its file system has no such thing: a program can then do
 * no more.
 *
 * @param reserve has a descriptor for it
 * @throws {Error} If the disk fails.
 */
export async function syncFolder(
  path: string,
  reserve: DescriptorReserve = NO_RESERVE,
): Promise<void> {
  const folder = openFolder(path, reserve);
  try {
    await folder?.sync();
  } catch (error) {
    passRefusal(error);
  } finally {
    folder?.close();
    reserve.refill();
  }
}

/** {@linkcode syncFolder} while the thread waits. */
export function syncFolderSync(path: string, reserve: DescriptorReserve): void {
  const folder = openFolder(path, reserve);
  try {
    folder?.syncSync();
  } catch (error) {
    passRefusal(error);
  } finally {
    folder?.close();
    reserve.refill();
  }
}

/** Opens a folder; undefined where it cannot be read. */
function openFolder(path: string, reserve: DescriptorReserve): Deno.FsFile | undefined {
  if (Deno.build.os === "windows" || !isGranted({ name: "read", path })) return undefined;
  try {
    return reserve.use(() => Deno.openSync(path));
  } catch (error) {
    // Deno keeps `/dev` and the like from programs that may read all else.
    const isRefused = error instanceof Deno.errors.PermissionDenied ||
      error instanceof Deno.errors.NotCapable;
    if (isRefused) return undefined;
    throw error;
  }
}

function passRefusal(error: unknown): void {
  if (!REFUSALS.has(readErrorNumber(error))) throw error;
}
