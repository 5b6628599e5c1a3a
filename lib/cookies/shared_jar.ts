import type { Cookies } from "../engine/engine.ts";
import { Jar } from "./jar.ts";
import type { KeptCookie } from "./netscape.ts";

/** The shortest time between two messages about what was stored. */
const SEND_MS = 50;
/** At most so many cookies wait to be told: as many as a jar holds. */
const MAX_CHANGED = 3_000;

/** The cookie jar of one thread of a run: it tells the other threads what it has stored. */
export class SharedJar implements Cookies {
  readonly #jar: Jar;
  readonly #tell: (cookies: KeptCookie[]) => void;
  /** By their names and places, what was stored and not told yet; at most `MAX_CHANGED`. */
  readonly #changed = new Map<string, KeptCookie>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #toldMs = -Infinity;

  /**
   * @param cookies the first ones
   * @param tell is called with what was stored, and with what was removed: it has expired
   */
  constructor(cookies: readonly KeptCookie[], tell: (cookies: KeptCookie[]) => void) {
    this.#jar = new Jar(cookies, (cookie) => this.#onStored(cookie));
    this.#tell = tell;
  }

  fieldFor(url: string): string | undefined {
    return this.#jar.fieldFor(url);
  }

  store(url: string, fields: readonly string[]): void {
    this.#jar.store(url, fields);
  }

  #onStored(cookie: KeptCookie): void {
    this.#changed.set(toKey(cookie), cookie);
    if (this.#changed.size >= MAX_CHANGED) return this.flush();
    // The first one, as of a login, is told at once, and what follows it in groups.
    const waitMs = Math.max(0, this.#toldMs + SEND_MS - performance.now());
    this.#timer ??= setTimeout(() => this.flush(), waitMs);
  }

  /** Tells at once what was not told yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#changed.size === 0) return;
    const cookies = [...this.#changed.values()];
    this.#changed.clear();
    this.#toldMs = performance.now();
    this.#tell(cookies);
  }

  /** Puts in what other threads have stored, unless this one has stored the same cookie since. */
  add(cookies: readonly KeptCookie[]): void {
    this.#jar.add(cookies.filter((cookie) => !this.#changed.has(toKey(cookie))));
  }
}

function toKey({ domain, path, name }: KeptCookie): string {
  return `${domain}\n${path}\n${name}`;
}
