import { isGranted } from "./permission.ts";
import { isExhausted } from "./reserved_descriptors.ts";

function mayLook(): boolean {
  return typeof Deno !== "undefined" && isGranted({ name: "read", path: "/dev/null" });
}

/** Whether this process can open no file or socket at present; false also if it may not look. */
export function lacksDescriptors(): boolean {
  if (!mayLook()) return false;
  try {
    Deno.openSync("/dev/null").close();
    return false;
  } catch (error) {
    return isExhausted(error);
  }
}

/**
 * Counts how many more files and sockets this process may open, by opening them: Deno has no
 * function for the limit, and the file that holds it needs all permissions. 10,000 take 0.1 s.
 *
 * @param most the count stops here, from 0
 * @returns at most `most`; exactly `most` if the process may not read `/dev/null`
 */
export function countFreeDescriptors(most: number): number {
  if (!mayLook()) return most;
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < most) files.push(Deno.openSync("/dev/null"));
  } catch {
    // Whatever the error is, no more can be opened.
  } finally {
    for (const file of files) file.close();
  }
  return files.length;
}
