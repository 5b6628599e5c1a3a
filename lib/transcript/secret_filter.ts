/**
 * Takes secrets out of requests and responses before they are shown.
 *
 * @module
 */
import { isSecretHeader, listSecretFields, withoutSecretsWithin } from "../text/secrets.ts";

/** What stands for a secret. */
const HIDDEN = "…";

/**
 * A shorter secret is hidden only where its name tells it: a digit is part of many texts. Of cookies,
 * only long values are secrets, and not `true` or `en-US`.
 */
const MIN_SECRET_LENGTH = 4;
const MIN_COOKIE_LENGTH = 8;
/**
 * The maximum number of characters of a line that user information is looked for in, which takes time
 * by their square: twice as many as are shown.
 */
const MAX_LINE_LENGTH = 2_000;
/** The maximum number of secrets of a request that are looked for in its response. */
const MAX_SECRETS = 100;

/** Schemes that may be shown in front of credentials (RFC 9110 §11.4). */
const SCHEME = /^(?:AWS4-HMAC-SHA256|Basic|Bearer|Digest|Negotiate|Token)(?= )/i;

/**
 * Hides secrets of one request: the values of fields whose names tell of a secret, and the same
 * values wherever else they stand, as in the body of a server that sends back what it got.
 */
export class SecretFilter {
  /** At most {@linkcode MAX_SECRETS}. */
  readonly #secrets = new Set<string>();

  /** @param known secrets that are hidden wherever they stand */
  constructor(known: readonly string[] = []) {
    for (const secret of known) {
      this.#learn(secret, 1);
      // As it stands in a form or a query, and in JSON.
      this.#learn(encodeURIComponent(secret.toWellFormed()), 1);
      this.#learn(JSON.stringify(secret).slice(1, -1), 1);
    }
  }

  /** A line of a head, without its secrets. What follows it knows them, too. */
  line(line: string): string {
    return this.#withoutKnown(this.#withoutNamed(line));
  }

  /** A line of a head without what its names tell of. */
  #withoutNamed(line: string): string {
    const [, name, value] = /^(:?[^\s:]+): (.*)$/s.exec(line) ?? [];
    if (name === undefined || !isSecretHeader(name)) {
      for (const secret of listSecretFields(line)) this.#learnEncoded(secret);
      return withoutSecretsWithin(line.slice(0, MAX_LINE_LENGTH));
    }
    if (/^(?:set-)?cookie/i.test(name)) {
      // Of a Set-Cookie, what follows the first pair is not secret.
      const pair = /^set/i.test(name) ? /^([^=;]*)=([^;]*)/ : /([^=;]*)=([^;]*)/g;
      return `${name}: ${
        value.includes("=")
          ? value.replace(pair, (_, cookie, secret) => {
            this.#learn(secret, MIN_COOKIE_LENGTH);
            return `${cookie}=${HIDDEN}`;
          })
          : HIDDEN
      }`;
    }
    const scheme = SCHEME.exec(value)?.[0];
    this.#learn(value);
    if (scheme === undefined) return `${name}: ${HIDDEN}`;
    const credentials = value.slice(scheme.length + 1);
    this.#learn(credentials);
    if (/^basic$/i.test(scheme)) this.#learn(readPassword(credentials));
    return `${name}: ${scheme} ${HIDDEN}`;
  }

  /**
   * A body, or the beginning of one, without the values whose names tell of a secret: of members of
   * JSON, fields of forms, elements of XML, and parts of several. It is a guess: what has no such
   * name is shown. What follows it knows them, too.
   */
  body(text: string): string {
    const hide = (whole: string, start: string, name: string): string => {
      if (!isSecretHeader(name)) return whole;
      this.#learnEncoded(whole.slice(start.length).replace(/^"|"$/g, ""));
      return `${start}${HIDDEN}`;
    };
    return this.#withoutKnown(
      text
        .replace(/("((?:[^"\\]|\\.){1,200})"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[\d.eE+-]+)/g, hide)
        .replace(/((?:^|[?&;\n])([^=&;\s"<>]{1,200})=)[^&;\s"<>]*/g, hide)
        .replace(/(<([\w:.-]{1,200})(?:\s[^<>]*)?>)[^<]+/g, hide)
        .replace(
          /(\bname="([^"\r\n]{1,200})"[^\r\n]*\r?\n(?:[^\r\n]{1,500}\r?\n){0,8}\r?\n)[^\r\n]+/g,
          hide,
        ),
    );
  }

  #learn(secret: string, minLength = MIN_SECRET_LENGTH): void {
    if (secret.length < minLength || this.#secrets.size >= MAX_SECRETS) return;
    this.#secrets.add(secret);
  }

  /** Learns a secret as it stands in a URL, a form or a body, and what that means. */
  #learnEncoded(secret: string): void {
    this.#learn(secret);
    try {
      this.#learn(decodeURIComponent(secret.replaceAll("+", " ")));
    } catch {
      // It is not percent-encoded.
    }
  }

  #withoutKnown(text: string): string {
    // One can be a part of another.
    const longestFirst = [...this.#secrets].sort((a, b) => b.length - a.length);
    for (const secret of longestFirst) text = text.replaceAll(secret, HIDDEN);
    return text;
  }
}

/** The password of Basic credentials (RFC 7617 §2); empty if they cannot be read. */
function readPassword(credentials: string): string {
  try {
    return atob(credentials).replace(/^[^:]*:?/, "");
  } catch {
    return "";
  }
}
