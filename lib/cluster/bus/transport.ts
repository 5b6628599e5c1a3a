import type { ConnectionOptions, Server, ServerInfo, Transport } from "@nats-io/nats-core/internal";
import { isIP } from "node:net";
import type { TlsOptions } from "../../engine/engine.ts";
import { PortableTransports } from "../../engine/transport/portable.ts";
import type {
  Transport as ByteTransport,
  TransportError,
  TransportListener,
} from "../../engine/transport/transport.ts";

/** The maximum number of bytes of the line by which a server introduces itself. */
const MAX_GREETING = 64 * 1024;

const LF = 0x0a;
const decoder = new TextDecoder();
/** How the client learns at once that it is not let in: it would wait for an answer. */
const NOT_LET_IN = new TextEncoder().encode("-ERR 'Authorization Violation'\r\n");
const transports = new PortableTransports();

/** Why no connection came about, or why it ended. */
export class BusTransportError extends Error {
  override name = "BusTransportError";
  /** The code of the operating system; undefined for other problems. */
  readonly code: string | undefined;

  constructor({ message, code }: Pick<TransportError, "message" | "code">) {
    super(message);
    this.code = code;
  }
}

/**
 * The bytes of a connection to NATS, over the sockets that requests use, too.
 *
 * The transport of `@nats-io/transport-node` 3.4 leaves a socket without a listener for errors while
 * it closes it. A reset that comes then ends the program: about one of 200 logins that fail.
 */
export class BusTransport implements Transport {
  readonly lang = "nats.js";
  readonly version = "3.4.0";
  closeError?: Error;
  /** Why the server lets nobody in, in its words. */
  #refusal: string | undefined;
  readonly #tls: TlsOptions | undefined;
  #transport: ByteTransport | undefined;
  /**
   * What has come and is not read. Its size is bounded by what was asked for: the bus sends nothing
   * else, except small messages.
   */
  #chunks: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #isEncrypted = false;
  #isConnected = false;
  /** Whether the server has answered the first PING. */
  #isLetIn = false;
  #isDone = false;
  readonly #closed = Promise.withResolvers<void | Error>();

  /** @param tls with what TLS begins; undefined if only where the server asks for it */
  constructor(tls: TlsOptions | undefined) {
    this.#tls = tls;
  }

  /** @throws {BusTransportError} If no server of NATS answers there, or TLS fails. */
  connect({ hostname, port }: Server, _options: ConnectionOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const listener: TransportListener = {
      onConnect: () => {},
      onRead: (bytes, length) => {
        this.#chunks.push(bytes.slice(0, length));
        if (this.#isConnected) {
          if (!this.#isLetIn) this.#readAnswer();
          return this.#wakeReader();
        }
        try {
          const info = this.#readGreeting();
          if (info === undefined) return;
          if (this.#tls !== undefined && !info.tls_required && !info.tls_available) {
            throw new BusTransportError({ message: "the server does not offer TLS" });
          }
          if (!info.tls_required && this.#tls === undefined) {
            this.#isConnected = true;
            this.#readAnswer();
            return resolve();
          }
        } catch (error) {
          this.#fail(error as Error);
          return reject(error);
        }
        const options = this.#tls ?? { insecure: false };
        this.#transport!.startTls({ hostname, options, protocols: ["nats"] });
      },
      onSecure: () => {
        this.#isEncrypted = this.#isConnected = true;
        resolve();
      },
      onEnd: () => {
        const error = new BusTransportError({ message: "the server closed the connection" });
        this.#fail(error);
        reject(error);
      },
      onDrain: () => {},
      onClose: (cause) => {
        const error = new BusTransportError(cause);
        this.#fail(error);
        reject(error);
      },
    };
    this.#transport = transports.open(
      { host: hostname, port, family: isIP(hostname) },
      undefined,
      listener,
    );
    return promise;
  }

  /** The first line of the server, as soon as it is whole; it stays in what is to be read. */
  #readGreeting(): ServerInfo | undefined {
    const last = this.#chunks.at(-1)!;
    const size = this.#chunks.reduce((sum, { length }) => sum + length, 0);
    if (!last.includes(LF) && size < MAX_GREETING) return undefined;
    const text = this.#chunks.map((chunk) => decoder.decode(chunk)).join("");
    const [line = "", json = ""] = /^INFO\s+(\{.*\})\s*\r\n/i.exec(text) ?? [];
    let info: ServerInfo;
    try {
      info = JSON.parse(json);
    } catch {
      throw new BusTransportError({ message: "what listens there does not speak NATS" });
    }
    // What follows in clear would be taken for what came over TLS.
    if ((info.tls_required || this.#tls !== undefined) && line.length < text.length) {
      throw new BusTransportError({ message: "the server sent more before TLS than it may" });
    }
    return info;
  }

  /** Looks for what the server says of the first PING. */
  #readAnswer(): void {
    const text = decoder.decode(this.#chunks.at(-1));
    this.#isLetIn = /^PONG\r$/m.test(text);
    this.#refusal ??= /^-ERR '([^'\r\n]*)'/m.exec(text)?.[1];
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #fail(error: Error): void {
    if (this.#isConnected && !this.#isLetIn) {
      // The client knows these words.
      if (/auth/i.test(this.#refusal ?? "")) return this.#end(undefined);
      this.#chunks.push(NOT_LET_IN);
      if (this.#refusal !== undefined) {
        error = new BusTransportError({ message: `the server says '${this.#refusal}'` });
      }
    }
    this.closeError = error;
    this.#end(error);
  }

  #end(error: Error | undefined): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#transport?.close();
    this.#wakeReader();
    if (this.#isConnected) this.#closed.resolve(error);
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    for (;;) {
      const chunks = this.#chunks;
      this.#chunks = [];
      yield* chunks;
      if (this.#chunks.length > 0) continue;
      if (this.#isDone) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  get isClosed(): boolean {
    return this.#isDone;
  }

  isEncrypted(): boolean {
    return this.#isEncrypted;
  }

  send(frame: Uint8Array): void {
    if (!this.#isDone) this.#transport?.send(frame);
  }

  close(error?: Error): Promise<void> {
    this.closeError ??= error;
    this.#end(error);
    return Promise.resolve();
  }

  disconnect(): void {
    this.#end(undefined);
  }

  closed(): Promise<void | Error> {
    return this.#closed.promise;
  }

  /** Closes it without telling anybody. */
  discard(): void {
    this.#isConnected = false;
    this.#end(undefined);
  }
}
