/**
 * The server that metrics are scraped from, while a run lasts.
 *
 * Whoever reaches it can do no more than read: it holds few connections, each for a short time, and
 * takes few in a while, so that it leaves the run its sockets and its time. `Deno.serve` bounds none
 * of these.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { ListenAddress } from "../options/run_options.ts";
import { describeOsError } from "../process/os_error.ts";
import type { Snapshot } from "../stats/snapshot.ts";
import { type Build, CONTENT_TYPE, formatMetrics } from "./exposition.ts";
import { isLocalHostHeader, isLoopback } from "./own_host.ts";
import { MAX_HEAD_BYTES, readHead } from "./request_head.ts";

/** Connections at once; beyond that the oldest is closed for the new one. */
const MAX_OPEN = 16;
/** Connections that are taken in a while; the others wait in the system's queue. */
const MAX_IN_WINDOW = 40;
const WINDOW_MS = 100;
/** Times that a connection is read from, before its answer and behind it: one that drips is closed. */
const MAX_READS = 32;
/** How long a connection may last. */
const MAX_REQUEST_MS = 5_000;
/** For how long the numbers are not taken anew. */
const FRESH_MS = 100;

const HEAD_END = /\r?\n\r?\n/;

/** What the server is asked to tell. */
export interface MetricsSource {
  readonly version: string;
  takeSnapshot(): Snapshot;
}

/** A server of metrics; until {@linkcode serve} is called, whoever connects waits. */
export class MetricsServer {
  readonly #listener: Deno.TcpListener;
  readonly #place: ListenAddress;
  readonly #startMs = Date.now();
  /** The oldest first; at most `MAX_OPEN`. */
  readonly #open = new Map<Deno.TcpConn, ReturnType<typeof setTimeout>>();
  #source: MetricsSource | undefined;
  /** The numbers as they were told last, and when. */
  #told: { readonly text: string; readonly ms: number } | undefined;
  /** Goes off when the window in which too many came is over. */
  #window: { readonly timer: ReturnType<typeof setTimeout>; readonly end: () => void } | undefined;
  #isClosed = false;

  /** @throws {UsageError} If it cannot listen there. */
  static listen(place: ListenAddress): MetricsServer {
    const { hostname, port } = place;
    const host = authority(hostname, port);
    if (Deno.permissions.querySync({ name: "net", host }).state !== "granted") {
      throw new UsageError(
        `Cannot listen at '--metrics ${host}': no permission: run with --allow-net=${host}`,
      );
    }
    try {
      return new MetricsServer(Deno.listen({ hostname, port }), place);
    } catch (error) {
      throw new UsageError(`Cannot listen at '--metrics ${host}': ${problem(error)}`);
    }
  }

  private constructor(listener: Deno.TcpListener, place: ListenAddress) {
    this.#listener = listener;
    this.#place = place;
    // It is the run that keeps the process alive.
    listener.unref();
  }

  /** Where the metrics are. */
  get url(): string {
    const { hostname, port } = this.#listener.addr as Deno.NetAddr;
    return `http://${authority(hostname, port)}/metrics`;
  }

  /** Begins to answer. */
  serve(source: MetricsSource): void {
    this.#source = source;
    void this.#accept();
  }

