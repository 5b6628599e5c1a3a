import type { ProxyOptions } from "../engine/engine.ts";
import { NoProgressError } from "../errors.ts";
import { formatHost, parseHost } from "../http/host.ts";
import { formatAuthority } from "../http/url.ts";
import type { LoadOptions, RetryOptions } from "../options/run_options.ts";
import type { Result } from "../result.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import type { Target } from "../target.ts";
import { type BreakerChange, CircuitBreaker } from "./circuit_breaker.ts";
import { DelayQueue } from "./delay_queue.ts";
import { hasResponded, isNetworkFailure } from "./failure_scope.ts";
import {
  detachTarget,
  type GivenUpHost,
  Hosts,
  MAX_HOLD_MS,
  SHOWN_LENGTH,
  type Unsent,
} from "./hosts.ts";
import { Pacer } from "./pacer.ts";
import { PreciseTimer } from "./precise_timer.ts";
import { parseRetryAfter } from "./retry_after.ts";
import { RetryPolicy } from "./retry_policy.ts";
import { SilentHosts } from "./silent_hosts.ts";

/**
 * What was overdue starts in bursts of no more than are due in this time, and a start that waited
 * longer than this for a free place counts as late.
 */
const TICK_MS = 4;
/**
 * How far from its due time a start at a rate may come, so that one wake-up serves several starts:
 * a wake-up costs 30 to 60 us, more than a request. Up to 5,000/s the median of the distances stays
 * at 0.15 ms; beyond, a wake-up each millisecond leaves the processor to the requests.
 */
const START_WINDOWS: readonly StartWindow[] = [
  { upToRate: 2_500, earlyMs: 0.2, lateMs: 0 },
  { upToRate: 5_000, earlyMs: 0.3, lateMs: 0.15 },
  { upToRate: Infinity, earlyMs: 0.5, lateMs: 0.5 },
];

interface StartWindow {
  readonly upToRate: number;
  readonly earlyMs: number;
  readonly lateMs: number;
}

/** The shortest wait for anything but a rate: there a timer that is late does no harm. */
const MIN_WAIT_MS = 2;
/** The longest that a timer waits; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Least failures that make an outage of a host, and how many times as many one of everything. */
const MIN_FAILURES = 50;
const NETWORK_FACTOR = 5;
/** How long a run goes on that pauses and never had a success, if nothing else is asked for. */
const GIVE_UP_AFTER_MS = 60_000;
/** With so many requests, none of which reached its host, a run with one host alone ends. */
const FIRST_FAILURES = 50;
/** So many make an outage, whatever the concurrency; one more, as nobody is told of both. */
const UNREACHABLE_AFTER = FIRST_FAILURES + 1;
/** Targets that are looked past, or not sent, before what is in flight has its turn. */
const MAX_AT_ONCE = 1_000;
/** Most notices of outages in a run: with a thousand hosts nobody reads them. */
const MAX_NOTICES = 20;

/** How requests are held back, and made again. */
export interface ScheduleOptions extends LoadOptions {
  readonly retry: RetryOptions;
  /** What every connection goes through, if it is not made to the host itself. */
  readonly proxy?: ProxyOptions | undefined;
  readonly unixSocket?: string | undefined;
  /** Whether all targets are known to be of one host. */
  readonly hasOneHost: boolean;
}

/** Who is told of what a schedule does. */
export interface ScheduleListener {
  /** A start came later than it was due, since it waited for a free place. */
  onLate(ms: number): void;
  /**
   * Called for each start at a rate.
   *
   * @param ownLateMs how late it was by the program's own doing: after it was due, and after there
   * was a free place for it; from 0
   */
  onStart(ownLateMs: number): void;
  /** A request will be made again. */
  onRetry(cause: string, result: Result): void;
  /** Something that the user should know, in a sentence; it can hold what a server sent. */
  onNotice(text: string): void;
}

