import { ERROR_KINDS, type ErrorKind, type Result } from "../result.ts";
import { type Check, isCount, isList, isMap, isShape, isText } from "../text/json_shape.ts";
import { withoutSecrets } from "../text/secrets.ts";
import { truncate } from "../text/truncate.ts";
import type { ErrorCount, Example, Snapshot } from "./snapshot.ts";

/** The maximum number of examples that are kept of an error kind, and of an expectation. */
const MAX_EXAMPLES = 5;
/**
 * The maximum number of expectations that failures are told apart by: as many as a command line may
 * have.
 */
const MAX_REASONS = 100;
/** The name under which statistics count together what is beyond a bound. */
export const OTHERS = "others";

/** How many failures, and the first few of them. */
interface Failures {
  count: number;
  readonly examples: Example[];
  /** How many of the examples were taken. */
  taken: number;
}

/**
 * Counts failures by error kind, and those of the kind `expect` by the expectation that was not met.
 * Of fixed size, whatever their number.
 */
export class ErrorTally {
  readonly #kinds = new Map<ErrorKind, Failures>();
  /** By expectation; at most {@linkcode MAX_REASONS} and the others. */
  readonly #reasons = new Map<string, Failures>();

  /** Whether there was a failure of the kind. */
  has(kind: ErrorKind): boolean {
    return this.#kinds.has(kind);
  }

  /** @param expectation what was not met, where that is why the request failed */
  record(kind: ErrorKind, example: Example, expectation?: string): void {
    recordFailure(findOrAdd(this.#kinds, kind), example);
    if (expectation !== undefined) recordFailure(this.#findReason(expectation), example);
  }

  /** Adds what another has counted, whose examples come after those from here. */
  add(errors: Snapshot["errors"]): void {
    for (const kind of ERROR_KINDS) {
      const error = errors[kind];
      if (error === undefined) continue;
      addFailures(findOrAdd(this.#kinds, kind), error);
      for (const reason of error.reasons ?? []) {
        addFailures(this.#findReason(reason.expectation), reason);
      }
    }
  }

  #findReason(expectation: string): Failures {
    const reasons = this.#reasons;
    const isKnown = reasons.has(expectation) || reasons.size < MAX_REASONS;
    return findOrAdd(reasons, isKnown ? expectation : OTHERS);
  }

  /** By kind, in the order of {@linkcode ERROR_KINDS}; the expectations in that of their first failure. */
  toJSON(): Snapshot["errors"] {
    return this.#list(copy);
  }

  /**
   * What was counted since the last call, with the examples that came since then. It keeps the kinds
   * and expectations, and no counts.
   */
  take(): Snapshot["errors"] {
    return this.#list(takeFailures);
  }

  #list(read: (failures: Failures) => ErrorCount): Snapshot["errors"] {
    const errors: { [kind in ErrorKind]?: ErrorCount } = {};
    if (this.#kinds.size === 0) return errors;
    for (const kind of ERROR_KINDS) {
      const failures = this.#kinds.get(kind);
      if (failures === undefined || failures.count === 0) continue;
      const hasReasons = kind === "expect" && this.#reasons.size > 0;
      errors[kind] = {
        ...read(failures),
        ...hasReasons ? { reasons: this.#listReasons(read) } : {},
      };
    }
    return errors;
  }

  #listReasons(read: (failures: Failures) => ErrorCount): NonNullable<ErrorCount["reasons"]> {
    return Array.from(this.#reasons)
      .filter(([, { count }]) => count > 0)
      .map(([expectation, failures]) => ({ expectation, ...read(failures) }));
  }
}

/**
 * Whether a request was not sent since its host was given up: what was sent has attempts, and a
 * target that makes no request, or was interrupted, has an error of its own.
 */
export function isSkipped({ attempts, error }: Pick<Result, "attempts" | "error">): boolean {
  return attempts === 0 && error !== undefined && error !== "url" && error !== "cancelled";
}

function findOrAdd<K>(tallies: Map<K, Failures>, key: K): Failures {
  let failures = tallies.get(key);
  if (failures === undefined) {
    tallies.set(key, failures = { count: 0, examples: [], taken: 0 });
  }
  return failures;
}

function recordFailure(failures: Failures, { url, detail }: Example): void {
  failures.count++;
  if (failures.examples.length === MAX_EXAMPLES) return;
  failures.examples.push({ url: truncate(withoutSecrets(url)), detail: truncate(detail) });
}

function addFailures(failures: Failures, { count, examples }: ErrorCount): void {
  failures.count += count;
  failures.examples.push(...examples.slice(0, MAX_EXAMPLES - failures.examples.length));
}

function copy({ count, examples }: Failures): ErrorCount {
  return { count, examples: [...examples] };
}

function takeFailures(failures: Failures): ErrorCount {
  const { count, examples, taken } = failures;
  failures.count = 0;
  failures.taken = examples.length;
  return { count, examples: examples.slice(taken) };
}

const FAILURES = {
  count: isCount,
  examples: isList(isShape({ url: isText, detail: isText }), 100),
};
const isErrorCount = isShape(FAILURES, {
  reasons: isList(isShape({ ...FAILURES, expectation: isText }), 1_000),
});

/** Whether a value of JSON is what {@linkcode ErrorTally.toJSON} gives. */
export const isErrorCounts: Check = isMap(
  isErrorCount,
  (kind) => (ERROR_KINDS as readonly string[]).includes(kind),
);
