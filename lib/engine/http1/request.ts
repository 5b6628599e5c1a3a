import { closesConnection } from "../../http/fields.ts";
import type { HeaderList } from "../../target.ts";
import type { ProxyOptions } from "../engine.ts";
import type { Hop } from "../redirect.ts";
import { isForwarded, proxyAuthorization } from "./tunnel.ts";

/** An origin (RFC 9110 §4.3.1) and how to reach it. */
export interface Origin {
  /** Scheme, host and port, as in `http://host:8080`. */
  readonly key: string;
  readonly isSecure: boolean;
  /** A name, or an address; an IPv6 address without its brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** Where a request goes: the origin, and what stands in the request line for the rest. */
export interface Route {
  readonly origin: Origin;
  /** Path and query: the request target in origin form (RFC 9112 §3.2.1). */
  readonly target: string;
}

/** A path and query that `URL` would leave as they are; nothing in it can end the request line. */
const PLAIN =
  /^(?!.*%2[eE])\/[\w\-~!$&'()*+,;=:@%/]*(?:\.[\w\-~!$&'()*+,;=:@%]+)*(?:\?[\w\-.~!$&()*+,;=:@%/?]*)?$/;

/** Finds the route of URLs; those of the same origin as the last one are not parsed again. */
export class Router {
  #prefix = "";
  #last: Origin | undefined;

  /**
   * @param url an `http:` or `https:` URL
   * @throws {TypeError} If it is none.
   */
  route(url: string): Route {
    const { length } = this.#prefix;
    // Half the time of `startsWith`, which V8 makes a loop over single characters.
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

/** What of a request is the same as in the last one, made ready once. */
interface Prepared {
  readonly headers: Hop["headers"];
  readonly origin: string;
  readonly method: string;
  readonly body: Hop["body"];
  /** What stands before path and query: an origin, where a proxy is asked (RFC 9112 §3.2.2). */
  readonly base: string;
  /** All that stands behind the request target, up to the body. */
  readonly end: string;
  /** The same without the empty line, for one more field. */
  readonly open: string;
  readonly closes: boolean;
}

/** Makes the heads of requests (RFC 9112 §3). */
export class RequestWriter {
  readonly #proxy: ProxyOptions | undefined;
  #prepared: Prepared | undefined;

  /** @param proxy what requests go through, if anything */
  constructor(proxy?: ProxyOptions) {
    this.#proxy = proxy;
  }

  /** Whether the head that was made last says `Connection: close`. */
  get closes(): boolean {
    return this.#prepared?.closes === true;
  }

  /**
   * The head of a request, each character a byte: a method is a token, a URL's path and query
   * are ASCII, and a field's value is bytes up to U+00FF. All of them are checked already.
   *
   * @param headers those to send, if not the hop's
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
      const isAsked = isForwarded(this.#proxy, route.origin);
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

  /** The fields with what the proxy has to know where it is asked, and else without it. */
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
  // Exactly one Host (RFC 9112 §3.2); what the user gives wins.
  const host = first("host")?.[1] ?? origin.slice(origin.indexOf("//") + 2);
  let end = ` HTTP/1.1\r\nHost: ${host}\r\n`;
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== "host") end += `${name}: ${value}\r\n`;
  }
  if (first("accept") === undefined) end += "Accept: */*\r\n";
  // RFC 9110 §8.6: a length where there is a body, or where the method gives one a meaning.
  if (body !== undefined || method === "POST" || method === "PUT" || method === "PATCH") {
    end += `Content-Length: ${body?.length ?? 0}\r\n`;
  }
  return end + "\r\n";
}
