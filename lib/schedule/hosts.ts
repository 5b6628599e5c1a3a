import { Deque } from "@std/data-structures/deque";
import { ownText } from "../own_text.ts";
import type { Target } from "../types.ts";
import { Agenda } from "./agenda.ts";
import { type Change, Outage } from "./outage.ts";

/** Most targets that are looked past because their host has to wait, and most memory of them. */
const MOST_WAITING = 10_000;
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
/** Most hosts that something is known of. With more, new ones wait until one can be forgotten. */
const MOST_HOSTS = 50_000;
/** With so many it is seen to whether some can be forgotten, and how long until that is done anew. */
const FEW_HOSTS = 1_000;
const SWEEP_MS = 100;
/** The longest that a server can hold back its host. */
export const LONGEST_HOLD_MS = 3_600_000;

/** What each host is to be spared. */
export interface HostOptions {
  /** Most in flight, from 1. @default any number */
  readonly concurrency?: number | undefined;
  /** Least milliseconds between two starts. @default {0} */
  readonly delayMs?: number | undefined;
  /** Failures without a success between them that make an outage of a host, from 1. */
  readonly outageAfter: number;
}

/** What is used of std's deque, which comes without types here. */
interface Queue {
  readonly length: number;
  pushBack(target: Target): void;
  popFront(): Target | undefined;
}

/** A host of which something has to be known. */
class Host {
  readonly key: string;
  inFlight = 0;
  /** Before it nothing starts. */
  readyAtMs = 0;
  readonly outage: Outage;
  /** What is looked past for now, in the order of the source; at most `MOST_WAITING` of all hosts. */
  waiting: Queue | undefined;
  /** Its place on the agenda, if it has one. */
  place: Place | undefined;

  constructor(key: string, outageAfter: number) {
    this.key = key;
    this.outage = new Outage(outageAfter);
  }

  /** When something may start, as far as time alone decides. */
  get openAtMs(): number {
    return Math.max(this.readyAtMs, this.outage.probeAtMs);
  }
}

/** A place on the agenda; out of use once the host has another, or none. */
interface Place {
  readonly host: Host;
}

