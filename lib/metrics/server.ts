/**
 * The server that Prometheus scrapes during a run.
 *
 * It only serves a page to read. It bounds the connections at a time, their duration, and how many
 * it accepts in a while, so that clients cannot take sockets and time from the run. `Deno.serve` has
 * no such bounds.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { formatAuthority } from "../http/url.ts";
import type { ListenAddress } from "../options/run_options.ts";
import { describeOsError } from "../process/os_error.ts";
import { explainMissingNet, isGranted } from "../process/permission.ts";
import { writeAll } from "../process/write_all.ts";
import type { Snapshot } from "../stats/snapshot.ts";
import { CONTENT_TYPE, formatMetrics } from "./exposition.ts";
import type { Build, Floors } from "./families.ts";
import { isLocalHostHeader, isLoopback } from "./local_host.ts";
import { MAX_HEAD_BYTES, parseHead } from "./request_head.ts";

/** Connections at a time; a further one closes the oldest. */
const MAX_OPEN = 16;
/** Connections accepted in `WINDOW_MS`, before a pause; the others wait in the system's queue. */
const MAX_IN_WINDOW = 40;
const WINDOW_MS = 100;
/** Reads of a request, and reads after the response: a client that sends byte by byte is closed. */
const MAX_READS = 32;
/** How long a connection may last. */
const MAX_REQUEST_MS = 5_000;
/** How long the text of a snapshot is served again. */
const FRESH_MS = 100;

const HEAD_END = /\r?\n\r?\n/;

/** Where the server gets its numbers. */
export interface MetricsSource {
  /** The program's version. */
  readonly version: string;
  takeSnapshot(): Snapshot;
}

/** A server of metrics; clients wait until {@linkcode serve} is called. */
export class MetricsServer {
  readonly #listener: Deno.TcpListener;
  readonly #address: ListenAddress;
  readonly #startMs = Date.now();
  /** The oldest first; at most `MAX_OPEN`. */
  readonly #open = new Map<Deno.TcpConn, ReturnType<typeof setTimeout>>();
  #source: MetricsSource | undefined;
  /** The metrics of the last snapshot, and when it was taken by `performance.now()`. */
  #metrics: { readonly text: string; readonly ms: number } | undefined;
  /** The pause in accepting connections. */
  #pausing: { readonly timer: ReturnType<typeof setTimeout>; readonly end: () => void } | undefined;
  /** By metric and labels, whose number is bounded. */
  readonly #floors: Floors = new Map();
  #isClosed = false;

  /** @throws {UsageError} If the server cannot listen at the address. */
  static listen(address: ListenAddress): MetricsServer {
    const host = formatAuthority(address);
    if (!isGranted({ name: "net", host })) {
      throw new UsageError(
        `Cannot listen at '--metrics ${host}': no permission: ${explainMissingNet(host)}`,
      );
    }
    try {
      const { hostname, port } = address;
      return new MetricsServer(Deno.listen({ hostname, port }), address);
    } catch (error) {
      throw new UsageError(`Cannot listen at '--metrics ${host}': ${describeListenError(error)}`);
    }
  }

  private constructor(listener: Deno.TcpListener, address: ListenAddress) {
    this.#listener = listener;
    this.#address = address;
    // The run keeps the process alive, not its metrics.
    listener.unref();
  }

  /** The URL of the metrics. */
  get url(): string {
    return `http://${formatAuthority(this.#listener.addr as Deno.NetAddr)}/metrics`;
  }

  /** Starts to respond. */
  serve(source: MetricsSource): void {
    this.#source = source;
    void this.#accept();
  }

  /** Accepts connections until the listener is closed. Never rejects. */
  async #accept(): Promise<void> {
    let accepted = 0;
    let sinceMs = performance.now();
    while (!this.#isClosed) {
      let connection;
      try {
        connection = await this.#listener.accept();
      } catch {
        if (this.#isClosed) return;
        // The process is out of descriptors; some may be free later.
        await this.#pause();
        continue;
      }
      this.#admit(connection);
      if (performance.now() - sinceMs > WINDOW_MS) {
        sinceMs = performance.now();
        accepted = 0;
      }
      if (++accepted >= MAX_IN_WINDOW) await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((end) => {
      const timer = setTimeout(end, WINDOW_MS);
      Deno.unrefTimer(timer);
      this.#pausing = { timer, end };
    });
  }

  #admit(connection: Deno.TcpConn): void {
    if (this.#open.size === MAX_OPEN) {
      const [oldest] = this.#open.keys();
      this.#drop(oldest);
    }
    connection.unref();
    const timer = setTimeout(() => this.#drop(connection), MAX_REQUEST_MS);
    Deno.unrefTimer(timer);
    this.#open.set(connection, timer);
    // Errors of the client and its connection do not concern the run.
    this.#respond(connection).catch(() => {}).finally(() => this.#drop(connection));
  }

  #drop(connection: Deno.TcpConn): void {
    const timer = this.#open.get(connection);
    if (timer === undefined) return;
    this.#open.delete(connection);
    clearTimeout(timer);
    connection.close();
  }

  /** Reads the one request of a connection, and responds. */
  async #respond(connection: Deno.TcpConn): Promise<void> {
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
    await writeAll(connection, encoder.encode(this.#makeResponse(head)));
    // Closing a connection with unread bytes resets it, and the response may be lost.
    await connection.closeWrite();
    for (let reads = 0; reads < MAX_READS; reads++) {
      if (await connection.read(buffer) === null) return;
    }
  }

  #makeResponse(text: string): string {
    const end = text.search(HEAD_END);
    const request = end < 0 ? undefined : parseHead(text.slice(0, end));
    if (request === undefined) return formatResponse("400 Bad Request", "Invalid request.\n");
    const { method, path, host } = request;
    const { hostname } = this.#listener.addr as Deno.NetAddr;
    const isHead = method === "HEAD";
    if (method !== "GET" && !isHead) {
      const allow = "GET, HEAD";
      return formatResponse("405 Method Not Allowed", "Use GET or HEAD.\n", { allow });
    }
    if (isLoopback(hostname) && !isLocalHostHeader(host, this.#address.hostname)) {
      return formatResponse("421 Misdirected Request", "Unknown host.\n", { isHead });
    }
    if (path !== "/metrics") {
      return formatResponse("404 Not Found", "The metrics are at /metrics.\n", { isHead });
    }
    return formatResponse("200 OK", this.#updateMetrics(), { isHead, type: CONTENT_TYPE });
  }

  /** The metrics, of a new snapshot if the last one is old. */
  #updateMetrics(): string {
    const { version, takeSnapshot } = this.#source!;
    const ms = performance.now();
    if (this.#metrics === undefined || ms - this.#metrics.ms >= FRESH_MS) {
      const build: Build = { version, startMs: this.#startMs };
      this.#metrics = { text: formatMetrics(takeSnapshot(), build, this.#floors), ms };
    }
    return this.#metrics.text;
  }

  /** Closes the listener and every connection. May be called more than once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
    clearTimeout(this.#pausing?.timer);
    this.#pausing?.end();
    for (const connection of [...this.#open.keys()]) this.#drop(connection);
  }
}

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

/** A whole response, after which the connection ends. */
function formatResponse(
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

function describeListenError(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "the port is in use: use another, or 0";
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied: use a port from 1024 on";
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return "this machine has no such address: use another";
  }
  return `${describeOsError(error)}: use an address of this machine`;
}
