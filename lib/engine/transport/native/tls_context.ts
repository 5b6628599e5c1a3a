import type { TlsOptions } from "../../engine.ts";
import {
  type OpenSsl,
  type Pointer,
  SSL_CTRL_CHAIN_CERT,
  SSL_CTRL_MODE,
  SSL_CTRL_SET_MIN_PROTO_VERSION,
  SSL_CTRL_SET_READ_AHEAD,
  SSL_CTRL_SET_SESS_CACHE_MODE,
  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
  SSL_MODE_ENABLE_PARTIAL_WRITE,
  SSL_MODE_RELEASE_BUFFERS,
  SSL_OP_NO_RENEGOTIATION,
  SSL_VERIFY_NONE,
  SSL_VERIFY_PEER,
  TLS1_2_VERSION,
  X509_V_FLAG_PARTIAL_CHAIN,
} from "./openssl.ts";
import { formatError } from "./tls_error.ts";

/** The maximum number of servers of which a session is kept. A session takes some 5 KB. */
const MAX_SESSIONS = 1_000;

const encoder = new TextEncoder();
const EMPTY = encoder.encode("\0");
const NO_MEMORY = "no memory is left for TLS";

/**
 * OpenSSL does not take the certificates, the key or the protocols that it is given, or has no memory.
 */
export class TlsOptionsError extends Error {
  override name = "TlsOptionsError";
}

/** What many connections have in common: what to trust, what to show, what to offer; and sessions. */
export class TlsContext {
  readonly #openssl: OpenSsl;
  readonly #options: TlsOptions;
  readonly #protocols: readonly string[];
  #context: Pointer<"SSL_CTX"> | null;
  /** By server, the oldest first. */
  readonly #sessions = new Map<string, Pointer<"SSL_SESSION">>();

  /** @throws {TlsOptionsError} If OpenSSL does not take the options. */
  constructor(openssl: OpenSsl, options: TlsOptions, protocols: readonly string[]) {
    this.#openssl = openssl;
    this.#options = options;
    this.#protocols = protocols;
    this.#context = openssl.SSL_CTX_new(openssl.TLS_client_method());
    if (this.#context === null) throw new TlsOptionsError(NO_MEMORY);
    try {
      this.#configure(this.#use());
    } catch (error) {
      this.close();
      throw error;
    } finally {
      openssl.ERR_clear_error();
    }
  }

  #configure(context: Pointer<"SSL_CTX">): void {
    const openssl = this.#openssl;
    const { ca, cert, key, insecure } = this.#options;
    const control = (command: number, value: number): void =>
      void openssl.SSL_CTX_ctrl(context, command, BigInt(value), null);
    control(SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION);
    control(
      SSL_CTRL_MODE,
      SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
        SSL_MODE_RELEASE_BUFFERS,
    );
    // A record is read by one call instead of two.
    control(SSL_CTRL_SET_READ_AHEAD, 1);
    // Sessions are kept here, by server.
    control(SSL_CTRL_SET_SESS_CACHE_MODE, 0);
    openssl.SSL_CTX_set_options(context, BigInt(SSL_OP_NO_RENEGOTIATION));
    openssl.SSL_CTX_set_verify(context, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, null);
    const offer = Uint8Array.from(
      this.#protocols.flatMap((name) => [name.length, ...encoder.encode(name)]),
    );
    // 0 is success here.
    this.#check(openssl.SSL_CTX_set_alpn_protos(context, offer, offer.length) === 0, "ALPN");
    openssl.X509_VERIFY_PARAM_set_flags(
      openssl.SSL_CTX_get0_param(context),
      BigInt(X509_V_FLAG_PARTIAL_CHAIN),
    );
    if (ca !== undefined) this.#trust(context, ca);
    else if (!insecure) this.#trustSystem(context);
    if (cert !== undefined) this.#show(context, cert, key);
  }

