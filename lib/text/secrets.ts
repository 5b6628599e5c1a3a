/**
 * Finds and removes secrets: they must never reach a record, a report, an error line, or another
 * origin.
 *
 * @module
 */

const SECRET_NAME =
  /^(proxy-)?authorization$|^(set-)?cookie2?$|^(pass|pwd?)$|token|secret|passw|api[-_]?key|credential/i;

/**
 * Whether the name of a header field, of a query field, or of a record's field tells that it holds
 * credentials.
 */
export function isSecretHeader(name: string): boolean {
  return SECRET_NAME.test(name);
}

const USERINFO = /^(\s*[^/?#\s]*[/\\]{2})[^/?#\\]*@/;

/**
 * Removes the user information from a URL (RFC 3986 §3.2.1): the text between `//` and the last
 * `@` before the path. It also works on text that is not a valid URL.
 */
export function withoutUserinfo(url: string): string {
  return url.includes("@") ? url.replace(USERINFO, "$1") : url;
}

/** Matches where a value that a message quotes continues: a quote or the end of a clause ends it. */
const OF_VALUE = "(?!'(?:[\\s:;,)]|$)|[:;,)]?\\s[@(]|[:;,)]\\s)";
/** User information in a URL; `[USER:` is the program's own placeholder in messages about proxies. */
const WITHIN = new RegExp(`([/\\\\]{2})(?!\\[USER:)(?:${OF_VALUE}[^/?#\\\\])*@`, "g");
/**
 * Text that was probably meant as user information: a password with a character that must be
 * percent-encoded in a URL, or user information without the slashes in front. Since it is a guess,
 * the replacement leaves a mark. A port and the groups of an IPv6 address are not passwords.
 */
const MEANT = new RegExp(
  `(:[/\\\\]{2}(?!\\[)|(?:^|['\\s=])(?:https?:)?[/\\\\]?(?=[^\\s'/?#\\\\@]*@))` +
    `[^\\s'/?#\\\\@:=]*:(?!\\d{0,5}(?:[\\s'/?#\\\\]|$))(?:${OF_VALUE}[^])*@`,
  "g",
);

/** Removes user information from all URLs in a message, and from text that was meant as a URL. */
export function withoutUserinfos(message: string): string {
  if (!message.includes("@")) return message;
  return message.replace(WITHIN, "$1").replace(MEANT, "$1…@");
}

/**
 * Removes the user information from a URL or its template, and the values of query fields whose
 * names tell that they are secret.
 */
export function withoutSecrets(url: string): string {
  return withoutUserinfo(url).replace(
    /([?&;])([^=&;#]*)=[^&;#]*/g,
    (pair, sign, name) => isSecretHeader(name) ? `${sign}${name}=…` : pair,
  );
}
