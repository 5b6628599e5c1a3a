import net from "node:net";
import { findIpVersion, type IpVersion } from "../../http/ip_version.ts";
import { isGranted } from "../../process/permission.ts";
import { type DnsAnswer, readAnswer, RECORD_TYPES, writeQuery } from "./dns_message.ts";

/** Names what the system resolves names by; see resolv.conf(5). */
const CONFIGURATION = "/etc/resolv.conf";
/** As many name servers count for the system, too. */
const MAX_SERVERS = 3;
const PORT = 53;
/**
 * The maximum number of questions at once, of a few hundred bytes each. They need no socket of their
 * own, and a name that is not asked for costs a look-up when it comes again.
 */
const MAX_QUESTIONS = 2_048;
/** How long an answer may take before the name server is given up for a while. */
const PATIENCE_MS = 5_000;
/** How long nobody is asked after a connection without any answer. */
const PAUSE_MS = 30_000;
/** The interval of checks whether answers are late. */
const SWEEP_MS = 1_000;

/** The length of a message comes before it (RFC 7766 §8). */
const LENGTH_BYTES = 2;
const MAX_MESSAGE_BYTES = 2 ** 16 - 1;

/** Where a name server listens. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/** A question that was asked. */
interface Question {
  readonly query: Uint8Array;
  readonly lateAtMs: number;
  readonly settle: (answer: DnsAnswer | undefined) => void;
}

/**
 * Asks the name servers of the system over TCP. Many questions share a connection (RFC 7766 §6.2), a
 * write and a read: so a question costs a fifth of what it costs over UDP, and nobody else can answer
 * it. Whatever goes wrong, there is no answer.
 */
export class NameServer {
  readonly #servers: readonly ServerAddress[];
  #current = 0;
  #nextId = 0;
  /** By the identifier of the message, the oldest first; at most {@linkcode MAX_QUESTIONS}. */
  readonly #questions = new Map<number, Question>();
  /** Queries that are written in this turn of the event loop, all together. */
  readonly #unsent: Uint8Array[] = [];
  #sending: ReturnType<typeof setTimeout> | undefined;
  #socket: net.Socket | undefined;
  /** What the connection has brought: at most one message that is not whole. */
  readonly #received = new Uint8Array(LENGTH_BYTES + MAX_MESSAGE_BYTES);
  #receivedLength = 0;
  /** Whether the connection has brought an answer. */
  #isOfUse = false;
  #pausedUntilMs = 0;
  #sweeps: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  /** @param servers at least one */
  constructor(servers: readonly ServerAddress[]) {
    this.#servers = servers;
  }

  /** That of the system; undefined if this process may not know or ask it. */
  static async open(): Promise<NameServer | undefined> {
    if (typeof Deno === "undefined" || !isGranted({ name: "read", path: CONFIGURATION })) {
      return undefined;
    }
    let text;
    try {
      text = await Deno.readTextFile(CONFIGURATION);
    } catch {
      return undefined;
    }
    const servers = readServers(text)
      .filter(({ address, port }) => isGranted({ name: "net", host: toHost(address, port) }));
    return servers.length === 0 ? undefined : new NameServer(servers);
  }

  /**
   * Asks for the addresses of one version of IP.
   *
   * @returns undefined without an answer that has some
   */
  ask(hostname: string, version: IpVersion): Promise<DnsAnswer | undefined> {
    const id = this.#nextId = this.#nextId + 1 & 0xffff;
    const query = writeQuery(id, hostname, RECORD_TYPES[version]);
    const nowMs = performance.now();
    if (
      query === undefined || this.#isClosed || this.#questions.size >= MAX_QUESTIONS ||
      // It is still open after 65,535 others.
      this.#questions.has(id) || nowMs < this.#pausedUntilMs
    ) {
      return Promise.resolve(undefined);
    }
    const { promise, resolve } = Promise.withResolvers<DnsAnswer | undefined>();
    this.#questions.set(id, { query, lateAtMs: nowMs + PATIENCE_MS, settle: resolve });
    this.#sweeps ??= setInterval(() => this.#sweep(performance.now()), SWEEP_MS);
    this.#unsent.push(query);
    this.#sending ??= setTimeout(() => this.#send(), 0);
    return promise;
  }

