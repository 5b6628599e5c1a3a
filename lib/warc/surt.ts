/**
 * The keys of a CDX index: SURT, "Sort-friendly URI Reordering Transform", as pywb computes it of the
 * URL that somebody looks up (`surt` of the Internet Archive, with its defaults). There is no standard
 * of it; a key that is made in another way is not found.
 *
 * ```text
 * http://www.Example.com:80/A//b/?b=2&a=1#top  ──►  com,example)/a/b?a=1&b=2
 * ```
 *
 * URLs are handled as strings with a character for each byte of UTF-8.
 *
 * @module
 */

/**
 * What most URLs are: in lower case, without escapes, dots that begin a folder, and empty folders. The
 * query is shorter than one with a session id of `QUERY_SESSIONS`, apart from `cftoken`.
 */
const PLAIN =
  /^(https?):\/\/([a-z0-9.:-]+)((?:\/[a-z0-9_~-][a-z0-9._~-]*)*\/?)(?:\?([a-z0-9_.~=&-]{1,35}))?$/;
const PARTS = /^(https?):\/*([^/?#]*)([^?#]*)(?:\?([^#]*))?/i;
const ESCAPE = /%/;
const TO_LOWER = /[A-Z]/;
const HEX = /^[0-9A-Fa-f]$/;
/** What stays as it is in a key; everything else is escaped. */
const UNSAFE = /[^!"$&-~]/g;
const IPV6 = /^\[(.*)\]$/;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** The longest path or query in which session ids are looked for, which takes time by its square. */
const MAX_SESSION_LENGTH = 8 * 1024;
/** Session ids of ASP.NET, as a folder of the path. */
const PATH_SESSIONS = [
  /^(.*\/)(?:\((?:[a-z]\([0-9a-z]{24}\))+\)\/)([^?]+\.aspx.*)$/i,
  /^(.*\/)(?:\([0-9a-z]{24}\)\/)([^?]+\.aspx.*)$/i,
];
/** Session ids of a query: the last one of each kind goes. */
const QUERY_SESSIONS = [
  /^(.*)jsessionid=[0-9a-z]{32}(?:&(.*))?$/i,
  /^(.*)phpsessid=[0-9a-z]{32}(?:&(.*))?$/i,
  /^(.*)sid=[0-9a-z]{32}(?:&(.*))?$/i,
  /^(.*)aspsessionid[a-z]{8}=[a-z]{24}(?:&(.*))?$/i,
  /^(.*)cfid=[^&]+&cftoken=[^&]+(?:&(.*))?$/i,
];

/** The key of a URL, in ASCII and without spaces. A URL of another scheme than http is its own. */
export function toSurt(url: string): string {
  const plain = PLAIN.exec(url);
  if (plain === null) return toSurtOfAny(url);
  const [, scheme, authority, path, query = ""] = plain;
  if (query.includes("cftoken")) return toSurtOfAny(url);
  const folder = stripEnd(path === "" ? "/" : path);
  return `${toHostAndPort(authority, scheme)})${folder}${toQueryKey(query)}`;
}

function toSurtOfAny(url: string): string {
  const parts = PARTS.exec(toBytes(url.trim().replace(/[\n\r\t]/g, "")));
  if (parts === null) return escapeOnce(toBytes(url));
  const [, scheme, authority, path, query = ""] = parts;
  const host = toHostAndPort(authority, scheme.toLowerCase());
  const lookup = stripSessions(
    escapeOnce(unescapeRepeatedly(query)),
    QUERY_SESSIONS,
  ).toLowerCase();
  return `${host})${toPathKey(path)}${toQueryKey(lookup)}`;
}

/** A character for each byte. */
function toBytes(text: string): string {
  // Nearly all URLs are ASCII.
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

/** The last host, since the next URL has mostly the same. */
let last = { scheme: "", authority: "", key: "" };

function toHostAndPort(authority: string, scheme: string): string {
  if (last.authority !== authority || last.scheme !== scheme) {
    last = { scheme, authority, key: formatHostAndPort(authority, scheme) };
  }
  return last.key;
}

function formatHostAndPort(authority: string, scheme: string): string {
  const address = authority.slice(authority.lastIndexOf("@") + 1);
  const digits = /:(\d+)$/.exec(address)?.[1];
  let end = address.length - (digits === undefined ? 0 : digits.length + 1);
  while (end > 0 && address[end - 1] === ":") end--;
  const name = address.slice(0, end);
  const port = Number(digits ?? DEFAULT_PORTS[scheme]);
  const key = toHostKey(name.toLowerCase()).split(".").reverse().join(",");
  return port === DEFAULT_PORTS[scheme] ? key : `${key}:${port}`;
}

function toHostKey(name: string): string {
  const ipv6 = IPV6.exec(name);
  if (ipv6 !== null) return ipv6[1];
  const plain = unescapeRepeatedly(name).replaceAll("..", ".").replace(/^\.+|\.+$/g, "");
  return escapeOnce(plain.toLowerCase()).replace(/^www\d*\./, "");
}

function toPathKey(path: string): string {
  let key = escapeOnce(normalizePath(unescapeRepeatedly(path)));
  if (TO_LOWER.test(key)) key = key.toLowerCase();
  return stripEnd(stripSessions(key, PATH_SESSIONS));
}

function stripEnd(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** Takes dots and empty folders out. */
function normalizePath(path: string): string {
  if (!path.includes("/.") && !path.includes("//")) return path === "" ? "/" : path;
  const kept: string[] = [];
  for (const folder of path.split("/").slice(1)) {
    if (folder === ".") continue;
    // One that leads above the root stays.
    if (folder === ".." && kept.length > 0) kept.pop();
    else kept.push(folder);
  }
  const last = kept.pop() ?? "";
  return `/${kept.filter((folder) => folder !== "").map((folder) => `${folder}/`).join("")}${last}`;
}

function stripSessions(text: string, patterns: readonly RegExp[]): string {
  if (text.length > MAX_SESSION_LENGTH) return text;
  return patterns.reduce((left, pattern) => {
    const found = pattern.exec(left);
    return found === null ? left : found[1] + (found[2] ?? "");
  }, text);
}

/** The fields of a query behind a `?`, sorted by name, and those of one name by value. */
function toQueryKey(query: string): string {
  if (!query.includes("&")) return query === "" ? "" : `?${query}`;
  const fields = query.split("&").map((field) => {
    const at = field.indexOf("=");
    return { field, name: at < 0 ? field : field.slice(0, at) };
  });
  fields.sort((a, b) => compare(a.name, b.name) || compare(a.field, b.field));
  return `?${fields.map(({ field }) => field).join("&")}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Takes escapes off until none is left, in one pass: `%2541` becomes `A`. */
function unescapeRepeatedly(text: string): string {
  if (!ESCAPE.test(text)) return text;
  const kept: string[] = [];
  for (const character of text) {
    kept.push(character);
    // A byte that comes out of an escape can end another one.
    for (let end = kept.length; end >= 3 && kept[end - 3] === "%"; end = kept.length) {
      const [high, low] = kept.slice(-2);
      if (!HEX.test(high) || !HEX.test(low)) break;
      kept.splice(-3, 3, String.fromCharCode(Number.parseInt(high + low, 16)));
    }
  }
  return kept.join("");
}

/** Escapes what is not printable ASCII, and `#`, `%` and the space. */
function escapeOnce(bytes: string): string {
  return bytes.replace(
    UNSAFE,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
