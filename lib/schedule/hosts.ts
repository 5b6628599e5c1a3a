import { Deque } from "@std/data-structures/deque";
import { formatHost, parseHost } from "../http/url.ts";
import type { ErrorKind } from "../result.ts";
import type { Target } from "../target.ts";
import { detachString } from "../text/detach.ts";
import { type BreakerChange, CircuitBreaker } from "./circuit_breaker.ts";
import { CommonBreaker } from "./common_breaker.ts";
import type { CommonState } from "./common_state.ts";
import { DelayQueue } from "./delay_queue.ts";
import type { Symptom } from "./failure_scope.ts";
import type { HoldNews, HostNews, LastFailure } from "./news.ts";
import type { SilentHosts } from "./silent_hosts.ts";

/**
 * The maximum memory that targets may take while they wait for their host, in all event loops
 * together. The targets of paused hosts may take half of it while other hosts continue.
 */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** About how many bytes a target takes in addition to its texts. */
const TARGET_BYTES = 200;
/** After this many targets of paused hosts in a row, they are assumed to hold up no other host. */
const MAX_IN_A_ROW = 1_000;
/** The maximum number of characters that are kept, or shown, of a failure. */
export const MAX_SHOWN_LENGTH = 200;
/** The maximum number of hosts that are tracked. New ones then wait until one can be forgotten. */
const MAX_HOSTS = 50_000;
/** From this many hosts on, idle ones are swept, at most once in this time. */
const SWEEP_THRESHOLD = 1_000;
const SWEEP_MS = 100;
/** If other hosts have this many successes while a host has none, only that host is down. */
const ENOUGH_SUCCESSES = 10;
/** The longest that a server can hold back its host. */
export const MAX_HOLD_MS = 3_600_000;
/**
 * What other event loops are told of such a time is rounded up to this, so that a thousand responses
 * that ask for about the same do not make a thousand messages.
 */
const HOLD_STEP_MS = 50;

/** The limits for each host. */
export interface HostOptions {
  /** The maximum number of requests in flight, from 1. @default any number */
  readonly concurrency?: number | undefined;
  /** The minimum number of milliseconds between two starts. @default {0} */
  readonly delayMs?: number | undefined;
  /**
   * By how many milliseconds at most a start may have been late for the next one to come earlier, so
   * that the mean of the time between two starts is `delayMs`.
   *
   * @default {0}
   */
  readonly catchUpMs?: number | undefined;
  /** How many failures without a success between them pause a host, from 1. */
  readonly failuresToPause: number;
  /**
   * The same for failures that show that nobody is listening: overload does not cause those.
   *
   * @default as many
   */
  readonly unreachablesToPause?: number | undefined;
  /**
   * How many milliseconds a host is paused, while other hosts succeed, before it is given up.
   *
   * @default {Infinity}
   */
  readonly giveUpMs?: number | undefined;
  /** How many places each host may hold. @default any number */
  readonly silentHosts?: SilentHosts | undefined;
  /** Called when a host is paused or given up, with its key: its retries need not wait any more. */
  readonly onLost?: ((key: string) => void) | undefined;
  /** Called when a host is given up, unless another event loop has told that. */
  readonly onGiveUp?: ((host: GivenUpHost) => void) | undefined;
  /** What the event loops of the run have in common; undefined with one event loop. */
  readonly common?: CommonState | undefined;
  /** Called with what other event loops have to learn, with times as they were given. */
  readonly onNews?: ((news: HostNews | HoldNews) => void) | undefined;
}

/** Whether each host has limits of its own, which all that request it have to keep together. */
export function hasHostLimits(
  { hostConcurrency, hostDelayMs }: {
    readonly hostConcurrency: number | undefined;
    readonly hostDelayMs: number | undefined;
  },
): boolean {
  return hostConcurrency !== undefined || hostDelayMs !== undefined;
}

/** Why a request must not be sent. */
export interface Unsent {
  readonly error: ErrorKind;
  readonly detail: string;
}

/** A host that was given up. */
export interface GivenUpHost {
  /** As {@linkcode parseHost} gives it. */
  readonly key: string;
  /** As {@linkcode formatHost} gives it. */
  readonly name: string;
  /** How the last request failed. */
  readonly cause: string;
}

