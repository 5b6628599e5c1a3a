/**
 * Thresholds: bounds that the numbers of a run are held against, as in `p99<500ms`, `failed<1%` and
 * `rate>1000`. Pure: what they say depends on nothing but the figures.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { ERROR_KINDS, type ErrorKind } from "../result.ts";
import { LATENCIES, type Latency, type Statistics, type Verdict } from "./snapshot.ts";

/**
 * How a number moves during a run, which decides when a bound is lost for good: what grows does not
 * come back below one, what falls not above one, what settles is to be believed after a while, and
 * what drifts at the end only.
 */
type Trend = "grows" | "falls" | "settles" | "drifts";

/** One number of a run. */
interface Metric {
  readonly unit: Verdict["unit"];
  readonly trend: Trend;
  /** Its value in that unit; null where nothing was measured. */
  of(figures: Statistics): number | null;
  /** How many requests it is taken from. */
  sample?(figures: Statistics): number;
  /** How many times as many of them it takes to be believed. @default 1 */
  readonly rarity?: number;
}

/** What a value can be followed by, and how much of the metric's unit that is. */
const UNITS: Record<Verdict["unit"], Readonly<Record<string, number>>> = {
  ms: { us: 0.001, ms: 1, s: 1_000, m: 60_000 },
  s: { ms: 0.001, s: 1, m: 60, h: 3_600 },
  count: { "": 1, k: 1e3, M: 1e6, G: 1e9 },
  "%": { "%": 1 },
  "/s": { ...perTime("", 1), ...perTime("k", 1e3), ...perTime("M", 1e6) },
  bytes: { "": 1, B: 1, ...size("k", 1), ...size("K", 1), ...size("M", 2), ...size("G", 3) },
};

