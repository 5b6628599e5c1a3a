/**
 * What is used of OpenSSL 3: declarations and constants, as in its headers.
 *
 * @module
 */

/** A pointer to a structure of OpenSSL. */
export type Pointer<Name extends string> = Deno.PointerObject<Name>;

/** Declares a parameter or a result; null where OpenSSL could not make one. */
function pointer<Name extends string>(): Deno.NativeTypedPointer<Pointer<Name>> {
  return "pointer" as Deno.NativeTypedPointer<Pointer<Name>>;
}

const BIO = pointer<"BIO">();
const METHOD = pointer<"METHOD">();
const SSL = pointer<"SSL">();
const SSL_CTX = pointer<"SSL_CTX">();
const SSL_SESSION = pointer<"SSL_SESSION">();
const X509 = pointer<"X509">();
const X509_STORE = pointer<"X509_STORE">();
const VERIFY_PARAM = pointer<"X509_VERIFY_PARAM">();
const KEY = pointer<"EVP_PKEY">();
const STACK = pointer<"STACK">();
const TEXT = pointer<"TEXT">();

/**
 * The functions, of `libssl` and of `libcrypto`, which it brings along. Parameters of type `long` or
 * `size_t` are `i64` and `usize`; results of `unsigned long` and `size_t` are `u32` where only the
 * lower half is needed.
 */
