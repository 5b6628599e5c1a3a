import { estimateEta } from "./bar.ts";
import type { Display, DisplayState, Size } from "./display.ts";

/** The size from which on a terminal gets the live view without being asked for it. */
const MIN_SIZE: Size = { columns: 80, rows: 24 };
/** How long a run lasts before its end is estimated. */
const ESTIMATE_AFTER_MS = 2_000;
/** A run that takes more is long. */
const LONG_MS = 10_000;

/** Whether a terminal has room for the live view. */
export function isLarge({ columns, rows }: Size): boolean {
  return columns >= MIN_SIZE.columns && rows >= MIN_SIZE.rows;
}

/**
 * Whether a run will take more than ten seconds, by the rate of its first two or by its duration. If
 * nobody knows its end, it looks long once it has taken that time.
 */
export function looksLong({ snapshot, rate, limit, elapsedMs }: DisplayState): boolean {
  if (elapsedMs < ESTIMATE_AFTER_MS) return false;
  return elapsedMs + 1000 * (estimateEta(snapshot, rate, limit) ?? 0) > LONG_MS;
}

/** A display that takes note of the run before it is shown. */
export interface DeferredDisplay extends Display {
  /** Notes a moment that it does not show. */
  watch(moment: DisplayState): void;
  /** Notes lines of others that it does not show. @param lines each with its line feed */
  note(lines: string): void;
}

/** One display at first, and another from when the run looks long on a large terminal. */
export class AutoDisplay implements Display {
  #shown: Display;
  /** The display that is to come; undefined once it is shown. */
  #next: DeferredDisplay | undefined;

  constructor(first: Display, next: DeferredDisplay) {
    this.#shown = first;
    this.#next = next;
  }

  get everyMs(): number {
    return this.#shown.everyMs;
  }

  show(moment: DisplayState): string {
    const next = this.#next;
    next?.watch(moment);
    if (next === undefined || !isLarge(moment.size) || !looksLong(moment)) {
      return this.#shown.show(moment);
    }
    const end = this.#shown.end(undefined);
    this.#shown = next;
    this.#next = undefined;
    return end + next.show(moment);
  }

  say(lines: string, size: Size): string {
    this.#next?.note(lines);
    return this.#shown.say(lines, size);
  }

  end(moment: DisplayState | undefined): string {
    return this.#shown.end(moment);
  }

  forget(): void {
    this.#shown.forget();
  }
}
