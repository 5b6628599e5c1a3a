import type { RunOptions } from "../options/run_options.ts";
import { INPUT_FORMATS } from "./formats.ts";
import { createNumbering } from "./numbering.ts";

/** What a run needs of its input. */
type Wanted = Pick<RunOptions, "input" | "start" | "requests" | "shard" | "durationMs" | "stages">;

/**
 * Says that an input held less than a run asked for; undefined if it held enough.
 *
 * @param records how many the input held
 */
export function describeShortfall(wanted: Wanted, records: number): string | undefined {
  const { input, start, requests, shard, durationMs, stages } = wanted;
  if (input === undefined) return undefined;
  const name = `'--input ${input.path}'`;
  const unit = INPUT_FORMATS[input.format].unit + (records === 1 ? "" : "s");
  if (records === 0) return `nothing was requested: ${name} has no ${unit}`;
  const has = `${name} has ${records} ${unit}`;
  if (createNumbering({ start, shard }).first >= records) {
    return `nothing was requested: ${has}, and ${numbersIn(wanted)} begins behind them`;
  }
  const fix = input.path === "-" ? "" : ": --loop starts it again";
  if (records < start + requests && requests !== Infinity) {
    return `${has}, fewer than ${numbersIn(wanted)} asks for${fix}`;
  }
  if (stages !== undefined) return `${name} ended before '--stages' was over${fix}`;
  if (durationMs !== undefined) return `${name} ended before '--duration' was over${fix}`;
}

/** The flags that say which numbers are wanted, in quotes. */
function numbersIn({ start, requests, shard }: Wanted): string {
  const flags = [
    ...start === 0 ? [] : [`--start ${start}`],
    ...requests === Infinity ? [] : [`--requests ${requests}`],
    ...shard.count === 1 ? [] : [`--shard ${shard.index}/${shard.count}`],
  ];
  return `'${flags.join(" ")}'`;
}
