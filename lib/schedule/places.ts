import type { LoadOptions } from "../options/run_options.ts";
import type { SharedRun } from "./common_state.ts";
import { Levels } from "./levels.ts";
import { ThinkTime } from "./think_time.ts";

/** What the places of a schedule depend on. */
export interface PlacesOptions
  extends Pick<LoadOptions, "concurrency" | "rate" | "rampUpMs" | "stages" | "think"> {
  /** The run that the schedule is a part of. @default it has all places of the run */
  readonly shared?: SharedRun | undefined;
}

/**
 * The places of an event loop: how many requests may be in flight, and when there is room for one
 * more. They change while a ramp or stages without a rate do, and one is in use while a user thinks.
 */
export class Places {
  readonly #share: { readonly index: number; readonly count: number };
  readonly #startMs: number;
  /** How many there are; fewer than the concurrency on a ramp. */
  #count: number;
  /** How many the run has by the time; undefined if always all. */
  readonly #levels: Levels | undefined;
  /** Whether they end with the last level, and do not stay. */
  readonly #isStaged: boolean;
  #isChanging: boolean;
  readonly #think: ThinkTime | undefined;

  /** @param startMs when a ramp or the stages began, on the clock of the event loop */
  constructor(options: PlacesOptions, startMs: number) {
    const { concurrency, rate, stages, think, shared } = options;
    this.#share = shared ?? { index: 0, count: 1 };
    this.#startMs = startMs;
    this.#count = concurrency;
    this.#levels = rate === undefined ? toLevels(options) : undefined;
    this.#isStaged = stages !== undefined;
    this.#isChanging = this.#levels !== undefined;
    this.#think = think && new ThinkTime(think);
  }

  /** Whether all are there, and each is free as soon as its request has ended. */
  get isSteady(): boolean {
    return !this.#isChanging && this.#think === undefined;
  }

  /** How many are free. */
  countFree(inFlight: number, nowMs: number): number {
    return this.#count - inFlight - this.#countThinking(nowMs);
  }

  /** When there is room for one more; -Infinity if nothing but the requests in flight limits them. */
  freeAtMs(inFlight: number, nowMs: number): number {
    const thinking = this.#countThinking(nowMs);
    const used = inFlight + thinking;
    const thoughtMs = thinking === 0 ? Infinity : this.#think!.firstMs;
    if (this.#levels === undefined || !this.#isChanging) {
      return thinking === 0 || used < this.#count ? -Infinity : thoughtMs;
    }
    const { index, count } = this.#share;
    const ms = nowMs - this.#startMs;
    // After the last stage, nothing has more places again.
    this.#isChanging = ms < this.#levels.endMs || this.#isStaged;
    // The event loops take the places of the run in turn.
    this.#count = Math.floor((this.#levels.countPlaces(ms) + count - 1 - index) / count);
    const placeMs = this.#startMs + this.#levels.findMoreThan(used * count + index, ms);
    return Math.min(placeMs, thoughtMs);
  }

  /** Lets the place of a request wait, if places do. @param i the number of the request */
  think(i: number, nowMs: number): void {
    this.#think?.begin(i, nowMs);
  }

  #countThinking(nowMs: number): number {
    return this.#think === undefined ? 0 : this.#think.countPlaces(nowMs);
  }
}

/** How the places of a run without a rate change; undefined if all are there from the begin. */
function toLevels({ concurrency, shared, rampUpMs, stages }: PlacesOptions): Levels | undefined {
  if (stages !== undefined) return new Levels(stages.steps);
  if (rampUpMs === undefined) return undefined;
  return new Levels([{ ms: rampUpMs, to: shared?.concurrency ?? concurrency }]);
}
