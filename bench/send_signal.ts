/**
 * Sends a signal to a process, unless it has ended already.
 *
 * @param pid its number, or that of its group below 0
 */
export function sendSignal(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
