/**
 * Finds and removes secrets: they must never reach a record, a report, an error line, or another
 * origin.
 *
 * @module
 */

const SECRET_NAME = new RegExp(
  "^(proxy-)?authorization$|^(set-)?cookie2?$|^(pass|pwd?|sig|jwt|auth)$|token|secret|" +
    "passw|credential|(access|api|auth|private)[-_]?key|signature|sess(ion)?[-_]?id",
  "i",
);

/**
 * Whether the name of a header field, of a query field, or of a record's field tells that it holds
 * credentials.
 */
export function isSecretHeader(name: string): boolean {
  return SECRET_NAME.test(name);
}

/**
 * What stands before user information, and that: behind two slashes, or behind the scheme of an http
 * URL with any number of them, as browsers read it (WHATWG URL, "special authority slashes state").
 * There is one way to match each character, as a server chooses the text.
 */
const USERINFO =
  /^(\s*(?:https?:[/\\\s]*|[^/?#\\\s]*[/\\]\s*[/\\][/\\\s]*))(?:[^/?#\\\s][^/?#\\]*)?@/i;

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
 * the replacement leaves a mark. A port and the groups of an IPv6 address are not passwords. How far
 * it looks for the `@` without slashes in front is bounded, as it looks from many places.
 */
const MEANT = new RegExp(
  `(:[/\\\\]{2}(?!\\[)|(?:^|['\\s=])(?:https?:)?[/\\\\]?(?=[^\\s'/?#\\\\@]{0,500}@))` +
    `[^\\s'/?#\\\\@:=]*:(?!\\d{0,5}(?:[\\s'/?#\\\\]|$))(?:${OF_VALUE}[^])*@`,
  "g",
);

/** Removes user information from all URLs in a message, and from text that was meant as a URL. */
export function withoutUserinfos(message: string): string {
  if (!message.includes("@")) return message;
  return message.replace(WITHIN, "$1").replace(MEANT, "$1…@");
}

/**
 * A field of a URL's query or fragment, which can carry tokens too (RFC 6749 §4.2.2). No name goes on
 * where another one could begin, so that the search takes linear time: a server chooses the text.
 */
const FIELD = /([?&;#]([^=&;#?]*)=)[^&;#]*/g;
/** The same within a message, where white space and the end of a quotation end it, too. */
const FIELD_WITHIN = new RegExp(`([?&;#]([^=&;#?\\s]*)=)(?:${OF_VALUE}[^&;#\\s])*`, "g");

/**
 * Removes the user information from a URL or its template, and the values of query fields whose
 * names tell that they are secret.
 */
export function withoutSecrets(url: string): string {
  return withoutUserinfo(url).replace(FIELD, hideSecretField);
}

/** Removes what {@linkcode withoutSecrets} does from all URLs in a message. */
export function withoutSecretsWithin(message: string): string {
  return withoutUserinfos(message).replace(FIELD_WITHIN, hideSecretField);
}

/** The values of secret fields in the URLs of a message, as they stand there. */
export function listSecretFields(message: string): string[] {
  const values: string[] = [];
  for (const [field, start, name] of message.matchAll(FIELD_WITHIN)) {
    if (isSecretHeader(name)) values.push(field.slice(start.length));
  }
  return values;
}

function hideSecretField(field: string, start: string, name: string): string {
  return isSecretHeader(name) ? `${start}…` : field;
}
