import { Deque } from "@std/data-structures/deque";
import { formatHost, parseHost } from "../http/host.ts";
import type { ErrorKind } from "../result.ts";
import type { Target } from "../target.ts";
import { detachString } from "../text/detach.ts";
import { type BreakerChange, CircuitBreaker } from "./circuit_breaker.ts";
import { DelayQueue } from "./delay_queue.ts";
import type { Symptom } from "./failure_scope.ts";
import type { SilentHosts } from "./silent_hosts.ts";

/** Most memory of targets that are looked past because their host has to wait. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** How much of it the targets of paused hosts can have, where other hosts go on. */
const MAX_PAUSED_BYTES = MAX_WAITING_BYTES / 2;
/** About what a target takes beside its texts. */
const TARGET_BYTES = 200;
/** With so many targets of paused hosts in a row, no other host is in sight that waits for them. */
const MAX_IN_A_ROW = 1_000;
/** Most characters that are kept, or shown, of how a request failed. */
export const SHOWN_LENGTH = 200;
/** Most hosts that something is known of. With more, new ones wait until one can be forgotten. */
const MAX_HOSTS = 50_000;
/** With so many it is seen to whether some can be forgotten, and how long until that is done anew. */
const SWEEP_THRESHOLD = 1_000;
const SWEEP_MS = 100;
/** With so many successes of others while a host has none, a pause is that host's own. */
const ENOUGH_SUCCESSES = 10;
/** The longest that a server can hold back its host. */
export const MAX_HOLD_MS = 3_600_000;

/** What each host is to be spared. */
export interface HostOptions {
  /** Most in flight, from 1. @default any number */
  readonly concurrency?: number | undefined;
  /** Least milliseconds between two starts. @default {0} */
  readonly delayMs?: number | undefined;
  /** Failures without a success between them that make an outage of a host, from 1. */
  readonly outageAfter: number;
  /** The same where nobody is there, which is not for want of capacity. @default as many */
  readonly unreachableAfter?: number | undefined;
  /**
   * How long an outage lasts, while other hosts succeed, before the host is given up, in
   * milliseconds. @default {Infinity}
   */
  readonly giveUpMs?: number | undefined;
  /** How many places each host may hold. @default any number */
  readonly shares?: SilentHosts | undefined;
  /** Told when a host is given up. */
  readonly onGiveUp?: ((host: GivenUpHost) => void) | undefined;
}

/** Why a request is not sent. */
export interface Unsent {
  readonly error: ErrorKind;
  readonly detail: string;
}

/** A host that is given up. */
export interface GivenUpHost {
  /** As {@linkcode parseHost} gives it. */
  readonly key: string;
  /** As {@linkcode formatHost} gives it. */
  readonly name: string;
  /** How the last request failed. */
  readonly cause: string;
}

/** What is used of std's deque, which comes without types here. */
interface Queue {
  readonly length: number;
  pushBack(target: Target): void;
  pushFront(target: Target): void;
  popFront(): Target | undefined;
}

/** A host of which something has to be known. */
class Host {
  readonly key: string;
  readonly name: string;
  inFlight = 0;
  /** Before it nothing starts. */
  readyAtMs = 0;
  readonly outage: CircuitBreaker;
  /**
   * What is looked past for now, in the order of the source, but what was begun goes first; bounded
   * for all hosts together.
   */
  waiting: Queue | undefined;
  /** What goes before all of it. */
  first: Target | undefined;
  waitingBytes = 0;
  /** Its place on the agenda, if it has one. */
  place: QueueEntry | undefined;
  /** The number of the last probe that failed; if that request is made again, it is the next. */
  probed: number | undefined;
  /** How the last request failed, in an outage. */
  last: { readonly error: ErrorKind; readonly cause: string } | undefined;
  /** When it is given up; undefined until another host succeeds in its outage. */
  giveUpAtMs: number | undefined;
  /** Whether a request failed here since another host succeeded. */
  hasFailedSince = false;
  /** Whether it is on the agenda of those to be given up. */
  isWatched = false;
  /** Once it is given up: why its requests are not sent. */
  unsent: Unsent | undefined;
  /** How many successes there were of all hosts at its last one, or when it became known. */
  successesAt: number;

