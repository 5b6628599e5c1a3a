/**
 * Waits for many sockets, while the event loop of the runtime goes on.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { TransportError } from "../transport.ts";
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_MOD,
  EPOLL_EVENT,
  EPOLLIN,
  type Libc,
  readErrno,
  toSystemError,
} from "./libc.ts";

/** The maximum number of milliseconds that a close waits for the other thread. */
const MAX_CLOSE_MS = 1_000;

/** What is written to an `eventfd`: a number of 8 bytes. */
const ONE = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

/** What is waited for. */
export interface Pollable {
  /** @param events `EPOLLIN`, `EPOLLOUT`, `EPOLLERR`, `EPOLLHUP`, added up */
  onReady(events: number): void;
}

/**
 * The maximum number of events of one wait. They take about a millisecond, and timers wait for them.
 */
const MAX_EVENTS = 16;
/** After so many milliseconds the event loop of the runtime gets a turn. */
const SLICE_MS = 1;
/** The longest wait that blocks, in milliseconds. */
const BLOCK_MS = 1;
/**
 * With fewer events in a slice, the wait does not block: a thread waits for the next event then, which
 * costs 50 us for each.
 */
const MIN_BUSY_EVENTS = 2;

/**
 * An `epoll`, and the loop that waits for it.
 *
 * ```text
 * resting ──watch──► slice ◄──► turn of the runtime
 *    ▲                 │ ▲
 *    │          no traffic  an event
 *    │                 ▼ │
 *    └──no socket── waiting, without blocking
 * ```
 *
 * Under load it blocks the thread, for at most {@linkcode BLOCK_MS}: a wait in another thread costs
 * two changes of threads.
 */
export class Poller {
  readonly #libc: Libc;
  readonly #epoll: number;
  /** An `eventfd`, which ends a wait. */
  readonly #alarm: number;
  readonly #alarmCount = new Uint8Array(ONE.length);
  readonly #words = new Int32Array(MAX_EVENTS * EPOLL_EVENT.words);
  /** The same memory. A wait in another thread writes to it: it lives as long as the poller. */
  readonly #bytes = new Uint8Array(this.#words.buffer);
  readonly #request = new Int32Array(EPOLL_EVENT.words);
  readonly #requestBytes = new Uint8Array(this.#request.buffer);
  /** By file descriptor. */
  readonly #watched: (Pollable | undefined)[] = [];
  /**
   * How often a file descriptor was watched, by its number: an event of one that was closed must not
   * reach another that has got its number since.
   */
  readonly #generations: number[] = [];
  #count = 0;
  /** Bounded by what calls {@linkcode afterReads}: each transport once. */
  #after: (() => void)[] = [];
  #state: "resting" | "running" | "waiting" = "resting";
  /** Undefined while it is open. */
  #onFreed: (() => void) | undefined;

