import process from "node:process";
import type tls from "node:tls";
import { findIpVersion } from "../../http/ip_version.ts";
import type { TlsOptions } from "../engine.ts";
import type { TlsDestination } from "./transport.ts";

/** Loads `node:tls`, which a run without TLS need not load. */
export function loadTls(): typeof tls {
  return process.getBuiltinModule("node:tls");
}

/** The options by which `node:tls` connects to a destination. */
export function toTlsOptions(
  { hostname, options, protocols }: TlsDestination,
): tls.ConnectionOptions {
  return {
    // A name for the server to choose its certificate by; not an address (RFC 6066 §3).
    servername: findIpVersion(hostname) === 0 ? hostname : undefined,
    ALPNProtocols: [...protocols],
    secureContext: toSecureContext(options),
    // A client must not show its certificate to a server that it does not trust. So the handshake
    // itself has to fail then, and its error has fewer details.
    rejectUnauthorized: !options.insecure && options.cert !== undefined,
    checkServerIdentity: (_host, certificate) => checkIdentity(hostname, certificate),
  };
}

/** The contexts of all options in use: one for a run. */
const contexts = new WeakMap<TlsOptions, tls.SecureContext>();

function toSecureContext(options: TlsOptions): tls.SecureContext {
  let context = contexts.get(options);
  if (context === undefined) {
    contexts.set(options, context = loadTls().createSecureContext(options));
  }
  return context;
}

/** Like `node:tls`, except that a common name does not name a host (RFC 9110 §4.3.4). */
function checkIdentity(hostname: string, certificate: tls.PeerCertificate): Error | undefined {
  return loadTls().checkServerIdentity(hostname, {
    ...certificate,
    subject: { ...certificate.subject, CN: "" },
  });
}
