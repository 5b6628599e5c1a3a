import { closesConnection } from "../../http/fields.ts";
import type { HeaderList } from "../../target.ts";
import type { ProxyOptions } from "../engine.ts";
import type { Hop } from "../redirect.ts";
import { proxyAuthorization, usesAbsoluteForm } from "../sockets/tunnel.ts";
import type { Route } from "../sockets/router.ts";

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
  readonly #closesAll: boolean;
  #prepared: Prepared | undefined;

  /**
   * @param proxy the proxy that requests go through; undefined without one
   * @param closesAll whether every request says that its connection closes (RFC 9112 §9.6)
   */
  constructor(proxy?: ProxyOptions, closesAll = false) {
    this.#proxy = proxy;
    this.#closesAll = closesAll;
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
      const sent = this.#withClose(this.#forProxy(headers, isAsked));
      const end = findEnd(method, sent, body, origin);
      const base = isAsked ? origin : "";
      const open = end.slice(0, -2);
      const closes = closesConnection(sent);
      prepared = this.#prepared = { headers, origin, method, body, base, end, open, closes };
    }
    if (requestId === undefined) return `${method} ${prepared.base}${route.target}${prepared.end}`;
    const [name, id] = requestId;
    return `${method} ${prepared.base}${route.target}${prepared.open}${name}: ${id}\r\n\r\n`;
  }

  /** The lines of a {@linkcode head}, without the empty one at its end. */
  lines(hop: Hop, route: Route, headers?: HeaderList): readonly string[] {
    return this.head(hop, route, headers).slice(0, -"\r\n\r\n".length).split("\r\n");
  }

  #withClose(headers: HeaderList): HeaderList {
    return this.#closesAll && !closesConnection(headers)
      ? [...headers, ["Connection", "close"]]
      : headers;
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
