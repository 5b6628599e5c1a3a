import { MAX_ORIGIN_LENGTH, parseHost, sliceOrigin } from "../http/url.ts";
import { detachString } from "../text/detach.ts";

/** A silent host leaves this many places free for each that it holds. */
const FREE_FOR_EACH = 7;
/** A host has fallen silent after twice the time that its responses took, plus this. */
const GRACE_MS = 50;
/** By this factor the longest such time shrinks with each response that took less. */
const FADING = 0.9;
/** A host counts as silent when its targets were held back for this long without a response. */
const SILENT_AFTER_MS = 1_000;
/** After this many targets of one host in a row were held back, no other host is in sight. */
const MAX_IN_A_ROW = 10_000;
/** From this many hosts on, hosts that need no tracking are forgotten. */
const SWEEP_THRESHOLD = 5_000;

/** What is known about a host. */
class Share {
  readonly key: string;
  /** How many more requests may start without a response, whatever else is in flight. */
  trust = 0;
  /** How many requests are in flight that started when trust was used up, or nearly. */
  observed = 0;
  /** When it has fallen silent, unless it responds by then. */
  silentAtMs = -Infinity;
  /** About the longest time that a response took. */
  latencyMs = 0;
  /** When the first target since the last response was held back; Infinity if none was. */
  heldAtMs = Infinity;

  constructor(key: string) {
    this.key = key;
  }
}

/** What {@linkcode SilentHosts} has to know about a run. */
export interface SilentHostsOptions {
  /** The maximum number of requests in flight. */
  readonly places: number;
  /** How many of those places are free at present. */
  readonly free: () => number;
  /** The time, in milliseconds. */
  readonly now: () => number;
}

/**
 * How many places each host may hold. A host that responds may hold any number. A host that has not
 * responded yet, or has fallen silent, holds one place, and takes another only while seven times as
 * many as it holds are free. So hosts that never respond leave most places to those that do. If no
 * other host is in sight, no host is held back.
 *
 * ```text
 *      any response      starts         starts
 * new ────► trusted ────► observed ────► silent: no more than its share
 *              ▲              │                │
 *              └──────────────┴────────────────┘ any response
 * ```
 *
 * While every host is trusted, responses are not told apart by host: that would cost more than
 * everything else here.
 */
export class SilentHosts {
  readonly #free: () => number;
  readonly #now: () => number;
  readonly #trust: number;
  readonly #mostHosts: number;
  readonly #shares = new Map<string, Share>();
  /** The same by the part of a URL before its path, as seen so far: a look-up here costs less. */
  readonly #byStart = new Map<string, Share>();
  /** How many requests to all hosts are observed; while it is 0, responses are not looked at. */
  #observed = 0;
  /** The host of the last target that the source gave. */
  #seen: string | undefined;
  /** How many targets of it were held back since another host was seen; Infinity before that. */
  #inARow = Infinity;

  constructor({ places, free, now }: SilentHostsOptions) {
    this.#free = free;
    this.#now = now;
    this.#trust = Math.ceil(Math.max(places / 16, Math.min(places / 4, 4)));
    this.#mostHosts = Math.max(SWEEP_THRESHOLD, 2 * places);
  }

  /** How many hosts are tracked; at most 5,000, or twice the places. */
  get known(): number {
    return this.#shares.size;
  }

  /** Records the host of a target that the source gave. */
  see(key: string): void {
    if (key === this.#seen) return;
    if (this.#seen !== undefined) this.#inARow = 0;
    this.#seen = key;
  }

  /**
   * Starts a target of the source if its host may take a place; otherwise the host is only recorded.
   *
   * @returns whether it started
   */
  startsAtOnce(url: string): boolean {
    const share = this.#findShare(url);
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

  /** Records the start of a request, whatever the share of its host. */
  start(url: string): void {
    this.#start(this.#findShare(url));
  }

  #start(share: Share): void {
    if (share.trust > 0) share.trust--;
    if (share.trust >= this.#trust) return;
    share.observed++;
    this.#observed++;
  }

  /** Whether ends of requests have to be recorded. */
  get isObserving(): boolean {
    return this.#observed > 0;
  }

  /**
   * Records the end of a request.
   *
   * @param hasResponded whether the host responded, if only to refuse
   * @param ms how long that took
   */
  end(url: string, hasResponded: boolean, ms: number): void {
    const share = this.#findShare(url);
    if (share.observed === 0) return;
    const observed = hasResponded ? 0 : share.observed - 1;
    this.#observed -= share.observed - observed;
    share.observed = observed;
    if (!hasResponded) return;
    share.trust = 2 * this.#trust;
    share.latencyMs = Math.max(ms, FADING * share.latencyMs);
    share.silentAtMs = this.#now() + 2 * share.latencyMs + GRACE_MS;
    share.heldAtMs = Infinity;
  }

  /** Records that a target has to wait because its host may not take a place. */
  hold(key: string, nowMs: number): void {
    if (key === this.#seen) this.#inARow++;
    const share = this.#shares.get(key);
    if (share !== undefined) share.heldAtMs = Math.min(share.heldAtMs, nowMs);
  }

  /** How many observed requests to a host are in flight. */
  observed(key: string): number {
    return this.#shares.get(key)?.observed ?? 0;
  }

  /** When a host whose targets are held back counts as silent, unless it responds by then. */
  silentAtMs(key: string): number {
    return (this.#shares.get(key)?.heldAtMs ?? -Infinity) + SILENT_AFTER_MS;
  }

  #findShare(url: string): Share {
    const start = sliceOrigin(url);
    return this.#byStart.get(start) ?? this.#find(start, url);
  }

  #find(start: string, url: string): Share {
    const key = parseHost(url);
    if (this.#shares.size >= this.#mostHosts) this.#sweep();
    let share = this.#shares.get(key);
    if (share === undefined) this.#shares.set(key, share = new Share(key));
    if (start.length > MAX_ORIGIN_LENGTH) return share;
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
