import type { RunOptions } from "../options/run_options.ts";
import { parseSubmitted } from "../options/parse.ts";
import type { Bus } from "./bus/bus.ts";
import type { RunBus } from "./bus/run_bus.ts";
import type { Spec } from "./spec.ts";

/** A run on the bus, and what its workers need to know of it. */
export interface FoundRun {
  readonly bus: RunBus;
  readonly spec: Spec;
  readonly options: RunOptions;
}

/** How a run is found. */
export interface FindOptions {
  readonly run: string;
  /** What it is sealed with; undefined if it is not. */
  readonly key: Uint8Array | undefined;
  /** The version of this program. */
  readonly version: string;
}

/**
 * Finds a run by its name.
 *
 * @returns undefined if it is not on the bus, or is not described yet
 * @throws {UsageError} If this program, or its key, does not fit the run.
 */
export async function findRun(
  bus: Bus,
  { run, key, version }: FindOptions,
): Promise<FoundRun | undefined> {
  const opened = await bus.openRun(run, key);
  return opened && await readRun(opened, version);
}

/**
 * Reads what the workers of an open run need to know of it.
 *
 * @param version that of this program
 * @returns undefined if it is not described yet
 * @throws {UsageError} If this program, or its key, does not fit the run.
 */
export async function readRun(bus: RunBus, version: string): Promise<FoundRun | undefined> {
  const spec = await bus.readSpec(version, 0);
  if (spec === undefined) return undefined;
  const options = { ...await parseSubmitted(spec.command, version), details: spec.details };
  return { bus, spec, options };
}
