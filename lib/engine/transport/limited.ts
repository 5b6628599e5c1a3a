/**
 * Transports that receive and send a bounded number of bytes a second, all together. A connection that
 * has to wait is not read from, so that TCP holds its server back; what it sends waits here.
 *
 * @module
 */
import { ByteBudget, createBudgetMemory } from "../byte_budget.ts";
import type {
  SocketAddress,
  TlsDestination,
  Transport,
  TransportError,
  TransportListener,
  Transports,
} from "./transport.ts";
import { Turns } from "./turns.ts";

/** A read, or a write of a body, has the share of a second's bytes that this divides. */
const PIECES_PER_SECOND = 64;
/** The bounds of a piece, in bytes. */
const MIN_PIECE_BYTES = 256;
const MAX_PIECE_BYTES = 64 * 1024;

/**
 * After so many turns without bytes, a connection waits for its server, and not for its turn. A single
 * turn proves nothing: it ends when another connection reads.
 */
const MAX_EMPTY_TURNS = 10;

/** The maximum number of bytes of one read or write, at a limit for all of them. */
export function choosePieceBytes(bytesPerSecond: number): number {
  const bytes = Math.round(bytesPerSecond / PIECES_PER_SECOND);
  // An odd number: a read that fills its buffer ends a connection of HTTP/1.1, since more may follow,
  // and few responses are as long as several odd pieces.
  return Math.min(MAX_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, bytes) | 1);
}

/**
 * Limits transports.
 *
 * @param inner reads no more than {@linkcode choosePieceBytes} at once
 * @param bytesPerSecond in each direction, more than 0
 * @param memory of `createBudgetMemory`, which other event loops may share
 */
export function limitTransports(
  inner: Transports,
  bytesPerSecond: number,
  memory: SharedArrayBuffer = createBudgetMemory(),
): Transports {
  return new LimitedTransports(inner, bytesPerSecond, memory);
}

/** Opens transports that share a budget for each direction. */
class LimitedTransports implements Transports {
  readonly #inner: Transports;
  readonly pieceBytes: number;
  readonly reads: Turns<LimitedTransport>;
  readonly writes: Turns<LimitedTransport>;
  /** Those that may be read from now; the others wait for their turn. At most all that are open. */
  readonly readable = new Set<LimitedTransport>();

  constructor(inner: Transports, bytesPerSecond: number, memory: SharedArrayBuffer) {
    this.#inner = inner;
    this.pieceBytes = choosePieceBytes(bytesPerSecond);
    const createTurns = (
      direction: "received" | "sent",
      grant: (transport: LimitedTransport) => void,
      firstBatch: number,
    ) => new Turns(new ByteBudget(bytesPerSecond, memory, direction), grant, firstBatch);
    this.reads = createTurns("received", (transport) => transport.resume(), 1);
    this.writes = createTurns("sent", (transport) => transport.sendPiece(), Infinity);
  }

  get name(): "portable" | "native" {
    return this.#inner.name;
  }

  get isStarvedByLoad(): boolean {
    return this.#inner.isStarvedByLoad;
  }

  open(
    address: SocketAddress,
    tls: TlsDestination | undefined,
    listener: TransportListener,
  ): Transport {
    return new LimitedTransport(this, this.#inner, { address, tls }, listener);
  }

  afterReads(run: () => void): void {
    this.#inner.afterReads(run);
  }

  /** Charges what a transport has read. If that is too much, all of them wait for their turn. */
  onRead(reader: LimitedTransport, bytes: number): void {
    if (!this.reads.charge(bytes)) return;
    // Those that had to wait longest come first.
    const isReadable = this.readable.delete(reader);
    for (const transport of this.readable) this.#hold(transport);
    this.readable.clear();
    if (isReadable) this.#hold(reader);
  }

  /** Lets a transport be read from, at once or in its turn. */
  admit(transport: LimitedTransport): void {
    if (this.reads.isFree) this.readable.add(transport);
    else this.#hold(transport);
  }

  #hold(transport: LimitedTransport): void {
    transport.pause();
    this.reads.wait(transport);
  }

  close(): void {
    this.reads.close();
    this.writes.close();
    this.#inner.close();
  }
}

