/**
 * What must never reach a record, a report, an error line, or another origin.
 *
 * @module
 */

const SECRET_NAME =
  /^(proxy-)?authorization$|^(set-)?cookie2?$|^(pass|pwd?)$|token|secret|passw|api[-_]?key|credential/i;

/**
 * Whether a header field, or a field of a record that fills one, holds credentials, as far as its
 * name can tell.
 */
export function isSecretHeader(name: string): boolean {
  return SECRET_NAME.test(name);
}

const USERINFO = /^(\s*[^/?#\s]*[/\\]{2})[^/?#\\]*@/;

/**
 * A URL without its user information (RFC 3986 §3.2.1): what stands between `//` and the last `@`
 * before the path. Takes text that is no URL, too.
 */
export function withoutUserinfo(url: string): string {
  return url.includes("@") ? url.replace(USERINFO, "$1") : url;
}

/** Whether a value that a message repeats goes on: a quote ends it, or what ends a clause. */
const OF_VALUE = "(?!'(?:[\\s:;,)]|$)|[:;,)]?\\s[@(]|[:;,)]\\s)";
/** Not what the program itself says of a proxy's URL. */
const WITHIN = new RegExp(`([/\\\\]{2})(?!\\[USER:)(?:${OF_VALUE}[^/?#\\\\])*@`, "g");
/**
 * A password with a character that ends the user information of a URL, which makes it none; or user
 * information without the slashes before it. Of neither it is sure, so that it leaves a mark. A
 * port is no password, nor are the groups of an IPv6 address.
 */
const MEANT = new RegExp(
  `(:[/\\\\]{2}(?!\\[)|(?:^|['\\s=])(?:https?:)?[/\\\\]?(?=[^\\s'/?#\\\\@]*@))` +
    `[^\\s'/?#\\\\@:=]*:(?!\\d{0,5}(?:[\\s'/?#\\\\]|$))(?:${OF_VALUE}[^])*@`,
  "g",
);

/** A message without the user information of the URLs in it, and of what may be meant as URLs. */
export function withoutUserinfos(message: string): string {
  if (!message.includes("@")) return message;
  return message.replace(WITHIN, "$1").replace(MEANT, "$1…@");
}

/**
 * A URL, or its template, without its user information and without the values of fields of its
 * query whose names tell of secrets.
 */
export function withoutSecrets(url: string): string {
  return withoutUserinfo(url).replace(
    /([?&;])([^=&;#]*)=[^&;#]*/g,
    (pair, sign, name) => isSecretHeader(name) ? `${sign}${name}=…` : pair,
  );
}
