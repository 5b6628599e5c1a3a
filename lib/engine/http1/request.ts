import { closesConnection } from "../../http/fields.ts";
import type { HeaderList } from "../../target.ts";
import type { ProxyOptions } from "../engine.ts";
import type { Hop } from "../redirect.ts";
import { proxyAuthorization, usesAbsoluteForm } from "./tunnel.ts";

/** An origin (RFC 9110 §4.3.1) and how to reach it. */
export interface Origin {
  /** Scheme, host and port, as in `http://host:8080`. */
  readonly key: string;
  readonly isSecure: boolean;
  /** A name, or an address; an IPv6 address without its brackets. */
  readonly hostname: string;
  readonly port: number;
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
    const { origin: key, protocol, hostname, port, pathname, search } = new URL(url);
    const isSecure = protocol === "https:";
    if (!isSecure && protocol !== "http:") throw new TypeError(`Cannot request by '${protocol}'`);
    const origin = {
      key,
      isSecure,
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? (isSecure ? 443 : 80) : Number(port),
    };
    if (url.startsWith(`${key}/`)) {
      this.#prefix = key;
      this.#last = origin;
    }
    return { origin, target: pathname + search };
  }
}

/** The parts of a request that are the same as in the last one. */
interface Prepared {
  readonly headers: Hop["headers"];
  readonly origin: string;
  readonly method: string;
  readonly body: Hop["body"];
  /** The origin before path and query in a request to a proxy (RFC 9112 §3.2.2); otherwise empty. */
  readonly base: string;
  /** Everything after the request target, up to the body. */
  readonly end: string;
  /** The same without the empty line, so that a field can be added. */
  readonly open: string;
  readonly closes: boolean;
}

/** Writes the heads of requests (RFC 9112 §3). */
export class RequestWriter {
  readonly #proxy: ProxyOptions | undefined;
  #prepared: Prepared | undefined;

  /** @param proxy the proxy that requests go through; undefined without one */
  constructor(proxy?: ProxyOptions) {
    this.#proxy = proxy;
  }

  /** Whether the last head has `Connection: close`. */
  get closes(): boolean {
    return this.#prepared?.closes === true;
  }

  /**
   * Writes the head of a request, each character a byte. The method is a token, path and query are
   * ASCII, and the values of fields are bytes up to U+00FF: all of them were checked before.
   *
   * @param headers the fields to send, if they are not those of the hop
   */
  head(
    { method, headers: own, body, requestId }: Hop,
    route: Route,
    headers: HeaderList = own,
  ): string {
    const origin = route.origin.key;
    let prepared = this.#prepared;
    if (
      prepared === undefined || prepared.headers !== headers || prepared.origin !== origin ||
      prepared.method !== method || prepared.body !== body
    ) {
      const isAsked = usesAbsoluteForm(this.#proxy, route.origin);
      const end = findEnd(method, this.#forProxy(headers, isAsked), body, origin);
      const base = isAsked ? origin : "";
      const open = end.slice(0, -2);
      const closes = closesConnection(headers);
      prepared = this.#prepared = { headers, origin, method, body, base, end, open, closes };
    }
    if (requestId === undefined) return `${method} ${prepared.base}${route.target}${prepared.end}`;
    const [name, id] = requestId;
    return `${method} ${prepared.base}${route.target}${prepared.open}${name}: ${id}\r\n\r\n`;
  }

  /** The fields, with those for the proxy if it gets the request itself, and otherwise without. */
  #forProxy(headers: HeaderList, isAsked: boolean): HeaderList {
    if (this.#proxy === undefined) return headers;
    const isOfProxy = ([name]: HeaderList[number]): boolean => /^proxy-authorization$/i.test(name);
    if (!isAsked) return headers.filter((field) => !isOfProxy(field));
    const value = proxyAuthorization(this.#proxy);
    if (value === undefined || headers.some(isOfProxy)) return headers;
    return [...headers, ["Proxy-Authorization", value]];
  }
}

function findEnd(method: string, headers: HeaderList, body: Hop["body"], origin: string): string {
  const first = (name: string): HeaderList[number] | undefined =>
    headers.find((field) => field[0].toLowerCase() === name);
  // Exactly one Host (RFC 9112 §3.2); the user's comes first.
  const host = first("host")?.[1] ?? origin.slice(origin.indexOf("//") + 2);
  let end = ` HTTP/1.1\r\nHost: ${host}\r\n`;
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== "host") end += `${name}: ${value}\r\n`;
  }
  if (first("accept") === undefined) end += "Accept: */*\r\n";
  // RFC 9110 §8.6: a length if there is a body, or if the method gives a body a meaning.
  if (body !== undefined || method === "POST" || method === "PUT" || method === "PATCH") {
    end += `Content-Length: ${body?.length ?? 0}\r\n`;
  }
  return end + "\r\n";
}
