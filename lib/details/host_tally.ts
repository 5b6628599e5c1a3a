import { hostOf } from "../schedule/hosts.ts";
import type { HostFigures } from "../types.ts";
import { ownText } from "../own_text.ts";
import { cut } from "./cut.ts";
import type { Seen } from "./seen.ts";

/** Most hosts that are told apart. */
const MOST_HOSTS = 1_000;
/** Characters of what is remembered; a name has at most 253. */
const LONGEST_ORIGIN = 300;
/** What those go by that are beyond. */
const OTHERS = "others";

/** What is counted of a host. */
interface Tally {
  readonly host: string;
  requests: number;
  failed: number;
  /** Of its answers. */
  ms: number;
  maxMs: number;
}

/** Counts results by host. It takes 0.1 us a result of the same origin, 0.2 of another. */
export class HostTally {
  /** By host; at most `MOST_HOSTS` and the others. */
  readonly #tallies = new Map<string, Tally>();
  /** The same by what URLs begin with, which is quicker to find; at most `MOST_HOSTS`. */
  readonly #byOrigin = new Map<string, Tally>();
  /** What the last URL began with, and the tally of that. */
  #origin = "";
  #tally: Tally | undefined;

  add({ target: { url, invalid }, ms, status, error }: Seen<"url" | "invalid">): void {
    // Nobody was asked.
    if (invalid !== undefined) return;
    const tally = this.#isLast(url) ? this.#tally! : this.#tallyOf(url);
    tally.requests++;
    if (error !== undefined) tally.failed++;
    else if (status !== null) {
      tally.ms += ms;
      if (ms > tally.maxMs) tally.maxMs = ms;
    }
  }

  /** Whether a URL begins with the last origin, and that is all of its origin. */
  #isLast(url: string): boolean {
    if (this.#tally === undefined || !url.startsWith(this.#origin)) return false;
    const next = url.charCodeAt(this.#origin.length);
    // The end of it, or one of "/", "?", "#", "\\".
    return next !== next || next === 47 || next === 63 || next === 35 || next === 92;
  }

  #tallyOf(url: string): Tally {
    // As long as "https://"; of a shorter "http:" host the end is found all the same.
    const end = url.indexOf("/", 8);
    const origin = end < 0 ? url : url.slice(0, end);
    let tally = this.#byOrigin.get(origin);
    if (tally === undefined) {
      tally = this.#tallyOfHost(cut(hostOf(url)));
      const isToKeep = this.#byOrigin.size < MOST_HOSTS && origin.length <= LONGEST_ORIGIN;
      if (isToKeep) this.#byOrigin.set(ownText(origin), tally);
    }
    // Part of a URL that is kept until the next origin comes.
    this.#origin = origin;
    this.#tally = tally;
    return tally;
  }

  #tallyOfHost(host: string): Tally {
    const tallies = this.#tallies;
    const name = tallies.has(host) || tallies.size < MOST_HOSTS ? host : OTHERS;
    let tally = tallies.get(name);
    if (tally === undefined) {
      tallies.set(name, tally = { host: name, requests: 0, failed: 0, ms: 0, maxMs: 0 });
    }
    return tally;
  }

  /** By host, in the order in which they came. */
  figures(): HostFigures[] {
    return Array.from(this.#tallies.values(), ({ host, requests, failed, ms, maxMs }) => ({
      host,
      requests,
      failed,
      meanMs: requests > failed ? ms / (requests - failed) : 0,
      maxMs,
    }));
  }
}
