/**
 * Which requests are made.
 *
 * @module
 */
import { findByEnding } from "../cli/file_endings.ts";
import type { ParsedFlags } from "../cli/flags.ts";
import { UsageError } from "../errors.ts";
import { INPUT_FORMAT_NAMES, INPUT_FORMATS } from "../source/formats.ts";
import type { InputOptions, RunOptions } from "./run_options.ts";
import type { FlagValues } from "./values.ts";

export function parseUrl({ positionals }: ParsedFlags): string | undefined {
  if (positionals.length > 1) {
    throw new UsageError(
      `Cannot request more than one URL, and '${
        positionals[1]
      }' is another: give a file of them by --input`,
    );
  }
  return positionals[0];
}

export function parseInput(values: FlagValues): InputOptions | undefined {
  const path = values.text("input");
  if (path === undefined) {
    if (values.has("input-format")) {
      throw new UsageError("'--input-format' is given without '--input': give both");
    }
    return undefined;
  }
  const byEnding = findByEnding(INPUT_FORMATS, path) ?? INPUT_FORMAT_NAMES[0];
  return { path, format: values.oneOf("input-format", INPUT_FORMAT_NAMES, byEnding) };
}

/**
 * Whether the input begins anew when it has ended.
 *
 * @throws {UsageError} If there is no input, or such a run would never end.
 */
export function parseLoop(values: FlagValues): boolean {
  if (!values.isOn("loop")) return false;
  if (!values.has("input")) {
    throw new UsageError("'--loop' is given without '--input': give both");
  }
  if (!values.has("requests") && !values.has("duration")) {
    throw new UsageError("A run with '--loop' would never end: add '--requests' or '--duration'");
  }
  if (values.text("input") === "-") {
    throw new UsageError(
      "Cannot use '--loop' with '--input -': standard input is read once: put it in a file",
    );
  }
  return true;
}

/**
 * Which numbers are requested.
 *
 * @param most how many, unless that is given
 * @throws {UsageError} If they go beyond those that can be told apart.
 */
export function parseNumbers(
  values: FlagValues,
  most: number,
): Pick<RunOptions, "start" | "requests" | "shard"> {
  const start = values.count("start") ?? 0;
  const requests = values.count("requests", { min: 1 }) ?? most;
  if (requests !== Infinity && start > Number.MAX_SAFE_INTEGER - requests) {
    throw new UsageError(
      `Cannot count ${requests} requests from '--start ${values.text("start")}' on: ` +
        `the numbers end at ${Number.MAX_SAFE_INTEGER}: give a smaller one`,
    );
  }
  return { start, requests, shard: parseShard(values) };
}

function parseShard(values: FlagValues): RunOptions["shard"] {
  const text = values.text("shard");
  if (text === undefined) return { index: 0, count: 1 };
  const match = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (!(index < count)) {
    throw new UsageError(
      `Cannot read '--shard ${text}': give I/N with I from 0 to N - 1, like 0/4`,
    );
  }
  return { index, count };
}
