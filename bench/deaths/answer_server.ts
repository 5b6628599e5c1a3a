import { type Answer, answerTo } from "./answers.ts";

/** What the server has seen of one case, and how it answers. */
export class Log {
  readonly seed: number;
  /** How often each slot was requested; a case has at most as many slots as its requests. */
  readonly counts: Uint16Array;
  /** All requests so far. */
  total = 0;
  /** The mean of how long an answer takes, in milliseconds. */
  paceMs: number;
  /** How many slots were requested. */
  seen = 0;
  /** How many slots of the present life were requested in an earlier one. */
  again = 0;
  /** From which turn on each slot is answered with 200; undefined as long as some fail. */
  #mendedFrom: Uint16Array | undefined;
  /** The lives of the run, from 1, and in which of them each slot was requested last. */
  #life = 0;
  readonly #lives: Uint16Array;
  #waiting: { total: number; resolve: () => void }[] = [];

  constructor(seed: number, slots: number, paceMs: number) {
    this.seed = seed;
    this.counts = new Uint16Array(slots);
    this.#lives = new Uint16Array(slots);
    this.paceMs = paceMs;
  }

  /** Fulfils once the server has seen so many requests in all. */
  reaches(total: number): Promise<void> {
    if (this.total >= total) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ total, resolve }));
  }

  /** A process begins to go on with the run. */
  beginLife(): void {
    this.#life++;
    this.again = 0;
  }

  add(slot: number): Answer {
    this.total++;
    const turn = this.counts[slot]++;
    if (this.#lives[slot] === 0) this.seen++;
    else if (this.#lives[slot] !== this.#life) this.again++;
    this.#lives[slot] = this.#life;
    if (this.#waiting.length > 0) {
      const due = this.#waiting.filter(({ total }) => total <= this.total);
      this.#waiting = this.#waiting.filter(({ total }) => total > this.total);
      for (const { resolve } of due) resolve();
    }
    return this.answer(slot, turn);
  }

  /** What it says, or said, to the request of a slot. @param turn from 0 */
  answer(slot: number, turn: number): Answer {
    const isMended = this.#mendedFrom !== undefined && turn >= this.#mendedFrom[slot];
    return answerTo(this.seed, slot, turn, isMended);
  }

  /** From now on each answer is 200, and each slot is one that was not requested. */
  mend(): void {
    this.#mendedFrom = this.counts.slice();
    this.#lives.fill(0);
    this.seen = 0;
  }
}

/**
 * A server in this process that counts how often it gets each request: `/KEY/SLOT`. It speaks
 * HTTP/1.1, and HTTP/2 to those who begin with it.
 */
export class AnswerServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #logs = new Map<string, Log>();

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request.url));
  }

  /** Where the requests of a case go, without a slash at the end. */
  url(key: string): string {
    return `http://127.0.0.1:${this.#server.addr.port}/${key}`;
  }

  /** Counts requests with a key from now on. */
  open(key: string, log: Log): void {
    this.#logs.set(key, log);
  }

  close(key: string): void {
    this.#logs.delete(key);
  }

  async #answer(url: string): Promise<Response> {
    const [, key, slot] = /^http:\/\/[^/]+\/(\w+)\/(\d+)(?:\?|$)/.exec(url) ?? [];
    const log = this.#logs.get(key);
    if (log === undefined || !(Number(slot) < log.counts.length)) {
      return new Response(null, { status: 421 });
    }
    const answer = log.add(Number(slot));
    const ms = 2 * Math.random() * log.paceMs;
    if (ms >= 1) await new Promise((resolve) => setTimeout(resolve, ms));
    return toResponse(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

const encoder = new TextEncoder();

function toResponse({ status, type, body, isCut }: Answer): Response {
  const headers: Record<string, string> = { "Content-Type": type };
  if (!isCut) return new Response(body, { status, headers });
  const bytes = encoder.encode(body);
  headers["Content-Length"] = `${bytes.length + 1}`;
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  return new Response(stream, { status, headers });
}
