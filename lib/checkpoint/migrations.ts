import { countErrorStatuses } from "../stats/status_counts.ts";
import { isCount, isMap, isObject } from "../text/json_shape.ts";

/** What a journal holds, unchecked. */
type State = Readonly<Record<string, unknown>>;

/**
 * Steps from each version of the journal to the next: the first one takes what version 1 wrote. A
 * step leaves alone whatever is not as it expects; the check behind the last step finds that.
 */
export const MIGRATIONS: readonly ((state: State) => Record<string, unknown>)[] = [
  // Builds that wrote version 1 added fields to it one after the other, and read the older journals
  // by what they lacked.
  (state) => ({
    crEndsLines: false,
    shortages: {},
    ...state,
    stats: isObject(state.stats) ? fillStats(state.stats) : state.stats,
  }),
  // Before runs on several machines.
  (state) => ({ cluster: null, ...state }),
  // Before the phases of responses were counted.
  (state) => ({
    ...state,
    stats: isObject(state.stats) ? { phases: {}, ...state.stats } : state.stats,
  }),
  // Before archives of exchanges.
  (state) => ({ archive: null, ...state }),
  // Before logs behind journals.
  (state) => ({ log: null, ...state }),
];

/** Adds what was not counted yet: none of it, or what follows from the rest. */
function fillStats(stats: State): State {
  const ofFailed = isObject(stats.ofFailed) ? { statuses: {}, ...stats.ofFailed } : stats.ofFailed;
  const filled = {
    skipped: 0,
    retries: {},
    late: { count: 0, ms: 0, maxMs: 0 },
    ...stats,
    ofFailed,
  };
  return "tolerated" in stats ? filled : { ...filled, tolerated: countTolerated(filled) };
}

const isCounts = isMap(isCount);

/** Responses with a status of 400 or more that did not fail, in journals from before `--fail`. */
function countTolerated({ statuses, ofFailed }: State): number {
  const count = (statuses: unknown): number =>
    isCounts(statuses) ? countErrorStatuses(statuses as Record<string, number>) : 0;
  return count(statuses) - count(isObject(ofFailed) ? ofFailed.statuses : undefined);
}
