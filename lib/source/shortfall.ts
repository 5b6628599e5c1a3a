import type { RunOptions } from "../options/run_options.ts";
import { INPUT_FORMATS } from "./formats.ts";
import { nameInputs } from "./input_names.ts";
import { createNumbering } from "./numbering.ts";

/** What a run needs of its input. */
type Wanted = Pick<RunOptions, "inputs" | "start" | "requests" | "shard" | "durationMs" | "stages">;

/**
 * Says that an input held less than a run asked for; undefined if it held enough.
 *
 * @param records how many the input held
 */
export function describeShortfall(wanted: Wanted, records: number): string | undefined {
  const { inputs, start, requests, shard, durationMs, stages } = wanted;
  if (inputs.length === 0) return undefined;
  const name = `'${nameInputs(inputs)}'`;
  const units = new Set(inputs.map(({ format }) => INPUT_FORMATS[format].unit));
  const unit = (units.size > 1 ? "record" : [...units][0]) + (records === 1 ? "" : "s");
  const have = inputs.length > 1 ? "have" : "has";
  if (records === 0) return `nothing was requested: ${name} ${have} no ${unit}`;
  const has = `${name} ${have} ${records} ${unit}`;
  if (createNumbering({ start, shard }).first >= records) {
    return `nothing was requested: ${has}, and ${numbersIn(wanted)} begins behind them`;
  }
  const fix = inputs.some(({ path }) => path === "-")
    ? ""
    : `: --loop starts ${inputs.length > 1 ? "them" : "it"} again`;
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
