import { isGranted } from "./permission.ts";
import type { ReservedDescriptors } from "./reserved_descriptors.ts";

/**
 * Brings to the disk which files a folder has, such as a new name of one. It does nothing on Windows,
 * and without the permission to read the folder.
 *
 * @param reserve has a descriptor for it
 * @throws {Error} If that is not possible.
 */
export async function syncFolder(
  path: string,
  reserve: Pick<ReservedDescriptors, "use"> = { use: (work) => work() },
): Promise<void> {
  if (Deno.build.os === "windows" || !isGranted({ name: "read", path })) return;
  using folder = reserve.use(() => Deno.openSync(path));
  await folder.sync();
}
