/**
 * Why TLS has failed, in the words of the other transports.
 *
 * @module
 */
import type { X509Certificate } from "node:crypto";
import process from "node:process";
import { describeCertificate, describeTlsError } from "../../tls_failure.ts";
import type { TransportError } from "../transport.ts";
import {
  ERR_LIB_SSL,
  type OpenSsl,
  type Pointer,
  SSL_R_ALERTS,
  SSL_R_CERTIFICATE_VERIFY_FAILED,
  SSL_R_UNEXPECTED_EOF_WHILE_READING,
  X509_V_ERR_HOSTNAME_MISMATCH,
  X509_V_ERR_IP_ADDRESS_MISMATCH,
} from "./openssl.ts";

/** The connection ended over TLS without close_notify. */
export const CUT: TransportError = {
  message: "the connection was cut (no close_notify)",
  isTls: false,
};

/** The connection ended in the handshake. */
export const CLOSED: TransportError = { message: describeTlsError("handshake eof"), isTls: true };

/** The server shows the certificate of an authority. */
export const OF_AUTHORITY: TransportError = {
  message: describeTlsError("CaUsedAsEndEntity"),
  isTls: true,
};

/** Reasons that mean that the other end does not speak TLS, or none that is spoken here. */
const REASONS: Readonly<Record<number, string>> = {
  155: "InvalidContentType", // SSL_R_HTTPS_PROXY_REQUEST
  156: "InvalidContentType", // SSL_R_HTTP_REQUEST
  198: "InvalidContentType", // SSL_R_PACKET_LENGTH_TOO_LONG
  267: "InvalidContentType", // SSL_R_WRONG_VERSION_NUMBER
  443: "InvalidContentType", // SSL_R_BAD_RECORD_TYPE
  258: "received fatal alert: ProtocolVersion", // SSL_R_UNSUPPORTED_PROTOCOL
};

/** Alerts (RFC 8446 §6), by the names of rustls, which `tls_failure.ts` knows. */
const ALERTS: Readonly<Record<number, string>> = {
  10: "UnexpectedMessage",
  20: "BadRecordMac",
  22: "RecordOverflow",
  40: "HandshakeFailure",
  42: "BadCertificate",
  43: "UnsupportedCertificate",
  44: "CertificateRevoked",
  45: "CertificateExpired",
  46: "CertificateUnknown",
  47: "IllegalParameter",
  48: "UnknownCA",
  49: "AccessDenied",
  50: "DecodeError",
  51: "DecryptError",
  70: "ProtocolVersion",
  71: "InsufficientSecurity",
  80: "InternalError",
  86: "InappropriateFallback",
  90: "UserCanceled",
  109: "MissingExtension",
  110: "UnsupportedExtension",
  112: "UnrecognisedName",
  113: "BadCertificateStatusResponse",
  115: "UnknownPSKIdentity",
  116: "CertificateRequired",
  120: "NoApplicationProtocol",
};

const decoder = new TextDecoder();

/**
 * The error that OpenSSL met first since the last call; its other errors are forgotten.
 *
 * @param isOpen whether the handshake was done
 */
export function takeTlsError(
  openssl: OpenSsl,
  ssl: Pointer<"SSL">,
  isOpen: boolean,
): TransportError {
  const code = openssl.ERR_get_error();
  openssl.ERR_clear_error();
  const reason = (code >>> 23 & 0xff) === ERR_LIB_SSL ? code & 0x7fffff : 0;
  if (reason === SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return { message: describeVerification(openssl, ssl), isTls: true };
  }
  if (reason === SSL_R_UNEXPECTED_EOF_WHILE_READING) return isOpen ? CUT : CLOSED;
  const words = REASONS[reason] ??
    (reason > SSL_R_ALERTS
      ? `received fatal alert: ${ALERTS[reason - SSL_R_ALERTS] ?? reason - SSL_R_ALERTS}`
      : formatError(openssl, code));
  return { message: describeTlsError(words), isTls: true };
}

/** The words of OpenSSL for an error, such as `no shared cipher`. */
export function formatError(openssl: OpenSsl, code: number): string {
  const text = new Uint8Array(256);
  openssl.ERR_error_string_n(BigInt(code), text, BigInt(text.length));
  // `error:0A000086:SSL routines::certificate verify failed`
  return decoder.decode(text.subarray(0, text.indexOf(0))).split(":").at(-1)!;
}

function describeVerification(openssl: OpenSsl, ssl: Pointer<"SSL">): string {
  const result = openssl.SSL_get_verify_result(ssl);
  const isOther = result >= X509_V_ERR_HOSTNAME_MISMATCH &&
    result <= X509_V_ERR_IP_ADDRESS_MISMATCH;
  // It belongs to the connection, and so does its first certificate, which is the server's own.
  const chain = openssl.SSL_get_peer_cert_chain(ssl);
  const certificate = chain === null ? null : openssl.OPENSSL_sk_value(chain, 0);
  return describeCertificate(
    certificate === null ? undefined : toCertificate(openssl, certificate),
    isOther ? "ERR_TLS_CERT_ALTNAME_INVALID" : undefined,
    Date.now(),
  );
}

/** Copies a certificate, which stays with its owner. */
function toCertificate(
  openssl: OpenSsl,
  certificate: Pointer<"X509">,
): X509Certificate | undefined {
  const bio = openssl.BIO_new(openssl.BIO_s_mem());
  try {
    if (openssl.i2d_X509_bio(bio, certificate) !== 1) return undefined;
    const der = new Uint8Array(openssl.BIO_ctrl_pending(bio));
    openssl.BIO_read(bio, der, der.length);
    // To import it would cost 6 ms of each start.
    const { X509Certificate } = process.getBuiltinModule("node:crypto");
    return new X509Certificate(der);
  } finally {
    openssl.BIO_free(bio);
  }
}
