import type { ProxyOptions } from "../engine/engine.ts";
import { formatAuthority, formatHost, parseHost } from "../http/url.ts";
import type { LoadOptions, RetryOptions } from "../options/run_options.ts";
import type { Result } from "../result.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import type { Target } from "../target.ts";
import { CircuitBreaker } from "./circuit_breaker.ts";
import { CommonBreaker } from "./common_breaker.ts";
import { CommonState, type SharedRun } from "./common_state.ts";
import { DelayQueue } from "./delay_queue.ts";
import { hasResponded, isNetworkFailure } from "./failure_scope.ts";
import { FIRST_FAILURES, FirstFailures } from "./first_failures.ts";
import { Hope } from "./hope.ts";
import { detachTarget, hasHostLimits, Hosts, MAX_HOLD_MS, type Unsent } from "./hosts.ts";
import { type NetworkNews, type News, shiftNews } from "./news.ts";
import { OutageNotices } from "./outage_notices.ts";
import { LocalPacer } from "./local_pacer.ts";
import { MAX_TIMER_MS } from "./long_timer.ts";
import { Places } from "./places.ts";
import { type Pacer, TICK_MS } from "./pacer.ts";
import { PreciseTimer } from "./precise_timer.ts";
import { parseRetryAfter } from "./retry_after.ts";
import { RetryPolicy } from "./retry_policy.ts";
import { SharedPacer } from "./shared_pacer.ts";
import { SilentHosts } from "./silent_hosts.ts";

/**
 * How far from its due time a start at a rate may be, so that one wake-up serves several starts: a
 * wake-up costs 30 to 60 us, more than a request. Up to 5,000/s the median distance stays at
 * 0.15 ms; beyond, a wake-up each millisecond leaves the processor to the requests.
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

/** By so much a late start to a host with a rate of its own is made up for. */
const HOST_CATCH_UP_MS = 50;
/** The shortest wait without a rate: a late timer does no harm there. */
const MIN_WAIT_MS = 2;
/**
 * The minimum number of failures in a row that pause a host. Pausing every host takes this factor
 * times as many as pausing one host.
 */
const MIN_FAILURES = 50;
const NETWORK_FACTOR = 5;
/**
 * The maximum number of targets in a row that are passed over or not sent before the event loop has
 * a turn.
 */
const MAX_AT_ONCE = 1_000;

/** How requests are held back, and retried. */
export interface ScheduleOptions extends LoadOptions {
  readonly retry: RetryOptions;
  /** The proxy that every connection goes through; undefined without one. */
  readonly proxy?: ProxyOptions | undefined;
  /** The path of the Unix socket that every connection goes to; undefined without one. */
  readonly unixSocket?: string | undefined;
  /** Whether all targets are known to have the same host. */
  readonly hasOneHost: boolean;
  /**
   * The run that this schedule is a part of, with a share of its concurrency. Undefined if it has
   * all of it.
   */
  readonly shared?: SharedRun | undefined;
  /** For a run with a rate; the schedule closes it. @default a timer that is not ready yet */
  readonly timer?: PreciseTimer | undefined;
  /**
   * Opens the pacer of a run with a rate, where that depends on others than the event loops of this
   * process.
   *
   * @param wake has to be called when the time of the next start has changed by itself
   */
  readonly openPacer?: ((wake: () => void) => Pacer) | undefined;
  /** When a ramp without a rate began, on the clock of the environment. @default now */
  readonly rampStartMs?: number | undefined;
}

/** Receives what a schedule does. */
export interface ScheduleListener {
  /** A request started later than it was due, because it waited for a free place. */
  onLate(ms: number): void;
  /**
   * Called for each start at a rate.
   *
   * @param ownLateMs how long the program itself delayed the start: the time since it was due and
   * had a free place, from 0
   */
  onStart(ownLateMs: number): void;
  /** A request will be retried. */
  onRetry(cause: string, result: Result): void;
  /** Something that the user should know, in a sentence; it can hold what a server sent. */
  onNotice(text: string): void;
  /** Something that the other schedules of the run have to {@linkcode Schedule.learn}. */
  onNews?(news: News): void;
}

