/**
 * Streams of bytes to other programs: TCP or a Unix socket, with TLS over it or without. The protocols
 * above know no sockets, and a transport knows no HTTP.
 *
 * @module
 */
import type { TlsOptions } from "../engine.ts";
import type { LocalEnd } from "../options.ts";

/** Where a transport connects to. */
export type SocketAddress =
  | {
    /** An IP address; a name only where the runtime has to look it up itself. */
    readonly host: string;
    readonly port: number;
    /** 4 or 6; 0 for a name. */
    readonly family: number;
  }
  | { readonly path: string };

/** What TLS has to agree on with the other end. */
export interface TlsDestination {
  /** The name or the IP address that the certificate has to be for; without brackets. */
  readonly hostname: string;
  readonly options: TlsOptions;
  /** The protocols to offer (ALPN, RFC 7301), the preferred one first; at least one. */
  readonly protocols: readonly string[];
}

/** Why a transport has ended, or could not be opened. */
export interface TransportError {
  /** The code of the operating system, such as `ECONNREFUSED`; undefined for other problems. */
  readonly code?: string | undefined;
  /**
   * What went wrong, in words. A problem of TLS or of a certificate is in the words of
   * `tls_failure.ts` already.
   */
  readonly message: string;
  /** Whether it is a problem of TLS: of the handshake, the certificate, a record or an alert. */
  readonly isTls: boolean;
}

/**
 * Receives what happens to a transport. No call comes before `Transports.open` has returned, none
 * after {@linkcode Transport.close}, and none after `onClose`.
 */
export interface TransportListener {
  /** The socket is connected. Without TLS, bytes may be sent from now on. */
  onConnect(): void;
  /**
   * TLS is done, and the certificate is accepted: bytes may be sent over it from now on.
   *
   * @param protocol what ALPN agreed on; undefined if the other end did not choose
   */
  onSecure(protocol: string | undefined): void;
  /**
   * Bytes have come.
   *
   * @param bytes the buffer of all transports: valid during the call only. If `length` is its whole
   * length, more bytes may be waiting in the socket
   * @param length how many bytes have come, from 1
   */
  onRead(bytes: Uint8Array, length: number): void;
  /**
   * The other end has announced that nothing follows: by the end of TCP, or by close_notify over TLS
   * (RFC 8446 §6.1). Sending is still possible.
   */
  onEnd(): void;
  /** Everything that was sent has gone to the system, after {@linkcode Transport.isSent} was false. */
  onDrain(): void;
  /**
   * It is closed, without a call of {@linkcode Transport.close}.
   *
   * @param error why. A connection that ends over TLS without close_notify is cut: an attacker could
   * cut a response short (RFC 9112 §9.8)
   */
  onClose(error: TransportError): void;
}

/** One stream of bytes. */
export interface Transport {
  /**
   * Receives what happens to it: at first what {@linkcode Transports.open} was given. A protocol takes
   * over by putting itself here.
   */
  listener: TransportListener;
  /** The other end, as in `127.0.0.1:80`, `[::1]:80` or a path; null before it is connected. */
  readonly remote: string | null;
  /** Whether everything that was sent has gone to the system. */
  readonly isSent: boolean;
  /** Whether it waits for its turn to receive or send, so that no byte is expected. */
  readonly isHeld: boolean;
  /**
   * Begins TLS over what there is: the plain socket, or the TLS of a proxy. From then on bytes are
   * sent and come through it.
   */
  startTls(destination: TlsDestination): void;
  /** Sends bytes. They belong to the caller again when it returns. */
  send(bytes: Uint8Array): void;
  /**
   * Sends text, and then bytes, if possible in one write.
   *
   * @param text each character a byte, up to U+00FF
   * @param bytes must not change any more; undefined without any
   */
  sendText(text: string, bytes: Uint8Array | undefined): void;
  /**
   * Reads what has come by now, if that is possible within the call, and tells the listener.
   *
   * @returns whether it was possible; if not, it is told before what is given to `afterReads` now
   */
  readNow(): boolean;
  /** Reads nothing until {@linkcode Transport.resume}. What was read before may still be told. */
  pause(): void;
  /** Reads on, if it was paused. */
  resume(): void;
  /**
   * Closes it. If everything is sent and TLS is open, close_notify goes first. Calls after the first
   * do nothing.
   */
  close(): void;
}

/** How transports are opened, whoever opens them. */
export interface TransportSettings {
  /** Where every connection begins. @default what the system chooses */
  readonly localEnd?: LocalEnd | undefined;
  /** The maximum number of bytes of one read, from 1. @default 64 KB */
  readonly maxReadBytes?: number | undefined;
}

/** A way to open transports. */
export interface Transports {
  readonly name: "portable" | "native";
  /**
   * Whether many transports under full load keep new ones from connecting, so that requests have to
   * wait for them now and then.
   */
  readonly isStarvedByLoad: boolean;
  /**
   * Begins to connect.
   *
   * @param tls TLS over the socket as soon as it is connected; undefined without it, or if it begins
   * later by {@linkcode Transport.startTls}
   */
  open(
    address: SocketAddress,
    tls: TlsDestination | undefined,
    listener: TransportListener,
  ): Transport;
  /** Runs something once, after the bytes that are ready now have been read. */
  afterReads(run: () => void): void;
  /** Ends what serves all transports. Call it when all of them are closed. */
  close(): void;
}
