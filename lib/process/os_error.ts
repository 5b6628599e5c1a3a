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
  const message = error instanceof Error ? error.message : String(error);
  if (/os error 21/.test(message)) return "it is a folder: use the name of a file";
  if (/os error 28/.test(message)) return "no space left on device: free some";
  return describeOsError(error);
}
