import { findIpVersion } from "../../../http/ip_version.ts";
import type { TransportError } from "../transport.ts";
import { AGAIN, type Channel, END, FAILED } from "./channel.ts";
import { ECONNRESET, type Libc, readErrno, toSystemError } from "./libc.ts";
import {
  EXFLAG_CA,
  type OpenSsl,
  type Pointer,
  SSL_CTRL_SET_TLSEXT_HOSTNAME,
  SSL_ERROR_SYSCALL,
  SSL_ERROR_WANT_READ,
  SSL_ERROR_WANT_WRITE,
  SSL_ERROR_ZERO_RETURN,
  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
} from "./openssl.ts";
import { NativeSocket } from "./socket.ts";
import { type TlsContext, TlsOptionsError } from "./tls_context.ts";
import { CLOSED, CUT, OF_AUTHORITY, takeTlsError } from "./tls_error.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Where OpenSSL writes a pointer and a length. */
const PROTOCOL_POINTER = new BigUint64Array(1);
const PROTOCOL_LENGTH = new Uint32Array(1);

/** The bytes of a channel that TLS runs over, on their way from it or to it. */
const CARRIED = new Uint8Array(32 * 1024);

/** Where OpenSSL reads and writes if it does not do so from a socket; it owns both. */
interface Bios {
  readonly input: Pointer<"BIO">;
  readonly output: Pointer<"BIO">;
}

/**
 * TLS over a socket, which OpenSSL reads and writes itself, or over the TLS of a proxy.
 *
 * ```text
 * handshake ──► open ──► closed
 * ```
 */
export class TlsChannel implements Channel {
  readonly #libc: Libc;
  readonly #openssl: OpenSsl;
  readonly #context: TlsContext;
  /** What tells the server from others; undefined once its session is kept, and if nothing does. */
  #server: string | undefined;
  /** What is below it, which it owns. */
  readonly #carrier: Channel;
  #ssl: Pointer<"SSL"> | null;
  /** Undefined over a socket. */
  #bios: Bios | undefined;
  /** What the carrier did not take yet; at most what one write makes. */
  #unsent = CARRIED.subarray(0, 0);
  #isOpen = false;
  /** What the next read gives: it was found out behind bytes that had to be read first. */
  #outcome = 0;
  #wantsToSend = false;
  hasMore = false;
  error: TransportError = CUT;

  /**
   * @param hostname what the certificate has to be for
   * @param server as {@linkcode TlsContext.newConnection} takes it
   */
  constructor(
    { libc, openssl }: { readonly libc: Libc; readonly openssl: OpenSsl },
    context: TlsContext,
    hostname: string,
    server: string | undefined,
    carrier: NativeSocket | TlsChannel,
  ) {
    this.#libc = libc;
    this.#openssl = openssl;
    this.#context = context;
    this.#server = server;
    this.#carrier = carrier;
    const ssl = this.#ssl = context.newConnection(server);
    if (carrier instanceof NativeSocket) {
      openssl.SSL_set_fd(ssl, carrier.fd);
    } else {
      const input = openssl.BIO_new(openssl.BIO_s_mem())!;
      const output = openssl.BIO_new(openssl.BIO_s_mem())!;
      openssl.SSL_set_bio(ssl, input, output);
      this.#bios = { input, output };
    }
    openssl.SSL_set_connect_state(ssl);
    const isExpected = this.#expect(ssl, hostname);
    // OpenSSL would take an error of a name for one of the connection that is read next.
    openssl.ERR_clear_error();
    if (isExpected) return;
    openssl.SSL_free(ssl);
    throw new TlsOptionsError("no certificate can be for such a host");
  }