/** Time and chance, as tests hand them in. */
export interface Environment {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  epoch(): number;
  /** Calls back after so many milliseconds, or some later. @returns what takes that back */
  after(ms: number, callback: () => void): () => void;
  /** @returns a timer that is not late; whoever has it closes it */
  preciseTimer(): Pick<PreciseTimer, "after" | "close">;
  /** From 0 up to, but not, 1. */
  random(): number;
}

const REAL: Environment = {
  now: () => performance.now(),
  epoch: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  preciseTimer: () => new PreciseTimer(),
  random: Math.random,
};

/** A request that is made again. */
interface Begun {
  /** How often it was made. */
  readonly times: number;
  /** How it went last, and how often it was sent. */
  readonly last: Result;
}

/** A request that is to be started. */
export interface Start {
  readonly target: Target;
  /**
   * When its time began, on the clock; undefined without a rate. That is when it was given, less
   * what it had waited for a free place.
   */
  readonly dueMs: number | undefined;
  /** Why it is not to be sent; undefined if it is. */
  readonly unsent: Unsent | undefined;
}

/** The one {@linkcode Start} of a schedule, which it fills in anew for each request. */
class ReusedStart implements Start {
  target!: Target;
  dueMs: number | undefined;
  unsent: Unsent | undefined;
}

/**
 * Decides when each request starts: between the source, which it asks only when there is room, and
 * the pool, which asks it only when a place is free. Nothing else waits on purpose.
 *
 * ```text
 * retries that are due ──┐
 * hosts that are ready ──┼──► rate, ramp ──► pool ──► engine ──► settle ──► final result
 * source ────────────────┘                                         │
 *             ▲              ▲                                     │
 *             │   retries ◄──┴─ hosts: free, held, out of order ◄──┘
 * ```
 *
 * Where nothing is held back, and nothing waits to be made again, a target goes straight through.
 * What `next()` gives is one object for all requests: read it before the next call.
 */
export class Schedule implements Source<Start> {
  readonly #source: Source<Target>;
  readonly #options: ScheduleOptions;
  readonly #listener: ScheduleListener;
  readonly #around: Environment;
  readonly #startMs: number;
  readonly #policy: RetryPolicy;
  readonly #hosts: Hosts;
  /** Undefined where no host can take places from another, or the user asks for full speed. */
  readonly #shares: SilentHosts | undefined;
  /** Of the network, or the proxy: whatever the host, nothing gets through. */
  readonly #network: CircuitBreaker;
  readonly #pace: Pacer | undefined;
  readonly #window: StartWindow;
  /** For the waits of a run with a rate. */
  readonly #preciseTimer: ReturnType<Environment["preciseTimer"]> | undefined;
  /** Whether the last start took the last free place; of a run with a rate, true before the first. */
  #isFull: boolean;
  /** Since when there has been a free place. */
  #freeSinceMs = -Infinity;
  /** Starts at about the same time, and since when. */
  #burst = 0;
  #burstAtMs = -Infinity;
  /** Whether the next start is held back on purpose, or because there is nothing to be started. */
  #isHeld = false;
  /** Waiting to be made again; at most twice the concurrency. */
  readonly #retries = new DelayQueue<Target>();
  /** By number, requests that are made again; those in flight and waiting, for time or a host. */
  readonly #begun = new Map<number, Begun>();
  #inFlight = 0;
  /** How many may be in flight; fewer than the concurrency on a ramp. */
  #places: number;
  #isRamping: boolean;
  #hasSource = true;
  #sourceFailure: unknown;
  /** Whether the source's promise is outstanding, and what it gave. */
  #isPulling = false;
  #pulled: Target | undefined;
  /** Settles the one `next()` that waits, if there is one. */
  #resolve: ((step: MaybePromise<Step<Start>>) => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  /** When the timer goes off; Infinity without one. */
  #timerAtMs = Infinity;
  #hasSucceeded = false;
  /** When there was last a success, or none was missed yet. */
  #hopefulMs: number;
  #notices = 0;
  /** Requests so far, of which none reached the host `#firstHost`; undefined once one did. */
  #firstFailures: number | undefined;
  #firstHost = "";
  #firstName = "";
  /** Whether they failed on the way to all hosts: then no other host need be looked for. */
  #hasNoWay = false;
  #firstCause = "";
  /** Targets that were given and are not to be sent; at most the concurrency. */
  readonly #unsent = new Set<Target>();
  /** How many of them, or of those looked past, there were in a row. */
  #atOnce = 0;
  /** What `next()` gives, and the step that has it: no object is made for a request. */
  readonly #start = new ReusedStart();
  readonly #step: Step<Start> = { value: this.#start, done: false };

