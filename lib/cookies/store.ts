import type { Cookie, Store } from "tough-cookie";

/** The most cookies of a domain, and of all domains: the least that RFC 6265 §6.1 asks for. */
const MAX_OF_DOMAIN = 50;
const MAX_COOKIES = 3_000;

/** The callback of the library. */
type Callback<T> = (error: null, value: T) => void;

/**
 * Cookies in the order of their use. The least recently used cookies make room, first within their
 * domain. A domain without cookies is forgotten.
 */
export class CookieStore {
  /** By {@linkcode toCookieKey}, the least recently used first; at most `MAX_COOKIES`. */
  readonly #cookies = new Map<string, Cookie>();
  /** The keys by domain, the least recently used first; at most `MAX_OF_DOMAIN` each. */
  readonly #domains = new Map<string, Set<string>>();
  /** Tells the library that every callback is called at once. */
  readonly synchronous = true;

  /** The store with the library's type: the library calls only the methods that are here. */
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

  put(cookie: Cookie): void {
    const id = toCookieKey(cookie);
    this.#remove(id);
    // RFC 6265 §5.3: an expired cookie only removes the one before.
    if ((cookie.expiryTime() ?? Infinity) <= Date.now()) return;
    const domain = cookie.domain!;
    let ids = this.#domains.get(domain);
    if (ids === undefined) this.#domains.set(domain, ids = new Set());
    this.#cookies.set(id, cookie);
    ids.add(id);
    if (ids.size > MAX_OF_DOMAIN) this.#remove(findFirst(ids));
    if (this.#cookies.size > MAX_COOKIES) this.#remove(findFirst(this.#cookies.keys()));
  }

  /** Marks a cookie as the most recently used. */
  touch(cookie: Cookie): void {
    const id = toCookieKey(cookie);
    const ids = this.#domains.get(cookie.domain!)!;
    this.#cookies.delete(id);
    this.#cookies.set(id, cookie);
    ids.delete(id);
    ids.add(id);
  }

  #remove(id: string): void {
    const cookie = this.#cookies.get(id);
    if (cookie === undefined) return;
    const domain = cookie.domain!;
    const ids = this.#domains.get(domain)!;
    this.#cookies.delete(id);
    ids.delete(id);
    if (ids.size === 0) this.#domains.delete(domain);
  }

  findCookie(
    domain: string,
    path: string,
    key: string,
    callback: Callback<Cookie | undefined>,
  ): void {
    callback(null, this.#cookies.get(toCookieKey({ domain, path, key })));
  }

  /** The cookies of a host and of its parent domains; the library checks them further. */
  findCookies(host: string, _path: unknown, _allow: unknown, callback: Callback<Cookie[]>): void {
    const found: Cookie[] = [];
    for (let domain = host;;) {
      for (const id of this.#domains.get(domain) ?? []) found.push(this.#cookies.get(id)!);
      const dot = domain.indexOf(".");
      if (dot < 0) break;
      domain = domain.slice(dot + 1);
    }
    callback(null, found);
  }

  putCookie(cookie: Cookie, callback: Callback<void>): void {
    this.put(cookie);
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

/** The identity of a cookie (RFC 6265 §5.3, step 11). None of its parts has control characters. */
function toCookieKey({ domain, path, key }: Pick<Cookie, "domain" | "path" | "key">): string {
  return `${domain}\n${path}\n${key}`;
}

function findFirst(ids: Iterable<string>): string {
  for (const id of ids) return id;
  return "";
}
