import { estimateEta } from "./bar.ts";
import type { Display, Moment, Size } from "./display.ts";

/** Least size of a terminal for the live view to come by itself. */
const MIN_SIZE: Size = { columns: 80, rows: 24 };
/** How long a run is looked at before anybody can say how long it takes, and what long is. */
const LOOK_MS = 2_000;
const LONG_MS = 10_000;

/** Whether a terminal is one that the live view comes on by itself. */
export function isLarge({ columns, rows }: Size): boolean {
  return columns >= MIN_SIZE.columns && rows >= MIN_SIZE.rows;
}

/**
 * Whether a run will have taken more than ten seconds at its end, by the rate of its first two, or
 * by its duration. Where nobody knows the end, it does once it has.
 */
export function looksLong({ snapshot, rate, limit, elapsedMs }: Moment): boolean {
  if (elapsedMs < LOOK_MS) return false;
  return elapsedMs + 1000 * (estimateEta(snapshot, rate, limit) ?? 0) > LONG_MS;
}

/** A display that knows what was before it came. */
export interface DeferredDisplay extends Display {
  /** Notes a moment that it does not show. */
  watch(moment: Moment): void;
  /** Notes others' lines, each with its line feed. */
  note(lines: string): void;
}

/** One display at first, and for good another once a run looks long on a large terminal. */
export class AutoDisplay implements Display {
  #shown: Display;
  /** What comes; undefined once it has. */
  #next: DeferredDisplay | undefined;

  constructor(first: Display, next: DeferredDisplay) {
    this.#shown = first;
    this.#next = next;
  }

  get everyMs(): number {
    return this.#shown.everyMs;
  }

  show(moment: Moment): string {
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

  end(moment: Moment | undefined): string {
    return this.#shown.end(moment);
  }

  forget(): void {
    this.#shown.forget();
  }
}
