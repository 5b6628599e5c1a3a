/** What Deno 2.9 says of `/dev/stdin` and the like, whatever is allowed apart from everything. */
const NEEDS_ALL = /^Requires all access to /;

/** The message of the operating system, without the error number and the path behind it. */
export function describeOsError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (NEEDS_ALL.test(message)) {
    return "Deno opens such a file only with --allow-all, and '-' is standard input or output";
  }
  return message.replace(/ \(os error \d+\).*$/s, "");
}

/** Why a file cannot be written, and how to fix it where that is known. */
export function describeWriteError(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such folder: make it first";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied: choose another";
  if (error instanceof Deno.errors.AlreadyExists) {
    return "something is there already that is not a file: use another name";
  }
  const number = readErrorNumber(error);
  if (number === 21) return "it is a folder: use the name of a file";
  return DISK_FAULTS.get(number) ?? describeOsError(error);
}

/** Whether the operating system has refused something, and not a library or the runtime. */
export function isOsError(error: unknown): boolean {
  return error instanceof Error && / \(os error \d+\)/.test(error.message);
}

/** Whether the disk is at fault, and not the kind of the file. */
export function isDiskFault(error: unknown): boolean {
  return DISK_FAULTS.has(readErrorNumber(error));
}

/** What errors mean whose cause is the disk, by their numbers, and how to fix it. */
const DISK_FAULTS: ReadonlyMap<number, string> = new Map([
  [5, "the disk has failed (input/output error): check it, or use another"],
  [28, "no space left on device: free some"],
  [30, "its file system is read-only: use another"],
  // Linux and macOS have different numbers of it.
  [Deno.build.os === "linux" ? 122 : 69, "your quota of the disk is used up: free some"],
]);

/** The number of an error of the operating system; NaN for another error, and on Windows. */
export function readErrorNumber(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error);
  return Deno.build.os === "windows" ? NaN : Number(/os error (\d+)/.exec(message)?.[1]);
}
