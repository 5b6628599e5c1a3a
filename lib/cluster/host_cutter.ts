import { DelayQueue } from "../schedule/delay_queue.ts";
import type { Item, MakeTarget } from "../source/item.ts";
import { toText } from "../source/lines.ts";
import { HostRoutes } from "../threads/host_routes.ts";
import type { Cutter } from "./cutter.ts";
import { type Cut, SliceBuilder } from "./slice_builder.ts";

/** How many slices can be on the bus at once: as many groups have hosts of their own. */
export const MAX_GROUPS = 128;
/** The maximum number of bytes of items that wait. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** About how many bytes an item takes in addition to its record. */
const ITEM_BYTES = 64;

/** Hosts whose requests one worker makes at a time. */
interface Group {
  readonly builder: SliceBuilder;
  /** Slices that are whole. */
  readonly whole: Cut[];
  /** Whether one of its slices is on the bus, or was until a moment ago. */
  isOut: boolean;
}

/**
 * Cuts items into slices by their hosts, so that one worker at a time makes the requests of a host:
 * then limits for each host hold for the whole run.
 *
 * ```text
 * items ──┬► group of some hosts ──► one slice on the bus ──► all of it has come back
 *         ├► group of others           ▲                         │ time between two starts
 *         └► …                         └──── the next one ◄──────┘
 * ```
 *
 * The numbers of a slice need not follow each other. A group whose slices wait does not hold up
 * others, as long as there is room.
 */
export class HostCutter implements Cutter {
  length = 1;
  readonly #delayMs: number;
  readonly #routes: HostRoutes | undefined;
  readonly #groups: readonly Group[];
  /** Groups whose slice has come back, and whose hosts are not requested yet. */
  readonly #resting = new DelayQueue<Group>();
  /** The group that is looked at first. */
  #turn = 0;
  #count = 0;
  #bytes = 0;
  /** Whether a whole slice may be ready to go out. */
  #hasNews = false;

  /**
   * @param make makes targets for their hosts; undefined if there is one host
   * @param delayMs the minimum number of milliseconds between two starts at a host
   */
  constructor(
    { make, delayMs, ...options }: {
      readonly make: MakeTarget | undefined;
      readonly delayMs: number;
      readonly step: number;
      readonly hasRecords: boolean;
    },
  ) {
    this.#delayMs = delayMs;
    const groups = make === undefined ? 1 : MAX_GROUPS;
    this.#routes = make && new HostRoutes(make, groups);
    this.#groups = Array.from({ length: groups }, (_, group) => ({
      builder: new SliceBuilder(options, group),
      whole: [],
      isOut: false,
    }));
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#bytes >= MAX_WAITING_BYTES;
  }

  get readyAtMs(): number {
    return this.#resting.firstAtMs;
  }

  add(item: Item): void {
    const { builder, whole, isOut } = this.#groups[this.#routes?.find(item) ?? 0];
    builder.length = this.length;
    this.#count++;
    this.#bytes += toText(item.record).length + ITEM_BYTES;
    const cut = builder.add(item);
    if (cut === undefined) return;
    whole.push(cut);
    if (!isOut) this.#hasNews = true;
  }

  take(isPartial: boolean, nowMs: number): Cut | undefined {
    for (let group; (group = this.#resting.pop(nowMs)) !== undefined;) {
      group.isOut = false;
      this.#hasNews = true;
    }
    if (!isPartial && !this.#hasNews) return undefined;
    const { length } = this.#groups;
    for (let k = 0; k < length; k++) {
      const place = (this.#turn + k) % length;
      const group = this.#groups[place];
      if (group.isOut) continue;
      const cut = group.whole.shift() ?? (isPartial ? group.builder.take() : undefined);
      if (cut === undefined) continue;
      group.isOut = true;
      this.#turn = (place + 1) % length;
      this.#count -= cut.count;
      for (const text of cut.records?.texts ?? []) this.#bytes -= text.length;
      this.#bytes -= cut.count * ITEM_BYTES;
      return cut;
    }
    this.#hasNews = false;
    return undefined;
  }

  release(group: number, nowMs: number): void {
    // Its last request may have started just before.
    this.#resting.add(this.#groups[group], nowMs + this.#delayMs);
  }
}