  #send(): void {
    this.#sending = undefined;
    const queries = this.#unsent.splice(0);
    const bytes = new Uint8Array(
      queries.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0),
    );
    let place = 0;
    for (const query of queries) {
      bytes[place] = query.length >> 8;
      bytes[place + 1] = query.length & 255;
      bytes.set(query, place + LENGTH_BYTES);
      place += LENGTH_BYTES + query.length;
    }
    this.#socket ??= this.#connect();
    this.#socket.write(bytes);
  }

  #connect(): net.Socket {
    const { address, port } = this.#servers[this.#current];
    this.#receivedLength = 0;
    this.#isOfUse = false;
    const socket: net.Socket = net.connect({
      host: address,
      port,
      noDelay: true,
      onread: {
        buffer: new Uint8Array(2 ** 14),
        callback: (length, buffer) => {
          if (socket === this.#socket) this.#read(buffer.subarray(0, length));
          return true;
        },
      },
    });
    socket.unref();
    socket.on("error", () => {});
    // A name server may end a connection at any time, and only what was asked on it is lost.
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        if (socket === this.#socket) this.#giveUp();
      });
    }
    return socket;
  }

  #read(bytes: Uint8Array): void {
    const received = this.#received;
    for (let place = 0; place < bytes.length;) {
      // A message is at most as long as the buffer, so there is room for more of it.
      const part = bytes.subarray(place, place + received.length - this.#receivedLength);
      received.set(part, this.#receivedLength);
      this.#receivedLength += part.length;
      place += part.length;
      this.#readMessages();
    }
  }

  #readMessages(): void {
    const received = this.#received;
    let begin = 0;
    while (begin + LENGTH_BYTES <= this.#receivedLength) {
      const end = begin + LENGTH_BYTES + (received[begin] << 8 | received[begin + 1]);
      if (end > this.#receivedLength) break;
      this.#onMessage(received.subarray(begin + LENGTH_BYTES, end));
      begin = end;
    }
    received.copyWithin(0, begin, this.#receivedLength);
    this.#receivedLength -= begin;
  }

  #onMessage(bytes: Uint8Array): void {
    const id = bytes[0] << 8 | bytes[1];
    const question = this.#questions.get(id);
    if (question === undefined) return;
    this.#isOfUse = true;
    this.#settle(id, readAnswer(bytes, question.query));
  }

  #settle(id: number, answer: DnsAnswer | undefined): void {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    question?.settle(answer);
    if (this.#questions.size > 0) return;
    clearInterval(this.#sweeps);
    this.#sweeps = undefined;
  }

  #sweep(nowMs: number): void {
    const [first] = this.#questions.values();
    if (first === undefined || first.lateAtMs > nowMs) return;
    this.#isOfUse = false;
    this.#giveUp();
  }

  /** Ends the connection and all questions; the next one goes to the next name server, if need be. */
  #giveUp(): void {
    if (!this.#isOfUse) {
      this.#current = (this.#current + 1) % this.#servers.length;
      if (this.#current === 0) this.#pausedUntilMs = performance.now() + PAUSE_MS;
    }
    this.#socket?.destroy();
    this.#socket = undefined;
    clearTimeout(this.#sending);
    this.#sending = undefined;
    this.#unsent.length = 0;
    for (const id of this.#questions.keys()) this.#settle(id, undefined);
  }

  /** Ends all questions without an answer. */
  close(): void {
    this.#isClosed = true;
    this.#giveUp();
  }
}

/** The name servers of a `resolv.conf`; empty if it asks for TCP. */
export function readServers(configuration: string): ServerAddress[] {
  const servers: ServerAddress[] = [];
  for (const line of configuration.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === "options" && rest.includes("use-vc")) return [];
    if (word !== "nameserver" || rest.length === 0 || findIpVersion(rest[0]) === 0) continue;
    // An address with a zone has only a meaning on one interface.
    if (!rest[0].includes("%") && servers.length < MAX_SERVERS) {
      servers.push({ address: rest[0], port: PORT });
    }
  }
  return servers;
}

function toHost(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
