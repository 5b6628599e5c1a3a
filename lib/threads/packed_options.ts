import type { RunOptions } from "../options/run_options.ts";
import type { PackedOptions } from "./messages.ts";

/** Makes plain data of the options that a worker needs. */
export function packOptions(options: RunOptions): PackedOptions {
  return { ...options, thresholds: [] };
}
