import type { Hop } from "./redirect.ts";

/** Where a request goes: the origin, and what stands in the request line for the rest. */
export interface Route {
  /** Scheme, host and port, as in `http://host:8080`. */
  readonly origin: string;
  readonly hostname: string;
  readonly port: number;
  /** Path and query: the request target in origin form (RFC 9112 §3.2.1). */
  readonly target: string;
}

/** A path and query that `URL` would leave as they are; nothing in it can end the request line. */
const PLAIN =
  /^(?!.*%2[eE])\/[\w\-~!$&'()*+,;=:@%/]*(?:\.[\w\-~!$&'()*+,;=:@%]+)*(?:\?[\w\-.~!$&()*+,;=:@%/?]*)?$/;

const encoder = new TextEncoder();

/** Finds the route of URLs; those of the same origin as the last one are not parsed again. */
export class Router {
  #prefix = "";
  #last: Route | undefined;

  /** @throws {TypeError} If it is no URL. */
  route(url: string): Route {
    if (this.#last !== undefined && url.startsWith(this.#prefix)) {
      const target = url.slice(this.#prefix.length);
      if (PLAIN.test(target)) return { ...this.#last, target };
    }
    const { origin, hostname, port, pathname, search } = new URL(url);
    const route = {
      origin,
      // An IPv6 address without its brackets.
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? 80 : Number(port),
      target: pathname + search,
    };
    if (url.startsWith(`${origin}/`)) {
      this.#prefix = origin;
      this.#last = route;
    }
    return route;
  }
}

/** What of a request is the same as in the last one, made ready once. */
interface Prepared {
  readonly headers: Hop["headers"];
  readonly origin: string;
  readonly method: string;
  readonly body: Hop["body"];
  /** All that stands behind the request target, the body too. */
  readonly end: Uint8Array;
}

/** Makes the octets of requests (RFC 9112 §3). */
export class RequestWriter {
  #prepared: Prepared | undefined;

  /** The octets of a request. Its method and fields are checked already. */
  write(hop: Hop, { origin, target }: Route): Uint8Array {
    const { method, headers, body } = hop;
    let prepared = this.#prepared;
    if (
      prepared === undefined || prepared.headers !== headers || prepared.origin !== origin ||
      prepared.method !== method || prepared.body !== body
    ) {
      const end = endOf(hop, origin);
      prepared = this.#prepared = { headers, origin, method, body, end };
    }
    const { end } = prepared;
    const start = `${method} ${target}`;
    const octets = new Uint8Array(start.length + end.length);
    // A method is a token, and a URL's path and query are ASCII.
    encoder.encodeInto(start, octets);
    octets.set(end, start.length);
    return octets;
  }
}

function endOf({ method, headers, body }: Hop, origin: string): Uint8Array {
  const has = (name: string): boolean => headers.some((field) => field[0].toLowerCase() === name);
  let head = " HTTP/1.1\r\n";
  // Exactly one Host (RFC 9112 §3.2); what the user gives wins.
  if (!has("host")) head += `Host: ${origin.slice(origin.indexOf("//") + 2)}\r\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`;
  if (!has("accept")) head += "Accept: */*\r\n";
  // RFC 9110 §8.6: a length where there is a body, or where the method gives one a meaning.
  if (body !== undefined || method === "POST" || method === "PUT" || method === "PATCH") {
    head += `Content-Length: ${body?.length ?? 0}\r\n`;
  }
  head += "\r\n";
  const octets = new Uint8Array(head.length + (body?.length ?? 0));
  // A field's value is octets, each a character up to U+00FF: not UTF-8.
  for (let k = 0; k < head.length; k++) octets[k] = head.charCodeAt(k);
  if (body !== undefined) octets.set(body, head.length);
  return octets;
}