const AUTHORITY = /^https?:\/\/(?:[^/?#\\@]*@)?([^/?#\\]*)/i;

/**
 * The host of a URL, and its port where that is not the scheme's own, in lower case.
 *
 * @param url a URL that was checked; of other text it gives the text
 */
export function hostOf(url: string): string {
  const host = AUTHORITY.exec(url)?.[1] ?? url;
  return ownText(host.replace(/:(?:80|443)?$/, "").toLowerCase());
}

/**
 * Which host may be asked now: how many are in flight to it, when it was asked last, what it said
 * of later (`Retry-After`), and whether it is out of order. Targets whose host has to wait are
 * looked past and kept, in bounds, so that the others go on.
 *
 * Pure in time: it is told what time it is.
 */
export class Hosts {
  readonly #options: HostOptions;
  readonly #hasLimits: boolean;
  readonly #hosts = new Map<string, Host>();
  /** Hosts with something waiting that nothing but time keeps from starting. */
  readonly #scheduled = new Agenda<Place>();
  #waiting = 0;
  #waitingBytes = 0;
  #outages = 0;
  /** With so many hosts, or at that time, it is seen to what can be forgotten. */
  #sweepAt = FEW_HOSTS;
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

  /** Hosts that are out of order. */
  get outages(): number {
    return this.#outages;
  }

  /** Whether no more can be looked past. */
  isFull(nowMs: number): boolean {
    if (this.#hosts.size >= this.#sweepAt && nowMs >= this.#sweepAtMs) this.#sweep(nowMs);
    return this.#waiting >= MOST_WAITING || this.#waitingBytes >= MOST_WAITING_BYTES ||
      this.#hosts.size >= MOST_HOSTS;
  }

  /** When a target that waits may start, or a host be forgotten, as far as time alone decides. */
  get wakeAtMs(): number {
    const first = this.#scheduled.firstAtMs;
    return this.#hosts.size >= MOST_HOSTS ? Math.min(first, this.#sweepAtMs) : first;
  }

  /** @returns whether a target may start, and then counts as started; else it waits */
  admit(target: Target, nowMs: number): boolean {
    const key = hostOf(target.url);
    let host = this.#hosts.get(key);
    if (host === undefined) {
      if (!this.#hasLimits) return true;
      host = this.#add(key);
    }
    if (this.#canStart(host) && host.openAtMs <= nowMs && host.place === undefined) {
      this.#start(host, target, nowMs);
      return true;
    }
    // It may wait long, and its URL is not to keep the block of the input that it stood in.
    const kept = { ...target, url: ownText(target.url) };
    (host.waiting ??= new Deque() as Queue).pushBack(kept);
    this.#waiting++;
    this.#waitingBytes += sizeOf(kept);
    this.#schedule(host);
    return false;
  }

  /** A target that waited and may start now; it counts as started. */
  next(nowMs: number): Target | undefined {
    for (;;) {
      const place = this.#scheduled.take(nowMs);
      if (place === undefined) return undefined;
      const { host } = place;
      if (host.place !== place) continue;
      host.place = undefined;
      // It may have been put off in the meantime.
      if (!this.#canStart(host) || host.openAtMs > nowMs) {
        this.#schedule(host);
        continue;
      }
      const target = host.waiting!.popFront()!;
      this.#waiting--;
      this.#waitingBytes -= sizeOf(target);
      this.#start(host, target, nowMs);
      this.#schedule(host);
      return target;
    }
  }

  /** Whether nothing but time keeps it from starting. */
  #canStart(host: Host): boolean {
    return host.inFlight < (this.#options.concurrency ?? Infinity) && !host.outage.isProbing;
  }

  #start(host: Host, target: Target, nowMs: number): void {
    host.inFlight++;
    host.outage.begin(target);
    const { delayMs } = this.#options;
    if (delayMs !== undefined) host.readyAtMs = Math.max(host.readyAtMs, nowMs + delayMs);
  }

  #schedule(host: Host): void {
    if (host.place !== undefined || !host.waiting?.length || !this.#canStart(host)) return;
    host.place = { host };
    this.#scheduled.add(host.place, host.openAtMs);
  }

  /**
   * Takes what came of a start.
   *
   * @param isTransient whether it failed by something that time can mend; undefined if it tells
   * nothing of the host
   * @param holdMs how long the host asked to be left alone, from 0 to {@linkcode LONGEST_HOLD_MS}
   */
  end(
    target: Target,
    isTransient: boolean | undefined,
    holdMs: number,
    nowMs: number,
  ): Change {
    const isHeld = holdMs > 0;
    // The usual case: nothing to know of any host.
    if (this.isOpen && !isTransient && !isHeld) return undefined;
    const key = hostOf(target.url);
    let host = this.#hosts.get(key);
    if (host === undefined) {
      if (!isTransient && !isHeld) return undefined;
      if (this.#hosts.size >= MOST_HOSTS) return undefined;
      host = this.#add(key);
    } else if (host.inFlight > 0) host.inFlight--;
    const change = host.outage.end(target, isTransient, nowMs);
    if (change === "outage") this.#outages++;
    if (change === "back") {
      this.#outages--;
      // It may have a place at the time of the next probe.
      host.place = undefined;
    }
    if (isHeld) {
      host.readyAtMs = Math.max(host.readyAtMs, nowMs + holdMs);
    }
    this.#schedule(host);
    if (this.#isForgettable(host, nowMs)) this.#hosts.delete(key);
    return change;
  }

  #add(key: string): Host {
    const host = new Host(key, this.#options.outageAfter);
    this.#hosts.set(key, host);
    return host;
  }

  #isForgettable(host: Host, nowMs: number): boolean {
    return host.inFlight === 0 && !host.waiting?.length && host.readyAtMs <= nowMs &&
      host.outage.failures === 0;
  }

  /** Forgets hosts of which nothing needs to be known; with many, also that requests failed there. */
  #sweep(nowMs: number): void {
    for (const [key, host] of this.#hosts) {
      if (host.inFlight > 0 || host.waiting?.length || host.readyAtMs > nowMs) continue;
      if (host.outage.failures > 0 && this.#hosts.size < MOST_HOSTS / 5) continue;
      if (host.outage.isOn) this.#outages--;
      this.#hosts.delete(key);
    }
    this.#sweepAt = Math.min(MOST_HOSTS, Math.max(FEW_HOSTS, this.#hosts.size * 2));
    this.#sweepAtMs = nowMs + SWEEP_MS;
  }
}

/** About how many octets a target holds that waits. */
function sizeOf({ url, body }: Target): number {
  return url.length + (body?.length ?? 0);
}
