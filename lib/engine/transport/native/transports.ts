import type {
  SocketAddress,
  TlsDestination,
  Transport,
  TransportError,
  TransportListener,
  Transports,
} from "../transport.ts";
import { type NativeAddress, toNativeAddress } from "./address.ts";
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, type Libc } from "./libc.ts";
import { Poller } from "./poller.ts";
import { AGAIN, END, FAILED, NativeSocket } from "./socket.ts";

/**
 * The buffer that every socket is read into. One is enough: its bytes are processed before the next
 * read begins.
 */
const INPUT = new Uint8Array(64 * 1024);
/** The buffer that text is encoded into before it is sent. */
const OUTPUT = new Uint8Array(64 * 1024);

/** Transports over non-blocking sockets of the system. */
export class NativeTransports implements Transports {
  readonly name = "native";
  readonly isStarvedByLoad = false;
  readonly #libc: Libc;
  readonly #poller: Poller;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#poller = new Poller(libc);
  }

  open(
    address: SocketAddress,
    tls: TlsDestination | undefined,
    listener: TransportListener,
  ): Transport {
    return new NativeTransport(this.#libc, this.#poller, address, tls, listener);
  }

  afterReads(run: () => void): void {
    this.#poller.afterReads(run);
  }

  close(): void {
    this.#poller.close();
  }
}

class NativeTransport implements Transport {
  readonly #libc: Libc;
  readonly #poller: Poller;
  readonly #listener: TransportListener;
  readonly #tls: TlsDestination | undefined;
  #socket: NativeSocket | undefined;
  #state: "connecting" | "open" | "ended" | "closed" = "connecting";
  #events = EPOLLOUT;
  #address: NativeAddress | undefined;
  #unsent: Uint8Array<ArrayBuffer>[] = [];
  #writeError: string | undefined;
  #isConnected = false;

  constructor(
    libc: Libc,
    poller: Poller,
    address: SocketAddress,
    tls: TlsDestination | undefined,
    listener: TransportListener,
  ) {
    this.#libc = libc;
    this.#poller = poller;
    this.#listener = listener;
    this.#tls = tls;
    const code = this.#connect(address);
    if (code !== undefined) queueMicrotask(() => this.#fail(code));
  }

  #connect(address: SocketAddress): string | undefined {
    const native = toNativeAddress(this.#libc, address);
    if (typeof native === "string") return native;
    this.#address = native;
    try {
      this.#socket = new NativeSocket(this.#libc, native);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code!;
    }
    return this.#poller.watch(this.#socket.fd, this.#events, this);
  }

  get remote(): string | null {
    return this.#isConnected ? this.#address!.name : null;
  }

  get isSent(): boolean {
    return this.#unsent.length === 0 && this.#writeError === undefined;
  }

  startTls(_destination: TlsDestination): void {
    throw new Error("TODO");
  }

  #await(events: number): void {
    if (events === this.#events) return;
    this.#events = events;
    this.#poller.change(this.#socket!.fd, events);
  }

  onReady(events: number): void {
    if (this.#state === "connecting") return this.#onConnect();
    if ((events & EPOLLOUT) !== 0) this.#flush();
    if (this.#state === "open" && (events & ~EPOLLOUT) !== 0) this.#read();
    else if (this.#state === "ended" && (events & (EPOLLERR | EPOLLHUP)) !== 0) {
      this.#fail(this.#socket!.takeError() ?? "EPIPE");
    }
  }

  #onConnect(): void {
    const code = this.#socket!.takeError();
    if (code !== undefined) return this.#fail(code);
    this.#isConnected = true;
    this.#state = "open";
    this.#await(EPOLLIN);
    this.#listener.onConnect();
  }

  #read(): void {
    const length = this.#socket!.read(INPUT);
    if (length > 0) return this.#listener.onRead(INPUT, length);
    if (length === AGAIN) return;
    if (length === FAILED) return this.#fail(this.#socket!.errorCode);
    if (this.#writeError !== undefined) return this.#fail(this.#writeError);
    this.#state = "ended";
    this.#await(this.#events & ~EPOLLIN);
    this.#listener.onEnd();
  }

  send(bytes: Uint8Array): void {
    this.#send(bytes as Uint8Array<ArrayBuffer>, bytes.length);
  }

  sendText(text: string, bytes: Uint8Array | undefined): void {
    for (let i = 0; i < text.length; i++) OUTPUT[i] = text.charCodeAt(i);
    this.#send(OUTPUT, text.length);
    if (bytes !== undefined) this.send(bytes);
  }

  #send(bytes: Uint8Array<ArrayBuffer>, length: number): void {
    const sent = this.#socket!.write(bytes, length);
    if (sent === length) return;
    this.#unsent.push(bytes.slice(sent, length));
    this.#await(this.#events | EPOLLOUT);
  }

  #flush(): void {
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    if (this.#socket !== undefined) {
      this.#poller.unwatch(this.#socket.fd);
      this.#socket.close();
    }
  }

  #fail(code: string): void {
    if (this.#state === "closed") return;
    this.close();
    const error: TransportError = { code, message: code, isTls: false };
    this.#listener.onClose(error);
  }
}
void END;
