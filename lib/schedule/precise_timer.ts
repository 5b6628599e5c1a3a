/**
 * How many milliseconds before its time a wake-up is ordered at most: the sleep of the worker ends
 * late, and so does that of the event loop.
 */
export const MAX_LEAD_MS = 0.2;
const FIRST_LEAD_MS = 0.08;
const LEAD_STEP_MS = 0.005;

/** Cells of the shared memory: the last order, and the last order that was carried out. */
const ORDER = 0;
const DONE = 1;
/** The order to stop. */
const STOP = -1;
const LAST_ORDER = 2 ** 30;

/**
 * A timer that keeps its time to some 0.02 ms where the machine is idle. `setTimeout` counts in
 * whole milliseconds and is 1 to 2 ms late. A worker sleeps instead, and wakes the event loop,
 * which stays free for responses meanwhile and does not spin.
 *
 * ```text
 * event loop ──order and ms──► worker: Atomics.wait(ms)
 *            ◄──order is done── Atomics.waitAsync
 * ```
 *
 * A wake-up costs about as much CPU as one by `setTimeout`, and the worker 13 to 16 MB of memory:
 * so only a run with a rate has one. Until it is ready, and if it fails, `setTimeout`
 * does its work.
 */
export class PreciseTimer {
  readonly #memory = new SharedArrayBuffer(16);
  readonly #cells = new Int32Array(this.#memory, 0, 2);
  /** How many milliseconds the worker sleeps for the last order. */
  readonly #sleepMs = new Float64Array(this.#memory, 8, 1);
  #worker: Worker | undefined;
  #isReady = false;
  /** Fulfilled once the worker is ready, or will not be. */
  readonly #started = Promise.withResolvers<void>();
  #isClosed = false;
  /** Whether the event loop is waiting for the worker. */
  #isListening = false;
  #order = 0;
  #dueMs = 0;
  /** The callback of the last order; undefined once it was called or cancelled. */
  #callback: (() => void) | undefined;
  /** Follows the median lateness of wake-ups. */
  #leadMs = FIRST_LEAD_MS;

  /** A timer whose worker is ready: while a worker starts, `setTimeout` is 10 to 25 ms late. */
  static async open(): Promise<PreciseTimer> {
    const timer = new PreciseTimer();
    // In Node, whose workers are others, `setTimeout` does its work.
    if (typeof Worker === "undefined") return timer;
    timer.#worker = timer.#startWorker();
    await timer.#started.promise;
    return timer;
  }

  /**
   * Calls back after `ms` milliseconds, or up to {@linkcode MAX_LEAD_MS} earlier. Only one call can
   * be pending: cancel it before the next.
   *
   * @returns a function that cancels it
   */
  after(ms: number, callback: () => void): () => void {
    if (this.#isClosed) return () => {};
    if (typeof Worker !== "undefined") this.#worker ??= this.#startWorker();
    if (!this.#isReady) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    }
    this.#dueMs = performance.now() + ms;
    this.#callback = callback;
    this.#order = this.#order % LAST_ORDER + 1;
    this.#sleepMs[0] = Math.max(0, ms - this.#leadMs);
    Atomics.store(this.#cells, ORDER, this.#order);
    Atomics.notify(this.#cells, ORDER);
    if (!this.#isListening) this.#listen();
    return () => this.#callback = undefined;
  }

  #startWorker(): Worker {
    const worker = new Worker(
      `data:application/javascript,${encodeURIComponent(`(${carryOutOrders})()`)}`,
      { type: "module" },
    );
    worker.onmessage = () => {
      this.#isReady = true;
      this.#started.resolve();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#started.resolve();
      this.#isReady = false;
      const callback = this.#callback;
      this.#callback = undefined;
      if (callback !== undefined) setTimeout(callback, this.#dueMs - performance.now());
    };
    worker.postMessage(this.#memory);
    return worker;
  }

  /** Arranges that {@linkcode #onDone} is called once the last order is done. */
  #listen(): void {
    const done = Atomics.load(this.#cells, DONE);
    // Read once: an order that ends between two reads would be waited for forever.
    const wait = done === this.#order ? undefined : Atomics.waitAsync(this.#cells, DONE, done);
    this.#isListening = true;
    if (wait?.async) void wait.value.then(this.#onDone);
    else queueMicrotask(this.#onDone);
  }

  readonly #onDone = (): void => {
    this.#isListening = false;
    const callback = this.#callback;
    if (callback === undefined) return;
    if (Atomics.load(this.#cells, DONE) !== this.#order) return this.#listen();
    this.#callback = undefined;
    const isLate = performance.now() > this.#dueMs;
    const leadMs = this.#leadMs + (isLate ? LEAD_STEP_MS : -LEAD_STEP_MS);
    this.#leadMs = Math.min(MAX_LEAD_MS, Math.max(0, leadMs));
    callback();
  };

  /** Ends the worker; no callback is called any more. */
  close(): void {
    this.#isClosed = true;
    this.#callback = undefined;
    Atomics.store(this.#cells, ORDER, STOP);
    Atomics.notify(this.#cells, ORDER);
    this.#worker?.terminate();
  }
}

/** The code of the worker. It is sent there as text, so it can use nothing from outside. */
function carryOutOrders(): void {
  const [ORDER, DONE, STOP] = [0, 1, -1];
  globalThis.addEventListener("message", (event) => {
    const memory: SharedArrayBuffer = (event as MessageEvent).data;
    const cells = new Int32Array(memory, 0, 2);
    const sleepMs = new Float64Array(memory, 8, 1);
    (globalThis as unknown as Worker).postMessage("ready");
    let order = 0;
    for (;;) {
      // Sleeps until there is a new order, unless there is one already.
      Atomics.wait(cells, ORDER, order);
      order = Atomics.load(cells, ORDER);
      if (order === STOP) break;
      const endMs = performance.now() + sleepMs[0];
      for (let restMs; (restMs = endMs - performance.now()) > 0;) {
        // A newer order ends the sleep; a late wake-up for this order does not.
        if (Atomics.wait(cells, ORDER, order, restMs) === "not-equal") break;
      }
      if (Atomics.load(cells, ORDER) !== order) continue;
      Atomics.store(cells, DONE, order);
      Atomics.notify(cells, DONE);
    }
    globalThis.close();
  });
}
