/**
 * TLS over a TCP socket, such that a regular end can be told from a cut.
 *
 * @module
 */
import net from "node:net";
import { Duplex } from "node:stream";
import tls from "node:tls";
import type { TlsOptions } from "../engine.ts";
import { describeCertificate } from "../tls_failure.ts";

/** What TLS runs over: a TCP socket, or the TLS of a proxy. */
export type Transport = net.Socket | tls.TLSSocket;

/** The connection ended without close_notify. */
export class CutError extends Error {
  override name = "CutError";

  constructor() {
    super("the connection was cut (no close_notify)");
  }
}

/** Receives what comes over TLS. */
export interface TlsListener {
  /** The handshake is done, and the certificate is trusted. */
  onOpen(): void;
  onRead(bytes: Uint8Array): void;
  /** The other end has announced that nothing follows (close_notify). */
  onEnd(): void;
  /** The handshake failed, or the connection ended without close_notify. */
  onError(error: NodeJS.ErrnoException): void;
}

/**
 * Begins TLS over a connection. ALPN offers `http/1.1` alone (RFC 7301).
 *
 * Over a socket of its own, Deno's `node:tls` takes a reset, or an end without close_notify, for a
 * regular end, and an attacker could cut a response short (RFC 9112 §9.8). So it gets a stream, and
 * the socket stays here: TLS has to end before the socket does.
 *
 * @param hostname the URL's host, which the certificate has to be for
 * @returns the socket to write to; `destroy()` it when the TCP socket is closed
 */
export function startTls(
  carrier: Transport,
  hostname: string,
  options: TlsOptions,
  listener: TlsListener,
): tls.TLSSocket {
  const stream = new Duplex({
    read: () => void carrier.resume(),
    write: (bytes, _encoding, done) => void carrier.write(bytes, done),
    final: (done) => void carrier.end(done),
  });
  // A client must not show its certificate to a server that it does not trust. So the handshake
  // itself has to fail then, and its error has fewer details.
  const isCheckedByTls = !options.insecure && options.cert !== undefined;
  const socket = tls.connect({
    socket: stream,
    host: hostname,
    // A name for the server to choose its certificate by; not an address (RFC 6066 §3).
    servername: net.isIP(hostname) === 0 ? hostname : undefined,
    ALPNProtocols: ["http/1.1"],
    ca: options.ca,
    cert: options.cert,
    key: options.key,
    rejectUnauthorized: isCheckedByTls,
    checkServerIdentity: checkIdentity,
  });
  let hasEnded = false;
  carrier.on("data", (bytes) => {
    if (!stream.push(bytes)) carrier.pause();
  });
  carrier.on("end", () => {
    if (!hasEnded) listener.onError(new CutError());
  });
  socket.on("secureConnect", () => {
    if (options.insecure || socket.authorized) return listener.onOpen();
    // Deno keeps only the code of the error.
    const code = String(socket.authorizationError);
    const certificate = socket.getPeerX509Certificate();
    listener.onError(new Error(describeCertificate(certificate, code, Date.now())));
  });
  socket.on("data", (bytes) => listener.onRead(bytes));
  socket.on("end", () => {
    hasEnded = true;
    listener.onEnd();
  });
  socket.on("error", (error) => listener.onError(error));
  return socket;
}

/** Like `node:tls`, except that a common name does not name a host (RFC 9110 §4.3.4). */
function checkIdentity(hostname: string, certificate: tls.PeerCertificate): Error | undefined {
  return tls.checkServerIdentity(hostname, {
    ...certificate,
    subject: { ...certificate.subject, CN: "" },
  });
}
