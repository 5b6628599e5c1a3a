import { BusError } from "../errors.ts";
import { Burst } from "../schedule/burst.ts";
import { type Pacer, type PacerOptions, TICK_MS } from "../schedule/pacer.ts";
import type { Environment } from "../schedule/schedule.ts";
import { StartTimes } from "../schedule/start_times.ts";
import type { ServerClock } from "./server_clock.ts";

/** About how many milliseconds of the schedule a turn has; one with one start can have more. */
const TURN_MS = 5;
/** How much earlier than needed a turn is asked for. */
const MARGIN_MS = 5;
const MARGIN_SHARE = 0.25;
/** The maximum of that and the way to the bus: a process that was busy for once takes not too many. */
const MAX_AHEAD_MS = 500;
/** The maximum number of turns that are asked for at once, and of those that are at hand. */
const MAX_ASKED = 64;
const MAX_HELD = 256;
/** By so much the schedule has to be behind before all starts are put off. */
const MAX_BEHIND_MS = 1_000;
/** How long others need to hear that, and to have turns. */
const NEWS_ROUND_TRIPS = 4;
const NEWS_MS = 10;
/** How long to wait after the bus has failed. */
const RETRY_MS = 250;
/** The weight of the last value in a mean. */
const WEIGHT = 1 / 8;

/** What the rate of a run needs of the bus. */
export interface RateBus {
  take(): Promise<number>;
  moveOrigin(atMs: number, before: number | undefined): Promise<number>;
  watchOrigin(
    take: (atMs: number) => void,
    fail: (error: unknown) => void,
  ): Promise<() => void>;
}

/**
 * The pacer of one of several workers of a run. The schedule of the run is divided into turns of
 * some starts each. Whoever is given the number of a turn, which nobody else gets, makes its starts,
 * at their times on the server's clock.
 *
 * ```text
 * turn       1         2         3         4         5
 * starts   │ ● ● ● ● │ ● ● ● ● │ ● ● ● ● │ ● ● ● ● │ …       start k is due at origin + times.of(k)
 * worker     A         B         A         C         A
 * ```
 *
 * A worker asks for a turn shortly before it needs it, so that its death loses few; it does not ask
 * while it has nothing to start, or no place. If the schedule is behind because nobody had anything
 * to start, or the bus was away, the origin is moved: such time is not made up for.
 */
export class TurnPacer implements Pacer {
  readonly readyMs = -Infinity;
  readonly #bus: RateBus;
  readonly #clock: ServerClock;
  readonly #around: Pick<Environment, "now" | "after">;
  readonly #times: StartTimes;
  /** How many starts a turn has. */
  readonly #length: number;
  readonly #burst = new Burst();
  /** The turns at hand, in order; at most {@linkcode MAX_HELD}. */
  readonly #turns: number[] = [];
  /** How many starts of the first of them are over. */
  #done = 0;
  #dueMs = Infinity;
  /** When the last of them ends. */
  #endMs = -Infinity;
  /** About how many milliseconds a turn has at present. */
  #turnMs: number;
  /** How many turns are asked for. */
  #asked = 0;
  /** The last turn that was given, and the one before the next, unless time without any is between. */
  #last = 0;
  #before: number | undefined;
  /** About how many turns of the run are given for one of this worker; Infinity if not known. */
  #gap = Infinity;
  #roundTripMs: number;
  #isIdle = true;
  /** Since when there is something to start, and turns were given before they were due. */
  #readySinceMs = -Infinity;
  /** Whether no turn was given in time since there is something to start. */
  #isBehind = true;
  /** Since when it has had a free place; undefined right after a start. */
  #freeSinceMs: number | undefined = -Infinity;
  /** When start 0 is due, on the server's clock; undefined before that is decided. */
  #originMs: number | undefined;
  #isMoving = false;
  #isClosed = false;
  #stopWatching: () => void = () => {};
  /** Cancels the timer that asks for a turn. */
  #cancelAsk: (() => void) | undefined;
  /** Cancels the timer that decides in place of another worker when the first turn is due. */
  #cancelDecision: (() => void) | undefined;
  /** Called when the time of the next start has changed by itself. */
  onChange: () => void = () => {};
  /** Called if the bus refuses what the pacer needs. */
  onFailure: (error: unknown) => void = () => {};

