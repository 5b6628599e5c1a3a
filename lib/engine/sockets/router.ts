/**
 * Where requests go.
 *
 * @module
 */
import { readEndpoint } from "../../http/url.ts";
import type { Endpoint } from "../options.ts";
import type { Detours } from "./detours.ts";

/** An origin (RFC 9110 §4.3.1) and how to reach it. */
export interface Origin extends Endpoint {
  /** Scheme, host and port, as in `http://host:8080`. */
  readonly key: string;
  readonly isSecure: boolean;
  /** Where its connections go, if that is not its own host and port. */
  readonly detour?: Endpoint | undefined;
}

/** Where a request goes: the origin, and the target of the request line. */
export interface Route {
  readonly origin: Origin;
  /** Path and query: the request target in origin form (RFC 9112 §3.2.1). */
  readonly target: string;
}

/** A path and query that `URL` would leave as they are. No character of them can end the request line. */
const PLAIN =
  /^(?!.*%2[eE])\/[\w\-~!$&'()*+,;=:@%/]*(?:\.[\w\-~!$&'()*+,;=:@%]+)*(?:\?[\w\-.~!$&()*+,;=:@%/?]*)?$/;

/** Finds the routes of URLs. A URL with the origin of the one before is not parsed again. */
export class Router {
  #prefix = "";
  #last: Origin | undefined;
  readonly #detours: Detours | undefined;

  constructor(detours?: Detours) {
    this.#detours = detours;
  }

  /**
   * @param url an `http:` or `https:` URL
   * @throws {TypeError} If it is another kind of URL, or not a URL.
   */
  route(url: string): Route {
    const { length } = this.#prefix;
    // Takes half the time of `startsWith`, which V8 compiles to a loop over characters.
    if (this.#last !== undefined && url.slice(0, length) === this.#prefix) {
      const target = url.slice(length);
      if (PLAIN.test(target)) return { origin: this.#last, target };
    }
    const parsed = new URL(url);
    const { origin: key, protocol, pathname, search } = parsed;
    const isSecure = protocol === "https:";
    if (!isSecure && protocol !== "http:") throw new TypeError(`Cannot request by '${protocol}'`);
    const endpoint = readEndpoint(parsed);
    const origin = { key, isSecure, ...endpoint, detour: this.#detours?.divert(endpoint) };
    if (url.startsWith(`${key}/`)) {
      this.#prefix = key;
      this.#last = origin;
    }
    return { origin, target: pathname + search };
  }
}