  /** Takes connections until the listener is closed. Never rejects. */
  async #accept(): Promise<void> {
    let taken = 0;
    let sinceMs = performance.now();
    while (!this.#isClosed) {
      let connection;
      try {
        connection = await this.#listener.accept();
      } catch {
        // Closed, or out of descriptors: then later again.
        if (this.#isClosed) return;
        await this.#pause();
        continue;
      }
      this.#take(connection);
      if (performance.now() - sinceMs > WINDOW_MS) {
        sinceMs = performance.now();
        taken = 0;
      }
      if (++taken >= MAX_IN_WINDOW) await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((end) => {
      const timer = setTimeout(end, WINDOW_MS);
      Deno.unrefTimer(timer);
      this.#window = { timer, end };
    });
  }

  #take(connection: Deno.TcpConn): void {
    if (this.#open.size === MAX_OPEN) {
      const [oldest] = this.#open.keys();
      this.#drop(oldest);
    }
    connection.unref();
    const timer = setTimeout(() => this.#drop(connection), MAX_REQUEST_MS);
    Deno.unrefTimer(timer);
    this.#open.set(connection, timer);
    // Whatever the other end does is no matter of ours.
    this.#answer(connection).catch(() => {}).finally(() => this.#drop(connection));
  }

  #drop(connection: Deno.TcpConn): void {
    const timer = this.#open.get(connection);
    if (timer === undefined) return;
    this.#open.delete(connection);
    clearTimeout(timer);
    connection.close();
  }

  /** Answers the one request of a connection. */
  async #answer(connection: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(MAX_HEAD_BYTES);
    let length = 0;
    let head = "";
    for (let reads = 0; reads < MAX_READS && length < MAX_HEAD_BYTES; reads++) {
      const read = await connection.read(buffer.subarray(length));
      if (read === null) return;
      length += read;
      head = latin1.decode(buffer.subarray(0, length));
      if (HEAD_END.test(head)) break;
    }
    const bytes = encoder.encode(this.#answerTo(head));
    for (let sent = 0; sent < bytes.length;) {
      sent += await connection.write(bytes.subarray(sent));
    }
    // Closed with bytes unread, a connection is reset, and the answer may be lost.
    await connection.closeWrite();
    for (let reads = 0; reads < MAX_READS; reads++) {
      if (await connection.read(buffer) === null) return;
    }
  }

  #answerTo(text: string): string {
    const end = text.search(HEAD_END);
    const request = end < 0 ? undefined : readHead(text.slice(0, end));
    if (request === undefined) return answer("400 Bad Request", "This is no request.\n");
    const { method, path, host } = request;
    const { hostname } = this.#listener.addr as Deno.NetAddr;
    const isHead = method === "HEAD";
    if (method !== "GET" && !isHead) {
      return answer("405 Method Not Allowed", "Only GET and HEAD.\n", { allow: "GET, HEAD" });
    }
    if (isLoopback(hostname) && !isLocalHostHeader(host, this.#place.hostname)) {
      return answer("421 Misdirected Request", "This is not that host.\n", { isHead });
    }
    if (path !== "/metrics") {
      return answer("404 Not Found", "The metrics are at /metrics.\n", { isHead });
    }
    return answer("200 OK", this.#metrics(), { isHead, type: CONTENT_TYPE });
  }

  #metrics(): string {
    const { version, takeSnapshot } = this.#source!;
    const ms = performance.now();
    if (this.#told === undefined || ms - this.#told.ms >= FRESH_MS) {
      const build: Build = { version, startMs: this.#startMs };
      this.#told = { text: formatMetrics(takeSnapshot(), build), ms };
    }
    return this.#told.text;
  }

  /** Ends it, and every connection. May be called more than once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
    clearTimeout(this.#window?.timer);
    this.#window?.end();
    for (const connection of [...this.#open.keys()]) this.#drop(connection);
  }
}

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

/** A whole answer, after which the connection ends. */
function answer(
  status: string,
  body: string,
  { isHead = false, type = "text/plain; charset=utf-8", allow }: {
    isHead?: boolean;
    type?: string;
    allow?: string;
  } = {},
): string {
  const length = encoder.encode(body).length;
  const head = [
    `HTTP/1.1 ${status}`,
    `content-type: ${type}`,
    `content-length: ${length}`,
    ...allow === undefined ? [] : [`allow: ${allow}`],
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    "connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${isHead ? "" : body}`;
}

function authority(hostname: string, port: number): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function problem(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "the port is in use: give another, or 0";
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied: give a port from 1024 on";
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return "this machine does not have that address: give another";
  }
  return `${describeOsError(error)}: give an address of this machine`;
}
