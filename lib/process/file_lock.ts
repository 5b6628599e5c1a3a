/** Milliseconds between two attempts. */
const RETRY_MS = 20;
/** Attempts in about a second. */
const MAX_ATTEMPTS = 50;

/**
 * Locks a file for this process alone. A process that was killed a moment ago can still hold the
 * lock, and so can the child that another thread is starting: a second later both have gone.
 *
 * @returns false if another process holds the lock
 */
export async function lockFile(file: Pick<Deno.FsFile, "tryLock">): Promise<boolean> {
  for (let attempts = 1; attempts < MAX_ATTEMPTS; attempts++) {
    if (await file.tryLock(true)) return true;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  return await file.tryLock(true);
}
