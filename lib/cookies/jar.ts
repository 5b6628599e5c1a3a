import { canonicalDomain, Cookie, CookieJar } from "tough-cookie";
import type { Cookies } from "../engine/engine.ts";
import type { KeptCookie } from "./netscape.ts";
import { CookieStore } from "./store.ts";

/** The longest cookie that is kept, with its attributes, in bytes (RFC 6265 §6.1). */
const MAX_COOKIE_BYTES = 4_096;
/** The longest `Cookie` field in bytes, the same as in curl; it leaves out cookies beyond that. */
const MAX_FIELD_BYTES = 8_190;
/** The latest time that a `Date` can hold. */
const MAX_DATE_MS = 8.64e15;

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f]/;

/**
 * A cookie jar with the rules of RFC 6265 for domain, path, expiry and `Secure`; it refuses cookies
 * for public suffixes. Cookies are bounded, and cannot break a `Cookie` field or a line of a file.
 */
export class Jar implements Cookies {
  readonly #store: CookieStore;
  readonly #rules: CookieJar;

  /**
   * @param cookies the first cookies; the jar leaves out expired ones
   * @param onStored is called with each cookie that {@linkcode store} has put in, or has removed: it
   * has expired then
   */
  constructor(cookies: readonly KeptCookie[] = [], onStored?: (cookie: KeptCookie) => void) {
    this.#store = new CookieStore(onStored && ((cookie) => onStored(toKept(cookie))));
    this.#rules = new CookieJar(this.#store.forLibrary);
    this.add(cookies);
  }

  /** Puts cookies in, as another jar has them; expired ones remove those of their name. */
  add(cookies: readonly KeptCookie[]): void {
    const now = new Date();
    for (const { name, expiresMs, ...rest } of cookies) {
      const domain = canonicalDomain(rest.domain)!;
      const before = this.#store.get({ domain, path: rest.path, key: name });
      this.#store.put(
        new Cookie({
          ...rest,
          key: name,
          domain,
          expires: toDate(expiresMs),
          // The order in a `Cookie` field follows it (RFC 6265 §5.3, step 11).
          creation: before?.creation ?? now,
          lastAccessed: now,
        }),
      );
    }
  }

  fieldFor(url: string): string | undefined {
    if (this.#store.size === 0) return undefined;
    const parts = toParts(url);
    if (parts === undefined) return undefined;
    let field = "";
    for (const cookie of this.#rules.getCookiesSync(parts)) {
      const text = cookie.cookieString();
      if (field.length + text.length > MAX_FIELD_BYTES) continue;
      field += field === "" ? text : `; ${text}`;
      this.#store.touch(cookie);
    }
    return field === "" ? undefined : field;
  }

  store(url: string, fields: readonly string[]): void {
    const parts = toParts(url);
    if (parts === undefined) return;
    for (const field of fields) {
      if (field.length > MAX_COOKIE_BYTES) continue;
      const cookie = Cookie.parse(field);
      if (cookie === undefined || !isClean(cookie)) continue;
      // The library would count `Max-Age` from the last use of a cookie.
      const expiresMs = cookie.expiryTime(new Date()) ?? Infinity;
      cookie.expires = toDate(Math.max(0, expiresMs));
      cookie.maxAge = null;
      this.#rules.setCookieSync(cookie, parts, { ignoreError: true });
    }
  }

  /** All cookies that have not expired, the least recently used first. */
  all(): KeptCookie[] {
    const now = Date.now();
    return this.#store.all().map(toKept).filter(({ expiresMs }) => expiresMs > now);
  }
}

function toKept(cookie: Cookie): KeptCookie {
  return {
    name: cookie.key,
    value: cookie.value,
    domain: cookie.domain!,
    hostOnly: cookie.hostOnly === true,
    path: cookie.path!,
    secure: cookie.secure,
    httpOnly: cookie.httpOnly,
    expiresMs: cookie.expiryTime() ?? Infinity,
  };
}

/**
 * The parts of a URL that the library reads; undefined for other text. The library decodes the path,
 * which would make a line feed of `%0A`: the path is encoded once more.
 */
function toParts(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url === null) return undefined;
  const { hostname, pathname, protocol } = url;
  return { hostname, pathname: pathname.replaceAll("%", "%25"), protocol } as URL;
}

function isClean({ key, value, domain, path }: Cookie): boolean {
  return ![key, value, domain ?? "", path ?? ""].some((text) => CONTROLS.test(text));
}

function toDate(ms: number): Date | "Infinity" {
  return ms === Infinity ? "Infinity" : new Date(Math.min(ms, MAX_DATE_MS));
}