/** The clocks, timers and random numbers that a schedule uses; tests bring their own. */
export interface Environment {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** What has to be added to {@linkcode now} for a clock that all event loops have in common. */
  readonly timeOrigin: number;
  /** Milliseconds since the Unix epoch. */
  epoch(): number;
  /** Calls back after `ms` milliseconds or somewhat later. @returns a function that cancels it */
  after(ms: number, callback: () => void): () => void;
  /** @returns a timer that is not late; the caller closes it */
  preciseTimer(): Pick<PreciseTimer, "after" | "close">;
  /** A number from 0 to below 1. */
  random(): number;
}

/** The environment of a process. */
export const REAL_ENVIRONMENT: Environment = {
  now: () => performance.now(),
  timeOrigin: performance.timeOrigin,
  epoch: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  preciseTimer: () => new PreciseTimer(),
  random: Math.random,
};

/** A request that is being retried. */
interface Begun {
  /** How often it was made so far. */
  readonly times: number;
  /** The result of its last attempt, with all attempts counted. */
  readonly last: Result;
}

/** A request for the pool to start. */
export interface Start {
  readonly target: Target;
  /**
   * When its time began, on the clock of the environment; undefined without a rate. That is the
   * time of the start, less what the request had waited for a free place.
   */
  readonly dueMs: number | undefined;
  /** Why it must not be sent; undefined if it is to be sent. */
  readonly unsent: Unsent | undefined;
}

/** The one {@linkcode Start} of a schedule, which the schedule fills in for each request. */
class ReusedStart implements Start {
  target!: Target;
  dueMs: number | undefined;
  unsent: Unsent | undefined;
}

/**
 * Decides when each request starts. It stands between the source, which it asks only when there is
 * room, and the pool, which asks it only when a place is free.
 *
 * ```text
 * retries that are due ──┐
 * hosts that are ready ──┼──► rate, ramp ──► pool ──► engine ──► settle ──► final result
 * source ────────────────┘                                         │
 *             ▲              ▲                                     │
 *             │   retries ◄──┴─ hosts: free, held, out of order ◄──┘
 * ```
 *
 * A target goes straight through while nothing is held back and no retry waits. What `next()`
 * returns is one object for all requests: read it before the next call.
 */
export class Schedule implements Source<Start> {
  readonly #source: Source<Target>;
  readonly #options: ScheduleOptions;
  readonly #listener: ScheduleListener;
  readonly #environment: Environment;
  /** What the schedules of the run have in common; undefined if there is one. */
  readonly #common: CommonState | undefined;
  readonly #policy: RetryPolicy;
  readonly #hosts: Hosts;
  /** Undefined where no host can take places from another, or with `--no-pause`. */
  readonly #silentHosts: SilentHosts | undefined;
  /** Opens when the network or the proxy fails, so that no host can be reached. */
  readonly #network: CircuitBreaker;
  /** Undefined without a rate. */
  readonly #pacer: Pacer | undefined;
  readonly #window: StartWindow;
  /** The timer of a run with a rate. */
  readonly #preciseTimer: ReturnType<Environment["preciseTimer"]> | undefined;
  /** Whether the last start took the last free place. With a rate, also before the first start. */
  #isFull: boolean;
  /** Since when there has been a free place. */
  #freeSinceMs = -Infinity;
  /** Requests that wait for their retry; at most twice the concurrency. */
  readonly #retries = new DelayQueue<Target>();
  /** By number, requests that are being retried: in flight, or waiting for their time or host. */
  readonly #begun = new Map<number, Begun>();
  #inFlight = 0;
  readonly #places: Places;
  #hasSource = true;
  #sourceFailure: unknown;
  /** Whether a promise of the source is outstanding, and the target that was pulled ahead. */
  #isPulling = false;
  #pulled: Target | undefined;
  /** Settles the one `next()` that waits, if there is one. */
  #resolve: ((step: MaybePromise<Step<Start>>) => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  /** When the timer goes off; Infinity without one. */
  #timerAtMs = Infinity;
  /** Whether a success would be news, in the usual case. */
  #isFresh = true;
  readonly #hope: Hope;
  readonly #notices: OutageNotices;
  readonly #first: FirstFailures;
  /** Targets that were given and must not be sent; at most the concurrency. */
  readonly #unsent = new Set<Target>();
  /** How many targets in a row were passed over, or not to be sent. */
  #atOnce = 0;
  /** What `next()` returns, and the step around it: no object is made for a request. */
  readonly #start = new ReusedStart();
  readonly #step: Step<Start> = { value: this.#start, done: false };

