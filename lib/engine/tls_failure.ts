/**
 * Why TLS failed, in the same words from all engines.
 *
 * @module
 */
import type { X509Certificate } from "node:crypto";

const TAKE_ANY = "-k takes any certificate";
const TAKE_ANY_AT_END = new RegExp(`[:,] ${TAKE_ANY}$`);
const UNTRUSTED =
  `self-signed certificate, or one of an unknown issuer: --cacert FILE trusts it, ${TAKE_ANY}`;
/** For errors of which `node:tls` does not tell the exact cause. */
const NOT_VERIFIED =
  `certificate of an unknown issuer, or one that is not valid now or not for servers: ${TAKE_ANY}`;
const IS_CA = `certificate is a CA, not a server's: ${TAKE_ANY}`;
const NOT_FOR_SERVERS = `certificate is not meant for servers (extended key usage): ${TAKE_ANY}`;
const NO_NAME = `certificate has no subjectAltName, and a common name does not count: ${TAKE_ANY}`;
const OTHER_NAME = `certificate is for another host (subjectAltName): ${TAKE_ANY}`;

function expired(end: Date): string {
  return `certificate expired on ${formatDay(end)}: ${TAKE_ANY}`;
}

function notYetValid(begin: Date): string {
  return `certificate is not valid before ${formatDay(begin)}: ${TAKE_ANY}`;
}

function formatDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** For a server that wants none of the protocols of ALPN that it was offered. */
export const NO_COMMON_PROTOCOL = "the server agrees to no version of HTTP that was offered (ALPN)";

/** Alerts by which a server ends the handshake (RFC 8446 §6.2), by the names of rustls. */
const ALERTS: Readonly<Record<string, string>> = {
  ProtocolVersion: "the server accepts neither TLS 1.2 nor TLS 1.3",
  HandshakeFailure:
    "the server refused the TLS handshake: no common cipher, or it wants a client certificate (--cert)",
  CertificateRequired: "the server wants a client certificate (--cert)",
  BadCertificate: "the server does not accept the client certificate",
  UnknownCA: "the server does not accept the client certificate",
  CertificateUnknown: "the server does not accept the client certificate",
  CertificateExpired: "the server does not accept the client certificate: it has expired",
  UnrecognisedName: "the server has no certificate for this host",
  NoApplicationProtocol: NO_COMMON_PROTOCOL,
};

/** Messages of rustls, which both engines use for TLS, and of `node:tls`; and our words for them. */
const WORDS: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [/certificate expired: .*not valid after (\d+)/, ([, s]) => expired(new Date(Number(s) * 1e3))],
  [
    /certificate not valid yet: .*not valid before (\d+)/,
    ([, s]) => notYetValid(new Date(Number(s) * 1e3)),
  ],
  [/CaUsedAsEndEntity/, () => IS_CA],
  [/does not allow extended key usage/, () => NOT_FOR_SERVERS],
  [/UnknownIssuer|BadSignature/, () => UNTRUSTED],
  [/certificate is not valid for any names/, () => NO_NAME],
  [/certificate not valid for name/, () => OTHER_NAME],
  [/InvalidContentType/, () => "the server does not speak TLS on this port or socket"],
  [/^self-signed certificate/, () => UNTRUSTED],
  [/^unable to verify/, () => NOT_VERIFIED],
  [/^Hostname\/IP does not match/, () => OTHER_NAME],
  [/handshake eof|close_notify/, () => "the server closed the connection in the TLS handshake"],
  [
    /received fatal alert: (?:the )?(\w+)/,
    ([, name]) => ALERTS[name] ?? `the server ended TLS with the alert ${name}`,
  ],
];

/**
 * Describes an error of TLS in words.
 *
 * @param message of rustls or `node:tls`; an unknown message is returned as it is
 */
export function describeTlsError(message: string): string {
  for (const [pattern, toWords] of WORDS) {
    const match = pattern.exec(message);
    if (match !== null) return toWords(match);
  }
  return message;
}

/** Describes an error of TLS in words, for an engine that does not have `-k`. */
export function describeStrictTlsError(message: string): string {
  return describeTlsError(message).replace(TAKE_ANY_AT_END, "");
}

/** Object identifiers in DER: extended key usage, and its value for servers. */
const EXTENDED_KEY_USAGE = "0603551d25";
const SERVER_AUTH = "06082b06010505070301";

/**
 * Describes why a certificate was not accepted. `node:tls` of Deno 2.9 has one code for most causes,
 * so the certificate is checked again, in the order in which native fetch checks it.
 *
 * @param code of the error of `node:tls`
 * @param now milliseconds since the Unix epoch
 */
export function describeCertificate(
  certificate: X509Certificate | undefined,
  code: string | undefined,
  now: number,
): string {
  if (certificate === undefined) return "the server has shown no certificate";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return certificate.subjectAltName === undefined ? NO_NAME : OTHER_NAME;
  }
  const [begin, end] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  if (now > end.getTime()) return expired(end);
  if (now < begin.getTime()) return notYetValid(begin);
  if (certificate.ca) return IS_CA;
  const der = certificate.raw.toString("hex");
  if (der.includes(EXTENDED_KEY_USAGE) && !der.includes(SERVER_AUTH)) return NOT_FOR_SERVERS;
  return UNTRUSTED;
}
