import { isGranted } from "./permission.ts";
import { type DescriptorReserve, NO_RESERVE } from "./reserved_descriptors.ts";

/**
 * Brings to the disk which files a folder has, such as a new name of one. It does nothing on Windows,
 * and without the permission to read the folder.
 *
 * @param reserve has a descriptor for it
 * @throws {Error} If that is not possible.
 */
export async function syncFolder(
  path: string,
  reserve: DescriptorReserve = NO_RESERVE,
): Promise<void> {
  if (Deno.build.os === "windows" || !isGranted({ name: "read", path })) return;
  const folder = reserve.use(() => Deno.openSync(path));
  try {
    await folder.sync();
  } finally {
    folder.close();
    reserve.refill();
  }
}