/** The methods of std's deque that are used here; the package has no types. */
interface Queue {
  readonly length: number;
  pushBack(target: Target): void;
  pushFront(target: Target): void;
  popFront(): Target | undefined;
}

/** A host that is tracked. */
class Host {
  readonly key: string;
  readonly name: string;
  inFlight = 0;
  /** Nothing starts before this time. */
  readyAtMs = 0;
  readonly breaker: CircuitBreaker;
  /**
   * Targets that were passed over, in the order of the source, except that retries go first. They
   * are bounded for all hosts together.
   */
  waiting: Queue | undefined;
  /** The target that goes before all of them. */
  first: Target | undefined;
  waitingBytes = 0;
  /** Its entry in the queue of scheduled hosts, if it has one. */
  entry: QueueEntry | undefined;
  /** The number of the last probe that failed; if that request is retried, it is the next probe. */
  probed: number | undefined;
  /** How the last request failed while the host was paused. */
  last: LastFailure | undefined;
  /** When it is given up; undefined until another host succeeds while it is paused. */
  giveUpAtMs: number | undefined;
  /** Whether a request to it has failed since another host succeeded. */
  hasFailedSince = false;
  /** Whether it is in the queue of hosts to be given up. */
  isWatched = false;
  /** Why its requests are not sent, once it is given up. */
  unsent: Unsent | undefined;
  /** How many requests of all hosts had succeeded at its last success, or when it became known. */
  successesAt: number;
  /** The time before which nothing starts, as far as other event loops know. */
  toldReadyAtMs = 0;

  constructor(key: string, name: string, breaker: CircuitBreaker, successes: number) {
    this.successesAt = successes;
    this.key = key;
    this.name = name;
    this.breaker = breaker;
  }

  /** When a request to it may start, as far as time alone decides. */
  get openAtMs(): number {
    return Math.max(this.readyAtMs, this.breaker.probeAtMs);
  }

  get hasWaiting(): boolean {
    return this.first !== undefined || (this.waiting?.length ?? 0) > 0;
  }

  /** Whether it waits for a probe to succeed, and is not given up. */
  get isPaused(): boolean {
    return this.breaker.isOpen && this.unsent === undefined;
  }
}

/** An entry in the queue of scheduled hosts; void once the host has another one, or none. */
interface QueueEntry {
  readonly host: Host;
  /** Whether the host may start one request beyond its share of places. */
  readonly isBeyondShare?: boolean;
}

/**
 * Decides which host may be requested now, by how many requests to it are in flight, when the last
 * one started, its `Retry-After`, and whether it is paused after failures. Targets whose host has
 * to wait are passed over and kept, within bounds, so that other hosts continue.
 *
 * ```text
 * works ──► paused ── another host succeeds, this one fails, its time is up ─► given up
 *   ▲          │                                                                  │
 *   └──────────┴────────────────────── any success ◄──────────────────────────────┘
 * ```
 *
 * Pure in time: every method is told the time.
 */
