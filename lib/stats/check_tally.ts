import { type Check, isCount, isList, isShape, isText } from "../text/json_shape.ts";
import { truncate } from "../text/truncate.ts";
import { OTHERS } from "./error_tally.ts";
import type { CheckFigures } from "./snapshot.ts";

/** The maximum number of checks, and of steps, that are told apart; the others are counted together. */
export const MAX_NAMES = 100;

/** Finds what is counted under a name, or under `others` beyond {@linkcode MAX_NAMES}. */
export function findTally<T>(tallies: Map<string, T>, name: string, create: () => T): T {
  let tally = tallies.get(name);
  if (tally !== undefined) return tally;
  const short = truncate(name);
  const key = tallies.has(short) || tallies.size < MAX_NAMES ? short : OTHERS;
  tally = tallies.get(key);
  if (tally === undefined) tallies.set(key, tally = create());
  return tally;
}

/** Counts the checks of a flow, by name. Of bounded size. */
export class CheckTally {
  /** At most {@linkcode MAX_NAMES} and the others. */
  readonly #counts = new Map<string, { passed: number; failed: number }>();

  /** Counts a check. */
  record(name: string, holds: boolean): void {
    this.#find(name)[holds ? "passed" : "failed"]++;
  }

  #find(name: string): { passed: number; failed: number } {
    return findTally(this.#counts, name, () => ({ passed: 0, failed: 0 }));
  }

  /** Adds what another has counted. */
  add(checks: readonly CheckFigures[]): void {
    for (const { check, passed, failed } of checks) {
      const counts = this.#find(check);
      counts.passed += passed;
      counts.failed += failed;
    }
  }

  /** What was counted, in the order in which the checks came. */
  list(): CheckFigures[] {
    return Array.from(this.#counts, ([check, counts]) => ({ check, ...counts }));
  }

  /** Whether a check did not hold. */
  get hasMissed(): boolean {
    return this.#counts.values().some(({ failed }) => failed > 0);
  }
}

/** Whether a value of JSON is what {@linkcode CheckTally.list} gives. */
export const isCheckFigures: Check = isList(
  isShape({ check: isText, passed: isCount, failed: isCount }),
  MAX_NAMES + 1,
);
