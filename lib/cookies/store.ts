import type { Cookie, Store } from "tough-cookie";

/** Most cookies of a domain, and of all together: what RFC 6265 §6.1 asks for at least. */
const MAX_OF_DOMAIN = 50;
const MAX_COOKIES = 3_000;

/** What the library calls when it is answered. */
type Answer<T> = (error: null, value: T) => void;

/**
 * Cookies in the order of their use. Those that were not used for longest make room, first within
 * their domain; nothing is kept of a domain that has none left.
 */
export class CookieStore {
  /** By {@linkcode toCookieKey}, the least recently used first; at most `MAX_COOKIES`. */
  readonly #cookies = new Map<string, Cookie>();
  /** What there is of a domain, the least recently used first; at most `MAX_OF_DOMAIN` each. */
  readonly #domains = new Map<string, Set<string>>();
  /** Answers at once. */
  readonly synchronous = true;

  /** As the library takes a store: it calls these methods and no others. */
  get forLibrary(): Store {
    return this as unknown as Store;
  }

  get size(): number {
    return this.#cookies.size;
  }

  /** All of them, the least recently used first. */
  all(): Cookie[] {
    return [...this.#cookies.values()];
  }

  put(cookie: Cookie): void {
    const id = toCookieKey(cookie);
    this.#remove(id);
    // RFC 6265 §5.3: one that has expired only removes what was there.
    if ((cookie.expiryTime() ?? Infinity) <= Date.now()) return;
    const domain = cookie.domain!;
    let ids = this.#domains.get(domain);
    if (ids === undefined) this.#domains.set(domain, ids = new Set());
    this.#cookies.set(id, cookie);
    ids.add(id);
    if (ids.size > MAX_OF_DOMAIN) this.#remove(findFirst(ids));
    if (this.#cookies.size > MAX_COOKIES) this.#remove(findFirst(this.#cookies.keys()));
  }

  /** Marks a cookie as used right now. */
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
    answer: Answer<Cookie | undefined>,
  ): void {
    answer(null, this.#cookies.get(toCookieKey({ domain, path, key })));
  }

  /** Those of a host and of the domains above it; the library looks closer. */
  findCookies(host: string, _path: unknown, _allow: unknown, answer: Answer<Cookie[]>): void {
    const found: Cookie[] = [];
    for (let domain = host;;) {
      for (const id of this.#domains.get(domain) ?? []) found.push(this.#cookies.get(id)!);
      const dot = domain.indexOf(".");
      if (dot < 0) break;
      domain = domain.slice(dot + 1);
    }
    answer(null, found);
  }

  putCookie(cookie: Cookie, answer: Answer<void>): void {
    this.put(cookie);
    answer(null, undefined);
  }

  updateCookie(_old: Cookie, cookie: Cookie, answer: Answer<void>): void {
    this.putCookie(cookie, answer);
  }

  removeCookie(domain: string, path: string, key: string, answer: Answer<void>): void {
    this.#remove(toCookieKey({ domain, path, key }));
    answer(null, undefined);
  }
}

/** What makes a cookie another one (RFC 6265 §5.3, step 11); none of it has control characters. */
function toCookieKey({ domain, path, key }: Pick<Cookie, "domain" | "path" | "key">): string {
  return `${domain}\n${path}\n${key}`;
}

function findFirst(ids: Iterable<string>): string {
  for (const id of ids) return id;
  return "";
}
