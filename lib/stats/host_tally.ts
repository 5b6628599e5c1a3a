import { formatHost, parseHost } from "../http/host.ts";
import { detachString } from "../text/detach.ts";
import { truncate } from "../text/truncate.ts";
import type { ObservedResult } from "./observed_result.ts";
import type { HostFigures } from "./snapshot.ts";

/** Most hosts that are told apart. */
const MAX_HOSTS = 1_000;
/** Characters of what is remembered; a name has at most 253. */
const MAX_ORIGIN_LENGTH = 300;
/** What those go by that are beyond. */
const OTHERS = "others";

/** What is counted of a host. */
interface Tally {
  /** With its port. */
  readonly host: string;
  /** Without it where it is the scheme's own. */
  readonly shown: string;
  requests: number;
  failed: number;
  /** Of its answers. */
  ms: number;
  maxMs: number;
}

/** Counts results by host. It takes 0.01 us a result that tells its origin, 0.1 us another. */
export class HostTally {
  /** By host; at most `MAX_HOSTS` and the others. */
  readonly #tallies = new Map<string, Tally>();
  /** The same by origin, which is quicker to find; at most `MAX_HOSTS`. */
  readonly #byOrigin = new Map<string, Tally>();
  /** The origin of the last result, and its tally. */
  #origin: string | undefined;
  #tally: Tally | undefined;

  record(
    { target: { url, invalid }, origin, ms, status, error }: ObservedResult<"url" | "invalid">,
  ): void {
    // Nobody was asked.
    if (invalid !== undefined) return;
    // Of the same origin it is the very same string, most times: nothing is read of it.
    const isLast = origin !== undefined && origin === this.#origin;
    const tally = isLast ? this.#tally! : this.#tallyOf(origin ?? sliceOriginOf(url), url);
    tally.requests++;
    if (error !== undefined) tally.failed++;
    else if (status !== null) {
      tally.ms += ms;
      if (ms > tally.maxMs) tally.maxMs = ms;
    }
  }

  #tallyOf(origin: string, url: string): Tally {
    let tally = this.#byOrigin.get(origin);
    if (tally === undefined) {
      tally = this.#tallyOfHost(truncate(parseHost(url)), truncate(formatHost(url)));
      const isToKeep = this.#byOrigin.size < MAX_HOSTS && origin.length <= MAX_ORIGIN_LENGTH;
      if (isToKeep) this.#byOrigin.set(detachString(origin), tally);
    }
    // It can be part of a URL, which is kept until the next origin comes.
    this.#origin = origin;
    this.#tally = tally;
    return tally;
  }

  #tallyOfHost(host: string, shown: string): Tally {
    const tallies = this.#tallies;
    const isTold = tallies.has(host) || tallies.size < MAX_HOSTS;
    const names = isTold ? { host, shown } : { host: OTHERS, shown: OTHERS };
    let tally = tallies.get(names.host);
    if (tally === undefined) {
      tallies.set(names.host, tally = { ...names, requests: 0, failed: 0, ms: 0, maxMs: 0 });
    }
    return tally;
  }

  /** By host, in the order in which they came. */
  figures(): HostFigures[] {
    const tallies = [...this.#tallies.values()];
    const names = new Map<string, number>();
    for (const { shown } of tallies) names.set(shown, (names.get(shown) ?? 0) + 1);
    return tallies.map(({ host, shown, requests, failed, ms, maxMs }) => ({
      // `http` and `https` of a name are two.
      host: names.get(shown) === 1 ? shown : host,
      requests,
      failed,
      meanMs: requests > failed ? ms / (requests - failed) : 0,
      maxMs,
    }));
  }
}

/** What stands before a URL's path, as it is written; all of it where there is none. */
function sliceOriginOf(url: string): string {
  // As long as "https://"; of a shorter "http:" host the end is found all the same.
  const end = url.indexOf("/", 8);
  return end < 0 ? url : url.slice(0, end);
}