  constructor(url: string, key: string, outageAfter: number, successes: number) {
    this.successesAt = successes;
    this.key = key;
    this.name = detachString(formatHost(url));
    this.outage = new CircuitBreaker(outageAfter);
  }

  /** When something may start, as far as time alone decides. */
  get openAtMs(): number {
    return Math.max(this.readyAtMs, this.outage.probeAtMs);
  }

  get hasWaiting(): boolean {
    return this.first !== undefined || (this.waiting?.length ?? 0) > 0;
  }

  /** Whether it is in an outage, and not given up. */
  get isPaused(): boolean {
    return this.outage.isOpen && this.unsent === undefined;
  }
}

/** A place on the agenda; out of use once the host has another, or none. */
interface QueueEntry {
  readonly host: Host;
  /** Whether the host may start one request beyond its share. */
  readonly isLet?: boolean;
}

/**
 * Which host may be asked now: how many are in flight to it, when it was asked last, what it said
 * of later (`Retry-After`), and whether it is out of order. Targets whose host has to wait are
 * looked past and kept, in bounds, so that the others go on.
 *
 * ```text
 * works ──► paused ── another host succeeds, this one fails, the time is up ──► given up
 *   ▲          │                                                                  │
 *   └──────────┴────────────────────── any success ◄──────────────────────────────┘
 * ```
 *
 * Pure in time: it is told what time it is.
 */