  #check(isDone: boolean, what: string): void {
    if (isDone) return;
    const code = this.#openssl.ERR_get_error();
    throw new TlsOptionsError(`${what} cannot be used: ${formatError(this.#openssl, code)}`);
  }

  #trustSystem(context: Pointer<"SSL_CTX">): void {
    this.#openssl.SSL_CTX_set_default_verify_paths(context);
  }

  #trust(context: Pointer<"SSL_CTX">, pem: string): void {
    const openssl = this.#openssl;
    const store = openssl.SSL_CTX_get_cert_store(context);
    this.#readCertificates(
      pem,
      "the certificate of an authority",
      (certificate) => openssl.X509_STORE_add_cert(store, certificate) === 1,
    );
  }

  #show(context: Pointer<"SSL_CTX">, cert: string, key: string | undefined): void {
    const openssl = this.#openssl;
    this.#readCertificates(cert, "the client certificate", (certificate, count) => {
      if (count === 0) return openssl.SSL_CTX_use_certificate(context, certificate) === 1;
      // The context takes a reference of its own.
      return openssl.SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1n, certificate) === 1;
    });
    const bio = this.#toBio(key ?? cert);
    // The empty password is given, as OpenSSL would ask the terminal for one.
    const own = openssl.PEM_read_bio_PrivateKey(bio, null, null, EMPTY);
    openssl.BIO_free(bio);
    this.#check(own !== null, "the key of the client certificate");
    const isUsed = openssl.SSL_CTX_use_PrivateKey(context, own) === 1;
    openssl.EVP_PKEY_free(own);
    this.#check(isUsed, "the key of the client certificate");
  }

  /**
   * Calls a function with each certificate of a text.
   *
   * @throws {TlsOptionsError} If the text has no certificate, or the function does not take one.
   */
  #readCertificates(
    pem: string,
    what: string,
    take: (certificate: Pointer<"X509">, count: number) => boolean,
  ): void {
    const openssl = this.#openssl;
    const bio = this.#toBio(pem);
    try {
      for (let count = 0;; count++) {
        const certificate = openssl.PEM_read_bio_X509(bio, null, null, EMPTY);
        if (certificate === null) {
          this.#check(count > 0, what);
          break;
        }
        const isTaken = take(certificate, count);
        openssl.X509_free(certificate);
        this.#check(isTaken, what);
      }
      // The end of the text is an error to OpenSSL.
      openssl.ERR_clear_error();
    } finally {
      openssl.BIO_free(bio);
    }
  }

  /** A copy of a text that OpenSSL can read. */
  #toBio(text: string): Pointer<"BIO"> | null {
    const bio = this.#openssl.BIO_new(this.#openssl.BIO_s_mem());
    const bytes = encoder.encode(text);
    this.#openssl.BIO_write(bio, bytes, bytes.length);
    bytes.fill(0);
    return bio;
  }

  /** Whether it is the context for something. */
  serves(options: TlsOptions, protocols: readonly string[]): boolean {
    const own = this.#options;
    return own.insecure === options.insecure && own.ca === options.ca &&
      own.cert === options.cert && own.key === options.key &&
      this.#protocols.length === protocols.length &&
      this.#protocols.every((name, i) => name === protocols[i]);
  }

  /** Whether certificates are checked. */
  get verifies(): boolean {
    return !this.#options.insecure;
  }

  /** @throws {Error} If it is closed. */
  #use(): Pointer<"SSL_CTX"> {
    if (this.#context === null) throw new Error("the TLS context is closed");
    return this.#context;
  }

  /**
   * A connection, which resumes the last session with the server (RFC 8446 §2.2), if there is one.
   *
   * @param server what tells the server from others, which may have another certificate; undefined if
   * nothing does
   * @throws {TlsOptionsError} If OpenSSL has no memory.
   */
  newConnection(server: string | undefined): Pointer<"SSL"> {
    const ssl = this.#openssl.SSL_new(this.#use());
    if (ssl === null) throw new TlsOptionsError(NO_MEMORY);
    const session = server === undefined ? undefined : this.#sessions.get(server);
    if (session !== undefined) this.#openssl.SSL_set_session(ssl, session);
    return ssl;
  }

  /** Keeps the session of a connection, if it can be resumed. Its certificate was accepted. */
  keepSession(server: string, ssl: Pointer<"SSL">): void {
    const session = this.#openssl.SSL_get1_session(ssl);
    if (session === null) return;
    if (this.#openssl.SSL_SESSION_is_resumable(session) !== 1) {
      return this.#openssl.SSL_SESSION_free(session);
    }
    const sessions = this.#sessions;
    const former = sessions.get(server);
    if (former !== undefined) this.#openssl.SSL_SESSION_free(former);
    else if (sessions.size === MAX_SESSIONS) {
      const [[oldest, unused]] = sessions;
      sessions.delete(oldest);
      this.#openssl.SSL_SESSION_free(unused);
    }
    sessions.set(server, session);
  }

  /** Frees what it has. Connections go on. Calls after the first do nothing. */
  close(): void {
    if (this.#context === null) return;
    for (const session of this.#sessions.values()) this.#openssl.SSL_SESSION_free(session);
    this.#sessions.clear();
    this.#openssl.SSL_CTX_free(this.#context);
    this.#context = null;
  }
}
