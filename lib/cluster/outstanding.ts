import type { Slice } from "./messages.ts";

/**
 * The maximum number of slices that are on the bus and not collected. With that of their requests it
 * is less than the reach of a journal.
 */
const MAX_OUTSTANDING = 200;

/** A slice that is on the bus, or on its way there, and not collected. */
export interface OutstandingSlice {
  readonly slice: Slice;
  /** That of its cut. */
  readonly group: number | undefined;
  /** When it was put there, on the clock of `performance.now()`. */
  sinceMs: number;
  /** Whether its requests were in a slice before. */
  readonly isRedone: boolean;
  /** Whether the last look found neither it in the queue, nor a commit. */
  isMissing: boolean;
}

/**
 * The slices that are on the bus and not collected, by their id.
 *
 * ```text
 * queued ──► with a worker ──► committed ──► collected ──► closed, once a journal has it
 *   │              │               │             │
 *   │ lost         │ lost          │ damaged     │ in part: its rest
 *   └──────────────┴───────────────┴─────────────┴──► published anew, under another id
 * ```
 */
export class Outstanding {
  /** At most {@linkcode MAX_OUTSTANDING}, and those that were published anew. */
  readonly #slices = new Map<string, OutstandingSlice>();

  get size(): number {
    return this.#slices.size;
  }

  get isFull(): boolean {
    return this.#slices.size >= MAX_OUTSTANDING;
  }

  add(slice: Slice, { group, isRedone }: Pick<OutstandingSlice, "group" | "isRedone">): void {
    const sinceMs = performance.now();
    this.#slices.set(slice.id, { slice, group, sinceMs, isRedone, isMissing: false });
  }

  has(id: string): boolean {
    return this.#slices.has(id);
  }

  get(id: string): OutstandingSlice | undefined {
    return this.#slices.get(id);
  }

  delete(id: string): void {
    this.#slices.delete(id);
  }

  /** Those that were put there, or taken here, longer ago than a time; they count as new then. */
  takeOld(now: number, ageMs: number): OutstandingSlice[] {
    const old = [...this.#slices.values()].filter(({ sinceMs }) => now - sinceMs > ageMs);
    for (const one of old) one.sinceMs = now;
    return old;
  }
}
