/**
 * Transports over `node:net` and `node:tls`, which need no permission except that for the network.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import net from "node:net";
import { Duplex } from "node:stream";
import type tls from "node:tls";
import { describeCertificate, describeTlsError } from "../tls_failure.ts";
import { DirectWriter, findWriteHandle, TextWriter, type WriteListener } from "./direct_writer.ts";
import { loadTls, toTlsOptions } from "./node_tls_options.ts";
import type {
  SocketAddress,
  TlsDestination,
  Transport,
  TransportError,
  TransportListener,
  Transports,
  TransportSettings,
} from "./transport.ts";

/**
 * The buffer that every socket is read into. One is enough: its bytes are processed before the next
 * read of any socket begins, and those that are kept are copied. With a buffer of 8 KB for each,
 * 10,000 connections took 80 MB more.
 */
const BUFFER = new Uint8Array(64 * 1024);

/**
 * How many bytes go without a doubt: the system takes them from a connection that has nothing unsent.
 * `node:tls` tells that a write is complete only in the next turn of the event loop, when the response
 * has often come already.
 */
const MAX_DIRECT_BYTES = 16 * 1024;

/** The connection ended over TLS without close_notify. */
class CutError extends Error {
  override name = "CutError";

  constructor() {
    super("the connection was cut (no close_notify)");
  }
}

/** Opens transports by what every runtime of Node's modules offers. */
export class PortableTransports implements Transports {
  readonly name = "portable";
  readonly isStarvedByLoad = true;
  /** Whether TLS gets a stream even directly over TCP, for want of a way to tell an end from a cut. */
  usesStreams: boolean;
  readonly #localAddress: string | undefined;
  /** What each socket is read into. */
  readonly buffer: Uint8Array;

  /**
   * @param usesStreams as if the runtime gave no way to tell an end from a cut
   */
  constructor(usesStreams = false, { localEnd, maxReadBytes }: TransportSettings = {}) {
    // Deno 2.9 does not pause a socket of `node:tls` that was resumed once (findings/deno_tls_pause.sh).
    this.usesStreams = usesStreams || maxReadBytes !== undefined;
    this.#localAddress = localEnd?.address;
    this.buffer = BUFFER.subarray(0, maxReadBytes);
  }

  open(
    address: SocketAddress,
    tls: TlsDestination | undefined,
    listener: TransportListener,
  ): Transport {
    const localAddress = this.#localAddress;
    const bound = localAddress === undefined || "path" in address
      ? address
      : { ...address, localAddress };
    return new PortableTransport(this, bound, tls, listener);
  }

  afterReads(run: () => void): void {
    setImmediate(run);
  }

  close(): void {}
}

/** What `node:tls` keeps the TCP socket in; an internal of Deno 2.9. */
interface TlsHandle {
  readonly _handle?: { readonly _nativeTcpHandle?: { hasRef?(): boolean } } | null;
}

/** A layer of TLS over another layer. */
interface Layer {
  /** What TLS reads and writes. */
  readonly stream: Duplex;
  readonly socket: tls.TLSSocket;
  /** Whether close_notify has come. */
  hasEnded: boolean;
}

/**
 * A socket of `node:net`, or of `node:tls` where TLS begins at once; and further layers of TLS, each
 * over a stream:
 *
 * ```text
 * base ──► layer ──► layer ──► listener
 * ```
 */
class PortableTransport implements Transport, WriteListener {
  listener: TransportListener;
  remote: string | null = null;
  readonly #transports: PortableTransports;
  #base: net.Socket;
  /** At most two: TLS to a proxy, and TLS through it. */
  readonly #layers: Layer[] = [];
  /** The outermost layer; the base without any. */
  #top: net.Socket;
  /** Write to the base without a further layer, past its stream; one of them at most. */
  #writer: DirectWriter | undefined;
  #textWriter: TextWriter | undefined;
  #isSecuring = false;
  #isSecure = false;
  #isUnsent = false;
  readonly isHeld = false;
  #isPaused = false;
  #isClosed = false;
  #error: NodeJS.ErrnoException | undefined;
  /** The end came without close_notify. Whatever else is known tells more. */
  #cut: CutError | undefined;
  /** Why a write failed. The end of the reads then is a reset, even if it looks like another end. */
  #writeError: NodeJS.ErrnoException | undefined;

