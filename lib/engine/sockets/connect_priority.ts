/** The interval of checks while connections are being made. */
const LOOK_MS = 10;
/**
 * With fewer requests in flight, connects get through by themselves: a turn of Deno's event loop does
 * 128 operations of sockets (tokio's cooperative budget) before it gets to the rest.
 */
const BUSY = 100;
/**
 * How long requests wait without a connection being made. A TLS handshake takes several turns of the
 * event loop: with the wait given up after 10 ms, 1,000 of them needed more than 12 s on a busy machine.
 */
const MAX_IDLE_WAIT_MS = 50;
/** The longest time that requests wait at once. */
const MAX_WAIT_MS = 2_000;
/** The time from one wait to the next: at first, and at most if a wait was of little use. */
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 5_000;
/** A wait is of little use if fewer connections than this were made. */
const WORTH = 8;

/** How busy the connections are. */
export interface Traffic {
  /** How many connections are being made. */
  readonly connecting: number;
  /** How many connections were made so far. */
  readonly made: number;
  /** How many connections have a request in flight. */
  readonly busy: number;
}

/**
 * Lets connects go before requests that would starve them. With 500 connections under full load, a
 * connect to this machine took up to 4 s, and a run with 10,000 in flight had 600 connections after
 * 10 s. So when no connect gets through, requests wait for a moment, as long as that helps.
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
  /** When the last connection was seen that was made, or when requests began to wait. */
  #helpedAtMs = 0;
  #pauseMs = FIRST_PAUSE_MS;

  /** @param onEnd called when requests no longer have to wait */
  constructor(traffic: () => Traffic, onEnd: () => void) {
    this.#traffic = traffic;
    this.#onEnd = onEnd;
  }

  /** Begins checks, which continue until no connection is being made any more. */
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
      if (hasProgress) this.#helpedAtMs = now;
      const helps = now - this.#helpedAtMs < MAX_IDLE_WAIT_MS;
      if (connecting > 0 && helps && sinceMs < MAX_WAIT_MS) return;
      this.isOn = false;
      this.#changedAtMs = now;
      this.#pauseMs = made - this.#madeBefore < WORTH
        ? Math.min(MAX_PAUSE_MS, this.#pauseMs * 2)
        : FIRST_PAUSE_MS;
      this.#onEnd();
    } else if (connecting > 0 && busy >= BUSY && !hasProgress && sinceMs >= this.#pauseMs) {
      this.isOn = true;
      this.#changedAtMs = this.#helpedAtMs = now;
      this.#madeBefore = made;
    }
    if (connecting === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
