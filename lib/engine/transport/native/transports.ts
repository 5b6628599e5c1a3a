/**
 * Transports over sockets and OpenSSL of the system.
 *
 * @module
 */
import type {
  SocketAddress,
  TlsDestination,
  Transport,
  TransportError,
  TransportListener,
  Transports,
  TransportSettings,
} from "../transport.ts";
import { type NativeAddress, toNativeAddress } from "./address.ts";
import { Binding } from "./binding.ts";
import { AGAIN, type Channel, FAILED } from "./channel.ts";
import { EPIPE, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, type Libc, toSystemError } from "./libc.ts";
import type { Libraries } from "./libraries.ts";
import type { OpenSsl } from "./openssl.ts";
import { Poller } from "./poller.ts";
import { NativeSocket } from "./socket.ts";
import { TlsChannel } from "./tls_channel.ts";
import { TlsContext, TlsOptionsError } from "./tls_context.ts";
import { CUT } from "./tls_error.ts";

/**
 * The buffer that everything is read into. One is enough: its bytes are processed before the next
 * read begins, and those that are kept are copied.
 */
const INPUT = new Uint8Array(64 * 1024);
/** The buffer that text is written into before it is sent. */
const OUTPUT = new Uint8Array(64 * 1024);
const encoder = new TextEncoder();

/**
 * Writes text, each character a byte.
 *
 * @param output at least as long as the text
 */
function writeText(text: string, output: Uint8Array): void {
  const { length } = text;
  // As UTF-8 it is the same if it is ASCII, and three times as fast with 280 characters.
  const { read, written } = encoder.encodeInto(text, output);
  if (read === length && written === length) return;
  for (let i = 0; i < length; i++) output[i] = text.charCodeAt(i);
}

/** Opens transports by calls of the system. */
export class NativeTransports implements Transports {
  readonly name = "native";
  readonly isStarvedByLoad = false;
  readonly libc: Libc;
  readonly openssl: OpenSsl;
  readonly poller: Poller;
  /** What every socket is bound to; undefined if the system chooses. */
  readonly binding: Binding | undefined;
  /** What every socket is read into. */
  readonly input: Uint8Array<ArrayBuffer>;
  readonly #libraries: Libraries;
  /** One for each set of options and protocols, of which a run has few. */
  readonly #contexts: TlsContext[] = [];

  /**
   * @param libraries closed with the transports
   * @throws {Error} If the system has no file descriptor left.
   */
  constructor(libraries: Libraries, { localEnd, maxReadBytes }: TransportSettings = {}) {
    this.#libraries = libraries;
    this.libc = libraries.libc;
    this.openssl = libraries.openssl;
    this.binding = localEnd && new Binding(this.libc, localEnd);
    this.input = INPUT.subarray(0, maxReadBytes);
    this.poller = new Poller(libraries.libc);
  }

  open(
    address: SocketAddress,
    tls: TlsDestination | undefined,
    listener: TransportListener,
  ): Transport {
    return new NativeTransport(this, address, tls, listener);
  }

  /** @throws {TlsOptionsError} If OpenSSL does not take the options. */
  contextFor({ options, protocols }: TlsDestination): TlsContext {
    let context = this.#contexts.find((one) => one.serves(options, protocols));
    if (context === undefined) {
      context = new TlsContext(this.openssl, options, protocols);
      this.#contexts.push(context);
    }
    return context;
  }

  afterReads(run: () => void): void {
    this.poller.afterReads(run);
  }