  constructor(
    transports: PortableTransports,
    address: SocketAddress,
    destination: TlsDestination | undefined,
    listener: TransportListener,
  ) {
    this.listener = listener;
    this.#transports = transports;
    const onread = {
      buffer: transports.buffer,
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.#onRead(0, buffer, length);
        return true;
      },
    };
    const secure = destination === undefined || transports.usesStreams
      ? undefined
      : this.#connectTls(address, destination, onread);
    const base = this.#base = this.#top = secure ?? this.#connect(address, onread);
    this.#watchWrites(base);
    base.on("connect", () => {
      if (this.#isClosed) return;
      this.remote = "path" in address ? address.path : formatRemote(base);
      this.#isSecuring = secure !== undefined;
      const handle = findWriteHandle(base);
      // The handle of a Unix socket may not keep the order of writes.
      if (handle !== undefined && secure === undefined && "port" in address) {
        this.#textWriter = new TextWriter(handle, this);
      }
      this.listener.onConnect();
      if (destination !== undefined && secure === undefined) this.startTls(destination);
    });
    base.on("error", (error) => this.#fail(error));
    base.on("close", () => this.#onClosed());
  }

  #connect(address: SocketAddress, onread: net.OnReadOpts): net.Socket {
    // The types lack `noDelay`.
    const options = { noDelay: true, allowHalfOpen: true, onread };
    const socket = new net.Socket(options as net.SocketConstructorOpts).connect(address);
    return socket.on("end", () => this.#onEnd(0));
  }

  /**
   * TLS over a socket of its own, at two thirds of the CPU of TLS over a stream. Deno's `node:tls`
   * takes a reset, and an end without close_notify, for a regular end, and an attacker could cut a
   * response short (RFC 9112 §9.8). An end that TCP has brought is told by the socket below, which
   * then keeps the event loop no longer.
   *
   * @returns undefined if this runtime does not let the two be told apart
   */
  #connectTls(
    address: SocketAddress,
    destination: TlsDestination,
    onread: net.OnReadOpts,
  ): tls.TLSSocket | undefined {
    const options = { ...toTlsOptions(destination), ...address, allowHalfOpen: true, onread };
    const socket = loadTls().connect(options as tls.ConnectionOptions);
    const handle = (socket as TlsHandle)._handle?._nativeTcpHandle;
    if (typeof handle?.hasRef !== "function") {
      this.#transports.usesStreams = true;
      socket.on("error", () => {}).destroy();
      return undefined;
    }
    socket.setNoDelay(true);
    const { push } = socket;
    // With `onread`, only the end is pushed. The event `end` would come too late: by then, TCP may
    // have ended after a close_notify.
    socket.push = (chunk, encoding) => {
      if (chunk === null) {
        if ((socket as TlsHandle)._handle?._nativeTcpHandle?.hasRef?.() === true) this.#onEnd(0);
        else this.#fail(isReset(socket) ? toReset() : new CutError());
      }
      return push.call(socket, chunk, encoding);
    };
    this.#watchTls(socket, destination);
    return socket;
  }

  startTls(destination: TlsDestination): void {
    this.#isSecuring = true;
    this.#writer = this.#textWriter = undefined;
    const carrier = this.#top;
    const level = this.#layers.length;
    const stream = new Duplex({
      read: () => {
        if (!this.#isPaused) carrier.resume();
      },
      write: (bytes, _encoding, done) => void carrier.write(bytes, done),
      final: (done) => void carrier.end(done),
    });
    const options = { ...toTlsOptions(destination), socket: stream, host: destination.hostname };
    const socket = loadTls().connect(options);
    const layer = { stream, socket, hasEnded: false };
    this.#layers.push(layer);
    this.#top = socket;
    this.#watchTls(socket, destination);
    this.#watchWrites(socket);
    socket.on("data", (bytes) => {
      for (let from = 0; from < bytes.length; from += BUFFER.length) {
        const piece = bytes.subarray(from, from + BUFFER.length);
        BUFFER.set(piece);
        this.#onRead(level + 1, BUFFER, piece.length);
      }
    });
    socket.on("end", () => {
      layer.hasEnded = true;
      this.#onEnd(level + 1);
    });
    socket.on("error", (error) => this.#fail(error));
  }

  #watchTls(socket: tls.TLSSocket, { options }: TlsDestination): void {
    // `node:tls` asks for the certificate with its chain, up to an authority. For that it would parse
    // all trusted authorities again for each connection: 141 of them took 10 ms.
    const { getPeerCertificate } = socket;
    socket.getPeerCertificate = (): tls.DetailedPeerCertificate =>
      getPeerCertificate.call(socket, false) as tls.DetailedPeerCertificate;
    socket.on("secureConnect", () => {
      if (this.#isClosed) return;
      if (!options.insecure && !socket.authorized) {
        // Deno keeps only the code of the error.
        const code = String(socket.authorizationError);
        const certificate = socket.getPeerX509Certificate();
        return this.#fail(new Error(describeCertificate(certificate, code, Date.now())));
      }
      this.#isSecure = true;
      const handle = this.#layers.length === 0 ? findWriteHandle(socket) : undefined;
      if (handle !== undefined) this.#writer = new DirectWriter(handle, this);
      this.listener.onSecure(socket.alpnProtocol || undefined);
    });
  }

  /**
   * Tells when everything is written. And a write that fails because of a reset never completes: a
   * server may respond early and close while the request is still being sent (RFC 9112 §9.5, §9.6).
   * Its response is in the kernel then, and the first write that fails would destroy the socket before
   * the response is read. Instead, the reads continue to the end, which a reset always brings.
   */
  #watchWrites(socket: net.Socket): void {
    /** The callback that a stream passes to each write, always the same; and its replacement. */
    let done: Done | undefined;
    let ownDone: Done;
    const replace = (given: Done): Done => {
      if (given === done) return ownDone;
      done = given;
      return ownDone = (error) => {
        if (error != null && (error.code === "ECONNRESET" || error.code === "EPIPE")) {
          this.#writeError ??= error;
          return;
        }
        given(error);
        if (this.#countUnsent() === 0) this.onWritten();
      };
    };
    const { _write: write, _writev: writev } = socket;
    socket._write = (chunk, encoding, done) => write.call(socket, chunk, encoding, replace(done));
    socket._writev = (chunks, done) => writev!.call(socket, chunks, replace(done));
  }

  onWritten(): void {
    if (!this.#isUnsent) return;
    this.#isUnsent = false;
    if (!this.#isClosed) this.listener.onDrain();
  }

  onWriteFailure(): void {
    this.#writeError ??= toReset();
  }

  #countUnsent(): number {
    const top = this.#top;
    const base = this.#base;
    const unsent = top.writableLength + (this.#writer?.unsent ?? 0);
    return top === base ? unsent : unsent + base.writableLength;
  }

  #checkUnsent(): void {
    if (this.#countUnsent() > (this.#isSecure ? MAX_DIRECT_BYTES : 0)) this.#isUnsent = true;
  }

  get isSent(): boolean {
    return !this.#isUnsent;
  }

  /** The runtime reads by itself, in each turn of its event loop. */
  readNow(): boolean {
    return false;
  }

  send(bytes: Uint8Array): void {
    if (this.#base.destroyed) return;
    (this.#writer ?? this.#top).write(bytes.slice());
    this.#checkUnsent();
  }

  sendText(text: string, bytes: Uint8Array | undefined): void {
    const writer = this.#writer;
    const top = this.#top;
    // Its close is told soon.
    if (this.#base.destroyed) return;
    if (writer === undefined) {
      const isShort = bytes === undefined && text.length <= MAX_DIRECT_BYTES;
      if (isShort && this.#textWriter !== undefined && top.writableLength === 0) {
        return this.#textWriter.write(text);
      }
      this.#writeToStream(text, bytes);
    } else if (bytes === undefined) {
      writer.write(text);
    } else if (text.length + bytes.length <= MAX_DIRECT_BYTES) {
      writer.write(join(text, bytes));
    } else {
      writer.write(text);
      writer.write(bytes);
    }
    this.#checkUnsent();
  }

  #writeToStream(text: string, bytes: Uint8Array | undefined): void {
    const top = this.#top;
    // Over TLS, Deno 2.9 sends a text as UTF-8 if it goes together with something else.
    const isAlone = bytes === undefined && top.writableLength === 0;
    const head = isAlone || !this.#isSecuring ? text : Buffer.from(text, "latin1");
    if (bytes === undefined) {
      top.write(head, "latin1");
    } else {
      top.cork();
      top.write(head, "latin1");
      top.write(bytes);
      top.uncork();
    }
  }

  /** @param level of the layer that the bytes come from, 0 for the base */
  #onRead(level: number, bytes: Uint8Array, length: number): void {
    if (this.#isClosed) return;
    if (level === this.#layers.length) return this.listener.onRead(bytes, length);
    const isTaken = this.#layers[level].stream.push(bytes.slice(0, length));
    if (!isTaken) (level === 0 ? this.#base : this.#layers[level - 1].socket).pause();
  }

  /** The other end has ended a layer in good order. */
  #onEnd(level: number): void {
    if (this.#isClosed || this.#error !== undefined) return;
    if (this.#writeError !== undefined) return this.#fail(this.#writeError);
    if (level === this.#layers.length) return this.listener.onEnd();
    // TLS has to end before what is below it.
    if (!this.#layers[level].hasEnded) this.#fail(new CutError());
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (error instanceof CutError) this.#cut = error;
    else this.#error ??= error;
    this.#base.destroy();
  }

  #onClosed(): void {
    for (const { socket } of this.#layers) socket.destroy();
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A reset that made a write fail looks like a cut here.
    const error = this.#error ?? this.#writeError ?? this.#cut ?? toReset();
    this.listener.onClose(this.#toTransportError(error));
  }

  #toTransportError(error: NodeJS.ErrnoException): TransportError {
    const { code, message, syscall } = error;
    if (error instanceof CutError && this.#isSecure) return { message, isTls: false };
    return this.#isSecuring && syscall === undefined
      ? { message: describeTlsError(message), isTls: true }
      : { code, message, isTls: false };
  }

  pause(): void {
    this.#isPaused = true;
    this.#base.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#base.resume();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const base = this.#base;
    // TLS first announces that nothing follows (RFC 8446 §6.1), if the socket takes it.
    if (this.#isSecure && !this.#isUnsent && !base.destroyed) {
      this.#writer?.flush();
      this.#top.end(() => base.destroy());
    } else {
      this.#writer?.close();
      base.destroy();
    }
  }
}

type Done = (error?: NodeJS.ErrnoException | null) => void;

/** Text, each character a byte, and then bytes. */
function join(text: string, bytes: Uint8Array): Uint8Array {
  const all = Buffer.allocUnsafe(text.length + bytes.length);
  all.write(text, "latin1");
  all.set(bytes, text.length);
  return all;
}

/** Whether the other end has reset a connection: then the system knows its address no longer. */
function isReset(socket: net.Socket): boolean {
  const handle = (socket as { _handle?: { getpeername?(out: object): number } | null })._handle;
  return handle?.getpeername !== undefined && handle.getpeername({}) !== 0;
}

function toReset(): NodeJS.ErrnoException {
  return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" });
}

function formatRemote({ remoteAddress, remotePort, remoteFamily }: net.Socket): string {
  return remoteFamily === "IPv6"
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`;
}
