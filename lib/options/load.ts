/**
 * How fast requests are made, and how often again.
 *
 * @module
 */
import { BELOW_400 } from "../check/status_set.ts";
import { DURATION_UNITS } from "../cli/units.ts";
import { UsageError } from "../errors.ts";
import { ERROR_KINDS } from "../result.ts";
import type { Expectation } from "../target.ts";
import type { LoadOptions, RetryOptions } from "./run_options.ts";
import type { FlagValues } from "./values.ts";

const RATE = /^(\d+(?:\.\d+)?)([kK]?)(?:\/(ms|s|m|h))?$/;
const MAX_A_SECOND = 1_000_000;

/** Requests a second: `500`, `500/s`, `30/m`. */
function parseRate(values: FlagValues): number | undefined {
  const text = values.text("rate");
  if (text === undefined) return undefined;
  const match = RATE.exec(text);
  const rate = match === null
    ? NaN
    : Number(match[1]) * (match[2] === "" ? 1 : 1_000) * 1_000 / DURATION_UNITS[match[3] ?? "s"];
  if (!(rate > 0 && rate <= MAX_A_SECOND)) {
    throw new UsageError(
      `Cannot read '--rate ${text}': give a number above 0 with a unit of time, like 500/s or 30/m`,
    );
  }
  return rate;
}

/** @throws {UsageError} If it is neither a duration above 0 nor `never`. */
function parseHostGiveUp(values: FlagValues): number | undefined {
  const text = values.text("host-give-up");
  if (text === "never") return Infinity;
  try {
    return values.duration("host-give-up");
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(
      `Cannot read '--host-give-up ${text}': give a time of 1ms or more, like 30s or 5m, or never`,
    );
  }
}

/**
 * How fast requests start.
 *
 * @throws {UsageError} If a value is none.
 */
export function parseLoad(values: FlagValues): LoadOptions {
  if (values.isOn("no-pause") && values.has("give-up-after")) {
    throw new UsageError(
      "'--no-pause' and '--give-up-after' contradict each other: give one of them",
    );
  }
  const hostGiveUpMs = parseHostGiveUp(values);
  if (values.isOn("no-pause") && hostGiveUpMs !== undefined && hostGiveUpMs !== Infinity) {
    throw new UsageError(
      "'--no-pause' and '--host-give-up' contradict each other: give one of them",
    );
  }
  return {
    concurrency: values.count("concurrency", { min: 1, max: 1_000_000 }) ?? 100,
    rate: parseRate(values),
    rampUpMs: values.duration("ramp-up"),
    hostConcurrency: values.count("host-concurrency", { min: 1, max: 1_000_000 }),
    hostDelayMs: values.duration("host-delay"),
    hostGiveUpMs: hostGiveUpMs ?? 60_000,
    pauses: !values.isOn("no-pause"),
    giveUpAfterMs: values.duration("give-up-after"),
  };
}

/** What `network` stands for in `--retry-on`. */
const NETWORK = ["dns", "refused", "reset", "connect", "body"];
const RETRY_ON = "network,timeout,429,502,503,504";

function parseCauses(values: FlagValues): ReadonlySet<string> {
  const list = values.text("retry-on") ?? RETRY_ON;
  const causes = new Set<string>();
  for (const cause of list.split(",")) {
    if (cause === "network") NETWORK.forEach((kind) => causes.add(kind));
    else if (/^[1-9]xx$/.test(cause)) {
      for (let k = 0; k < 100; k++) causes.add(String(Number(cause[0]) * 100 + k));
    } else if (/^[1-9]\d\d$/.test(cause) || NAMED.includes(cause)) causes.add(cause);
    else {
      throw new UsageError(
        `Cannot read '${cause}' of '--retry-on ${list}': give some of network, ${
          NAMED.join(", ")
        }, or statuses like 503 or 5xx`,
      );
    }
  }
  return causes;
}

/** Errors that another attempt can mend; what is no URL stays none. */
const NAMED: readonly string[] = ERROR_KINDS.filter((kind) =>
  kind !== "url" && kind !== "cancelled"
);

/**
 * Which requests are made again, and when.
 *
 * @param expect what each answer of the run is held against
 * @throws {UsageError} If a value is none.
 */
export function parseRetry(values: FlagValues, { statuses }: Expectation): RetryOptions {
  const retries = values.count("retries", { max: 1_000 }) ?? 0;
  for (const name of ["retry-delay", "retry-max-delay", "retry-unsafe"]) {
    if (retries === 0 && values.has(name)) {
      throw new UsageError(`'--${name}' is given without '--retries': give both`);
    }
  }
  const delayMs = values.duration("retry-delay") ?? 1_000;
  return {
    retries,
    on: parseCauses(values),
    delayMs,
    maxDelayMs: Math.max(delayMs, values.duration("retry-max-delay") ?? 60_000),
    unsafe: values.isOn("retry-unsafe"),
    // `--fail` says which statuses are failures, not that the others are what the user waits for.
    expected: statuses === BELOW_400 ? undefined : statuses,
    failsOnStatus: retries > 0 || values.has("retry-on"),
  };
}
