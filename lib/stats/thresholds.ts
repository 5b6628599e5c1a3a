/**
 * Thresholds: bounds for the numbers of a run, as in `p99<500ms`, `failed<1%` and `rate>1000`.
 * Which numbers can be bounded, the table of figures says. Pure: whether a threshold holds depends
 * on nothing but the statistics.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Bounded, NameOf, Trend } from "./figure.ts";
import { FIGURE_ROWS } from "./figures.ts";
import { selectStep } from "./step_statistics.ts";
import type { Statistics, ThresholdUnit, Verdict } from "./snapshot.ts";

/** A number of a run that is bounded. */
interface Metric extends Pick<Bounded, "sample"> {
  readonly unit: ThresholdUnit;
  readonly trend: Trend;
  /** How many times as many requests it takes to be believed. @default 1 */
  readonly rarity?: number;
  /** Its value in that unit; null where nothing was measured. */
  of(statistics: Statistics): number | null;
}

/** The suffixes that a value can have, and how much of the metric's unit each is. */
const SUFFIXES: Record<ThresholdUnit, Readonly<Record<string, number>>> = {
  ms: { us: 0.001, ms: 1, s: 1_000, m: 60_000 },
  s: { ms: 0.001, s: 1, m: 60, h: 3_600 },
  count: { "": 1, k: 1e3, M: 1e6, G: 1e9 },
  "%": { "%": 1 },
  "/s": { ...perTime("", 1), ...perTime("k", 1e3), ...perTime("M", 1e6) },
  bytes: { "": 1, B: 1, ...size("k", 1), ...size("K", 1), ...size("M", 2), ...size("G", 3) },
};

/** What a value has to look like. */
const ADVICE: Record<ThresholdUnit, string> = {
  ms: "a duration with its unit (us, ms, s, m), like 500ms",
  s: "a duration with its unit (ms, s, m, h), like 90s",
  count: "a whole number, like 10, 10k or 1M",
  "%": "a share of the requests, like 1%",
  "/s": "a number a second, like 1000, 1000/s or 60k/m",
  bytes: "a size, like 500, 10k or 64M",
};

function perTime(prefix: string, factor: number): Record<string, number> {
  return {
    [prefix]: factor,
    [`${prefix}/s`]: factor,
    [`${prefix}/m`]: factor / 60,
    [`${prefix}/h`]: factor / 3_600,
  };
}

/** The suffixes that `parseSize` takes: only those with a `B` alone are powers of 1,000. */
function size(prefix: string, power: number): Record<string, number> {
  return {
    [prefix]: 1_024 ** power,
    [`${prefix}iB`]: 1_024 ** power,
    [`${prefix}B`]: 1_000 ** power,
  };
}

/** So many requests settle a number, or fewer after {@linkcode SLOW_S} seconds. */
const ENOUGH = 1_000;
const ENOUGH_WHEN_SLOW = 100;
const SLOW_S = 10;

const COMPARE = {
  "<": (value: number, bound: number): boolean => value < bound,
  "<=": (value: number, bound: number): boolean => value <= bound,
  ">": (value: number, bound: number): boolean => value > bound,
  ">=": (value: number, bound: number): boolean => value >= bound,
} as const;

type Operator = keyof typeof COMPARE;

/** A bound for one number of a run. */
export class Threshold {
  /** As the user wrote it, without blanks: `p99<500ms`. */
  readonly text: string;
  /** What it bounds: `p99`. */
  readonly name: string;
  /** The step of a flow whose requests it is about; undefined for all requests. */
  readonly step: string | undefined;
  readonly #metric: Metric;
  readonly #operator: Operator;
  readonly #bound: number;

  constructor(
    text: string,
    { name, step }: Pick<Threshold, "name" | "step">,
    metric: Metric,
    operator: Operator,
    bound: number,
  ) {
    this.text = text;
    this.name = name;
    this.step = step;
    this.#metric = metric;
    this.#operator = operator;
    this.#bound = bound;
  }

  /** What the number is to stay below, or to reach, in the unit of its {@linkcode verdict}. */
  get bound(): number {
    return this.#bound;
  }

  /**
   * The number that it bounds, in the unit of its {@linkcode verdict}, not rounded; null where
   * nothing was measured: a latency without any response, a share without any request.
   */
  value(figures: Statistics): number | null {
    return this.#metric.of(figures);
  }

  /** Whether it holds. What was not measured does not. */
  holds(figures: Statistics): boolean {
    const value = this.value(figures);
    return value !== null && COMPARE[this.#operator](value, this.#bound);
  }

  /**
   * Whether it does not hold, and nothing that a run could still bring is likely to change that:
   * for what only grows or falls, since nothing can; for shares, means and percentiles, after
   * 1,000 requests, or 100 in 10 s (`p99.9`: ten times, `p99.99`: a hundred times as many).
   */
  isLost(figures: Statistics): boolean {
    return this.value(figures) !== null && !this.holds(figures) && this.#isSettled(figures);
  }

  #isSettled(figures: Statistics): boolean {
    const { trend, sample = countRequests, rarity = 1 } = this.#metric;
    const isUpper = this.#operator.startsWith("<");
    if (trend === "grows") return isUpper;
    if (trend === "falls") return !isUpper;
    if (trend === "drifts") return false;
    const least = figures.seconds < SLOW_S ? ENOUGH : ENOUGH_WHEN_SLOW;
    return sample(figures) >= least * rarity;
  }