/** A transport that waits for its turn to read and to send, once it has sent anything. */
class LimitedTransport implements Transport, TransportListener {
  listener: TransportListener;
  readonly #all: LimitedTransports;
  readonly #inner: Transport;
  /** Whether it takes part: until it sends, only TLS reads. */
  #isAdmitted = false;
  /** How many turns to read it had in a row that ended before bytes came. */
  #emptyTurns = 0;
  /** What waits to be sent, in order. Bounded by what is sent. */
  readonly #unsent: (string | Uint8Array)[] = [];

  constructor(
    all: LimitedTransports,
    inner: Transports,
    { address, tls }: { address: SocketAddress; tls: TlsDestination | undefined },
    listener: TransportListener,
  ) {
    this.listener = listener;
    this.#all = all;
    this.#inner = inner.open(address, tls, this);
  }

  get remote(): string | null {
    return this.#inner.remote;
  }

  get isSent(): boolean {
    return this.#unsent.length === 0 && this.#inner.isSent;
  }

  get isHeld(): boolean {
    return this.#unsent.length > 0 ||
      this.#emptyTurns < MAX_EMPTY_TURNS && this.#all.reads.has(this);
  }

  startTls(destination: TlsDestination): void {
    // A handshake does not wait.
    this.#leave();
    this.#inner.resume();
    this.#inner.startTls(destination);
  }

  send(bytes: Uint8Array): void {
    this.#admit();
    if (this.#mayPass(bytes.length)) this.#inner.send(bytes);
    else this.#delay(bytes.slice());
  }

  sendText(text: string, bytes: Uint8Array | undefined): void {
    this.#admit();
    if (this.#mayPass(text.length + (bytes?.length ?? 0))) {
      return this.#inner.sendText(text, bytes);
    }
    if (text.length > 0) this.#delay(text);
    if (bytes !== undefined && bytes.length > 0) this.#delay(bytes);
  }

  #admit(): void {
    if (this.#isAdmitted) return;
    this.#isAdmitted = true;
    this.#all.admit(this);
  }

  /** Whether bytes can be sent at once; they are charged then. */
  #mayPass(bytes: number): boolean {
    const { writes, pieceBytes } = this.#all;
    if (this.#unsent.length > 0 || bytes > pieceBytes || !writes.isFree) return false;
    writes.charge(bytes);
    return true;
  }

  #delay(chunk: string | Uint8Array): void {
    this.#unsent.push(chunk);
    this.#all.writes.wait(this);
  }

  /** Its turn to send has come. */
  sendPiece(): void {
    // It comes back when the inner transport has sent everything.
    if (!this.#inner.isSent) return;
    const { writes, pieceBytes } = this.#all;
    const chunk = this.#unsent.shift()!;
    if (typeof chunk === "string") {
      writes.charge(chunk.length);
      this.#inner.sendText(chunk, undefined);
    } else {
      const piece = chunk.subarray(0, pieceBytes);
      writes.charge(piece.length);
      if (chunk.length > pieceBytes) this.#unsent.unshift(chunk.subarray(pieceBytes));
      this.#inner.send(piece);
    }
    if (this.#inner.isSent) this.#goOn();
  }

  /** The inner transport has sent everything. */
  #goOn(): void {
    if (this.#unsent.length > 0) this.#all.writes.wait(this);
    else this.listener.onDrain();
  }

  readNow(): boolean {
    return this.#inner.readNow();
  }

  pause(): void {
    this.#inner.pause();
  }

  /** Its turn to read has come. */
  resume(): void {
    this.#emptyTurns++;
    this.#all.readable.add(this);
    this.#inner.resume();
  }

  onConnect(): void {
    this.listener.onConnect();
  }

  onSecure(protocol: string | undefined): void {
    this.listener.onSecure(protocol);
  }

  onRead(bytes: Uint8Array, length: number): void {
    this.#emptyTurns = 0;
    // Before the listener, which may close it.
    this.#all.onRead(this, length);
    this.listener.onRead(bytes, length);
  }

  onEnd(): void {
    this.listener.onEnd();
  }

  onDrain(): void {
    this.#goOn();
  }

  onClose(error: TransportError): void {
    this.#leave();
    this.listener.onClose(error);
  }

  #leave(): void {
    this.#isAdmitted = false;
    this.#unsent.length = 0;
    this.#all.readable.delete(this);
    this.#all.reads.forget(this);
    this.#all.writes.forget(this);
  }

  close(): void {
    this.#leave();
    this.#inner.close();
  }
}
