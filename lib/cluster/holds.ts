import { BusError } from "../errors.ts";
import type { HoldNews } from "../schedule/news.ts";
import type { Environment } from "../schedule/schedule.ts";
import type { Hold } from "./messages.ts";
import type { ServerClock } from "./server_clock.ts";

/** A shorter hold is over before others have heard of it. */
const MIN_HOLD_MS = 1_000;
/** A hold ends later by up to this: a server that repeats it does not make a message each time. */
const STEP_MS = 1_000;
/** The maximum number of hosts whose holds are shared at a time, and of messages on their way. */
const MAX_HOSTS = 10_000;
const MAX_WRITES = 16;
/** The longest that anybody can hold back a host. */
const MAX_HOLD_MS = 3_600_000;

/** What holds need of the bus. */
export interface HoldBus {
  write(hold: Hold): Promise<void>;
  watch(
    take: (hold: Hold) => Promise<void>,
    fail: (error: unknown) => void,
  ): Promise<() => void>;
}

/** What holds work with. */
export interface HoldsOptions {
  readonly clock: ServerClock;
  readonly around: Pick<Environment, "now" | "timeOrigin">;
  /** Called with what other workers have told. */
  readonly learn: (news: HoldNews) => void;
  /** Called if the bus refuses what is needed. */
  readonly fail: (error: unknown) => void;
}

/** Hosts that have asked one worker to be left alone (`Retry-After`): the others do so, too. */
export class Holds {
  readonly #bus: HoldBus;
  readonly #clock: ServerClock;
  readonly #around: Pick<Environment, "now" | "timeOrigin">;
  readonly #learn: HoldsOptions["learn"];
  readonly #fail: HoldsOptions["fail"];
  /** Until when, on the server's clock; at most {@linkcode MAX_HOSTS}. */
  readonly #untilMs = new Map<string, number>();
  #writes = 0;
  #stopWatching: () => void = () => {};

  /** Settles once what others have told before is learnt. */
  static async open(bus: HoldBus, options: HoldsOptions): Promise<Holds> {
    const holds = new Holds(bus, options);
    holds.#stopWatching = await bus.watch(
      (hold) => holds.#take(hold).catch(() => {}),
      options.fail,
    );
    return holds;
  }

  private constructor(bus: HoldBus, { clock, around, learn, fail }: HoldsOptions) {
    this.#bus = bus;
    this.#clock = clock;
    this.#around = around;
    this.#learn = learn;
    this.#fail = fail;
  }

  /** Tells the other workers. It may not reach them: each of them is told by the host as well. */
  share({ key, readyAtMs }: HoldNews): void {
    const ms = readyAtMs - this.#around.timeOrigin;
    if (ms - this.#around.now() < MIN_HOLD_MS) return;
    this.#write(key, ms).catch((error) => {
      if (error instanceof BusError && error.trouble === "denied") this.#fail(error);
    });
  }

  async #write(host: string, ms: number): Promise<void> {
    await this.#clock.ready();
    const serverMs = ms + this.#clock.offsetMs(this.#around.now());
    const untilMs = STEP_MS * Math.ceil(serverMs / STEP_MS);
    if (this.#writes >= MAX_WRITES || !this.#note(host, untilMs)) return;
    this.#writes++;
    await this.#bus.write({ host, untilMs }).finally(() => this.#writes--);
  }

  async #take({ host, untilMs }: Hold): Promise<void> {
    await this.#clock.ready();
    const now = this.#around.now();
    const leftMs = Math.min(MAX_HOLD_MS, untilMs - this.#clock.offsetMs(now) - now);
    if (leftMs <= 0 || !this.#note(host, untilMs)) return;
    this.#learn({
      about: "hold",
      key: host,
      name: host.replace(/:(80|443)$/, ""),
      readyAtMs: now + leftMs + this.#around.timeOrigin,
    });
  }

  /** @returns whether that is longer than known, and there is room for it */
  #note(host: string, untilMs: number): boolean {
    const known = this.#untilMs;
    if ((known.get(host) ?? 0) >= untilMs) return false;
    if (known.size >= MAX_HOSTS && !known.has(host)) this.#forget();
    if (known.size >= MAX_HOSTS && !known.has(host)) return false;
    known.set(host, untilMs);
    return true;
  }

  /** Forgets what is over. */
  #forget(): void {
    const now = this.#around.now();
    const serverMs = now + this.#clock.offsetMs(now);
    for (const [host, untilMs] of this.#untilMs) {
      if (untilMs <= serverMs) this.#untilMs.delete(host);
    }
  }

  close(): void {
    this.#stopWatching();
  }
}
