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
