import { UsageError } from "../errors.ts";
import type { OutputOptions, RunOptions } from "../options/run_options.ts";
import type { RunDefaults } from "../output/failure_lines.ts";

/** Options of a run whose records go to a file. */
export type ResumeOptions = RunOptions & Pick<RunDefaults, "onWithheld"> & {
  readonly output: OutputOptions;
};

/** What to do where a run cannot be resumed. */
export const START_OVER = "use --overwrite to start over";

/** Whether the user asks to resume an earlier run. */
export function isResuming({ resume, retryFailed }: ResumeOptions): boolean {
  return resume !== "no" || retryFailed;
}

/**
 * Refuses to write an output, or to resume it.
 *
 * @param why in words, and how to fix it
 * @throws {UsageError} Always.
 */
export function refuseOutput(options: ResumeOptions, why: string): never {
  const verb = isResuming(options) ? "go on with" : "write";
  throw new UsageError(`Cannot ${verb} '--output ${options.output.path}': ${why}`);
}