  constructor(
    source: Source<Target>,
    options: ScheduleOptions,
    listener: ScheduleListener,
    around: Environment = REAL,
  ) {
    const { concurrency, rate, rampUpMs, hostConcurrency, hostDelayMs, hostGiveUpMs } = options;
    this.#source = source;
    this.#options = options;
    this.#listener = listener;
    this.#around = around;
    this.#startMs = this.#hopefulMs = around.now();
    this.#isRamping = rate === undefined && rampUpMs !== undefined;
    this.#places = concurrency;
    this.#policy = new RetryPolicy(options.retry, () => around.random());
    // Those in flight when a host goes down fail together: an outage is that others do, too.
    const outageAfter = Math.max(MIN_FAILURES, 2 * concurrency);
    this.#shares = options.pauses && !options.hasOneHost && options.unixSocket === undefined
      ? new SilentHosts({
        places: concurrency,
        free: () => this.#places - this.#inFlight,
        now: () => around.now(),
      })
      : undefined;
    this.#hosts = new Hosts({
      concurrency: hostConcurrency,
      delayMs: hostDelayMs,
      outageAfter,
      unreachableAfter: UNREACHABLE_AFTER,
      giveUpMs: hostGiveUpMs,
      shares: this.#shares,
      onGiveUp: (host) => this.#onGiveUp(host),
    });
    // Whoever says how long to wait for a host is not told that there is none.
    const isImpatient = options.pauses && hostGiveUpMs !== Infinity &&
      options.giveUpAfterMs === undefined;
    this.#firstFailures = isImpatient ? 0 : undefined;
    this.#network = new CircuitBreaker(NETWORK_FACTOR * outageAfter);
    this.#isFull = rate !== undefined;
    this.#window = START_WINDOWS.find(({ upToRate }) => (rate ?? 0) <= upToRate)!;
    if (rate !== undefined) {
      this.#pace = new Pacer({ rate, rampUpMs }, this.#startMs);
      this.#preciseTimer = around.preciseTimer();
    }
  }

  /** Requests that wait to be made again. */
  get retrying(): number {
    return this.#retries.length;
  }

  /** Hosts that are not asked at present since all requests there failed; the network counts too. */
  get outages(): number {
    return this.#hosts.outages + (this.#network.isOpen ? 1 : 0);
  }

  /** Requests that wait for their host, or as the next for their time. */
  get held(): number {
    return this.#hosts.waiting + (this.#pulled === undefined ? 0 : 1);
  }

  next(): MaybePromise<Step<Start>> {
    if (this.#isUnconstrained) {
      const step = this.#pull();
      if (step !== undefined && !step.done) {
        if (this.#startsAtOnce(step.value)) {
          this.#inFlight++;
          return this.#give(step.value, undefined, undefined);
        }
        this.#pulled = step.value;
      }
    }
    // The pool asks again at once while it has free places.
    if (this.#isFull) {
      this.#isFull = false;
      const now = this.#around.now();
      // The schedule begins once there are places for it.
      if (this.#freeSinceMs === -Infinity) this.#pace!.skipTo(now);
      this.#freeSinceMs = now;
    }
    return this.#next() ?? new Promise((resolve) => this.#resolve = resolve);
  }

  #give(
    target: Target,
    dueMs: number | undefined,
    unsent: Unsent | undefined,
  ): Step<Start> {
    this.#start.target = target;
    this.#start.dueMs = dueMs;
    this.#start.unsent = unsent;
    return this.#step;
  }

  /** Whether nothing decides but that a place is free. */
  get #isUnconstrained(): boolean {
    return this.#pace === undefined && !this.#isRamping &&
      this.#hosts.isOpen && this.#retries.length === 0 && !this.#network.isOpen &&
      this.#hasSource &&
      !this.#isPulling && this.#pulled === undefined;
  }

  #startsAtOnce({ url, invalid }: Target): boolean {
    return this.#shares === undefined || invalid !== undefined || this.#shares.startsAtOnce(url);
  }

  /** The next step if it is there; else it is seen to that {@linkcode #wake} is called. */
  #next(): Step<Start> | undefined {
    const now = this.#around.now();
    const openAtMs = this.#openAtMs(now);
    const isHopeless = this.#hasNoWay || now >= this.#hopelessAtMs;
    if (openAtMs > now || isHopeless) {
      // It may wait long, and for nothing.
      this.#lookAhead();
      if (this.#isOver) return this.#end();
      if (isHopeless) throw this.#hasNoWay ? this.#nobodyThere() : this.#gaveUp(now);
      return this.#wait(openAtMs, now);
    }
    const step = this.#candidate(now);
    if (step !== undefined) return step;
    if (this.#isOver) return this.#end();
    this.#isHeld = true;
    if (this.#atOnce >= MAX_AT_ONCE) {
      this.#atOnce = 0;
      return this.#wait(now, now);
    }
    if (this.#hasNobody(now)) throw this.#nobodyThere();
    const { wakeAtMs, giveUpAtMs } = this.#hosts;
    const hostsAtMs = this.#hasRoomForRetries ? wakeAtMs : giveUpAtMs;
    return this.#wait(Math.min(this.#retries.firstAtMs, hostsAtMs), now);
  }

  #end(): Step<Start> {
    if (this.#sourceFailure !== undefined) throw this.#sourceFailure;
    return { value: undefined, done: true };
  }

  /** Asks the source whether it has more, where nothing else is there to be started later. */
  #lookAhead(): void {
    if (this.#pulled !== undefined || this.#retries.length > 0 || this.#hosts.waiting > 0) return;
    const step = this.#pull();
    if (step !== undefined && !step.done) this.#pulled = step.value;
  }

  /** When anything may start at all; Infinity where that is not a matter of time. */
  #openAtMs(now: number): number {
    const { concurrency, rampUpMs } = this.#options;
    if (this.#network.isHalfOpen) {
      this.#isHeld = true;
      return Infinity;
    }
    const probeAtMs = this.#network.probeAtMs;
    const pace = this.#pace;
    if (pace === undefined) {
      if (!this.#isRamping) return probeAtMs;
      this.#isRamping = now < this.#startMs + rampUpMs!;
      const share = this.#isRamping ? (now - this.#startMs) / rampUpMs! : 1;
      this.#places = Math.min(concurrency, Math.floor(share * concurrency) + 1);
      // Place k + 1 is there from k / concurrency of the ramp on.
      return Math.max(probeAtMs, this.#startMs + rampUpMs! * this.#inFlight / concurrency);
    }
    const { dueMs } = pace;
    if (probeAtMs > dueMs) {
      this.#isHeld = true;
      if (probeAtMs > now) return probeAtMs;
    }
    const { earlyMs, lateMs } = this.#window;
    if (dueMs > now + earlyMs) return dueMs + lateMs;
    if (now - this.#burstAtMs >= 1) {
      this.#burstAtMs = now;
      this.#burst = 0;
    }
    // A place that has just become free takes what is late. Free ones do not take it all at once.
    const isLast = this.#inFlight === concurrency - 1;
    const most = Math.max(1, Math.ceil(this.#options.rate! * TICK_MS / 1000));
    return this.#burst < most || isLast ? now : this.#burstAtMs + 1;
  }

  /** What may start now: what was begun goes first. Or what is not to be sent. */
  #candidate(now: number): Step<Start> | undefined {
    const hosts = this.#hosts;
    for (let retry; (retry = this.#retries.pop(now)) !== undefined;) {
      const step = this.#admit(retry, now, true);
      if (step !== undefined) return step;
    }
    if (hosts.isOpen) this.#atOnce = 0;
    else {
      if (this.#atOnce >= MAX_AT_ONCE) return undefined;
      const lost = hosts.nextUnsent(now);
      if (lost !== undefined) {
        this.#atOnce++;
        return this.#emit(lost.target, now, lost.unsent);
      }
    }
    // What is in flight may have to wait as well.
    if (!this.#hasRoomForRetries) return undefined;
    const ready = hosts.next(now);
    if (ready !== undefined) {
      this.#atOnce = 0;
      return this.#emit(ready, now);
    }
    while (!hosts.isFull(now)) {
      const step = this.#pull();
      if (step === undefined || step.done) break;
      const target = step.value;
      if (target.invalid !== undefined) return this.#emit(target, now);
      const start = this.#admit(target, now);
      if (start !== undefined) return start;
      // What waited longer may go now in its stead.
      const ready = hosts.next(now);
      if (ready !== undefined) {
        this.#atOnce = 0;
        return this.#emit(ready, now);
      }
      if (++this.#atOnce >= MAX_AT_ONCE) return undefined;
    }
    const heldBack = hosts.nextHeldBack(now, !this.#hasSource || hosts.isFull(now));
    return heldBack && this.#emit(heldBack, now);
  }

  /** Whether every host may be asked at any time, and hold any number of places. */
  get #isUnbound(): boolean {
    return this.#shares === undefined && this.#hosts.isOpen;
  }

  get #hasRoomForRetries(): boolean {
    return this.#retries.length < this.#options.concurrency;
  }

  /** Gives a target, to be sent or not; undefined if it has to wait for its host. */
  #admit(target: Target, now: number, isBegun = false): Step<Start> | undefined {
    if (this.#isUnbound) return this.#emit(target, now);
    const verdict = this.#hosts.admit(target, now, isBegun);
    if (verdict === "waits") return undefined;
    if (verdict === "starts") {
      this.#atOnce = 0;
      return this.#emit(target, now);
    }
    this.#atOnce++;
    return this.#emit(target, now, verdict);
  }

  /** The source's next step, if it is at hand. */
  #pull(): Step<Target> | undefined {
    if (this.#pulled !== undefined) {
      const value = this.#pulled;
      this.#pulled = undefined;
      return { value, done: false };
    }
    if (!this.#hasSource || this.#isPulling) return undefined;
    let step;
    try {
      step = this.#source.next();
    } catch (error) {
      this.#endSource(error);
      return undefined;
    }
    if (!(step instanceof Promise)) {
      if (step.done) this.#endSource(undefined);
      return step;
    }
    this.#isPulling = true;
    step.then((step) => {
      if (step.done) this.#endSource(undefined);
      else this.#pulled = step.value;
    }, (error) => this.#endSource(error)).then(() => {
      this.#isPulling = false;
      this.#wake();
    });
    return undefined;
  }

  #endSource(failure: unknown): void {
    this.#hasSource = false;
    this.#sourceFailure = failure;
  }

  /** Whether nothing is left to start, nor will be. */
  get #isOver(): boolean {
    return !this.#hasSource && !this.#isPulling && this.#pulled === undefined &&
      this.#hosts.waiting === 0 && this.#retries.length === 0 &&
      (this.#inFlight === 0 || this.#policy.retries === 0);
  }

  #emit(target: Target, now: number, unsent?: Unsent): Step<Start> {
    this.#inFlight++;
    let dueMs: number | undefined;
    if (unsent !== undefined) this.#unsent.add(target);
    else if (target.invalid === undefined) {
      this.#network.begin(target);
      this.#shares?.start(target.url);
      if (this.#pace !== undefined) dueMs = this.#keepPace(this.#pace, now);
    }
    return this.#give(target, dueMs, unsent);
  }

  /**
   * Goes on to the next start, and tells how late this one was. What it waited for a free place is
   * the server's doing, or the concurrency's, and part of its time. The rest is the program's own.
   *
   * ```text
   * due ──────────► a place is free ──────────► started
   *     late, in ms                 own lateness
   * ```
   *
   * @returns when the time of this one began
   */
  #keepPace(pace: Pacer, now: number): number {
    if (this.#isHeld && now - pace.dueMs > TICK_MS) pace.skipTo(now);
    this.#isHeld = false;
    const { dueMs } = pace;
    const lateMs = Math.max(0, this.#freeSinceMs - dueMs);
    if (lateMs > TICK_MS) this.#listener.onLate(lateMs);
    this.#listener.onStart(Math.max(0, now - lateMs - dueMs));
    this.#isFull = this.#inFlight >= this.#options.concurrency;
    pace.advance();
    this.#burst++;
    return now - lateMs;
  }

  /** Sees to it that whoever waits is woken, at the latest when the run has become hopeless. */
  #wait(untilMs: number, now: number): undefined {
    const wakeAtMs = Math.min(untilMs, this.#hopelessAtMs);
    const timer = this.#preciseTimer;
    if (timer !== undefined) return this.#waitPrecisely(timer, wakeAtMs, now);
    // One that comes too early costs less than to set another after each answer.
    if (wakeAtMs >= this.#timerAtMs) return;
    this.#cancelTimer?.();
    // Rounded up: a timer that came early would be set once more.
    const ms = Math.min(MAX_TIMER_MS, Math.max(MIN_WAIT_MS, Math.ceil(wakeAtMs - now)));
    this.#timerAtMs = now + ms;
    this.#cancelTimer = this.#around.after(ms, () => {
      this.#timerAtMs = Infinity;
      this.#wake();
    });
  }

  #waitPrecisely(
    timer: Pick<PreciseTimer, "after">,
    wakeAtMs: number,
    now: number,
  ): undefined {
    if (wakeAtMs === this.#timerAtMs) return;
    this.#cancelTimer?.();
    this.#timerAtMs = wakeAtMs;
    if (wakeAtMs === Infinity) return;
    this.#cancelTimer = timer.after(Math.min(MAX_TIMER_MS, wakeAtMs - now), () => {
      this.#timerAtMs = Infinity;
      this.#wake();
    });
  }

  /** Looks anew whether there is something for whoever waits. */
  #wake(): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    let step;
    try {
      step = this.#next();
    } catch (error) {
      this.#resolve = undefined;
      return resolve(Promise.reject(error));
    }
    if (step === undefined) return;
    this.#resolve = undefined;
    resolve(step);
  }

  /**
   * Takes what came of a target that {@linkcode next} gave. Each has to come back once.
   *
   * @returns what is to be kept of it: its result, with all attempts counted; undefined if it will
   * be made again
   */
  settle(result: Result): Result | undefined {
    this.#inFlight--;
    const wasSent = this.#unsent.size === 0 || !this.#unsent.delete(result.target);
    if (this.#shares?.isObserving && wasSent && result.target.invalid === undefined) {
      this.#shares.end(result.target.url, hasResponded(result), result.ms);
    }
    const isTold = wasSent && result.error !== "cancelled" && result.error !== "url";
    const isTransient = isTold && this.#policy.isTransient(result);
    // Of most runs this is all that there is to do.
    if (
      !isTransient && result.retryAfter === null && this.#hosts.isOpen && !this.#network.isOpen &&
      this.#begun.size === 0
    ) {
      if (isTold) {
        this.#hasSucceeded = true;
        this.#firstFailures = undefined;
      }
      if (this.#resolve !== undefined) this.#wake();
      return result;
    }
    const now = this.#around.now();
    const holdMs = this.#holdOf(result);
    if (wasSent) this.#recordOutcome(result, isTold ? isTransient : undefined, holdMs, now);
    const before = this.#begun.get(result.target.i);
    const attempts = (before?.last.attempts ?? 0) + result.attempts;
    // What the engine sent again by itself uses up no retry.
    const times = (before?.times ?? 0) + 1;
    const wantsMore = isTold && this.#policy.wantsMore(result, times);
    if (wantsMore) this.#retry(result, { times, attempts }, holdMs, now);
    else this.#countFirst(result, isTold, now);
    this.#wake();
    if (wantsMore) return undefined;
    this.#begun.delete(result.target.i);
    const { last } = wasSent || before === undefined ? { last: result } : before;
    return this.#policy.lastOf(last, attempts);
  }

  /** Milliseconds that a server wants to be left alone. */
  #holdOf({ retryAfter }: Result): number {
    if (retryAfter === null) return 0;
    return Math.min(MAX_HOLD_MS, parseRetryAfter(retryAfter, this.#around.epoch()) ?? 0);
  }

  /** Learns of a result what it says of its host, and of the network. */
  #recordOutcome(
    result: Result,
    isTransient: boolean | undefined,
    holdMs: number,
    now: number,
  ): void {
    const { target, status } = result;
    if (target.invalid !== undefined) return;
    if (!this.#options.pauses) {
      this.#hosts.end(target, undefined, 0, now);
      return;
    }
    const hadOutages = this.outages > 0;
    const isOut = isTransient === false ? status === 407 : isTransient;
    if (isOut === false) {
      this.#hasSucceeded = true;
      this.#hopefulMs = now;
    }
    const change = this.#hosts.end(target, isOut, holdMs, now, result);
    if (change === "outage") this.#hasten(parseHost(target.url), now);
    if (change !== undefined) {
      this.#notifyOfPause(change, formatHost(target.url), result, this.#untilGivenUp);
    }
    const ofAll = this.#network.end(target, isNetworkFailure(result), now);
    if (ofAll !== undefined) {
      this.#notifyOfPause(ofAll, ofAll === "outage" ? "every host" : "the network", result);
    }
    if (!hadOutages) this.#hopefulMs = now;
  }

  /**
   * Counts a request that has its result, while none has reached its host. With enough of them, all
   * of one host, that is paused: then all targets of other hosts come to light.
   */
  #countFirst(result: Result, isTold: boolean, now: number): void {
    if (this.#firstFailures === undefined || !isTold) return;
    const way = this.#wayOf(result);
    const host = way ?? parseHost(result.target.url);
    if (this.#firstFailures === 0) this.#firstHost = host;
    if (host !== this.#firstHost || !result.isUnreachable) this.#firstFailures = undefined;
    else if (++this.#firstFailures === FIRST_FAILURES) {
      this.#firstName = way ?? formatHost(result.target.url);
      this.#hasNoWay = way !== undefined;
      this.#firstCause = this.#wordsOf(result);
      this.#hosts.pause(result.target, now);
      this.#hasten(host, now);
    }
  }

  /** What a failed request could not get through, in words; undefined where that is the host. */
  #wayOf({ scope }: Result): string | undefined {
    const { proxy, unixSocket } = this.#options;
    if (unixSocket !== undefined) return `the Unix socket '${unixSocket}'`;
    return proxy === undefined || scope !== "proxy"
      ? undefined
      : `the proxy ${formatAuthority(proxy)}`;
  }

  /**
   * Whether no request has reached its host, and there is no other one: as far as the source has
   * been read, which is to its end, or as far as it may be.
   */
  #hasNobody(now: number): boolean {
    return this.#firstFailures !== undefined && this.#firstFailures >= FIRST_FAILURES &&
      this.#inFlight === 0 && this.#pulled === undefined &&
      (!this.#hasSource || this.#hosts.isFull(now));
  }

  /** Lets the retries of a host wait for that alone, or for nothing where it is given up. */
  #hasten(key: string, now: number): void {
    this.#retries.hasten(({ url }) => parseHost(url) === key, now);
  }

  #onGiveUp({ key, name, cause }: GivenUpHost): void {
    this.#hasten(key, this.#around.now());
    this.#notify(
      `gave up ${name}, since all requests to it failed while other hosts succeeded (${cause}): ` +
        "its other requests fail without being sent: use '--host-give-up never' to wait for it " +
        "instead",
    );
  }

  #notify(text: string): void {
    if (++this.#notices <= MAX_NOTICES) this.#listener.onNotice(text);
  }

  /** How a request failed, in words for a notice. */
  #wordsOf(result: Result): string {
    const { detail } = result;
    const why = `${this.#policy.causeOf(result)}${detail === undefined ? "" : `: ${detail}`}`;
    return why.slice(0, SHOWN_LENGTH);
  }

  /** @param then what becomes of whom it pauses for, in words */
  #notifyOfPause(change: BreakerChange, whom: string, result: Result, then = ""): void {
    this.#notify(
      change === "back"
        ? `${whom} can be asked again: going on`
        : `paused for ${whom}, where one request after the other failed (${
          this.#wordsOf(result)
        }): one request is tried after 1 s, 2 s, up to a minute${then}; use ` +
          "'--no-pause' to go on without waiting",
    );
  }

  /** When a host that is paused for is given up, in words for a notice. */
  get #untilGivenUp(): string {
    const { hostGiveUpMs } = this.#options;
    if (hostGiveUpMs === Infinity) return "";
    return `; after ${hostGiveUpMs / 1000} s it is given up if other hosts succeed ` +
      "('--host-give-up D' sets how long)";
  }

  #retry(
    result: Result,
    { times, attempts }: { times: number; attempts: number },
    holdMs: number,
    now: number,
  ): void {
    const { target } = result;
    this.#listener.onRetry(this.#policy.causeOf(result), result);
    const kept = detachTarget(target);
    const last = { ...result, target: kept, attempts };
    this.#begun.set(target.i, { times, last });
    const waitMs = Math.max(holdMs, this.#policy.waitMs(times));
    // A paused host has its own time; and whoever waits for it is not to take the place of others.
    this.#retries.add(kept, this.#hosts.isPaused(kept) ? now : now + waitMs);
  }

  /** When a run that pauses is given up; Infinity if it does not pause. */
  get #hopelessAtMs(): number {
    if (!this.#network.isOpen && (this.#hosts.outages === 0 || this.#hosts.waiting === 0)) {
      return Infinity;
    }
    const byDefault = this.#hasSucceeded ? Infinity : GIVE_UP_AFTER_MS;
    return this.#hopefulMs + (this.#options.giveUpAfterMs ?? byDefault);
  }

  #gaveUp(now: number): NoProgressError {
    const seconds = Math.round((now - this.#hopefulMs) / 1000);
    return new NoProgressError(
      `Cannot go on: every request has failed for ${seconds} s: see what is down`,
    );
  }

  #nobodyThere(): NoProgressError {
    const [where, mend] = this.#hasNoWay
      ? [`all requests go through ${this.#firstName}`, "check that somebody listens there"]
      : [`there is no other host than ${this.#firstName}`, "check its name and port"];
    return new NoProgressError(
      `Cannot go on: the first ${FIRST_FAILURES} requests all failed, and ${where} ` +
        `(${this.#firstCause}): ${mend}: ` +
        "use '--host-give-up never' to wait for it, or '--no-pause' to make all requests without " +
        "waiting",
    );
  }

  /**
   * What still waits to be made again, where the run ends before: how it went last.
   *
   * @param isCutShort whether the run can be gone on with, so that it is no result yet
   */
  *drain(isCutShort: boolean): Generator<Result> {
    for (const { last } of this.#begun.values()) {
      yield isCutShort
        ? {
          ...last,
          // The last answer is not the request's result, so nothing of it is kept.
          status: null,
          location: null,
          captures: undefined,
          expectation: undefined,
          error: "cancelled",
          scope: undefined,
          isUnreachable: false,
          detail: `the run ended before the next attempt; the last one was: ${
            this.#policy.causeOf(last)
          }`,
        }
        : this.#policy.lastOf(last, last.attempts);
    }
    while (this.#retries.pop(Infinity) !== undefined);
    this.#begun.clear();
  }

  async return(): Promise<void> {
    this.#cancelTimer?.();
    this.#preciseTimer?.close();
    await this.#source.return?.();
  }
}
