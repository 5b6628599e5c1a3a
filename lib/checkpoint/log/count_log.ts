import { type NumberSequence, toIndex } from "../../source/numbering.ts";
import { Stats, type StatsOptions } from "../../stats/stats.ts";
import type { WarmUpStats } from "../../stats/warm_up.ts";
import { DoneSet } from "../done_set.ts";
import { isDuration, type JournalState } from "../journal.ts";
import type { SparseBitmap } from "../sparse_bitmap.ts";
import type { Entry, Sections } from "./entry.ts";
import { readRows } from "./rows.ts";

/** A journal together with the log behind it. */
export interface CountedLog {
  /** The journal as it would be by now; its positions in the outputs are those from before. */
  readonly state: JournalState;
  /** How many entries that are, from the first one. */
  readonly entries: number;
}

/** What a log is counted for. */
export interface CountOptions {
  readonly numbers: NumberSequence;
  /** For a retry, the places of the requests that it makes. */
  readonly failed: SparseBitmap | undefined;
  /** How the run counts. */
  readonly stats: StatsOptions;
  /** Whether the files that an entry names are whole; missing if the run has no such files. */
  readonly isWhole?: ((sections: Sections) => boolean) | undefined;
}

/**
 * Counts the results of a log as though the journal had them. It ends at an entry that no run can have
 * written behind that journal, or of which a file is not whole.
 */
export function countLog(
  state: JournalState,
  entries: Iterable<Entry>,
  { numbers, failed, stats: options, isWhole }: CountOptions,
): CountedLog {
  const { retry, log } = state;
  const done = DoneSet.from(retry === null ? state.done : retry.done);
  const toPlace = (i: number): number => {
    const place = toIndex(i, numbers);
    if (failed === undefined || !Number.isSafeInteger(place) || place < 0) return place;
    return failed.has(place) ? failed.countBelow(place) : NaN;
  };
  const isOpen = (place: number): boolean =>
    Number.isSafeInteger(place) && place >= 0 && done.reaches(place) && !done.has(place);
  const stats = Stats.from(state.stats, options);
  const since = log?.seconds ?? 0;
  let seconds = since;
  let count = 0;
  for (const { sections, seconds: atSeconds } of entries) {
    const { rows } = sections;
    const places = new Set<number>();
    const isRight = readRows(rows, {
      counted: NOTHING,
      onDone: (i) => {
        const place = toPlace(i);
        if (!isOpen(place) || places.has(place)) return false;
        places.add(place);
        return true;
      },
    });
    if (!isRight || !isDuration(atSeconds)) break;
    if (isWhole?.(sections) === false) break;
    readRows(rows, { counted: stats, onDone: () => true });
    for (const place of places) done.add(place);
    seconds = Math.max(seconds, atSeconds);
    count++;
  }
  if (count === 0) return { state, entries: 0 };
  const now = done.toJSON();
  return {
    state: {
      ...state,
      ...retry === null ? { done: now } : { retry: { ...retry, done: now } },
      stats: stats.toJSON(),
      seconds: state.seconds + seconds - since,
    },
    entries: count,
  };
}

/** Counts nothing: rows are looked at before they count. */
const NOTHING: WarmUpStats = {
  record: () => {},
  recordWarmUp: () => {},
  recordIteration: () => {},
  recordRetry: () => {},
  recordStart: () => {},
  recordLateStart: () => {},
};
