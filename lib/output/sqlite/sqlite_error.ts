/** What SQLite says, and what that means for a file, in words. The errors have no codes. */
const MEANINGS: readonly (readonly [said: RegExp, meaning: string])[] = [
  [/disk is full/, "no space left on device: free some"],
  // Also where the log's shared memory does not fit on a disk that is full.
  [/disk I\/O error/, "the disk has failed or is full: check it"],
  [/is locked/, "another program writes it: wait for its end"],
  [/not a database/, "it is not a database: use another file"],
  [/malformed/, "it is damaged: use another file"],
  [/too big/, "it has a row of more than 4 MiB: use the output of a run"],
  [/readonly/, "permission denied: choose another"],
  [/unable to open/, "its folder cannot be written: use another"],
];

/** Rows that are not in the order of their numbers: SQLite does not look at that while it reads. */
export class DisorderError extends Error {
  readonly code = "ERR_SQLITE_ERROR";

  constructor() {
    super("database disk image is malformed");
  }
}

/** Whether SQLite, or what gives its values to a program, has thrown it. */
export function isSqliteError(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "ERR_SQLITE_ERROR" || error.code === "ERR_OUT_OF_RANGE");
}

/** Whether another connection has the lock. */
export function isLockedError(error: unknown): boolean {
  return error instanceof Error && /is locked/.test(error.message);
}

/** Why a database cannot be written or read, and how to fix it where that is known. */
export function describeSqliteError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return MEANINGS.find(([said]) => said.test(message))?.[1] ?? message;
}