export class Hosts {
  readonly #options: HostOptions;
  readonly #hasLimits: boolean;
  readonly #hosts = new Map<string, Host>();
  /** Hosts with something waiting that nothing but time keeps from starting. */
  readonly #scheduled = new DelayQueue<QueueEntry>();
  #waiting = 0;
  #waitingBytes = 0;
  /** What of it is of paused hosts. */
  #pausedBytes = 0;
  /** Targets of paused hosts since the last of another host. */
  #inARow = 0;
  #outages = 0;
  /** Successes while something was known of any host. */
  #successes = 0;
  /** Hosts with something waiting for nothing but their share; each has a request in flight. */
  readonly #heldBack = new Set<Host>();
  /** When those that are held back can all be taken for silent; Infinity where that is no matter. */
  #letAtMs = Infinity;
  /** Hosts that have been paused since the last success; at most `MAX_HOSTS`. */
  readonly #newlyPaused: Host[] = [];
  /** Paused hosts by when they are given up; each once. */
  readonly #watched = new DelayQueue<Host>();
  /** Hosts that were given up while targets waited for them. */
  readonly #givenUp: Host[] = [];
  /** With so many hosts, or at that time, it is seen to what can be forgotten. */
  #sweepAt = SWEEP_THRESHOLD;
  #sweepAtMs = 0;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#hasLimits = options.concurrency !== undefined || options.delayMs !== undefined;
  }

  /** Whether every host may be asked at any time. */
  get isOpen(): boolean {
    return !this.#hasLimits && this.#hosts.size === 0;
  }

  /** Targets that wait for their host. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Hosts of which something is known; at most 50,000. */
  get known(): number {
    return this.#hosts.size;
  }

  /** Hosts that are paused. */
  get outages(): number {
    return this.#outages;
  }

  /** Whether no more can be looked past. */
  isFull(nowMs: number): boolean {
    if (this.#hosts.size >= this.#sweepAt && nowMs >= this.#sweepAtMs) this.#sweep(nowMs);
    return this.#waitingBytes >= MAX_WAITING_BYTES || this.#hosts.size >= MAX_HOSTS;
  }

  /**
   * When a target that waits may start, or a host be given up or forgotten, as far as time alone
   * decides.
   */
  get wakeAtMs(): number {
    const first = Math.min(this.#scheduled.firstAtMs, this.giveUpAtMs, this.#letAtMs);
    return this.#hosts.size >= MAX_HOSTS ? Math.min(first, this.#sweepAtMs) : first;
  }

  /** When a host is given up next, unless it is back by then. */
  get giveUpAtMs(): number {
    return this.#watched.firstAtMs;
  }

  /**
   * Takes a target: either it starts, and counts as started, or it waits, or it is not to be sent.
   *
   * @param isBegun whether it was made before
   * @returns why it is not to be sent, if so
   */
  admit(target: Target, nowMs: number, isBegun = false): "starts" | "waits" | Unsent {
    const key = parseHost(target.url);
    let host = this.#hosts.get(key);
    if (!host?.outage.isOpen) this.#inARow = 0;
    const { shares } = this.#options;
    if (!isBegun) shares?.see(key);
    if (host === undefined) {
      if (!this.#hasLimits && (shares?.mayTake(key) ?? true)) return "starts";
      host = this.#add(target.url, key);
    }
    if (host.unsent !== undefined) return host.unsent;
    // What waits already, for its time or its share, goes first.
    const isNext = host.place === undefined && !this.#heldBack.has(host);
    if (
      isNext && host.openAtMs <= nowMs && this.#canStart(host) && this.#mayTakePlace(host)
    ) {
      this.#start(host, target, nowMs);
      return "starts";
    }
    if (host.isPaused && !isBegun) {
      this.#inARow++;
      if (this.#hasNoRoomFor(host)) {
        return toUnsent(host, "fails, and no more requests can wait for it");
      }
    }
    this.#hold(host, target, isBegun);
    this.#schedule(host);
    if (this.#heldBack.has(host)) shares?.hold(key, nowMs);
    return "waits";
  }

  /**
   * Whether a paused host has to be given up for one request, so that the others need not wait.
   * That is lost for good, so it takes others that go on: then the pause is this host's own.
   */
  #hasNoRoomFor(host: Host): boolean {
    return this.#pausedBytes >= MAX_PAUSED_BYTES && this.#inARow < MAX_IN_A_ROW &&
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

  /** Whether a target has to wait for the end of an outage of its host. */
  isPaused({ url }: Target): boolean {
    return this.#outages > 0 && (this.#hosts.get(parseHost(url))?.isPaused ?? false);
  }

  /** A target that waited for a host that is given up, and why it is not to be sent. */
  nextUnsent(nowMs: number): { target: Target; unsent: Unsent } | undefined {
    for (let host; (host = this.#watched.pop(nowMs)) !== undefined;) {
      host.isWatched = false;
      if (!host.isPaused || this.#hosts.get(host.key) !== host) continue;
      // This outage may be another than the one that it was watched for.
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

  /** A target that waited and may start now; it counts as started. */
  next(nowMs: number): Target | undefined {
    for (;;) {
      const place = this.#scheduled.pop(nowMs);
      if (place === undefined) return undefined;
      const { host } = place;
      if (host.place !== place) continue;
      host.place = undefined;
      // It may have been put off in the meantime.
      const mayTakePlace = place.isLet || this.#mayTakePlace(host);
      if (!this.#canStart(host) || host.openAtMs > nowMs || !mayTakePlace) {
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
   * A target of a host that is held back, where nothing else can start: of the one with the fewest
   * in flight, if that may have another place by now, or if the places are of no use to any other
   * host; it counts as started.
   *
   * @param isAll whether no target of another host can come to light
   */
  nextHeldBack(nowMs: number, isAll: boolean): Target | undefined {
    this.#letAtMs = Infinity;
    const { shares } = this.#options;
    if (shares === undefined || this.#heldBack.size === 0) return undefined;
    let first: Host | undefined;
    let least = Infinity;
    let silentAtMs = -Infinity;
    let bytes = this.#pausedBytes;
    for (const host of this.#heldBack) {
      bytes += host.waitingBytes;
      silentAtMs = Math.max(silentAtMs, shares.silentAtMs(host.key));
      const observed = shares.observed(host.key);
      if (observed >= least || !this.#canStart(host)) continue;
      first = host;
      least = observed;
    }
    if (first === undefined) return undefined;
    if (!shares.mayTake(first.key)) {
      // Others wait for their time, and will need a place then.
      if (!isAll || bytes < this.#waitingBytes) return undefined;
      if (silentAtMs > nowMs) {
        this.#letAtMs = silentAtMs;
        return undefined;
      }
    }
    this.#setPlace(first, true);
    return this.next(nowMs);
  }

  /** Whether nothing but time keeps it from starting. */
  #canStart(host: Host): boolean {
    return host.inFlight < (this.#options.concurrency ?? Infinity) && !host.outage.isHalfOpen;
  }

  #start(host: Host, target: Target, nowMs: number): void {
    host.inFlight++;
    host.outage.begin(target);
    const { delayMs } = this.#options;
    if (delayMs !== undefined) host.readyAtMs = Math.max(host.readyAtMs, nowMs + delayMs);
  }

  /** Whether its share leaves it a place; in an outage that alone decides. */
  #mayTakePlace({ key, outage }: Host): boolean {
    return outage.isOpen || (this.#options.shares?.mayTake(key) ?? true);
  }

  #schedule(host: Host): void {
    if (host.place !== undefined || !host.hasWaiting || !this.#canStart(host)) return;
    if (host.unsent !== undefined) return;
    if (this.#mayTakePlace(host)) this.#setPlace(host, false);
    else this.#heldBack.add(host);
  }

  #setPlace(host: Host, isLet: boolean): void {
    this.#heldBack.delete(host);
    host.place = { host, isLet };
    this.#scheduled.add(host.place, host.openAtMs);
  }

  /**
   * Takes what came of a start.
   *
   * @param isTransient whether it failed by something that time can mend; undefined if it tells
   * nothing of the host
   * @param holdMs how long the host asked to be left alone, from 0 to {@linkcode MAX_HOLD_MS}
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
    // The usual case: nothing to know of any host.
    if (this.isOpen && !isTransient && !isHeld) return undefined;
    const key = parseHost(target.url);
    let host = this.#hosts.get(key);
    if (isTransient === false) {
      this.#successes++;
      if (host !== undefined) host.successesAt = this.#successes;
    }
    if (host === undefined) {
      if (isTransient === false) this.#startCountdowns(nowMs);
      if (!isTransient && !isHeld) return undefined;
      if (this.#hosts.size >= MAX_HOSTS) return undefined;
      host = this.#add(target.url, key);
    } else if (host.inFlight > 0) host.inFlight--;
    const isProbe = host.outage.isProbe(target);
    const change = host.outage.end(target, isTransient, nowMs) ??
      this.#unreachable(host, how, nowMs);
    if (change === "outage") this.#pause(host, nowMs);
    if (change === "back") this.#restore(host);
    if (isTransient === false) this.#startCountdowns(nowMs);
    if (isTransient && host.outage.isOpen) {
      this.#fail(host, isProbe ? target.i : undefined, nowMs, how);
    }
    if (isHeld) {
      host.readyAtMs = Math.max(host.readyAtMs, nowMs + holdMs);
    }
    this.#schedule(host);
    if (this.#isForgettable(host, nowMs)) this.#hosts.delete(key);
    return change;
  }

  /** Whether an outage begins since nobody is there, though fewer requests failed than usually. */
  #unreachable({ outage }: Host, how: Symptom | undefined, nowMs: number): BreakerChange {
    const { unreachableAfter = Infinity } = this.#options;
    if (outage.isOpen || outage.failures < unreachableAfter) return undefined;
    return how?.isUnreachable ? outage.open(nowMs) : undefined;
  }

  /** Pauses the host of a target that has just failed, however few others did; undone as usual. */
  pause(target: Target, nowMs: number): void {
    const host = this.#hosts.get(parseHost(target.url));
    if (host === undefined || host.outage.isOpen) return;
    host.outage.open(nowMs);
    this.#pause(host, nowMs);
  }

  #pause(host: Host, nowMs: number): void {
    this.#outages++;
    this.#pausedBytes += host.waitingBytes;
    // Others may have succeeded while it failed, and have nothing left to do.
    const missed = this.#successes - host.successesAt;
    if (missed >= ENOUGH_SUCCESSES) this.#startCountdown(host, nowMs);
    else this.#newlyPaused.push(host);
  }

  /** Asks a host again that was paused, or given up. */
  #restore(host: Host): void {
    if (host.unsent === undefined) this.#endPause(host);
    host.unsent = undefined;
    host.giveUpAtMs = undefined;
    host.hasFailedSince = false;
    host.probed = undefined;
    host.last = undefined;
    // It may have a place at the time of the next probe.
    host.place = undefined;
  }

  #endPause(host: Host): void {
    this.#outages--;
    this.#pausedBytes -= host.waitingBytes;
  }

  /** Takes a success of another host than those that are paused: their time runs from here. */
  #startCountdowns(nowMs: number): void {
    for (let host; (host = this.#newlyPaused.pop()) !== undefined;) {
      if (host.isPaused) this.#startCountdown(host, nowMs);
    }
  }

  #startCountdown(host: Host, nowMs: number): void {
    host.giveUpAtMs = nowMs + (this.#options.giveUpMs ?? Infinity);
    this.#watch(host);
    // Where everything was out of order, it may be back as well.
    host.outage.hasten(nowMs);
    host.place = undefined;
    this.#schedule(host);
  }

  #watch(host: Host): void {
    if (host.isWatched || host.giveUpAtMs === undefined || host.giveUpAtMs === Infinity) return;
    host.isWatched = true;
    this.#watched.add(host, host.giveUpAtMs);
  }

  /** Takes a failure in an outage. @param probed the number of the probe, if it was one */
  #fail(host: Host, probed: number | undefined, nowMs: number, how: Symptom = {}): void {
    host.probed = probed ?? host.probed;
    host.last = {
      error: toKind(how),
      cause: detachString(describeFailure(how).slice(0, SHOWN_LENGTH)),
    };
    if (host.giveUpAtMs === undefined) return;
    host.hasFailedSince = true;
    if (host.giveUpAtMs <= nowMs && host.isPaused) this.#giveUp(host);
  }

  #giveUp(host: Host): void {
    this.#endPause(host);
    const seconds = Math.round(this.#options.giveUpMs! / 100) / 10;
    host.unsent = toUnsent(
      host,
      `was given up, since all requests to it failed for ${seconds} s while other hosts succeeded`,
    );
    host.place = undefined;
    this.#heldBack.delete(host);
    if (host.hasWaiting) this.#givenUp.push(host);
    this.#options.onGiveUp?.({ key: host.key, name: host.name, cause: host.last!.cause });
  }

  #add(url: string, key: string): Host {
    const host = new Host(url, key, this.#options.outageAfter, this.#successes);
    this.#hosts.set(key, host);
    return host;
  }

  #isForgettable(host: Host, nowMs: number): boolean {
    // What is in flight matters only where it is limited.
    const isIdle = host.inFlight === 0 || this.#options.concurrency === undefined;
    return isIdle && !host.hasWaiting && host.readyAtMs <= nowMs && host.outage.failures === 0;
  }

  /** Forgets hosts of which nothing needs to be known; with many, also that requests failed there. */
  #sweep(nowMs: number): void {
    for (const [key, host] of this.#hosts) {
      if (host.inFlight > 0 || host.hasWaiting || host.readyAtMs > nowMs) continue;
      if (host.outage.failures > 0 && this.#hosts.size < MAX_HOSTS / 5) continue;
      if (host.isPaused) this.#endPause(host);
      this.#hosts.delete(key);
    }
    this.#sweepAt = Math.min(MAX_HOSTS, Math.max(SWEEP_THRESHOLD, this.#hosts.size * 2));
    this.#sweepAtMs = nowMs + SWEEP_MS;
  }
}

/** The error of a request that is not sent because others failed in this way. */
function toKind({ error }: Symptom): ErrorKind {
  // A status, or an expectation that was not met, is of an answer; here there is none.
  return error === undefined || error === "expect" ? "connect" : error;
}

function describeFailure({ error, status, detail }: Symptom): string {
  return detail ?? error ?? `status ${status}`;
}

function toUnsent({ name, last }: Host, why: string): Unsent {
  const { error, cause } = last!;
  return { error, detail: `not sent: ${name} ${why}; the last failure: ${cause}` };
}

/** A target that may wait long: its URL no longer keeps the block of the input that it was read from. */
export function detachTarget(target: Target): Target {
  return { ...target, url: detachString(target.url) };
}

/** About how many bytes a target holds that waits. */
function measureTarget({ url, headers, body }: Target): number {
  let bytes = TARGET_BYTES + url.length + (body?.length ?? 0);
  for (const [name, value] of headers) bytes += name.length + value.length;
  return bytes;
}
