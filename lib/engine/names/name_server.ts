import dgram from "node:dgram";
import { findIpVersion, type IpVersion } from "../../http/ip_version.ts";
import { isGranted } from "../../process/permission.ts";
import { type DnsAnswer, readAnswer, RECORD_TYPES, writeQuery } from "./dns_message.ts";

/** Names what the system resolves names by; see resolv.conf(5). */
const CONFIGURATION = "/etc/resolv.conf";
/** As many name servers count for the system, too. */
const MAX_SERVERS = 3;
const PORT = 53;
/** The maximum number of questions at once. */
const MAX_QUESTIONS = 256;
/** How long an answer may take. */
const PATIENCE_MS = 2_000;
/** The interval of checks whether answers are late. */
const SWEEP_MS = 500;

/** Where a name server listens. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/** A question that was sent. */
interface Question {
  readonly query: Uint8Array;
  readonly server: ServerAddress;
  readonly lateAtMs: number;
  readonly settle: (answer: DnsAnswer | undefined) => void;
}

/**
 * Asks the name servers of the system over UDP, one question in one packet, and never twice: whatever
 * goes wrong, there is no answer.
 */
export class NameServer {
  readonly #servers: readonly ServerAddress[];
  #current = 0;
  /** By the identifier of the message, the oldest first; at most {@linkcode MAX_QUESTIONS}. */
  readonly #questions = new Map<number, Question>();
  /** By the version of IP. */
  readonly #sockets = new Map<IpVersion, dgram.Socket>();
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
    const id = this.#chooseId();
    const query = writeQuery(id, hostname, RECORD_TYPES[version]);
    if (query === undefined || this.#isClosed || this.#questions.size >= MAX_QUESTIONS) {
      return Promise.resolve(undefined);
    }
    const server = this.#servers[this.#current];
    const { promise, resolve } = Promise.withResolvers<DnsAnswer | undefined>();
    const lateAtMs = performance.now() + PATIENCE_MS;
    this.#questions.set(id, { query, server, lateAtMs, settle: resolve });
    this.#sweeps ??= setInterval(() => this.#sweep(performance.now()), SWEEP_MS);
    const socket = this.#findSocket(findIpVersion(server.address) as IpVersion);
    socket.send(query, server.port, server.address, (error) => {
      if (error) this.#settle(id, undefined);
    });
    return promise;
  }

  #chooseId(): number {
    const [id] = crypto.getRandomValues(new Uint16Array(1));
    return this.#questions.has(id) ? this.#chooseId() : id;
  }

  #findSocket(version: IpVersion): dgram.Socket {
    const open = this.#sockets.get(version);
    if (open !== undefined) return open;
    const socket = dgram.createSocket(`udp${version}`);
    socket.on("message", (bytes, { address, port }) => this.#onMessage(bytes, address, port));
    // Questions that got no answer are late in the end.
    socket.on("error", () => {});
    this.#sockets.set(version, socket);
    return socket;
  }

  #onMessage(bytes: Uint8Array, address: string, port: number): void {
    if (bytes.length < 2) return;
    const id = bytes[0] << 8 | bytes[1];
    const question = this.#questions.get(id);
    if (question === undefined) return;
    const { server, query } = question;
    // Others could only make this process forget an address later or sooner.
    if (address !== server.address || port !== server.port) return;
    this.#settle(id, readAnswer(bytes, query));
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
    for (const [id, { lateAtMs, server }] of this.#questions) {
      if (lateAtMs > nowMs) return;
      if (server === this.#servers[this.#current]) {
        this.#current = (this.#current + 1) % this.#servers.length;
      }
      this.#settle(id, undefined);
    }
  }

  /** Ends all questions without an answer. */
  close(): void {
    this.#isClosed = true;
    for (const id of this.#questions.keys()) this.#settle(id, undefined);
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
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