  /** @throws {Error} If the system has no file descriptor left. */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#epoll = libc.epoll_create1(EPOLL_CLOEXEC);
    this.#alarm = this.#epoll < 0 ? -1 : libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (this.#alarm < 0) {
      const { code } = toSystemError(readErrno(libc));
      if (this.#epoll >= 0) libc.close(this.#epoll);
      throw new Error(`native sockets need a file descriptor to wait for them: ${code}`);
    }
    this.#control(EPOLL_CTL_ADD, this.#alarm, EPOLLIN, 0);
  }

  /** @returns whether the system could; it may have no memory left */
  #control(operation: number, fd: number, events: number, generation: number): boolean {
    this.#request[0] = events;
    this.#request[EPOLL_EVENT.low] = fd;
    this.#request[EPOLL_EVENT.high] = generation;
    return this.#libc.epoll_ctl(this.#epoll, operation, fd, this.#requestBytes) === 0;
  }

  /**
   * Begins to wait for a file descriptor.
   *
   * @param events `EPOLLIN`, `EPOLLOUT`; errors are always told
   * @returns the error if the system could not
   */
  watch(fd: number, events: number, pollable: Pollable): TransportError | undefined {
    const generation = ((this.#generations[fd] ?? 0) + 1) | 0;
    this.#generations[fd] = generation;
    if (!this.#control(EPOLL_CTL_ADD, fd, events, generation)) {
      return toSystemError(readErrno(this.#libc));
    }
    this.#watched[fd] = pollable;
    this.#count++;
    if (this.#state === "resting") {
      this.#state = "running";
      queueMicrotask(() => void this.#run());
    }
    return undefined;
  }

  /** Changes what is waited for. */
  change(fd: number, events: number): void {
    this.#control(EPOLL_CTL_MOD, fd, events, this.#generations[fd]);
  }

  /** Ends the wait for a file descriptor, which has to be closed then: that makes the system forget it. */
  unwatch(fd: number): void {
    // The system may have refused to watch it.
    if (this.#watched[fd] === undefined) return;
    this.#watched[fd] = undefined;
    this.#count--;
    if (this.#count === 0) this.#wake();
  }

  /** Runs something once, after the events that are known now. */
  afterReads(run: () => void): void {
    this.#after.push(run);
    // The loop does it by itself while it runs.
    if (this.#state === "waiting" || this.#state === "resting") {
      if (this.#after.length === 1) queueMicrotask(() => this.#runAfter());
    }
  }

  /**
   * Frees what it has. Call it when nothing is watched any more.
   *
   * @param done called when it has: a wait in another thread has to end first
   */
  close(done: () => void): void {
    if (this.#onFreed !== undefined) return;
    this.#onFreed = done;
    if (this.#state === "resting") return this.#free();
    if (this.#state !== "waiting") return;
    this.#wake();
    this.#letWaitEnd();
  }

  /**
   * Lets the other thread return from its wait, so that the runtime ends the call in its next turn. Else
   * a test that ends with the close would seem to leave a call behind.
   */
  #letWaitEnd(): void {
    // The system writes the first event when the wait ends.
    for (let ms = 0; ms < MAX_CLOSE_MS && this.#words[0] === 0; ms++) this.#sleep();
    this.#sleep();
  }

  /** Blocks for a millisecond. */
  #sleep(): void {
    this.#libc.poll(null, 0, 1);
  }

  #free(): void {
    this.#libc.close(this.#alarm);
    this.#libc.close(this.#epoll);
    this.#onFreed!();
  }

  /** Ends a wait in another thread. */
  #wake(): void {
    if (this.#state === "waiting") this.#libc.write(this.#alarm, ONE, ONE.length);
  }

  async #run(): Promise<void> {
    const libc = this.#libc;
    let endMs = performance.now() + SLICE_MS;
    let events = 0;
    let isBusy = false;
    while (this.#count > 0 && this.#onFreed === undefined) {
      const blockMs = isBusy && this.#after.length === 0 ? BLOCK_MS : 0;
      let count = libc.epoll_wait(this.#epoll, this.#bytes, MAX_EVENTS, blockMs);
      if (count <= 0 && !isBusy && this.#after.length === 0) {
        this.#state = "waiting";
        this.#words[0] = 0;
        count = await libc.awaitEpoll(this.#epoll, this.#bytes, MAX_EVENTS, -1);
        this.#state = "running";
      }
      this.#dispatch(count);
      events += count;
      const now = performance.now();
      if (now < endMs) {
        // Promises that are settled by now do not wait for the end of the slice.
        await undefined;
        continue;
      }
      isBusy = events > (now - endMs + SLICE_MS) * MIN_BUSY_EVENTS;
      events = 0;
      await new Promise(setImmediate);
      endMs = performance.now() + SLICE_MS;
    }
    this.#state = "resting";
    this.#runAfter();
    if (this.#onFreed !== undefined) this.#free();
  }

  #dispatch(count: number): void {
    for (let i = 0, word = 0; i < count; i++, word += EPOLL_EVENT.words) {
      const fd = this.#words[word + EPOLL_EVENT.low];
      if (fd === this.#alarm) this.#libc.read(fd, this.#alarmCount, ONE.length);
      else if (this.#words[word + EPOLL_EVENT.high] === this.#generations[fd]) {
        this.#watched[fd]?.onReady(this.#words[word]);
      }
    }
    this.#runAfter();
  }

  #runAfter(): void {
    if (this.#after.length === 0) return;
    const after = this.#after;
    this.#after = [];
    for (const run of after) run();
  }
}