  /** @throws If the bus does not answer. */
  static async open(
    bus: RateBus,
    { clock, ...options }: PacerOptions & { readonly clock: ServerClock },
    around: Pick<Environment, "now" | "after">,
  ): Promise<TurnPacer> {
    await clock.ready();
    const pacer = new TurnPacer(bus, clock, options, around);
    pacer.#stopWatching = await bus.watchOrigin((atMs) => {
      pacer.#learn(atMs);
      pacer.#settle();
    }, (error) => pacer.onFailure(error));
    clock.onSleep = (ms) => pacer.#wakeUp(ms);
    return pacer;
  }

  private constructor(
    bus: RateBus,
    clock: ServerClock,
    options: PacerOptions,
    around: Pick<Environment, "now" | "after">,
  ) {
    this.#bus = bus;
    this.#clock = clock;
    this.#around = around;
    this.#times = new StartTimes(options);
    this.#length = Math.max(1, Math.round(options.rate * TURN_MS / 1000));
    this.#turnMs = this.#length * 1000 / options.rate;
    this.#roundTripMs = clock.roundTripMs;
  }

  get dueMs(): number {
    return this.#isIdle ? Infinity : this.#dueMs;
  }

  claim(nowMs: number): void {
    if (this.#isIdle) {
      this.#isIdle = false;
      this.#isBehind = true;
      this.#readySinceMs = nowMs;
      this.#before = undefined;
      this.#update();
    }
    this.#freeSinceMs ??= nowMs;
    this.#ask(nowMs);
  }

  advance(): void {
    this.#freeSinceMs = undefined;
    this.#burst.count();
    this.#done++;
    this.#update();
  }

  rest(nowMs: number): boolean {
    this.#isIdle = true;
    this.#freeSinceMs ??= nowMs;
    return false;
  }

  hasten(): void {}

  nextInBurst(most: number, nowMs: number): number {
    return this.#burst.nextMs(most, nowMs);
  }

  /** Behind the last start none is due; the submitter ends the run. */
  isOver(): boolean {
    return false;
  }

  /** Asks for nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelAsk?.();
    this.#cancelDecision?.();
    this.#stopWatching();
  }

  /** When a start is due, on the clock of the server. @param turn from 1 @param k from 0 */
  #serverMs(originMs: number, turn: number, k: number): number {
    return originMs + this.#times.of((turn - 1) * this.#length + k);
  }

  /** Begins anew after a sleep: then there was a free place, and nothing is made up for. */
  #wakeUp(sleptMs: number): void {
    this.#isIdle = true;
    this.#gap = Infinity;
    this.#freeSinceMs = this.#around.now() - sleptMs;
    this.onChange();
  }

  /** Finds the next start at hand, and when it is due. */
  #update(): void {
    this.#dueMs = Infinity;
    const originMs = this.#originMs;
    const turns = this.#turns;
    if (this.#done >= this.#length) this.#drop();
    if (originMs === undefined || this.#isMoving || turns.length === 0) return;
    const offsetMs = this.#clock.offsetMs(this.#around.now());
    const fromMs = this.#readySinceMs - TICK_MS + offsetMs;
    // Nobody makes up for what was due before there was something to start.
    while (turns.length > 0 && this.#serverMs(originMs, turns[0], this.#length - 1) < fromMs) {
      this.#drop();
    }
    if (turns.length === 0) return;
    while (this.#serverMs(originMs, turns[0], this.#done) < fromMs) this.#done++;
    this.#dueMs = this.#serverMs(originMs, turns[0], this.#done) - offsetMs;
    const last = turns[turns.length - 1];
    this.#endMs = this.#serverMs(originMs, last + 1, 0) - offsetMs;
    this.#turnMs = this.#endMs + offsetMs - this.#serverMs(originMs, last, 0);
  }

  #drop(): void {
    this.#turns.shift();
    this.#done = 0;
  }

  /** Asks for as many turns as are needed until others could come, or does so when it is time. */
  #ask(nowMs: number): void {
    this.#cancelAsk?.();
    this.#cancelAsk = undefined;
    // It claims as soon as it has a free place.
    if (this.#isClosed || this.#isIdle || this.#freeSinceMs === undefined) return;
    const aheadMs = Math.min(
      MAX_AHEAD_MS,
      (1 + MARGIN_SHARE) * this.#roundTripMs + MARGIN_MS,
    );
    const most = this.#originMs === undefined || this.#isMoving ? 1 : MAX_HELD;
    for (;;) {
      const askAtMs = this.#coveredMs(nowMs) - aheadMs;
      const isFull = this.#asked >= MAX_ASKED || this.#turns.length + this.#asked >= most;
      if (isFull || askAtMs === Infinity) return;
      if (askAtMs > nowMs) {
        // Else it will be asked at the next start.
        if (askAtMs < this.#dueMs) this.#askAfter(askAtMs - nowMs);
        return;
      }
      void this.#take();
    }
  }

  /** Until when there are turns, as far as is known: those asked for come after those at hand. */
  #coveredMs(nowMs: number): number {
    // Two turns show how many others there are.
    if (this.#gap === Infinity && this.#asked === 0) return nowMs;
    const fromMs = this.#turns.length === 0 ? nowMs : this.#endMs;
    return this.#asked === 0 ? fromMs : fromMs + this.#asked * this.#gap * this.#turnMs;
  }

  #askAfter(ms: number): void {
    this.#cancelAsk = this.#around.after(ms, () => this.#ask(this.#around.now()));
  }

  async #take(): Promise<void> {
    this.#asked++;
    const sentMs = this.#around.now();
    let turn;
    try {
      turn = await this.#bus.take();
    } catch (error) {
      await this.#pauseAfter(error);
      this.#asked--;
      return this.#ask(this.#around.now());
    }
    this.#asked--;
    if (this.#isClosed) return;
    const tookMs = this.#around.now() - sentMs;
    this.#roundTripMs += WEIGHT * (tookMs - this.#roundTripMs);
    // A server that was killed can forget its last numbers, and give them again.
    if (turn > this.#last) {
      this.#hold(turn);
      if (!this.#isMoving) this.#catchUp(turn, sentMs);
    }
    this.#settle();
  }

  #hold(turn: number): void {
    if (this.#before !== undefined) {
      const gap = turn - this.#before;
      this.#gap = this.#gap === Infinity ? gap : this.#gap + WEIGHT * (gap - this.#gap);
    }
    this.#before = this.#last = turn;
    this.#turns.push(turn);
  }

  /** Goes on after a turn has come, or the origin has changed. */
  #settle(): void {
    if (this.#isClosed) return;
    const before = this.dueMs;
    this.#update();
    this.#ask(this.#around.now());
    if (this.dueMs !== before) this.onChange();
  }

  /**
   * Puts off all starts if the last turn shows that they are far behind, and that is not because all
   * places were in use. Whoever has the first turn of the run decides when it is due.
   *
   * @param sentMs when the turn was asked for: this process can have been stopped since then
   */
  #catchUp(turn: number, sentMs: number): void {
    const originMs = this.#originMs;
    const sentAtMs = sentMs + this.#clock.offsetMs(sentMs);
    // Until all have heard of it, and have turns.
    const newsMs = (this.#around.now() - sentMs) + NEWS_ROUND_TRIPS * this.#roundTripMs + NEWS_MS;
    if (originMs === undefined) {
      const atMs = sentAtMs - this.#times.of((turn - 1) * this.#length) + newsMs;
      if (turn === 1) return void this.#move(atMs);
      // It may have died.
      this.#cancelDecision?.();
      this.#cancelDecision = this.#around.after(MAX_BEHIND_MS, () => {
        if (this.#originMs === undefined) void this.#move(atMs + MAX_BEHIND_MS);
      });
      return;
    }
    const behindMs = Math.min(
      sentAtMs - this.#serverMs(originMs, turn, 0),
      sentMs - (this.#freeSinceMs ?? sentMs),
    );
    if (behindMs > MAX_BEHIND_MS) return void this.#move(originMs + behindMs + newsMs);
    // Others had nothing to start before this worker had.
    const now = this.#around.now();
    this.#isBehind &&= this.#serverMs(originMs, turn, 0) < now + this.#clock.offsetMs(now);
    if (this.#isBehind) this.#readySinceMs = now;
  }

  async #move(atMs: number): Promise<void> {
    this.#isMoving = true;
    try {
      this.#learn(await this.#bus.moveOrigin(atMs, this.#originMs));
    } catch (error) {
      await this.#pauseAfter(error);
      // Another turn shows whether it is still so.
      this.#turns.length = this.#done = 0;
    }
    this.#isMoving = false;
    this.#settle();
  }

  /** It is only ever put off. */
  #learn(atMs: number): void {
    this.#originMs = Math.max(atMs, this.#originMs ?? -Infinity);
  }

  /** Waits before the next try, as the bus may be back by then. */
  #pauseAfter(error: unknown): Promise<void> {
    if (error instanceof BusError && error.trouble === "denied") this.onFailure(error);
    return new Promise((resolve) => this.#around.after(RETRY_MS, resolve));
  }
}
