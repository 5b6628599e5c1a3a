import { isGranted } from "./permission.ts";

/**
 * Tells how many more files and sockets this process may open, by opening as many: Deno tells no
 * limit, and the file that holds it needs all permissions. 10,000 take 0.1 s.
 *
 * @param most as many as are of interest, from 0
 * @returns `most`, or less if there are not as many; `most` too where it may not read `/dev/null`
 */
export function countFreeDescriptors(most: number): number {
  if (!isGranted({ name: "read", path: "/dev/null" })) return most;
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < most) files.push(Deno.openSync("/dev/null"));
  } catch {
    // Whatever else it is, there are no more.
  } finally {
    for (const file of files) file.close();
  }
  return files.length;
}