  constructor(
    source: Source<Target>,
    options: ScheduleOptions,
    listener: ScheduleListener,
    around: Environment = REAL_ENVIRONMENT,
  ) {
    const { concurrency, rate, rampUpMs, hostConcurrency, hostDelayMs, hostGiveUpMs, shared } =
      options;
    this.#source = source;
    this.#options = options;
    this.#listener = listener;
    this.#environment = around;
    this.#common = shared && new CommonState(shared);
    const now = around.now();
    const startMs = shared === undefined ? now : shared.startMs - around.timeOrigin;
    this.#places = new Places(options, options.rampStartMs ?? startMs);
    this.#policy = new RetryPolicy(options.retry, () => around.random());
    this.#hope = new Hope({
      giveUpAfterMs: options.giveUpAfterMs,
      common: this.#common,
      clockMs: around.timeOrigin,
    }, now);
    this.#notices = new OutageNotices({
      hostGiveUpMs,
      common: this.#common,
      nameCause: (result) => this.#policy.nameCause(result),
      onNotice: (text) => listener.onNotice(text),
    });
    // Requests in flight fail together when a host goes down; later ones have to fail as well.
    const failuresToPause = Math.max(MIN_FAILURES, 2 * (shared?.concurrency ?? concurrency));
    this.#silentHosts = options.pauses && !options.hasOneHost && options.unixSocket === undefined
      ? new SilentHosts({
        places: concurrency,
        free: () => this.#places.countFree(this.#inFlight, around.now()),
        now: () => around.now(),
      })
      : undefined;
    this.#hosts = new Hosts({
      concurrency: hostConcurrency,
      delayMs: hostDelayMs,
      catchUpMs: options.hostRate === undefined ? undefined : HOST_CATCH_UP_MS,
      failuresToPause,
      // More than end the run, so that only one of the two is reported: each event loop counts its
      // failures here before it counts them there.
      unreachablesToPause: FIRST_FAILURES + (shared?.count ?? 1),
      giveUpMs: hostGiveUpMs,
      silentHosts: this.#silentHosts,
      onLost: (key) => this.#hasten(key, around.now()),
      onGiveUp: (host) => this.#notices.tellOfGivenUp(host),
      common: this.#common,
      onNews: listener.onNews && ((news) => this.#tell(news)),
    });
    // A user who sets how long to wait for a host is not told at once that it is unreachable.
    const isImpatient = options.pauses && hostGiveUpMs !== Infinity &&
      options.giveUpAfterMs === undefined;
    const hasOwnHosts = hasHostLimits(options);
    this.#first = new FirstFailures(isImpatient, this.#common, hasOwnHosts);
    this.#network = new CircuitBreaker(
      NETWORK_FACTOR * failuresToPause,
      this.#common && new CommonBreaker(this.#common, undefined),
    );
    this.#isFull = rate !== undefined;
    this.#window = START_WINDOWS.find(({ upToRate }) => (rate ?? 0) <= upToRate)!;
    if (rate !== undefined) {
      const pace = { rate, rampUpMs, stages: options.stages?.steps };
      this.#pacer = options.openPacer?.(() => this.#wake()) ??
        (this.#common === undefined
          ? new LocalPacer(pace)
          : new SharedPacer(this.#common, { ...pace, clockMs: around.timeOrigin }));
      this.#preciseTimer = options.timer ?? around.preciseTimer();
    }
  }

  /** How many requests wait for their retry. */
  get retrying(): number {
    return this.#retries.length;
  }

  /** How many hosts are paused after failures; a pause of the network counts as one more. */
  get pausedCount(): number {
    return this.#hosts.pausedCount + (this.#network.isOpen ? 1 : 0);
  }

  /** How many requests wait for their host, or as the next one for their time. */
  get held(): number {
    return this.#hosts.waiting + (this.#pulled === undefined ? 0 : 1);
  }

  next(): MaybePromise<Step<Start>> {
    if (this.#isUnconstrained) {
      const step = this.#pull();
      if (step !== undefined && !step.done) {
        if (this.#mayStartAtOnce(step.value)) {
          this.#inFlight++;
          return this.#give(step.value, undefined, undefined);
        }
        this.#pulled = step.value;
      }
    }
    // The pool asks again at once as long as it has free places.
    if (this.#isFull) {
      this.#isFull = false;
      this.#freeSinceMs = this.#environment.now();
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

  /** Whether every target may start as soon as a place is free. */
  get #isUnconstrained(): boolean {
    return this.#pacer === undefined && this.#places.isSteady &&
      this.#hosts.isOpen && this.#retries.length === 0 && !this.#network.isOpen &&
      this.#hasSource &&
      !this.#isPulling && this.#pulled === undefined;
  }

  #mayStartAtOnce({ url, invalid }: Target): boolean {
    return this.#silentHosts === undefined || invalid !== undefined ||
      this.#silentHosts.startsAtOnce(url);
  }

  /** The next step; undefined if it is not there yet, and {@linkcode #wake} will be called. */
  #next(): Step<Start> | undefined {
    const now = this.#environment.now();
    const openAtMs = this.#openAtMs(now);
    const hasNoWay = this.#first.found?.hasNoWay === true;
    const isHopeless = hasNoWay || now >= this.#hopelessAtMs;
    if (openAtMs > now || isHopeless) {
      // The wait may be long, and the source may have ended.
      this.#lookAhead();
      if (this.#isOver) return this.#end(now);
      if (isHopeless) throw hasNoWay ? this.#first.toError() : this.#hope.toError(now);
      return this.#wait(openAtMs, now);
    }
    if (this.#pacer?.isOver(this.#freeSinceMs)) return this.#end(now);
    const step = this.#candidate(now);
    this.#network.forgo();
    if (step !== undefined) return step;
    if (this.#isOver) return this.#end(now);
    this.#rest(now);
    if (this.#atOnce >= MAX_AT_ONCE) {
      this.#atOnce = 0;
      return this.#wait(now, now);
    }
    if (this.#isNobodyThere(now)) throw this.#first.toError();
    return this.#wait(this.#readyAtMs, now);
  }

  /** When something that waits can be started, as far as time alone decides. */
  get #readyAtMs(): number {
    const { wakeAtMs, giveUpAtMs } = this.#hosts;
    const hostsAtMs = this.#hasRoomForRetries ? wakeAtMs : giveUpAtMs;
    return Math.min(this.#retries.firstAtMs, hostsAtMs);
  }

  /** Records that there is nothing to start: time without anything to start is not made up for. */
  #rest(now: number): void {
    if (this.#pacer?.rest(now)) this.#tell({ about: "slot" });
  }

  #end(now: number): Step<Start> {
    this.#rest(now);
    // The others wait for a probe that was begun here.
    this.#network.forgo();
    if (this.#sourceFailure !== undefined) throw this.#sourceFailure;
    if (this.#recordEnd()) throw this.#first.toError();
    return { value: undefined, done: true };
  }

  /** Pulls a target ahead if nothing else waits to be started later. */
  #lookAhead(): void {
    if (this.#pulled !== undefined || this.#retries.length > 0 || this.#hosts.waiting > 0) return;
    const step = this.#pull();
    if (step !== undefined && !step.done) this.#pulled = step.value;
  }

  /** When anything may start at all; Infinity if time alone does not decide. */
  #openAtMs(now: number): number {
    if (this.#network.isHalfOpen) {
      this.#rest(now);
      return Infinity;
    }
    const atMs = this.#pacer === undefined
      ? Math.max(this.#network.probeAtMs, this.#places.freeAtMs(this.#inFlight, now))
      : this.#dueAtMs(this.#pacer, now);
    return atMs > now || this.#network.mayBegin(now) ? atMs : this.#network.probeAtMs;
  }

  /** When the next start is due, and may be early or late. */
  #dueAtMs(pacer: Pacer, now: number): number {
    const { probeAtMs } = this.#network;
    if (probeAtMs > now) {
      this.#rest(now);
      return probeAtMs;
    }
    const { earlyMs, lateMs } = this.#window;
    if (pacer.dueMs > now + earlyMs) {
      // Another event loop may have something to start at that time.
      if (!this.#isReady(now)) {
        this.#rest(now);
        return this.#readyAtMs;
      }
      pacer.claim(now);
      if (pacer.dueMs > now + earlyMs) return pacer.dueMs + lateMs;
    }
    // A place that has just become free takes an overdue request. Several do not take all at once.
    if (this.#inFlight === this.#options.concurrency - 1) return now;
    return pacer.nextInBurst(Math.max(1, Math.ceil(this.#options.rate! * TICK_MS / 1000)), now);
  }

  /** Whether something can be started at this time, as far as is known without starting it. */
  #isReady(now: number): boolean {
    if (this.#pulled !== undefined || this.#readyAtMs <= now || this.#hosts.hasHeldBack) {
      return true;
    }
    if (!this.#hasRoomForRetries || this.#hosts.isFull(now)) return false;
    const step = this.#pull();
    if (step !== undefined && !step.done) this.#pulled = step.value;
    return this.#pulled !== undefined;
  }

  /** The next target to start, retries first, or one that must not be sent; undefined if none. */
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
    // The requests in flight may need a retry as well.
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
      // A target that has waited longer may start in its place.
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
    return this.#silentHosts === undefined && this.#hosts.isOpen;
  }

  get #hasRoomForRetries(): boolean {
    return this.#retries.length < this.#options.concurrency;
  }

  /** Emits a target, to be sent or not; undefined if the target has to wait for its host. */
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

  /** The source's next step; undefined if it is not at hand. */
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
      else this.#first.begin();
      return step;
    }
    this.#isPulling = true;
    step.then((step) => {
      if (step.done) this.#endSource(undefined);
      else {
        this.#first.begin();
        this.#pulled = step.value;
      }
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

  /** Whether nothing is left to start, and no retry can come. */
  get #isOver(): boolean {
    return !this.#hasSource && !this.#isPulling && this.#pulled === undefined &&
      this.#hosts.waiting === 0 && this.#retries.length === 0 &&
      (this.#inFlight === 0 || this.#policy.retries === 0);
  }

  /**
   * Records the end, once nothing is in flight: that can still find another host.
   *
   * @returns whether the other schedules only wait for an unreachable host
   */
  #recordEnd(): boolean {
    return this.#isOver && this.#inFlight === 0 && this.#first.settle("ended") &&
      this.#first.isEnough;
  }

  #emit(target: Target, now: number, unsent?: Unsent): Step<Start> {
    this.#inFlight++;
    let dueMs: number | undefined;
    if (unsent !== undefined) this.#unsent.add(target);
    else if (target.invalid === undefined) {
      this.#network.begin(target);
      this.#silentHosts?.start(target.url);
      if (this.#pacer !== undefined) dueMs = this.#keepPace(this.#pacer, now);
    }
    return this.#give(target, dueMs, unsent);
  }

  /**
   * Advances to the next start, and reports how late this one was. The wait for a free place is part
   * of the request's time, because the server or the concurrency caused it. The program itself
   * caused the rest.
   *
   * ```text
   * due ──────────► a place is free ──────────► started
   *     late, in ms                 own lateness
   * ```
   *
   * @returns when the time of this request began
   */
  #keepPace(pacer: Pacer, now: number): number {
    pacer.claim(now);
    const { dueMs, readyMs } = pacer;
    // Before it was ready, the places of the others were in use.
    const lateMs = Math.max(0, this.#freeSinceMs - dueMs, readyMs - dueMs);
    if (lateMs > TICK_MS) this.#listener.onLate(lateMs);
    this.#listener.onStart(Math.max(0, now - lateMs - dueMs));
    this.#isFull = this.#inFlight >= this.#options.concurrency;
    pacer.advance(now);
    return now - lateMs;
  }

  /** Sets a timer for {@linkcode #wake}, at the latest for when the run is given up. */
  #wait(untilMs: number, now: number): undefined {
    const wakeAtMs = Math.min(untilMs, this.#hopelessAtMs);
    const timer = this.#preciseTimer;
    if (timer !== undefined) return this.#waitPrecisely(timer, wakeAtMs, now);
    // A timer that fires too early costs less than setting another after each response.
    if (wakeAtMs >= this.#timerAtMs) return;
    this.#cancelTimer?.();
    // Rounded up: a timer that fires early would have to be set again.
    const ms = Math.min(MAX_TIMER_MS, Math.max(MIN_WAIT_MS, Math.ceil(wakeAtMs - now)));
    this.#timerAtMs = now + ms;
    this.#cancelTimer = this.#environment.after(ms, () => {
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

  /** Settles the `next()` that waits, if there is something for it by now. */
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
   * Settles the result of a target that {@linkcode next} gave. Call it once for each.
   *
   * @returns the result of the request, with all attempts counted; undefined if the request will be
   * retried
   */
  settle(result: Result): Result | undefined {
    this.#inFlight--;
    const wasSent = this.#unsent.size === 0 || !this.#unsent.delete(result.target);
    if (this.#silentHosts?.isObserving && wasSent && result.target.invalid === undefined) {
      this.#silentHosts.end(result.target.url, hasResponded(result), result.ms);
    }
    if (!this.#places.isSteady && wasSent && result.target.invalid === undefined) {
      this.#places.think(result.target.i, this.#environment.now());
    }
    const isTold = wasSent && result.error !== "cancelled" && result.error !== "url";
    const isTransient = isTold && this.#policy.isTransient(result);
    // In most runs this is all that there is to do.
    if (
      !isTransient && result.retryAfter === null && this.#hosts.isOpen && !this.#network.isOpen &&
      this.#begun.size === 0
    ) {
      if (isTold && this.#isFresh) {
        this.#isFresh = false;
        this.#hope.recordSuccess();
        this.#first.stop();
      }
      if (this.#resolve !== undefined) this.#wake();
      return result;
    }
    const now = this.#environment.now();
    const holdMs = this.#readHold(result);
    if (wasSent) this.#recordOutcome(result, isTold ? isTransient : undefined, holdMs, now);
    const before = this.#begun.get(result.target.i);
    const attempts = (before?.last.attempts ?? 0) + result.attempts;
    // What the engine sent again by itself does not use up a retry.
    const times = (before?.times ?? 0) + 1;
    const wantsMore = isTold && this.#policy.wantsMore(result, times);
    if (wantsMore) this.#retry(result, { times, attempts }, holdMs, now);
    else this.#countFirst(result, isTold, now);
    if (this.#recordEnd()) this.#tellOfFirst();
    this.#wake();
    if (wantsMore) return undefined;
    this.#begun.delete(result.target.i);
    const { last } = wasSent || before === undefined ? { last: result } : before;
    return this.#policy.toFinal(last, attempts);
  }

  /** How many milliseconds a server asked to be left alone; 0 if it did not ask. */
  #readHold({ retryAfter }: Result): number {
    if (retryAfter === null) return 0;
    return Math.min(MAX_HOLD_MS, parseRetryAfter(retryAfter, this.#environment.epoch()) ?? 0);
  }

  /** Records what a result tells about its host and about the network. */
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
    const hadPauses = this.pausedCount > 0;
    const isOut = isTransient === false ? status === 407 : isTransient;
    if (isOut === false) {
      this.#hope.recordSuccess();
      this.#hope.renew(now);
    }
    const change = this.#hosts.end(target, isOut, holdMs, now, result);
    if (change !== undefined) {
      this.#notices.tellOfHost(change, formatHost(target.url), result);
    }
    this.#recordNetwork(result, now);
    if (!hadPauses) this.#hope.renew(now);
  }

  #recordNetwork(result: Result, now: number): void {
    const network = this.#network;
    const isFailure = isNetworkFailure(result);
    const wasProbe = network.isProbe(result.target);
    const change = network.end(result.target, isFailure, now);
    if (change === undefined) {
      if (wasProbe && isFailure) this.#tellOfNetwork("failed");
      return;
    }
    // While all places are in use, nobody asks during a pause.
    this.#rest(now);
    if (!network.isFirst) return;
    this.#notices.tellOfNetwork(change, result);
    this.#tellOfNetwork(change);
  }

  #tellOfNetwork(change: NetworkNews["change"]): void {
    if (this.#common === undefined) return;
    this.#tell({ about: "network", change, breaker: this.#network.state });
  }

  /** Tells the other schedules of the run. */
  #tell(news: News): void {
    this.#listener.onNews?.(shiftNews(news, this.#environment.timeOrigin));
  }

  /** Takes over what another schedule of the run has told. */
  learn(told: News): void {
    const now = this.#environment.now();
    const news = shiftNews(told, -this.#environment.timeOrigin);
    const hadPauses = this.pausedCount > 0;
    switch (news.about) {
      case "host":
      case "hold":
        this.#hosts.learn(news, now);
        break;
      case "network":
        if (this.#network.isOpen !== (news.change === "opened")) this.#network.learn(news.breaker);
        this.#rest(now);
        break;
      case "first requests":
        this.#first.found ??= news;
        break;
      case "slot":
        this.#pacer?.hasten();
    }
    if (!hadPauses && this.pausedCount > 0) this.#hope.renew(now);
    this.#wake();
  }

  /**
   * Counts the first requests of a run as long as all of them find one host unreachable. After
   * enough of them the host is paused, so that targets of other hosts come to light.
   */
  #countFirst(result: Result, isTold: boolean, now: number): void {
    const first = this.#first;
    if (!isTold || !first.isCounting) return;
    if (!result.isUnreachable) return first.stop();
    const way = this.#describeWay(result);
    if (!first.add(way ?? parseHost(result.target.url))) return;
    first.found = {
      name: way ?? formatHost(result.target.url),
      cause: this.#notices.describeFailure(result),
      hasNoWay: way !== undefined,
    };
    this.#tellOfFirst();
    this.#hosts.pause(result.target, now);
  }

  #tellOfFirst(): void {
    this.#tell({ about: "first requests", ...this.#first.found! });
  }

  /** The proxy or Unix socket that a request failed at, in words; undefined for the host itself. */
  #describeWay({ scope }: Result): string | undefined {
    const { proxy, unixSocket } = this.#options;
    if (unixSocket !== undefined) return `the Unix socket '${unixSocket}'`;
    return proxy === undefined || scope !== "proxy"
      ? undefined
      : `the proxy ${formatAuthority(proxy)}`;
  }

  /**
   * Whether the only host is unreachable: the run has no other, or the source has not, as far as it
   * was read. That is to its end, or as far as targets can be kept waiting.
   */
  #isNobodyThere(now: number): boolean {
    return this.#first.isEnough && this.#inFlight === 0 && this.#pulled === undefined &&
      (this.#options.hasOneHost || !this.#hasSource || this.#hosts.isFull(now)) &&
      this.#first.settle("stuck");
  }

  /** Makes the retries of a host due at once: they wait for their host, or fail if it is given up. */
  #hasten(key: string, now: number): void {
    this.#retries.hasten(({ url }) => parseHost(url) === key, now);
  }

  #retry(
    result: Result,
    { times, attempts }: { times: number; attempts: number },
    holdMs: number,
    now: number,
  ): void {
    const { target } = result;
    this.#listener.onRetry(this.#policy.nameCause(result), result);
    const kept = detachTarget(target);
    const last = { ...result, target: kept, attempts, isAttemptCounted: true };
    this.#begun.set(target.i, { times, last });
    const waitMs = Math.max(holdMs, this.#policy.waitMs(times));
    // A paused host has its own time, and its retries must not take the places of others.
    this.#retries.add(kept, this.#hosts.isPaused(kept) ? now : now + waitMs);
  }

  /** When a run that pauses is given up; Infinity while it does not pause. */
  get #hopelessAtMs(): number {
    if (!this.#network.isOpen && (this.#hosts.pausedCount === 0 || this.#hosts.waiting === 0)) {
      return Infinity;
    }
    return this.#hope.endMs;
  }

  /**
   * The requests that still wait for their retry when the run ends, with their last results.
   *
   * @param isCutShort whether the run ended early: the last attempt is then not the request's result
   */
  *drain(isCutShort: boolean): Generator<Result> {
    for (const { last } of this.#begun.values()) {
      yield isCutShort
        ? {
          ...last,
          // The last response is not the request's result, so nothing of it is kept.
          status: null,
          location: null,
          captures: undefined,
          expectation: undefined,
          error: "cancelled",
          scope: undefined,
          isUnreachable: false,
          detail: `the run ended before the next attempt; the last one was: ${
            this.#policy.nameCause(last)
          }`,
        }
        : this.#policy.toFinal(last, last.attempts);
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
