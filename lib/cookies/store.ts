import type { Cookie, Store } from "tough-cookie";

/** Cookies of one domain, and of all domains: as many as RFC 6265 §6.1 asks for at least. */
const MAX_COOKIES_A_DOMAIN = 50;
const MAX_COOKIES = 3_000;

/** What no other cookie of a jar has. */
type CookieName = Pick<Cookie, "domain" | "path" | "key">;

/** A callback of the library. */
type Callback<T> = (error: null, value: T) => void;

/**
 * Cookies in the order of their last use. The least recently used ones make room, first within their
 * domain.
 */
export class CookieStore {
  /** By {@linkcode toCookieKey}, the least recently used first; at most `MAX_COOKIES`. */
  readonly #cookies = new Map<string, Cookie>();
  /** The keys of each domain's cookies, in the same order; at most `MAX_COOKIES_A_DOMAIN` each. */
  readonly #domains = new Map<string, Set<string>>();
  readonly #onPut: (cookie: Cookie) => void;
  /** Tells the library that the callbacks are called at once. */
  readonly synchronous = true;

  /** @param onPut is called with each cookie that the library puts in; an expired one is removed */
  constructor(onPut: (cookie: Cookie) => void = () => {}) {
    this.#onPut = onPut;
  }

  /** This store as the library's type, which has more methods; the library calls only these. */
  get forLibrary(): Store {
    return this as unknown as Store;
  }

  get size(): number {
    return this.#cookies.size;
  }

  /** All cookies, the least recently used first. */
  all(): Cookie[] {
    return [...this.#cookies.values()];
  }

  get(name: CookieName): Cookie | undefined {
    return this.#cookies.get(toCookieKey(name));
  }

  put(cookie: Cookie): void {
    const key = toCookieKey(cookie);
    this.#remove(key);
    // RFC 6265 §5.3: an expired cookie only removes the old one.
    if ((cookie.expiryTime() ?? Infinity) <= Date.now()) return;
    const domain = cookie.domain!;
    let keys = this.#domains.get(domain);
    if (keys === undefined) this.#domains.set(domain, keys = new Set());
    this.#cookies.set(key, cookie);
    keys.add(key);
    if (keys.size > MAX_COOKIES_A_DOMAIN) this.#remove(findFirst(keys));
    if (this.#cookies.size > MAX_COOKIES) this.#remove(findFirst(this.#cookies.keys()));
  }

  /** Makes a cookie the most recently used one. */
  touch(cookie: Cookie): void {
    const key = toCookieKey(cookie);
    const keys = this.#domains.get(cookie.domain!)!;
    this.#cookies.delete(key);
    this.#cookies.set(key, cookie);
    keys.delete(key);
    keys.add(key);
  }

  #remove(key: string): void {
    const cookie = this.#cookies.get(key);
    if (cookie === undefined) return;
    const domain = cookie.domain!;
    const keys = this.#domains.get(domain)!;
    this.#cookies.delete(key);
    keys.delete(key);
    if (keys.size === 0) this.#domains.delete(domain);
  }

  findCookie(
    domain: string,
    path: string,
    key: string,
    callback: Callback<Cookie | undefined>,
  ): void {
    callback(null, this.get({ domain, path, key }));
  }

  /** Finds the cookies of a host and of the domains above it; the library checks the rest. */
  findCookies(host: string, _path: unknown, _allow: unknown, callback: Callback<Cookie[]>): void {
    const found: Cookie[] = [];
    for (let domain = host;;) {
      for (const key of this.#domains.get(domain) ?? []) found.push(this.#cookies.get(key)!);
      const dot = domain.indexOf(".");
      if (dot < 0) break;
      domain = domain.slice(dot + 1);
    }
    callback(null, found);
  }

  putCookie(cookie: Cookie, callback: Callback<void>): void {
    this.put(cookie);
    this.#onPut(cookie);
    callback(null, undefined);
  }

  updateCookie(_old: Cookie, cookie: Cookie, callback: Callback<void>): void {
    this.putCookie(cookie, callback);
  }

  removeCookie(domain: string, path: string, key: string, callback: Callback<void>): void {
    this.#remove(toCookieKey({ domain, path, key }));
    callback(null, undefined);
  }
}

/** Makes the key of a cookie (RFC 6265 §5.3, step 11); its parts have no control characters. */
function toCookieKey({ domain, path, key }: CookieName): string {
  return `${domain}\n${path}\n${key}`;
}

function findFirst(keys: Iterable<string>): string {
  for (const key of keys) return key;
  return "";
}