  /** Says what the certificate has to be for, and by a name also to the server. */
  #expect(ssl: Pointer<"SSL">, hostname: string): boolean {
    const openssl = this.#openssl;
    // An absolute name ends with a dot, and certificates have none (RFC 6066 §3).
    const name = encoder.encode(`${hostname.replace(/(?<=.)\.$/, "")}\0`);
    const parameters = openssl.SSL_get0_param(ssl);
    if (findIpVersion(hostname) !== 0) {
      return openssl.X509_VERIFY_PARAM_set1_ip_asc(parameters, name) === 1;
    }
    openssl.X509_VERIFY_PARAM_set_hostflags(
      parameters,
      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
    );
    openssl.SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, 0n, name);
    // For an empty name it would take the certificate of any host.
    return name[0] !== 0 && openssl.X509_VERIFY_PARAM_set1_host(parameters, name, 0n) === 1;
  }

  get wantsToSend(): boolean {
    return this.#wantsToSend || this.#carrier.wantsToSend;
  }

  /** @throws {Error} If it is closed. */
  #use(): Pointer<"SSL"> {
    if (this.#ssl === null) throw new Error("the TLS channel is closed");
    return this.#ssl;
  }

  /**
   * Goes on with the handshake.
   *
   * @returns 0 once it is done; or {@linkcode AGAIN}, {@linkcode FAILED}
   */
  handshake(): number {
    const openssl = this.#openssl;
    const ssl = this.#use();
    let outcome;
    do {
      const result = openssl.SSL_do_handshake(ssl);
      outcome = result === 1 ? 0 : this.#toOutcome(result);
      if (this.flush() === FAILED && outcome === AGAIN) return FAILED;
      if (outcome === AGAIN) outcome = this.#fill();
      else break;
    } while (outcome === 0);
    if (outcome === END) {
      this.error = CLOSED;
      return FAILED;
    }
    if (outcome !== 0) return outcome;
    openssl.ERR_clear_error();
    if (this.#context.verifies && this.#isOfAuthority(ssl)) {
      this.error = OF_AUTHORITY;
      return FAILED;
    }
    this.#isOpen = true;
    this.hasMore = this.#isPending(ssl);
    return 0;
  }

  /**
   * Whether the server shows the certificate of an authority as its own (RFC 5280 §4.2.1.9), and is
   * trusted only because of that certificate's issuer. One that the user trusts itself, as `openssl
   * req -x509` makes them for servers, is that user's decision.
   */
  #isOfAuthority(ssl: Pointer<"SSL">): boolean {
    const openssl = this.#openssl;
    // The connection before it was accepted; OpenSSL keeps no chain of it.
    if (openssl.SSL_session_reused(ssl) === 1) return false;
    const certificate = openssl.SSL_get1_peer_certificate(ssl);
    if (certificate === null) throw new Error("a server without a certificate was accepted");
    const flags = openssl.X509_get_extension_flags(certificate);
    openssl.X509_free(certificate);
    if ((flags & EXFLAG_CA) === 0) return false;
    const chain = openssl.SSL_get0_verified_chain(ssl);
    return chain === null || openssl.OPENSSL_sk_num(chain) !== 1;
  }

  /** What ALPN has agreed on; undefined without an agreement. */
  get protocol(): string | undefined {
    this.#openssl.SSL_get0_alpn_selected(this.#use(), PROTOCOL_POINTER, PROTOCOL_LENGTH);
    // OpenSSL takes only what was offered.
    const name = new Uint8Array(PROTOCOL_LENGTH[0]);
    if (name.length === 0) return undefined;
    this.#libc.copyFrom(name, PROTOCOL_POINTER[0], name.length);
    return decoder.decode(name);
  }

  /** What the result of a call means that did not succeed. */
  #toOutcome(result: number): number {
    const openssl = this.#openssl;
    const ssl = this.#use();
    const kind = openssl.SSL_get_error(ssl, result);
    this.#wantsToSend = kind === SSL_ERROR_WANT_WRITE;
    if (kind === SSL_ERROR_WANT_READ || kind === SSL_ERROR_WANT_WRITE) return AGAIN;
    if (kind === SSL_ERROR_ZERO_RETURN) return END;
    if (kind === SSL_ERROR_SYSCALL) {
      this.error = toSystemError(readErrno(this.#libc) || ECONNRESET);
      openssl.ERR_clear_error();
    } else {
      this.error = takeTlsError(openssl, ssl, this.#isOpen);
    }
    return FAILED;
  }

  /**
   * Brings bytes from the carrier to OpenSSL.
   *
   * @returns 0 if it has; or {@linkcode AGAIN}, {@linkcode FAILED}
   */
  #fill(): number {
    if (this.#bios === undefined) return AGAIN;
    const length = this.#carrier.read(CARRIED);
    if (length > 0) {
      this.#openssl.BIO_write(this.#bios.input, CARRIED, length);
      return 0;
    }
    if (length === AGAIN) return AGAIN;
    if (length === FAILED) this.error = this.#carrier.error;
    // TLS has to end before what is below it.
    else this.error = this.#isOpen ? CUT : CLOSED;
    return FAILED;
  }

  /** Whether bytes wait in memory. */
  #isPending(ssl: Pointer<"SSL">): boolean {
    if (this.#openssl.SSL_has_pending(ssl) === 1) return true;
    if (this.#bios === undefined) return false;
    return this.#carrier.hasMore || this.#openssl.BIO_ctrl_pending(this.#bios.input) > 0;
  }

  #readSome(ssl: Pointer<"SSL">, buffer: Uint8Array<ArrayBuffer>): number {
    for (;;) {
      const length = this.#openssl.SSL_read(ssl, buffer, buffer.length);
      this.hasMore = length > 0 && this.#isPending(ssl);
      if (length > 0) return length;
      const outcome = this.#toOutcome(length);
      if (outcome !== AGAIN) return outcome;
      const filled = this.#fill();
      if (filled !== 0) return filled;
    }
  }

  read(buffer: Uint8Array<ArrayBuffer>): number {
    const ssl = this.#use();
    if (this.#outcome !== 0) return this.#outcome;
    let length = this.#readSome(ssl, buffer);
    if (length < 0) return length;
    // Further records that have come with it: after a read, only a full buffer means that more waits.
    while (this.hasMore && length < buffer.length) {
      const more = this.#readSome(ssl, buffer.subarray(length));
      if (more > 0) length += more;
      else if (more !== AGAIN) {
        this.#outcome = more;
        this.hasMore = true;
        break;
      }
    }
    if (this.#server !== undefined) {
      // TLS 1.3 sends what a session is resumed by after the handshake (RFC 8446 §4.6.1).
      this.#context.keepSession(this.#server, ssl);
      this.#server = undefined;
    }
    return length;
  }

  write(bytes: Uint8Array<ArrayBuffer>, length: number): number {
    const ssl = this.#use();
    if (this.#bios !== undefined) {
      const flushed = this.flush();
      if (flushed !== 0) return flushed;
    }
    const sent = this.#openssl.SSL_write(ssl, bytes, length);
    if (sent <= 0) return this.#toOutcome(sent);
    return this.#bios !== undefined && this.flush() === FAILED ? FAILED : sent;
  }

  flush(): number {
    if (this.#bios === undefined) return 0;
    for (;;) {
      let bytes = this.#unsent;
      if (bytes.length === 0) {
        const length = this.#openssl.BIO_read(this.#bios.output, CARRIED, CARRIED.length);
        if (length <= 0) return this.#carrier.flush();
        bytes = CARRIED.subarray(0, length);
      }
      const sent = this.#carrier.write(bytes, bytes.length);
      if (sent === FAILED) this.error = this.#carrier.error;
      // A copy, as others use the buffer.
      this.#unsent = sent > 0 ? bytes.slice(sent) : bytes.slice();
      if (sent < 0) return sent;
    }
  }

  end(): void {
    // RFC 8446 §6.1.
    if (this.#isOpen) this.#openssl.SSL_shutdown(this.#use());
    this.#openssl.ERR_clear_error();
    if (this.flush() === 0) this.#carrier.end();
  }

  close(): void {
    if (this.#ssl === null) return;
    this.#openssl.SSL_free(this.#ssl);
    this.#ssl = null;
    this.#bios = undefined;
    this.#carrier.close();
  }
}
