import { MAX_KNOWN_LENGTH, parseHost, sliceOrigin } from "../http/host.ts";
import { detachString } from "../text/detach.ts";

/** A host that keeps silent leaves so many places free for each that it holds. */
const FREE_FOR_EACH = 7;
/** A host has fallen silent after twice the time that its answers took, and this. */
const GRACE_MS = 50;
/** What is left of the longest such time with each answer that took less. */
const FADING = 0.9;
/** A host whose targets were held back for so long, with no answer, is taken for a silent one. */
const SILENT_AFTER_MS = 1_000;
/** When so many targets of one host in a row were held back, no other host is in sight. */
const MAX_IN_A_ROW = 10_000;
/** With so many hosts it is seen to which can be forgotten. */
const SWEEP_THRESHOLD = 5_000;

/** What is known of a host. */
class Share {
  readonly key: string;
  /** How many more requests may start without an answer, whatever else is in flight. */
  trust = 0;
  /** Requests in flight that started when trust was at an end, or nearly. */
  observed = 0;
  /** When it has fallen silent, if it does not answer by then. */
  silentAtMs = -Infinity;
  /** About the longest time that an answer took. */
  latencyMs = 0;
  /** When the first target was held back since the last answer; Infinity if none was. */
  heldAtMs = Infinity;

  constructor(key: string) {
    this.key = key;
  }
}

/** What {@linkcode SilentHosts} has to know of a run. */
export interface SilentHostsOptions {
  /** Most requests in flight. */
  readonly places: number;
  /** How many of those places are free at present. */
  readonly free: () => number;
  /** What time it is, in milliseconds. */
  readonly now: () => number;
}

/**
 * How many places each host may hold. One that answers may hold any number. One that has not
 * answered yet, or has fallen silent, holds one place, and takes another only while seven times as
 * many as it holds are free: so hosts that never answer leave most places to those that do, and get
 * no more once all are taken. Where no other host is in sight, none is held back.
 *
 * ```text
 *       any answer       starts         starts
 * new ────► trusted ────► observed ────► silent: no more than its share
 *              ▲              │                │
 *              └──────────────┴────────────────┘ any answer
 * ```
 *
 * While every host is trusted, nobody looks whose the answers are: that would cost more than all
 * else here.
 */
export class SilentHosts {
  readonly #free: () => number;
  readonly #now: () => number;
  readonly #trust: number;
  readonly #mostHosts: number;
  readonly #shares = new Map<string, Share>();
  /** The same by what stands before the path, as far as it was seen: to find one costs less. */
  readonly #byStart = new Map<string, Share>();
  /** Requests in flight that are observed, of all hosts; while there is none, answers are not. */
  #observed = 0;
  /** The host of the last target that the source gave. */
  #seen: string | undefined;
  /** Targets of it that were held back since another host was seen; Infinity until then. */
  #inARow = Infinity;

  constructor({ places, free, now }: SilentHostsOptions) {
    this.#free = free;
    this.#now = now;
    this.#trust = Math.ceil(Math.max(places / 16, Math.min(places / 4, 4)));
    this.#mostHosts = Math.max(SWEEP_THRESHOLD, 2 * places);
  }

  /** Hosts of which something is known; at most 5,000, or twice the places. */
  get known(): number {
    return this.#shares.size;
  }

  /** Takes the host of a target that the source gave. */
  see(key: string): void {
    if (key === this.#seen) return;
    if (this.#seen !== undefined) this.#inARow = 0;
    this.#seen = key;
  }

  /**
   * Starts a target of the source if its host may take a place; if not, the host was only seen.
   *
   * @returns whether it started
   */
  startsAtOnce(url: string): boolean {
    const share = this.#of(url);
    this.see(share.key);
    if (!this.#mayTake(share)) return false;
    this.#start(share);
    return true;
  }

  /** Whether a host may take a place. */
  mayTake(key: string): boolean {
    const share = this.#shares.get(key);
    return share === undefined || this.#mayTake(share);
  }

  #mayTake({ trust, observed, silentAtMs }: Share): boolean {
    return trust > 0 || observed === 0 || this.#inARow >= MAX_IN_A_ROW ||
      this.#free() > FREE_FOR_EACH * observed || this.#now() < silentAtMs;
  }

  /** Takes a start, of a host that may take a place, or whatever its share. */
  start(url: string): void {
    this.#start(this.#of(url));
  }

  #start(share: Share): void {
    if (share.trust > 0) share.trust--;
    if (share.trust >= this.#trust) return;
    share.observed++;
    this.#observed++;
  }

  /** Whether ends are to be told of. */
  get isObserving(): boolean {
    return this.#observed > 0;
  }

  /**
   * Takes the end of what was started.
   *
   * @param isAnswer whether the host let hear of itself
   * @param ms how long that took
   */
  end(url: string, isAnswer: boolean, ms: number): void {
    const share = this.#of(url);
    if (share.observed === 0) return;
    const observed = isAnswer ? 0 : share.observed - 1;
    this.#observed -= share.observed - observed;
    share.observed = observed;
    if (!isAnswer) return;
    share.trust = 2 * this.#trust;
    share.latencyMs = Math.max(ms, FADING * share.latencyMs);
    share.silentAtMs = this.#now() + 2 * share.latencyMs + GRACE_MS;
    share.heldAtMs = Infinity;
  }

  /** Takes it that a target has to wait since its host may not take a place. */
  hold(key: string, nowMs: number): void {
    if (key === this.#seen) this.#inARow++;
    const share = this.#shares.get(key);
    if (share !== undefined) share.heldAtMs = Math.min(share.heldAtMs, nowMs);
  }

  /** How many requests to a host are in flight, of those that are observed. */
  observed(key: string): number {
    return this.#shares.get(key)?.observed ?? 0;
  }

  /** When a host whose targets are held back is taken for silent, if it has not answered by then. */
  silentAtMs(key: string): number {
    return (this.#shares.get(key)?.heldAtMs ?? -Infinity) + SILENT_AFTER_MS;
  }

  #of(url: string): Share {
    const start = sliceOrigin(url);
    return this.#byStart.get(start) ?? this.#find(start, url);
  }

  #find(start: string, url: string): Share {
    const key = parseHost(url);
    if (this.#shares.size >= this.#mostHosts) this.#sweep();
    let share = this.#shares.get(key);
    if (share === undefined) this.#shares.set(key, share = new Share(key));
    if (start.length > MAX_KNOWN_LENGTH) return share;
    if (this.#byStart.size >= this.#mostHosts) this.#byStart.clear();
    this.#byStart.set(detachString(start), share);
    return share;
  }

  #sweep(): void {
    for (const [key, { observed }] of this.#shares) {
      if (observed === 0) this.#shares.delete(key);
    }
    this.#byStart.clear();
  }
}
