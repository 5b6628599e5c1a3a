/** How often it is looked at, while connections are being made. */
const LOOK_MS = 10;
/**
 * With fewer requests under way, connects get through by themselves: a turn of Deno's event loop
 * does 128 operations of sockets (tokio's cooperative budget) before it looks at the rest.
 */
const BUSY = 100;
/** The longest that requests wait in one go. */
const MAX_WAIT_MS = 2_000;
/** From one go to the next: the first time, and at most, where it was of little use. */
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 5_000;
/** Fewer connections than these were not worth the wait. */
const WORTH = 8;

/** What connections are being made, and what else is going on. */
export interface Traffic {
  /** Connections being made. */
  readonly connecting: number;
  /** Connections that were made, ever. */
  readonly made: number;
  /** Connections with a request under way. */
  readonly busy: number;
}

/**
 * Lets connects go before requests where these would starve them: with 500 connections under full
 * load, a connect to this machine took up to 4 s, and of 10,000 in flight there were 600 connections
 * after 10 s. So when none gets through, requests wait for a moment, as long as that helps.
 */
export class ConnectPriority {
  readonly #traffic: () => Traffic;
  readonly #onEnd: () => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Whether requests have to wait. */
  isOn = false;
  #made = 0;
  #madeBefore = 0;
  #changedAtMs = 0;
  #pauseMs = FIRST_PAUSE_MS;

  /** @param onEnd called when requests need wait no more */
  constructor(traffic: () => Traffic, onEnd: () => void) {
    this.#traffic = traffic;
    this.#onEnd = onEnd;
  }

  /** Connections are being made: from now on until there are none, it looks after them. */
  watch(): void {
    if (this.#timer !== undefined) return;
    this.#changedAtMs = performance.now();
    this.#made = this.#traffic().made;
    this.#timer = setInterval(() => this.look(performance.now()), LOOK_MS);
  }

  /** @param now the time of `performance.now()` */
  look(now: number): void {
    const { connecting, made, busy } = this.#traffic();
    const hasProgress = made > this.#made;
    this.#made = made;
    const sinceMs = now - this.#changedAtMs;
    if (this.isOn) {
      if (connecting > 0 && hasProgress && sinceMs < MAX_WAIT_MS) return;
      this.isOn = false;
      this.#changedAtMs = now;
      this.#pauseMs = made - this.#madeBefore < WORTH
        ? Math.min(MAX_PAUSE_MS, this.#pauseMs * 2)
        : FIRST_PAUSE_MS;
      this.#onEnd();
    } else if (connecting > 0 && busy >= BUSY && !hasProgress && sinceMs >= this.#pauseMs) {
      this.isOn = true;
      this.#changedAtMs = now;
      this.#madeBefore = made;
    }
    if (connecting === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