export class Hosts {
  readonly #options: HostOptions;
  readonly #hasLimits: boolean;
  readonly #maxWaitingBytes: number;
  readonly #hosts = new Map<string, Host>();
  /** Hosts whose waiting targets need nothing but time to start. */
  readonly #scheduled = new DelayQueue<QueueEntry>();
  #waiting = 0;
  #waitingBytes = 0;
  /** The part of it that belongs to paused hosts. */
  #pausedBytes = 0;
  /** How many targets of paused hosts came since the last target of another host. */
  #inARow = 0;
  /** How many requests of all event loops had succeeded when the last one of these came. */
  #inARowAt = 0;
  #pausedCount = 0;
  /** How many requests succeeded while any host was tracked, in this event loop. */
  #ownSuccesses = 0;
  /** Counts them for all event loops, if each host belongs to one of them. */
  readonly #tally: CommonState | undefined;
  /** Hosts whose waiting targets need nothing but their share; each has a request in flight. */
  readonly #heldBack = new Set<Host>();
  /** When all hosts that are held back count as silent; Infinity while that does not matter. */
  #releaseAtMs = Infinity;
  /** Hosts that were paused since the last success; at most `MAX_HOSTS`. */
  readonly #newlyPaused: Host[] = [];
  /** Paused hosts by the time at which they are given up; each once. */
  readonly #watched = new DelayQueue<Host>();
  /** Hosts that were given up while targets waited for them. */
  readonly #givenUp: Host[] = [];
  /** From this many hosts on, and from this time on, idle hosts are swept. */
  #sweepAt = SWEEP_THRESHOLD;
  #sweepAtMs = 0;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#hasLimits = options.concurrency !== undefined || options.delayMs !== undefined;
    this.#tally = this.#hasLimits ? options.common : undefined;
    this.#maxWaitingBytes = MAX_WAITING_BYTES / (options.common?.count ?? 1);
  }

  /** Whether every host may be requested at any time. */
  get isOpen(): boolean {
    return !this.#hasLimits && this.#hosts.size === 0;
  }

  /** Whether targets wait that need nothing but their host's share of places. */
  get hasHeldBack(): boolean {
    return this.#heldBack.size > 0;
  }

  /** How many targets wait for their host. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many hosts are tracked; at most 50,000. */
  get known(): number {
    return this.#hosts.size;
  }

  /** How many hosts are paused. */
  get pausedCount(): number {
    return this.#pausedCount;
  }

  /** How many requests succeeded while any host was tracked, as far as their hosts can be told. */
  get #successes(): number {
    return this.#tally?.successes ?? this.#ownSuccesses;
  }

  /** Whether no more targets can be passed over. */
  isFull(nowMs: number): boolean {
    if (this.#hosts.size >= this.#sweepAt && nowMs >= this.#sweepAtMs) this.#sweep(nowMs);
    return this.#waitingBytes >= this.#maxWaitingBytes || this.#hosts.size >= MAX_HOSTS;
  }

  /**
   * When a waiting target may start, or a host can be given up or forgotten, as far as time alone
   * decides.
   */
  get wakeAtMs(): number {
    const first = Math.min(this.#scheduled.firstAtMs, this.giveUpAtMs, this.#releaseAtMs);
    return this.#hosts.size >= MAX_HOSTS ? Math.min(first, this.#sweepAtMs) : first;
  }

  /** When the next host is given up, unless it is back by then. */
  get giveUpAtMs(): number {
    return this.#watched.firstAtMs;
  }

  /**
   * Admits a target: it starts, and counts as started, or it waits, or it must not be sent.
   *
   * @param isBegun whether the request is a retry
   * @returns why the target must not be sent, in the last case
   */
  admit(target: Target, nowMs: number, isBegun = false): "starts" | "waits" | Unsent {
    const key = parseHost(target.url);
    let host = this.#hosts.get(key);
    if (!host?.breaker.isOpen) this.#inARow = 0;
    const { silentHosts } = this.#options;
    if (!isBegun) silentHosts?.see(key);
    if (host === undefined) {
      if (!this.#hasLimits && (silentHosts?.mayTake(key) ?? true)) return "starts";
      host = this.#add(key, formatHost(target.url));
    }
    if (host.unsent !== undefined) return host.unsent;
    // Targets that wait already, for their time or share, go first.
    const isNext = host.entry === undefined && !this.#heldBack.has(host);
    if (
      isNext && host.openAtMs <= nowMs && this.#canStart(host) && this.#mayTakePlace(host) &&
      host.breaker.mayBegin(nowMs)
    ) {
      this.#start(host, target, nowMs);
      return "starts";
    }
    if (host.isPaused && !isBegun) {
      this.#countInARow();
      if (this.#hasNoRoomFor(host)) {
        return toUnsent(host, "fails, and no more requests can wait for it");
      }
    }
    this.#hold(host, target, isBegun);
    this.#schedule(host);
    if (this.#heldBack.has(host)) silentHosts?.hold(key, nowMs);
    return "waits";
  }

  #countInARow(): void {
    this.#inARow++;
    if (this.#tally === undefined) return;
    // The targets of others can go to other event loops, which show by their successes that they come.
    const { successes } = this.#tally;
    if (successes !== this.#inARowAt) this.#inARow = 0;
    this.#inARowAt = successes;
  }

  /**
   * Whether a request to a paused host has to fail unsent, so that other hosts need not wait. The
   * request is lost for good, so other hosts have to continue: then only this host is down.
   */
  #hasNoRoomFor(host: Host): boolean {
    return this.#pausedBytes >= this.#maxWaitingBytes / 2 && this.#inARow < MAX_IN_A_ROW &&
      host.hasFailedSince && this.#options.giveUpMs !== Infinity;
  }

  #hold(host: Host, target: Target, isBegun: boolean): void {
    const kept = detachTarget(target);
    const queue = host.waiting ??= new Deque() as Queue;
    if (host.first === undefined && target.i === host.probed) host.first = kept;
    else if (isBegun) queue.pushFront(kept);
    else queue.pushBack(kept);
    this.#waiting++;
    this.#count(host, measureTarget(kept));
  }

  #takeFirst(host: Host): Target {
    const target = host.first ?? host.waiting!.popFront()!;
    host.first = undefined;
    this.#waiting--;
    this.#count(host, -measureTarget(target));
    return target;
  }

  #count(host: Host, bytes: number): void {
    host.waitingBytes += bytes;
    this.#waitingBytes += bytes;
    if (host.isPaused) this.#pausedBytes += bytes;
  }

  /** Whether the host of a target is paused. */
  isPaused({ url }: Target): boolean {
    return this.#pausedCount > 0 && (this.#hosts.get(parseHost(url))?.isPaused ?? false);
  }

  /** A target that waited for a host that is given up, and why the target must not be sent. */
  nextUnsent(nowMs: number): { target: Target; unsent: Unsent } | undefined {
    for (let host; (host = this.#watched.pop(nowMs)) !== undefined;) {
      host.isWatched = false;
      if (!host.isPaused || this.#hosts.get(host.key) !== host) continue;
      // The host may have been back, and may be paused again.
      if (host.giveUpAtMs !== undefined && host.giveUpAtMs > nowMs) this.#watch(host);
      else if (host.hasFailedSince) this.#giveUp(host);
    }
    for (let host; (host = this.#givenUp.at(-1)) !== undefined; this.#givenUp.pop()) {
      const { unsent } = host;
      if (unsent !== undefined && host.hasWaiting) {
        return { target: this.#takeFirst(host), unsent };
      }
    }
    return undefined;
  }

  /** A target that waited and may start now; it counts as started from then on. */
  next(nowMs: number): Target | undefined {
    for (;;) {
      const place = this.#scheduled.pop(nowMs);
      if (place === undefined) return undefined;
      const { host } = place;
      if (host.entry !== place) continue;
      host.entry = undefined;
      // The host may have been put off in the meantime.
      const mayTakePlace = place.isBeyondShare || this.#mayTakePlace(host);
      if (
        !this.#canStart(host) || host.openAtMs > nowMs || !mayTakePlace ||
        !host.breaker.mayBegin(nowMs)
      ) {
        this.#schedule(host);
        continue;
      }
      const target = this.#takeFirst(host);
      this.#start(host, target, nowMs);
      this.#schedule(host);
      return target;
    }
  }

  /**
   * A target of a host that is held back, for when nothing else can start. It is one of the host
   * with the fewest requests in flight, if that host may have another place by now, or if no other
   * host can use the places. It counts as started.
   *
   * @param isAll whether no target of another host can come to light
   */
  nextHeldBack(nowMs: number, isAll: boolean): Target | undefined {
    this.#releaseAtMs = Infinity;
    const { silentHosts } = this.#options;
    if (silentHosts === undefined || this.#heldBack.size === 0) return undefined;
    let first: Host | undefined;
    let least = Infinity;
    let silentAtMs = -Infinity;
    let bytes = this.#pausedBytes;
    for (const host of this.#heldBack) {
      bytes += host.waitingBytes;
      silentAtMs = Math.max(silentAtMs, silentHosts.silentAtMs(host.key));
      const observed = silentHosts.observed(host.key);
      if (observed >= least || !this.#canStart(host)) continue;
      first = host;
      least = observed;
    }
    if (first === undefined) return undefined;
    if (!silentHosts.mayTake(first.key)) {
      // Other hosts wait for their time, and will need a place then.
      if (!isAll || bytes < this.#waitingBytes) return undefined;
      if (silentAtMs > nowMs) {
        this.#releaseAtMs = silentAtMs;
        return undefined;
      }
    }
    this.#enqueue(first, true);
    return this.next(nowMs);
  }

  /** Whether a request to it needs nothing but time to start. */
  #canStart(host: Host): boolean {
    return host.inFlight < (this.#options.concurrency ?? Infinity) && !host.breaker.isHalfOpen;
  }

  #start(host: Host, target: Target, nowMs: number): void {
    host.inFlight++;
    host.breaker.begin(target);
    const { delayMs, catchUpMs = 0 } = this.#options;
    if (delayMs === undefined) return;
    const wasLate = nowMs - host.readyAtMs <= catchUpMs;
    host.readyAtMs = delayMs + (wasLate ? host.readyAtMs : nowMs);
  }

  /** Whether its share leaves it a place; while it is paused, its probes alone decide. */
  #mayTakePlace({ key, breaker }: Host): boolean {
    return breaker.isOpen || (this.#options.silentHosts?.mayTake(key) ?? true);
  }

  #schedule(host: Host): void {
    if (host.entry !== undefined || !host.hasWaiting || !this.#canStart(host)) return;
    if (host.unsent !== undefined) return;
    if (this.#mayTakePlace(host)) this.#enqueue(host, false);
    else this.#heldBack.add(host);
  }

  #enqueue(host: Host, isBeyondShare: boolean): void {
    this.#heldBack.delete(host);
    host.entry = { host, isBeyondShare };
    this.#scheduled.add(host.entry, host.openAtMs);
  }

  /**
   * Records the end of a request that had started.
   *
   * @param isTransient whether the cause can pass with time; undefined if it tells nothing
   * about the host
   * @param holdMs how many milliseconds the host asked to be left alone, from 0 to
   * {@linkcode MAX_HOLD_MS}
   * @param how how it failed, if it did
   */
  end(
    target: Target,
    isTransient: boolean | undefined,
    holdMs: number,
    nowMs: number,
    how?: Symptom,
  ): BreakerChange {
    const isHeld = holdMs > 0;
    // The usual case: no host needs to be tracked.
    if (this.isOpen && !isTransient && !isHeld) return undefined;
    const key = parseHost(target.url);
    let host = this.#hosts.get(key);
    if (isTransient === false) {
      this.#ownSuccesses++;
      this.#tally?.countSuccess();
      if (host !== undefined) host.successesAt = this.#successes;
    }
    if (host === undefined) {
      if (isTransient === false) this.#startCountdowns(nowMs);
      if (!isTransient && !isHeld) return undefined;
      if (this.#hosts.size >= MAX_HOSTS) return undefined;
      host = this.#add(key, formatHost(target.url));
    } else if (host.inFlight > 0) host.inFlight--;
    const isProbe = host.breaker.isProbe(target);
    const change = host.breaker.end(target, isTransient, nowMs) ??
      this.#unreachable(host, how, nowMs);
    if (change === "opened") this.#pause(host, nowMs);
    if (change === "closed") this.#restore(host);
    if (isTransient === false) this.#startCountdowns(nowMs);
    if (isTransient && host.breaker.isOpen) {
      this.#fail(host, isProbe ? target.i : undefined, nowMs, how);
    }
    if (isHeld) {
      host.readyAtMs = Math.max(host.readyAtMs, nowMs + holdMs);
      this.#tellHold(host);
    }
    const isFirst = change === undefined || host.breaker.isFirst;
    if (change !== undefined && isFirst) this.#tell(host, change);
    else if (isProbe && isTransient && host.unsent === undefined) this.#tell(host, "failed");
    this.#schedule(host);
    if (this.#isForgettable(host, nowMs)) this.#hosts.delete(key);
    return isFirst ? change : undefined;
  }

  #tellHold(host: Host): void {
    // Where a host belongs to one event loop, the others do not request it.
    if (host.readyAtMs <= host.toldReadyAtMs || this.#tally !== undefined) return;
    host.toldReadyAtMs = HOLD_STEP_MS * Math.ceil(host.readyAtMs / HOLD_STEP_MS);
    const { key, name, toldReadyAtMs: readyAtMs } = host;
    this.#options.onNews?.({ about: "hold", key, name, readyAtMs });
  }

  #tell(host: Host, change: HostNews["change"]): void {
    const { onNews } = this.#options;
    if (onNews === undefined) return;
    const { key, name, breaker: { state }, giveUpAtMs, hasFailedSince, last } = host;
    onNews({
      about: "host",
      change,
      key,
      name,
      breaker: state,
      giveUpAtMs,
      hasFailedSince,
      last,
    });
  }

  /** Takes over what another event loop has told, with times on the clock of this one. */
  learn(news: HostNews | HoldNews, nowMs: number): void {
    const { key } = news;
    let host = this.#hosts.get(key);
    if (host === undefined) {
      const isOver = news.about === "host"
        ? news.change === "closed" || news.change === "failed"
        : news.readyAtMs <= nowMs;
      if (isOver || this.#hosts.size >= MAX_HOSTS) return;
      host = this.#add(key, news.name);
    }
    if (news.about === "host") this.#learnBreaker(host, news, nowMs);
    else {
      host.readyAtMs = Math.max(host.readyAtMs, news.readyAtMs);
      host.toldReadyAtMs = Math.max(host.toldReadyAtMs, news.readyAtMs);
    }
    // Its entry may be for another time.
    host.entry = undefined;
    this.#schedule(host);
    if (this.#isForgettable(host, nowMs)) this.#hosts.delete(key);
  }

  #learnBreaker(host: Host, news: HostNews, nowMs: number): void {
    const { change, breaker } = news;
    if (change === "closed") {
      if (!host.breaker.isOpen) return;
      host.breaker.learn(breaker);
      return this.#restore(host);
    }
    if (host.unsent !== undefined) return;
    if (!host.breaker.isOpen) {
      // It may have been closed here in the meantime.
      if (change === "failed") return;
      host.breaker.learn(breaker);
      this.#pause(host, nowMs);
    } else if (change !== "opened") host.breaker.learn(breaker);
    host.last = news.last ?? host.last;
    if (news.giveUpAtMs !== undefined) {
      host.giveUpAtMs ??= news.giveUpAtMs;
      this.#watch(host);
    }
    host.hasFailedSince ||= news.hasFailedSince;
    if (change === "given up") this.#giveUp(host, true);
  }

  /** Pauses a host that is unreachable, although fewer requests failed than usually pause one. */
  #unreachable({ breaker }: Host, how: Symptom | undefined, nowMs: number): BreakerChange {
    const { unreachablesToPause = Infinity } = this.#options;
    if (breaker.isOpen || !how?.isUnreachable) return undefined;
    return breaker.hasFailed(unreachablesToPause) ? breaker.open(nowMs) : undefined;
  }

  /** Pauses the host of a target that has just failed, however few others did; it ends as usual. */
  pause(target: Target, nowMs: number): void {
    const host = this.#hosts.get(parseHost(target.url));
    if (host === undefined || host.breaker.isOpen) return;
    host.breaker.open(nowMs);
    this.#pause(host, nowMs);
    if (host.breaker.isFirst) this.#tell(host, "opened");
  }

  #pause(host: Host, nowMs: number): void {
    this.#pausedCount++;
    this.#pausedBytes += host.waitingBytes;
    // Other hosts may have succeeded while it failed, and have nothing left to do.
    const missed = this.#successes - host.successesAt;
    if (missed >= ENOUGH_SUCCESSES) this.#startCountdown(host, nowMs);
    else this.#newlyPaused.push(host);
    this.#options.onLost?.(host.key);
  }

  /** Takes a host back that was paused or given up. */
  #restore(host: Host): void {
    if (host.unsent === undefined) this.#endPause(host);
    host.unsent = undefined;
    host.giveUpAtMs = undefined;
    host.hasFailedSince = false;
    host.probed = undefined;
    host.last = undefined;
    // Its entry may be for the time of the next probe.
    host.entry = undefined;
  }

  #endPause(host: Host): void {
    this.#pausedCount--;
    this.#pausedBytes -= host.waitingBytes;
  }

  /** Records a success of a host that is not paused: the time of the paused hosts starts running. */
  #startCountdowns(nowMs: number): void {
    for (let host; (host = this.#newlyPaused.pop()) !== undefined;) {
      if (!host.isPaused || host.giveUpAtMs !== undefined) continue;
      this.#startCountdown(host, nowMs);
      this.#tell(host, "hastened");
    }
  }

  #startCountdown(host: Host, nowMs: number): void {
    host.giveUpAtMs = nowMs + (this.#options.giveUpMs ?? Infinity);
    this.#watch(host);
    // If everything was down, this host may be back as well.
    host.breaker.hasten(nowMs);
    host.entry = undefined;
    this.#schedule(host);
  }

  #watch(host: Host): void {
    if (host.isWatched || host.giveUpAtMs === undefined || host.giveUpAtMs === Infinity) return;
    host.isWatched = true;
    this.#watched.add(host, host.giveUpAtMs);
  }

  /** Records a failure of a paused host. @param probed the number of the probe, if it was one */
  #fail(host: Host, probed: number | undefined, nowMs: number, how: Symptom = {}): void {
    host.probed = probed ?? host.probed;
    host.last = {
      error: toKind(how),
      cause: detachString(describeFailure(how).slice(0, MAX_SHOWN_LENGTH)),
    };
    if (host.giveUpAtMs === undefined) return;
    host.hasFailedSince = true;
    if (host.giveUpAtMs <= nowMs && host.isPaused) this.#giveUp(host);
  }

  /** @param isLearnt whether another event loop has told it */
  #giveUp(host: Host, isLearnt = false): void {
    this.#endPause(host);
    const seconds = Math.round(this.#options.giveUpMs! / 100) / 10;
    host.unsent = toUnsent(
      host,
      `was given up, since all requests to it failed for ${seconds} s while other hosts succeeded`,
    );
    host.entry = undefined;
    this.#heldBack.delete(host);
    if (host.hasWaiting) this.#givenUp.push(host);
    this.#options.onLost?.(host.key);
    if (isLearnt || !host.breaker.giveUp()) return;
    this.#options.onGiveUp?.({ key: host.key, name: host.name, cause: host.last!.cause });
    this.#tell(host, "given up");
  }

  #add(key: string, name: string): Host {
    const { failuresToPause, common } = this.#options;
    const breaker = new CircuitBreaker(failuresToPause, common && new CommonBreaker(common, key));
    const host = new Host(key, detachString(name), breaker, this.#successes);
    this.#hosts.set(key, host);
    return host;
  }

  #isForgettable(host: Host, nowMs: number): boolean {
    // Requests in flight matter only where their number is limited.
    const isIdle = host.inFlight === 0 || this.#options.concurrency === undefined;
    return isIdle && !host.hasWaiting && host.readyAtMs <= nowMs && host.breaker.failures === 0 &&
      !host.breaker.isOpen;
  }

  /** Forgets hosts that need no tracking; if there are many, also some whose requests failed. */
  #sweep(nowMs: number): void {
    for (const [key, host] of this.#hosts) {
      if (host.inFlight > 0 || host.hasWaiting || host.readyAtMs > nowMs) continue;
      if (host.breaker.failures > 0 && this.#hosts.size < MAX_HOSTS / 5) continue;
      if (host.isPaused) this.#endPause(host);
      host.breaker.close();
      this.#hosts.delete(key);
    }
    this.#sweepAt = Math.min(MAX_HOSTS, Math.max(SWEEP_THRESHOLD, this.#hosts.size * 2));
    this.#sweepAtMs = nowMs + SWEEP_MS;
  }
}

/** The error of a request that is not sent because others failed like this. */
function toKind({ error }: Symptom): ErrorKind {
  // A status, or a missed expectation, needs a response; an unsent request has none.
  return error === undefined || error === "expect" ? "connect" : error;
}

function describeFailure({ error, status, detail }: Symptom): string {
  return detail ?? error ?? `status ${status}`;
}

function toUnsent({ name, last }: Host, why: string): Unsent {
  const { error, cause } = last!;
  return { error, detail: `not sent: ${name} ${why}; the last failure: ${cause}` };
}

/** A copy for a long wait, whose URL does not keep the block of the input that it was read from. */
export function detachTarget(target: Target): Target {
  return { ...target, url: detachString(target.url) };
}

/** About how many bytes a waiting target holds. */
function measureTarget({ url, headers, body }: Target): number {
  let bytes = TARGET_BYTES + url.length +
    (body === undefined ? 0 : body instanceof Uint8Array ? body.length : body.heldBytes);
  for (const [name, value] of headers) bytes += name.length + value.length;
  return bytes;
}