export const OPENSSL = {
  // libcrypto
  BIO_ctrl_pending: { parameters: [BIO], result: "u32" },
  BIO_free: { parameters: [BIO], result: "i32" },
  BIO_new: { parameters: [METHOD], result: BIO },
  BIO_read: { parameters: [BIO, "buffer", "i32"], result: "i32" },
  BIO_s_mem: { parameters: [], result: METHOD },
  BIO_write: { parameters: [BIO, "buffer", "i32"], result: "i32" },
  ERR_clear_error: { parameters: [], result: "void" },
  ERR_get_error: { parameters: [], result: "u32" },
  ERR_error_string_n: { parameters: ["u64", "buffer", "usize"], result: "void" },
  EVP_PKEY_free: { parameters: [KEY], result: "void" },
  OPENSSL_sk_num: { parameters: [STACK], result: "i32" },
  OPENSSL_sk_value: { parameters: [STACK, "i32"], result: X509 },
  PEM_read_bio_PrivateKey: { parameters: [BIO, "pointer", "pointer", "buffer"], result: KEY },
  PEM_read_bio_X509: { parameters: [BIO, "pointer", "pointer", "buffer"], result: X509 },
  X509_STORE_add_cert: { parameters: [X509_STORE, X509], result: "i32" },
  X509_VERIFY_PARAM_set1_host: { parameters: [VERIFY_PARAM, "buffer", "usize"], result: "i32" },
  X509_VERIFY_PARAM_set1_ip_asc: { parameters: [VERIFY_PARAM, "buffer"], result: "i32" },
  X509_VERIFY_PARAM_set_flags: { parameters: [VERIFY_PARAM, "u64"], result: "i32" },
  X509_VERIFY_PARAM_set_hostflags: { parameters: [VERIFY_PARAM, "u32"], result: "void" },
  X509_free: { parameters: [X509], result: "void" },
  X509_get_extension_flags: { parameters: [X509], result: "u32" },
  X509_get_default_cert_dir: { parameters: [], result: TEXT },
  X509_get_default_cert_dir_env: { parameters: [], result: TEXT },
  X509_get_default_cert_file: { parameters: [], result: TEXT },
  X509_get_default_cert_file_env: { parameters: [], result: TEXT },
  i2d_X509_bio: { parameters: [BIO, X509], result: "i32" },
  // libssl
  SSL_CTX_ctrl: { parameters: [SSL_CTX, "i32", "i64", "pointer"], result: "i32" },
  SSL_CTX_free: { parameters: [SSL_CTX], result: "void" },
  SSL_CTX_get0_param: { parameters: [SSL_CTX], result: VERIFY_PARAM },
  SSL_CTX_get_cert_store: { parameters: [SSL_CTX], result: X509_STORE },
  SSL_CTX_new: { parameters: [METHOD], result: SSL_CTX },
  SSL_CTX_set_alpn_protos: { parameters: [SSL_CTX, "buffer", "u32"], result: "i32" },
  SSL_CTX_set_default_verify_paths: { parameters: [SSL_CTX], result: "i32" },
  SSL_CTX_set_options: { parameters: [SSL_CTX, "u64"], result: "u32" },
  SSL_CTX_set_verify: { parameters: [SSL_CTX, "i32", "pointer"], result: "void" },
  SSL_CTX_use_PrivateKey: { parameters: [SSL_CTX, KEY], result: "i32" },
  SSL_CTX_use_certificate: { parameters: [SSL_CTX, X509], result: "i32" },
  SSL_SESSION_free: { parameters: [SSL_SESSION], result: "void" },
  SSL_SESSION_is_resumable: { parameters: [SSL_SESSION], result: "i32" },
  SSL_ctrl: { parameters: [SSL, "i32", "i64", "buffer"], result: "i32" },
  SSL_do_handshake: { parameters: [SSL], result: "i32" },
  SSL_free: { parameters: [SSL], result: "void" },
  SSL_get0_alpn_selected: { parameters: [SSL, "buffer", "buffer"], result: "void" },
  SSL_get0_param: { parameters: [SSL], result: VERIFY_PARAM },
  SSL_get0_verified_chain: { parameters: [SSL], result: STACK },
  SSL_get1_peer_certificate: { parameters: [SSL], result: X509 },
  SSL_get1_session: { parameters: [SSL], result: SSL_SESSION },
  SSL_get_error: { parameters: [SSL, "i32"], result: "i32" },
  SSL_get_peer_cert_chain: { parameters: [SSL], result: STACK },
  SSL_get_verify_result: { parameters: [SSL], result: "i32" },
  SSL_has_pending: { parameters: [SSL], result: "i32" },
  SSL_new: { parameters: [SSL_CTX], result: SSL },
  SSL_read: { parameters: [SSL, "buffer", "i32"], result: "i32" },
  SSL_session_reused: { parameters: [SSL], result: "i32" },
  SSL_set_bio: { parameters: [SSL, BIO, BIO], result: "void" },
  SSL_set_connect_state: { parameters: [SSL], result: "void" },
  SSL_set_fd: { parameters: [SSL, "i32"], result: "i32" },
  SSL_set_session: { parameters: [SSL, SSL_SESSION], result: "i32" },
  SSL_shutdown: { parameters: [SSL], result: "i32" },
  SSL_write: { parameters: [SSL, "buffer", "i32"], result: "i32" },
  TLS_client_method: { parameters: [], result: METHOD },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of OpenSSL. */
export type OpenSsl = Deno.DynamicLibrary<typeof OPENSSL>["symbols"];

export const SSL_CTRL_MODE = 33;
export const SSL_CTRL_SET_READ_AHEAD = 41;
export const SSL_CTRL_SET_SESS_CACHE_MODE = 44;
export const SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
export const SSL_CTRL_CHAIN_CERT = 89;
export const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
export const TLS1_2_VERSION = 0x0303;
export const SSL_MODE_ENABLE_PARTIAL_WRITE = 1;
export const SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 2;
/** Buffers of 17 KB are given back while a connection is idle. */
export const SSL_MODE_RELEASE_BUFFERS = 0x10;
export const SSL_OP_NO_RENEGOTIATION = 0x40000000;
export const SSL_VERIFY_NONE = 0;
export const SSL_VERIFY_PEER = 1;
export const SSL_ERROR_WANT_READ = 2;
export const SSL_ERROR_WANT_WRITE = 3;
export const SSL_ERROR_SYSCALL = 5;
export const SSL_ERROR_ZERO_RETURN = 6;
/** Certificates that are trusted end a chain, whether they are self-signed or not. */
export const X509_V_FLAG_PARTIAL_CHAIN = 0x80000;
export const X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS = 0x4;
/** A common name does not name a host (RFC 9110 §4.3.4). */
export const X509_CHECK_FLAG_NEVER_CHECK_SUBJECT = 0x20;
/** The basic constraints of the certificate say that it is of an authority. */
export const EXFLAG_CA = 0x10;
export const X509_V_ERR_HOSTNAME_MISMATCH = 62;
export const X509_V_ERR_IP_ADDRESS_MISMATCH = 64;
/** The library of an error, and reasons of it. */
export const ERR_LIB_SSL = 20;
export const SSL_R_CERTIFICATE_VERIFY_FAILED = 134;
export const SSL_R_UNEXPECTED_EOF_WHILE_READING = 294;
/** Plus the number of the alert (RFC 8446 §6). */
export const SSL_R_ALERTS = 1000;