/** What to give instead of a value that is none. */
const ADVICE: Record<Verdict["unit"], string> = {
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

/** As `parseSize` has them: only `kB` is a power of 1,000. */
function size(prefix: string, power: number): Record<string, number> {
  return {
    [prefix]: 1_024 ** power,
    [`${prefix}iB`]: 1_024 ** power,
    [`${prefix}B`]: 1_000 ** power,
  };
}

const TRENDS: { readonly [name in keyof Latency]?: Trend } = { min: "falls", max: "grows" };
/** Percentiles that so few answers decide that it takes many to know them. */
const RARITIES: { readonly [name in keyof Latency]?: number } = { p999: 10, p9999: 100 };

/** What was counted of the requests, so that it is a share of them, too. */
const COUNTS: Readonly<Record<string, (figures: Statistics) => number>> = {
  failed: ({ failed }) => failed,
  succeeded: ({ succeeded }) => succeeded,
  skipped: ({ skipped }) => skipped,
  retries: ({ retries }) => Object.values(retries).reduce((sum, count) => sum + count, 0),
  late: ({ late }) => late.count,
};

const OTHERS: Readonly<Record<string, Metric>> = {
  requests: { unit: "count", trend: "grows", of: ({ requests }) => requests },
  rate: { unit: "/s", trend: "drifts", of: ({ rate }) => rate },
  seconds: { unit: "s", trend: "grows", of: ({ seconds }) => seconds },
  bytes: { unit: "bytes", trend: "grows", of: ({ bytes }) => bytes },
  peak_rss: { unit: "bytes", trend: "grows", of: ({ peakRssKb }) => peakRssKb * 1_024 },
  cpu: { unit: "s", trend: "grows", of: ({ cpuSeconds }) => cpuSeconds },
};

const NAMES = [
  ...LATENCIES,
  ...Object.keys(COUNTS),
  "errors.KIND",
  "status.503",
  "status.5xx",
  ...Object.keys(OTHERS),
];

/** So many requests are believed, or after {@linkcode SLOW_S} so many. */
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
  readonly #metric: Metric;
  readonly #operator: Operator;
  readonly #bound: number;

  constructor(text: string, name: string, metric: Metric, operator: Operator, bound: number) {
    this.text = text;
    this.name = name;
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
   * nothing was measured: the latency without any answer, the share of no requests.
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
   * 1,000 requests, or 100 in 10 s (`p999`: ten times, `p9999`: a hundred times as many).
   */
  isLost(figures: Statistics): boolean {
    return this.value(figures) !== null && !this.holds(figures) && this.#isSettled(figures);
  }

  #isSettled(figures: Statistics): boolean {
    const { trend, sample = ({ requests }) => requests, rarity = 1 } = this.#metric;
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

const THRESHOLD = /^([\w.]+) *([<>=!]+) *([^<>=! ][^<>=!]*)$/;
const VALUE = /^(\d+(?:\.\d+)?(?:[eE]\d{1,2})?) *([a-zA-Z/%]*)$/;

/**
 * Reads `NAME OP VALUE`, with blanks or without: OP is `<`, `<=`, `>` or `>=`.
 *
 * @throws {UsageError} If the text is none.
 */
export function parseThreshold(text: string): Threshold {
  const fail = (how: string): never => {
    throw new UsageError(`Cannot read '--threshold ${text}': give ${how}`);
  };
  const [, name, operator, written] = THRESHOLD.exec(text.trim()) ??
    fail("a name, one of < <= > >=, and a value, like p99<500ms, failed<1% or rate>1000");
  if (!Object.hasOwn(COMPARE, operator)) fail("one of < <= > >=, as in failed<=0");
  const [, digits, unit] = VALUE.exec(written) ?? [undefined, "", ""];
  const metrics = listMetrics(name, fail);
  const metric = metrics.find((metric) => Object.hasOwn(UNITS[metric.unit], unit));
  const bound = metric === undefined || digits === "" ? NaN : parseBound(digits, unit, metric.unit);
  if (metric === undefined || !Number.isFinite(bound)) {
    return fail(`${name} ${metrics.map((metric) => ADVICE[metric.unit]).join(", or ")}`);
  }
  const short = `${name}${operator}${digits}${unit}`;
  return new Threshold(short, name, metric, operator as Operator, bound);
}

/** A value in the unit of its metric; NaN if it cannot be one. */
function parseBound(digits: string, suffix: string, unit: Verdict["unit"]): number {
  const value = Number(digits) * UNITS[unit][suffix];
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

/** The numbers that a name can stand for; in which unit its value is tells which one it is. */
function listMetrics(name: string, fail: (how: string) => never): readonly Metric[] {
  if ((LATENCIES as readonly string[]).includes(name)) return [latency(name as keyof Latency)];
  if (Object.hasOwn(OTHERS, name)) return [OTHERS[name]];
  if (Object.hasOwn(COUNTS, name)) return counted(COUNTS[name]);
  const [group, member] = [name.replace(/\..*$/s, ""), name.replace(/^.*?\./s, "")];
  if (group === "errors") {
    if (!(ERROR_KINDS as readonly string[]).includes(member)) {
      fail(`a kind of errors: ${ERROR_KINDS.join(", ")}, as in errors.timeout<5`);
    }
    return counted(({ errors }) => errors[member as ErrorKind]?.count ?? 0);
  }
  if (group === "status") {
    const [, from] = /^([1-9])(\d\d|xx)$/.exec(member) ??
      fail("a status, like status.503 or status.5xx");
    if (!member.endsWith("xx")) return counted(({ statuses }) => statuses[member] ?? 0);
    return counted(({ statuses }) =>
      Object.entries(statuses).reduce((sum, [code, n]) => code[0] === from ? sum + n : sum, 0)
    );
  }
  return fail(`one of the names ${NAMES.join(", ")}`);
}

function latency(name: keyof Latency): Metric {
  return {
    unit: "ms",
    trend: TRENDS[name] ?? "settles",
    of: ({ latency, succeeded }) => succeeded > 0 ? latency[name] : null,
    sample: ({ succeeded }) => succeeded,
    rarity: RARITIES[name],
  };
}

/** A number of requests, or the share that they are of all. */
function counted(count: (figures: Statistics) => number): readonly Metric[] {
  return [
    { unit: "count", trend: "grows", of: count },
    {
      unit: "%",
      trend: "settles",
      // One division of whole numbers: 7 of 100 are 7 %, and not 7.000000000000001 %.
      of: (figures) => figures.requests > 0 ? 100 * count(figures) / figures.requests : null,
    },
  ];
}
