import { BusError } from "../errors.ts";
import type { Environment } from "../schedule/schedule.ts";

/** How often the clock is read for one look at it, and how often that may fail. */
const READS = 5;
const MAX_READS = 10;
const RESYNC_MS = 60_000;
/** By how many milliseconds the clock is put right in a millisecond, at most. */
const MAX_SLEW = 1 / 1_000;
/** A machine that slept for longer has its clock put right at once. */
const MIN_SLEEP_MS = 1_000;

/** Reads the clock of the bus's server. */
export interface ReadClock {
  /**
   * Reads it halfway between the call and half of the wait for it: a message is stored, which takes
   * one round trip, and then read back.
   *
   * @returns milliseconds since the Unix epoch; undefined if it could not be read
   */
  (): Promise<number | undefined>;
}

/**
 * The clock of the bus's server, which all workers have in common, as far as an event loop knows it.
 * A later look at it makes it jump only where this machine has slept: the own clock stood still.
 */
export class ServerClock {
  readonly #read: ReadClock;
  readonly #around: Pick<Environment, "now" | "after" | "epoch">;
  /** What had to be added to the own clock for that of the server, and when that was so. */
  #offsetMs = 0;
  #sinceMs = 0;
  /** What it is by the last look. */
  #foundMs = 0;
  /** What had to be added to the own clock for the time of day, at the last look. */
  #dayMs = 0;
  #roundTripMs = Infinity;
  #opened: Promise<void> | undefined;
  #isClosed = false;
  #cancel: () => void = () => {};
  /** Called once it is known that this machine has slept. @param ms for how long */
  onSleep: (ms: number) => void = () => {};

  /** It is read when it is first needed: see {@linkcode ready}. */
  constructor(read: ReadClock, around: Pick<Environment, "now" | "after" | "epoch">) {
    this.#read = read;
    this.#around = around;
  }

  /**
   * Settles once it is known what the clock shows.
   *
   * @throws {BusError} If the clock cannot be read. The next call tries again.
   */
  ready(): Promise<void> {
    return this.#opened ??= this.#open().catch((error) => {
      this.#opened = undefined;
      throw error;
    });
  }

  async #open(): Promise<void> {
    const found = await this.#look();
    if (found === undefined) throw new BusError("Cannot read the clock of the bus", "away");
    this.#offsetMs = this.#foundMs = found;
    this.#sinceMs = this.#around.now();
    this.#dayMs = this.#around.epoch() - this.#sinceMs;
    this.#resyncLater();
  }

  /** How many milliseconds a message to the bus and its answer took at least. */
  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  /** What has to be added to the own clock for that of the server. Only once it is ready. */
  offsetMs(nowMs: number): number {
    const most = (nowMs - this.#sinceMs) * MAX_SLEW;
    const off = this.#foundMs - this.#offsetMs;
    return this.#offsetMs + Math.min(most, Math.max(-most, off));
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #resyncLater(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#around.after(RESYNC_MS, () => void this.#resync());
  }

  async #resync(): Promise<void> {
    // While the bus is away, the clock goes on as before.
    const found = await this.#look().catch(() => undefined);
    const now = this.#around.now();
    this.#offsetMs = this.offsetMs(now);
    this.#sinceMs = now;
    if (found !== undefined) this.#take(found, now);
    this.#resyncLater();
  }

  #take(foundMs: number, now: number): void {
    this.#foundMs = foundMs;
    const dayMs = this.#around.epoch() - now;
    const behindMs = foundMs - this.#offsetMs;
    // The server's clock alone may have been set, or the time of day alone.
    const hasSlept = Math.min(behindMs, dayMs - this.#dayMs) > MIN_SLEEP_MS;
    this.#dayMs = dayMs;
    if (!hasSlept) return;
    this.#offsetMs = foundMs;
    this.onSleep(behindMs);
  }

  /** The offset by the fastest of some reads; undefined if all of them failed. */
  async #look(): Promise<number | undefined> {
    let found: number | undefined;
    let fastestMs = Infinity;
    let count = 0;
    for (let k = 0; k < MAX_READS && count < READS; k++) {
      const sentMs = this.#around.now();
      const serverMs = await this.#read();
      const heardMs = this.#around.now();
      if (serverMs === undefined) continue;
      count++;
      const tookMs = heardMs - sentMs;
      if (tookMs >= fastestMs) continue;
      fastestMs = tookMs;
      // Stored in the middle of the first of two round trips.
      found = serverMs - (sentMs + tookMs / 4);
    }
    if (found !== undefined) this.#roundTripMs = fastestMs / 2;
    return found;
  }
}