  close(): void {
    for (const context of this.#contexts.splice(0)) context.close();
    this.poller.close(() => this.#libraries.close());
  }
}

/**
 * A socket, and what runs over it.
 *
 * ```text
 * connecting ──► open ◄──► securing, paused
 *     │          │  └──► ended  │
 *     └──────────┴─────────┴────┴──► closed
 * ```
 */
class NativeTransport implements Transport {
  listener: TransportListener;
  remote: string | null = null;
  readonly #transports: NativeTransports;
  /** TLS to begin when the socket is connected. */
  readonly #tls: TlsDestination | undefined;
  #name = "";
  /** Undefined if it could not be made. */
  #socket: NativeSocket | undefined;
  /** The outermost layer: the socket, or TLS over it. */
  #channel: Channel | undefined;
  /** While TLS is securing, the same. */
  #securing: TlsChannel | undefined;
  #state: "connecting" | "open" | "paused" | "securing" | "ended" | "closed" = "connecting";
  /** Whether it reads on without an event. */
  #readsSoon = false;
  /** What is awaited of the socket. */
  #events = EPOLLOUT;
  /** What the system did not take yet, in order. Bounded by what is sent. */
  readonly #unsent: Uint8Array<ArrayBuffer>[] = [];
  /** Whether the listener awaits `onDrain`. */
  isSent = true;
  readonly isHeld = false;
  /** Why a write failed. The end of the reads then is a reset, even if it looks like another end. */
  #writeError: TransportError | undefined;

  constructor(
    transports: NativeTransports,
    address: SocketAddress,
    tls: TlsDestination | undefined,
    listener: TransportListener,
  ) {
    this.listener = listener;
    this.#transports = transports;
    this.#tls = tls;
    const { libc, poller, binding } = transports;
    const native = toNativeAddress(libc, address);
    const socket = "code" in native ? native : NativeSocket.connect(libc, native.bytes, binding);
    if (socket instanceof NativeSocket) {
      this.#name = (native as NativeAddress).name;
      this.#socket = this.#channel = socket;
      const error = poller.watch(socket.fd, this.#events, this);
      if (error !== undefined) this.#failSoon(error);
    } else {
      this.#failSoon(socket);
    }
  }

  onReady(events: number): void {
    if (this.#state === "connecting") return this.#onConnect();
    if (this.#state === "securing") return this.#secure();
    if ((events & EPOLLOUT) !== 0) this.#flush();
    if (this.#state === "open") this.#read();
    // The connection is over: the system would tell that again and again until it is read.
    else if (this.#state === "paused" && (events & (EPOLLERR | EPOLLHUP)) !== 0) this.resume();
    else if (this.#state === "ended" && (events & (EPOLLERR | EPOLLHUP)) !== 0) {
      this.#fail(this.#socket!.takeError() ?? toSystemError(EPIPE));
    }
  }

  #onConnect(): void {
    const error = this.#socket!.takeError();
    if (error !== undefined) return this.#fail(error);
    this.remote = this.#name;
    this.#state = "open";
    this.#await();
    this.listener.onConnect();
    if (this.#state === "open" && this.#tls !== undefined) {
      this.#startTls(this.#tls, `${this.#tls.hostname} ${this.remote}`);
    }
  }

  startTls(destination: TlsDestination): void {
    // What is at the other end of a tunnel is not known here.
    this.#startTls(destination, undefined);
  }

  #startTls(destination: TlsDestination, server: string | undefined): void {
    if (this.#state !== "open") return;
    const carrier = this.#channel as NativeSocket | TlsChannel;
    try {
      const context = this.#transports.contextFor(destination);
      this.#channel = this.#securing = new TlsChannel(
        this.#transports,
        context,
        destination.hostname,
        server,
        carrier,
      );
    } catch (error) {
      if (!(error instanceof TlsOptionsError)) throw error;
      return this.#failSoon({ message: error.message, isTls: true });
    }
    this.#state = "securing";
    // A failure must not be told before this has returned.
    this.#transports.afterReads(() => this.#secure());
  }

  #secure(): void {
    if (this.#state !== "securing") return;
    const channel = this.#securing!;
    const outcome = channel.handshake();
    if (outcome === FAILED) return this.#fail(channel.error);
    if (outcome !== AGAIN) this.#state = "open";
    this.#await();
    if (outcome === AGAIN) return;
    this.listener.onSecure(channel.protocol);
    if (this.#state === "open" && channel.hasMore) this.#readSoon();
  }

  /** Awaits those events of the socket that are of use at present. */
  #await(): void {
    let events = this.#state === "ended" || this.#state === "paused" ? 0 : EPOLLIN;
    if (!this.isSent && this.#writeError === undefined || this.#channel!.wantsToSend) {
      events |= EPOLLOUT;
    }
    if (events === this.#events) return;
    this.#events = events;
    this.#transports.poller.change(this.#socket!.fd, events);
  }

  #read(): void {
    const { input } = this.#transports;
    const length = this.#channel!.read(input);
    if (length <= 0) return this.#onNothing(length);
    this.listener.onRead(input, length);
    if (this.#state === "open" && this.#channel!.hasMore) this.#readSoon();
  }

  /** Reads on when the others had their turn: a flood must not keep them from it. */
  #readSoon(): void {
    if (this.#readsSoon) return;
    this.#readsSoon = true;
    this.#transports.afterReads(() => {
      this.#readsSoon = false;
      if (this.#state === "open") this.#read();
    });
  }

  /** A read gave no bytes. */
  #onNothing(outcome: number): void {
    if (outcome === AGAIN) return this.#await();
    const { error } = this.#channel!;
    if (outcome === FAILED && error !== CUT) return this.#fail(error);
    if (this.#writeError !== undefined) return this.#fail(this.#writeError);
    if (outcome === FAILED) return this.#fail(error);
    this.#state = "ended";
    this.#await();
    this.listener.onEnd();
  }

  send(bytes: Uint8Array): void {
    this.#send(bytes as Uint8Array<ArrayBuffer>, bytes.length, false);
  }

  sendText(text: string, bytes: Uint8Array | undefined): void {
    const output = text.length > OUTPUT.length ? new Uint8Array(text.length) : OUTPUT;
    writeText(text, output);
    if (bytes === undefined) return this.#send(output, text.length, false);
    const first = Math.min(bytes.length, output.length - text.length);
    output.set(first === bytes.length ? bytes : bytes.subarray(0, first), text.length);
    this.#send(output, text.length + first, false);
    if (first === bytes.length) return;
    const rest = bytes.subarray(first) as Uint8Array<ArrayBuffer>;
    this.#send(rest, rest.length, true);
  }

  /** @param isKept whether the bytes do not change any more */
  #send(bytes: Uint8Array<ArrayBuffer>, length: number, isKept: boolean): void {
    if (this.#state === "closed" || this.#writeError !== undefined) return;
    let sent = 0;
    while (this.isSent && sent < length) {
      const rest = sent === 0 ? bytes : bytes.subarray(sent);
      const result = this.#channel!.write(rest, length - sent);
      if (result > 0) sent += result;
      else this.#onUnsent(result);
    }
    if (this.isSent && this.#channel !== this.#socket) this.#onUnsent(this.#channel!.flush());
    if (sent < length) {
      this.#unsent.push(isKept ? bytes.subarray(sent, length) : bytes.slice(sent, length));
    }
  }

  /** @param outcome of a write or flush */
  #onUnsent(outcome: number): void {
    if (outcome === 0) return;
    this.isSent = false;
    // The other end may have responded early, and closed, while the request was still being sent
    // (RFC 9112 §9.5, §9.6). The response is read first; the end of the reads tells the error.
    if (outcome === FAILED) this.#writeError = this.#channel!.error;
    this.#await();
  }

  #flush(): void {
    const channel = this.#channel!;
    const unsent = this.#unsent;
    let outcome = channel.flush();
    while (outcome === 0 && unsent.length > 0) {
      const [bytes] = unsent;
      const sent = channel.write(bytes, bytes.length);
      if (sent === bytes.length) unsent.shift();
      else if (sent > 0) unsent[0] = bytes.subarray(sent);
      else outcome = sent;
    }
    if (outcome === 0) outcome = channel.flush();
    if (outcome !== 0) return this.#onUnsent(outcome);
    if (this.isSent) return this.#await();
    this.isSent = true;
    this.#await();
    this.listener.onDrain();
  }

  readNow(): boolean {
    if (this.#state === "open") this.#read();
    return true;
  }

  pause(): void {
    if (this.#state !== "open") return;
    this.#state = "paused";
    this.#await();
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "open";
    this.#await();
    // No event tells about bytes that TLS has read already.
    if (this.#channel!.hasMore) this.#readSoon();
  }

  close(): void {
    if (this.#state === "closed") return;
    const isOpen = this.#state !== "connecting" && this.#state !== "securing";
    if (isOpen && this.isSent) this.#channel!.end();
    this.#free();
  }

  #free(): void {
    this.#state = "closed";
    this.#unsent.length = 0;
    if (this.#socket === undefined) return;
    this.#transports.poller.unwatch(this.#socket.fd);
    this.#channel!.close();
  }

  #fail(error: TransportError): void {
    if (this.#state === "closed") return;
    this.#free();
    this.listener.onClose(error);
  }

  /** Fails when the present call has returned. */
  #failSoon(error: TransportError): void {
    this.#transports.afterReads(() => this.#fail(error));
  }
}
