import type { Context } from "./bench.ts";
import type { InstantRun } from "./instant_run.ts";
import { projectPath, V8_FLAGS } from "./root.ts";

/**
 * Runs `myriad` once with an engine that answers at once.
 *
 * @param flags of `myriad`
 * @throws {Error} If it fails.
 */
export async function runInstant(
  { meter }: Pick<Context, "meter">,
  flags: readonly string[],
): Promise<InstantRun> {
  // Linux lets a process with every permission only read what it says of threads.
  const program = [Deno.execPath(), "run", "--quiet", V8_FLAGS, "--allow-all"];
  const run = await meter.run([
    ...[...program, projectPath("bench/instant_run.ts"), "-s", ...flags],
    "http://127.0.0.1:9/{}",
  ]);
  if (run.code !== 0) throw new Error(`exit code ${run.code}; it said '${run.stderr.trim()}'`);
  return JSON.parse(run.stdout);
}