  /** What came of it, for reports. */
  verdict(figures: Statistics): Verdict {
    return {
      threshold: this.text,
      value: this.value(figures),
      bound: this.#bound,
      unit: this.#metric.unit,
      holds: this.holds(figures),
    };
  }
}

const THRESHOLD = /^([\w.]+)(?:@([^<>=!]*[^<>=! ]))? *([<>=!]+) *([^<>=! ][^<>=!]*)$/;
const VALUE = /^(\d+(?:\.\d+)?(?:[eE]\d{1,2})?) *([a-zA-Z/%]*)$/;

/**
 * Reads `NAME OP VALUE`, with blanks or without: OP is `<`, `<=`, `>` or `>=`. With `NAME@STEP` it is
 * about the requests of a step of a flow.
 *
 * @throws {UsageError} If the text is not a threshold.
 */
export function parseThreshold(text: string): Threshold {
  const fail = (how: string, verb = "use"): never => {
    throw new UsageError(`Cannot read '--threshold ${text}': ${verb} ${how}`);
  };
  const [, name, step, operator, written] = THRESHOLD.exec(text.trim()) ??
    fail("a name, one of < <= > >=, and a value, like p99<500ms, failed<1% or rate>1000");
  if (!Object.hasOwn(COMPARE, operator)) fail("one of < <= > >=, as in failed<=0");
  const [, digits, unit] = VALUE.exec(written) ?? [undefined, "", ""];
  const metrics = listMetrics(name, step, fail);
  const metric = metrics.find((metric) => Object.hasOwn(SUFFIXES[metric.unit], unit));
  const bound = metric === undefined || digits === "" ? NaN : parseBound(digits, unit, metric.unit);
  if (metric === undefined || !Number.isFinite(bound)) {
    const advice = metrics.map((metric) => ADVICE[metric.unit]).join(", or ");
    return fail(advice, `for ${name} use`);
  }
  const short = `${name}${step === undefined ? "" : `@${step}`}${operator}${digits}${unit}`;
  return new Threshold(short, { name, step }, metric, operator as Operator, bound);
}

/** A value in the unit of its metric; NaN if it cannot be one. */
function parseBound(digits: string, suffix: string, unit: ThresholdUnit): number {
  const value = Number(digits) * SUFFIXES[unit][suffix];
  if (unit !== "count") return exact(value);
  const whole = Math.round(value);
  // 0.3M is 300000.00000000006 or so.
  return Math.abs(value - whole) < 1e-6 ? whole : NaN;
}

/**
 * The number that was written, where it has no more than six decimals: 0.0011 s are 1.1 ms, and not
 * 1.1000000000000001 ms, to which no latency could ever be equal.
 */
function exact(value: number): number {
  const millionths = Math.round(value * 1e6);
  return millionths > 0 && millionths <= Number.MAX_SAFE_INTEGER ? millionths / 1e6 : value;
}

/** What can be bounded. Made when a threshold is read, as few runs have one. */
function listBounded(): (Bounded & Required<Pick<Bounded, "of" | "unit">>)[] {
  return FIGURE_ROWS.flatMap(([, { thresholds = [], of, unit }]) =>
    thresholds.map((bounded) => ({
      unit: unit as ThresholdUnit,
      of: (statistics: Statistics) => statistics[of as NameOf<number>],
      ...bounded,
    }))
  );
}

/** The numbers that a name can stand for; the unit of the value tells which one is meant. */
function listMetrics(
  name: string,
  step: string | undefined,
  fail: (how: string) => never,
): readonly Metric[] {
  const all = listBounded().filter(({ isByStep }) => step === undefined || isByStep);
  const bounded = all.find((one) => one.members === undefined && one.name === name) ??
    all.find(({ members }) => members?.form.test(name));
  if (bounded === undefined) {
    const names = all.flatMap(({ name, members }) => members?.examples ?? name);
    return fail(`one of the names ${names.join(", ")}`);
  }
  const { members, trend, rarity } = bounded;
  const member = members === undefined ? name : members.form.exec(name)![1] ?? "";
  const advice = members?.advise(member);
  if (advice !== undefined) return fail(advice);
  const { hasShare = false } = bounded;
  const number: Metric = {
    unit: bounded.unit,
    trend: typeof trend === "string" ? trend : trend(member),
    sample: bounded.sample,
    rarity: rarity?.(member),
    of: (statistics) => bounded.of(statistics, member),
  };
  const numbers = hasShare ? [number, toShare(number)] : [number];
  return step === undefined ? numbers : numbers.map((number) => ofStep(number, step));
}

/** The same number of the requests of a step; null where it has none. */
function ofStep(metric: Metric, step: string): Metric {
  return {
    ...metric,
    of: (statistics) => {
      const own = selectStep(statistics, step);
      return own === undefined ? null : metric.of(own);
    },
    sample: (statistics) => {
      const own = selectStep(statistics, step);
      return own === undefined ? 0 : (metric.sample ?? countRequests)(own);
    },
  };
}

function countRequests({ requests }: Statistics): number {
  return requests;
}

/** The same number as a share of all requests. */
function toShare({ of }: Metric): Metric {
  return {
    unit: "%",
    trend: "settles",
    // One division of whole numbers: 7 of 100 are 7 %, and not 7.000000000000001 %.
    of: (statistics) =>
      statistics.requests > 0 ? 100 * of(statistics)! / statistics.requests : null,
  };
}
