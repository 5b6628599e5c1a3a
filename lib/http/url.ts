/**
 * Parts of a URL, and what it connects to: a host is a name or an address, and a port.
 *
 * @module
 */
import { detachString } from "../text/detach.ts";

/** A number of an IPv4 address as it is written when it is not abbreviated. */
const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
/** Labels in lower case, of which the last begins with a letter: else it can be a number. */
const NAME = "(?:[a-z0-9_-]+\\.)*[a-z][a-z0-9_-]*";

/**
 * A URL whose host and port are written as the URL standard writes them, as nearly all are:
 * nothing needs to be parsed for them.
 */
const PLAIN = new RegExp(
  `^http(s)?://(${NAME}|(?:${OCTET}\\.){3}${OCTET})(?::([1-9]\\d{0,4}))?(?=[/?#]|$)`,
);

/** As long as `https://`: behind it is the host, or of a short `http:` URL all but its beginning. */
const SCHEME_LENGTH = 8;
/** By what stands before the path, its host; at most `MAX_KNOWN_HOSTS`, then all are forgotten. */
const known = new Map<string, string>();
const MAX_KNOWN_HOSTS = 1_000;
/**
 * The maximum number of characters of a {@linkcode sliceOrigin} that is worth remembering; a name
 * has at most 253.
 */
export const MAX_ORIGIN_LENGTH = 300;

/**
 * Host and port of a URL, as `--allow-net` takes them: `localhost:80`, `[::1]:8080`. However a URL
 * spells them (`127.1`, `0x7f.1`, `:0080`, `local%68ost`, a name in Unicode or in punycode), what is
 * the same to the URL standard is the same text. So is a name with and without the dot of an
 * absolute name at its end: it is the same place, though the URL standard makes two hosts of it.
 *
 * @param url a URL that was checked; of other text it gives the text
 */
export function parseHost(url: string): string {
  const start = sliceOrigin(url);
  const host = known.get(start);
  if (host !== undefined) return host;
  const read = readHost(start);
  // With more slashes before the host than there should be, it is not in the start.
  if (read === undefined) return detachString(readHost(url) ?? url);
  if (start.length <= MAX_ORIGIN_LENGTH) {
    if (known.size === MAX_KNOWN_HOSTS) known.clear();
    known.set(detachString(start), detachString(read));
  }
  return read;
}

/** What stands before the path of a URL: the cheapest part of it to find what is known by. */
export function sliceOrigin(url: string): string {
  const end = url.indexOf("/", SCHEME_LENGTH);
  return end < 0 ? url : url.slice(0, end);
}

function readHost(url: string): string | undefined {
  const plain = PLAIN.exec(url);
  if (plain !== null) {
    return `${plain[2]}:${plain[3] ?? (plain[1] === undefined ? "80" : "443")}`;
  }
  const parsed = URL.parse(url);
  if (parsed === null) return undefined;
  const name = parsed.hostname.replace(/(?<=[^.])\.$/, "");
  return `${name}:${readPort(parsed)}`;
}

function readPort({ port, protocol }: URL): number {
  return Number(port || (protocol === "https:" ? 443 : 80));
}

/** Where an `http:` or `https:` URL leads to; an IPv6 address is without its brackets. */
export function readEndpoint(url: URL): { readonly hostname: string; readonly port: number } {
  return { hostname: url.hostname.replace(/^\[|\]$/g, ""), port: readPort(url) };
}

/** What {@linkcode parseHost} gives, without the port where that is the scheme's own. */
export function formatHost(url: string): string {
  const host = parseHost(url);
  const port = /^https:/i.test(url) ? ":443" : ":80";
  return host.endsWith(port) ? host.slice(0, -port.length) : host;
}

/** Host and port as a URL has them (RFC 3986 §3.2). @param hostname an IPv6 address without brackets */
export function formatAuthority(
  { hostname, port }: { readonly hostname: string; readonly port: number },
): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
