import { canonicalDomain, Cookie, CookieJar } from "tough-cookie";
import type { Cookies } from "../engine/engine.ts";
import type { KeptCookie } from "./netscape.ts";
import { CookieStore } from "./store.ts";

/** Most bytes of a cookie with its attributes (RFC 6265 §6.1); a longer one is not kept. */
const MAX_COOKIE = 4_096;
/** Most bytes of a `Cookie` field, as curl has it; what does not fit is left out. */
const MAX_FIELD = 8_190;

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f]/;

/**
 * Cookies by the rules of RFC 6265 for domain, path, expiry and `Secure`, and none for public
 * suffixes. What servers set is bounded, and can neither break a `Cookie` field nor a line.
 */
export class Jar implements Cookies {
  readonly #store = new CookieStore();
  readonly #rules = new CookieJar(this.#store.forLibrary);

  /** @param cookies what it begins with; those that have expired are left out */
  constructor(cookies: readonly KeptCookie[] = []) {
    const now = new Date();
    for (const { name, expiresMs, ...rest } of cookies) {
      this.#store.put(
        new Cookie({
          ...rest,
          key: name,
          domain: canonicalDomain(rest.domain),
          expires: toDate(expiresMs),
          creation: now,
          lastAccessed: now,
        }),
      );
    }
  }

  for(url: string): string | undefined {
    if (this.#store.size === 0) return undefined;
    const parts = toParts(url);
    // What is no URL has no cookies.
    if (parts === undefined) return undefined;
    let field = "";
    for (const cookie of this.#rules.getCookiesSync(parts)) {
      const text = cookie.cookieString();
      if (field.length + text.length > MAX_FIELD) continue;
      field += field === "" ? text : `; ${text}`;
      this.#store.touch(cookie);
    }
    return field === "" ? undefined : field;
  }

  store(url: string, fields: readonly string[]): void {
    const parts = toParts(url);
    if (parts === undefined) return;
    for (const field of fields) {
      if (field.length > MAX_COOKIE) continue;
      const cookie = Cookie.parse(field);
      if (cookie === undefined || !isClean(cookie)) continue;
      // The library counts `Max-Age` from when a cookie was last used.
      const expiresMs = cookie.expiryTime(new Date()) ?? Infinity;
      cookie.expires = toDate(Math.max(0, expiresMs));
      cookie.maxAge = null;
      this.#rules.setCookieSync(cookie, parts, { ignoreError: true });
    }
  }

  /** What is to be kept beyond the run, the least recently used first. */
  all(): KeptCookie[] {
    const now = Date.now();
    return this.#store.all().map((cookie) => ({
      name: cookie.key,
      value: cookie.value,
      domain: cookie.domain!,
      hostOnly: cookie.hostOnly === true,
      path: cookie.path!,
      secure: cookie.secure,
      httpOnly: cookie.httpOnly,
      expiresMs: cookie.expiryTime() ?? Infinity,
    })).filter(({ expiresMs }) => expiresMs > now);
  }
}

/** What the library looks at. It would decode the path, and make line feeds of `%0A`. */
function toParts(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url === null) return undefined;
  const { hostname, pathname, protocol } = url;
  return { hostname, pathname: pathname.replaceAll("%", "%25"), protocol } as URL;
}

function isClean({ key, value, domain, path }: Cookie): boolean {
  return ![key, value, domain ?? "", path ?? ""].some((text) => CONTROLS.test(text));
}

/** The latest moment that there is a date for. */
const LAST_MS = 8.64e15;

function toDate(ms: number): Date | "Infinity" {
  return ms === Infinity ? "Infinity" : new Date(Math.min(ms, LAST_MS));
}
