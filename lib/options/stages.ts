/**
 * Levels of the load, one after the other: `30s:100/s,2m:1000/s,30s:0`.
 *
 * @module
 */
import type { Kind } from "../cli/kinds.ts";
import { parseCount, parseDuration } from "../cli/units.ts";
import { UsageError } from "../errors.ts";
import { RATE } from "./kinds.ts";
import type { StageOptions } from "./run_options.ts";

/** The maximum number of stages. */
const MAX_STAGES = 1_000;
const MAX_CONCURRENCY = 1_000_000;
/** A duration, a colon, and a level with its unit of time, if it is a rate. */
const STAGE_FORM = /^([^:/]+):([^:/]+)(\/[a-z]+)?$/;

/** The levels of a run: rates where one of them has a unit of time, else requests in flight. */
export const STAGES: Kind<StageOptions> = {
  name: "stages",
  read(text, flag) {
    const fail = (why: string): never => {
      throw new UsageError(`Cannot read '${flag} ${text}': ${why}`);
    };
    const parts = text.split(",").map((part) => part.trim());
    if (parts.length > MAX_STAGES) fail(`use at most ${MAX_STAGES} stages`);
    const stages = parts.map((part) => {
      const [, duration, level, unit] = STAGE_FORM.exec(part) ?? [];
      if (level === undefined) {
        fail(
          `'${part}' is not a stage: use a duration, a colon and a level, like 30s:100/s or 30s:50`,
        );
      }
      return { duration, level, unit };
    });
    const levels = stages.filter(({ level }) => level !== "0");
    const isRate = levels.some(({ unit }) => unit !== undefined);
    if (isRate && levels.some(({ unit }) => unit === undefined)) {
      fail("use rates, like 100/s, or numbers of requests in flight, like 100, but not both");
    }
    const steps = stages.map(({ duration, level, unit }) => ({
      ms: parseDuration(duration, flag),
      to: level === "0"
        ? 0
        : isRate
        ? RATE.read(`${level}${unit}`, flag)
        : parseCount(level, flag, { max: MAX_CONCURRENCY }),
    }));
    if (findPeak(steps) === 0) fail("use a level above 0 in one of the stages");
    const lengthMs = steps.reduce((sum, { ms }) => sum + ms, 0);
    if (lengthMs < 1) fail("use a time of 1ms or more in one of the stages");
    return { of: isRate ? "rate" : "concurrency", steps, lengthMs };
  },
};

/** The highest level. */
export function findPeak(steps: StageOptions["steps"]): number {
  return steps.reduce((peak, { to }) => Math.max(peak, to), 0);
}
