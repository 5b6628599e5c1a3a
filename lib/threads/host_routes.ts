import { MAX_ORIGIN_LENGTH, parseHost } from "../http/url.ts";
import type { Item, MakeTarget } from "../source/item.ts";
import { detachString } from "../text/detach.ts";
import { hashText } from "../text/hash.ts";

/**
 * So many hosts are dealt out in turn, since a hash can put the few of a small run on one worker.
 * What is too long for a host's name is not kept.
 */
const MAX_IN_TURN = 1_000;

/** Tells which worker makes the requests of a host: always the same one. */
export class HostRoutes {
  readonly #make: MakeTarget;
  readonly #workers: number;
  /** The workers of the first hosts; at most {@linkcode MAX_IN_TURN}, none of which is long. */
  readonly #known = new Map<string, number>();

  /** @param workers how many there are, from 1 */
  constructor(make: MakeTarget, workers: number) {
    this.#make = make;
    this.#workers = workers;
  }

  /** The worker of an item, from 0. */
  find(item: Item): number {
    const { url, invalid } = this.#make(item);
    // It is not sent.
    if (invalid !== undefined) return item.i % this.#workers;
    const host = parseHost(url);
    const known = this.#known.get(host);
    if (known !== undefined) return known;
    if (this.#known.size === MAX_IN_TURN || host.length > MAX_ORIGIN_LENGTH) {
      return hashText(host) % this.#workers;
    }
    const worker = this.#known.size % this.#workers;
    this.#known.set(detachString(host), worker);
    return worker;
  }
}
