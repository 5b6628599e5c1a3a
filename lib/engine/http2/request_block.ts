import { ByteBuffer } from "../../byte_buffer.ts";
import type { HeaderList } from "../../target.ts";
import type { Hop } from "../redirect.ts";
import type { Route } from "../sockets/router.ts";
import { appendField, appendName, appendString } from "./hpack_encoder.ts";
import { FIELD_OVERHEAD_BYTES } from "./hpack_table.ts";

/** Fields of a connection of HTTP/1.1 (RFC 9113 §8.2.2), and `Host`, which is `:authority` here. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...["connection", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"],
]);

/** The fields of a request before and behind `:path`. */
interface FieldLists {
  readonly before: [string, string][];
  readonly behind: (readonly [string, string])[];
}

/** The parts of a field block that are the same as in the last one. */
interface Prepared {
  readonly headers: HeaderList;
  readonly origin: string;
  readonly method: string;
  /** Bytes of the body; undefined without one. */
  readonly length: number | undefined;
  /** The name of the field with the id of each request; undefined without one. */
  readonly idName: string | undefined;
  /** The fields before and behind the value of `:path`, with the names of what comes behind them. */
  readonly before: Uint8Array;
  readonly behind: Uint8Array;
  /** What they count (RFC 9113 §6.5.2). */
  readonly size: number;
}

/** Writes the field blocks of requests (RFC 9113 §8.3.1). */
export class RequestBlocks {
  readonly #isProxied: boolean;
  #prepared: Prepared | undefined;

  /** @param isProxied whether the connection leads through a proxy, whose credentials stay with it */
  constructor(isProxied: boolean) {
    this.#isProxied = isProxied;
  }

  /**
   * Appends the field block of a request. The method is a token, path and query are ASCII, and the
   * values of fields are bytes up to U+00FF: all of them were checked before.
   *
   * @param headers the fields to send, in place of those of the hop
   * @returns the size of the list of fields that SETTINGS_MAX_HEADER_LIST_SIZE limits, in bytes
   */
  append(buffer: ByteBuffer, hop: Hop, { origin, target }: Route, headers: HeaderList): number {
    const { method, body, requestId } = hop;
    const length = body?.length;
    const idName = requestId?.[0];
    let prepared = this.#prepared;
    if (
      prepared === undefined || prepared.headers !== headers || prepared.origin !== origin.key ||
      prepared.method !== method || prepared.length !== length || prepared.idName !== idName
    ) {
      prepared = this.#prepare(origin.key, method, length, headers, idName);
      this.#prepared = prepared;
    }
    buffer.append(prepared.before);
    appendString(buffer, target);
    buffer.append(prepared.behind);
    const size = prepared.size + target.length;
    if (requestId === undefined) return size;
    appendString(buffer, requestId[1]);
    return size + requestId[1].length;
  }

  /** The fields of a block that {@linkcode append} would append, each as a line. */
  lines(hop: Hop, { origin, target }: Route, headers: HeaderList): readonly string[] {
    const { before, behind } = this.#listAll(hop, origin.key, headers);
    return [...before, [":path", target] as const, ...behind]
      .map(([name, value]) => `${name}: ${value}`);
  }

  /**
   * The head that means the same in HTTP/1.1, each character a byte: the pseudo-header fields are its
   * request line and its `Host` (RFC 9113 §8.3.1).
   */
  toHttp1(hop: Hop, { origin, target }: Route, headers: HeaderList): string {
    const { before, behind } = this.#listAll(hop, origin.key, headers);
    const [[, method], , [, authority]] = before;
    let head = `${method} ${target} HTTP/1.1\r\nhost: ${authority}\r\n`;
    for (const [name, value] of behind) head += `${name}: ${value}\r\n`;
    return `${head}\r\n`;
  }

  /** With the id of the request. */
  #listAll(
    { method, body, requestId }: Hop,
    origin: string,
    headers: HeaderList,
  ): FieldLists {
    const all = this.#list(origin, method, body?.length, headers);
    if (requestId !== undefined) all.behind.push([requestId[0].toLowerCase(), requestId[1]]);
    return all;
  }

  /** The fields before and behind `:path`. */
  #list(
    origin: string,
    method: string,
    length: number | undefined,
    headers: HeaderList,
  ): FieldLists {
    const colon = origin.indexOf(":");
    const host = headers.find(([name]) => name.toLowerCase() === "host")?.[1];
    const before: [string, string][] = [
      [":method", method],
      [":scheme", origin.slice(0, colon)],
      [":authority", host ?? origin.slice(colon + "://".length)],
    ];
    const behind = headers.map(([name, value]) => [name.toLowerCase(), trim(value)] as const)
      .filter(([name, value]) => this.#isSent(name, value));
    if (!behind.some(([name]) => name === "accept")) behind.push(["accept", "*/*"]);
    // RFC 9110 §8.6: a length if there is a body, or if the method gives a body a meaning.
    if (length !== undefined || method === "POST" || method === "PUT" || method === "PATCH") {
      behind.push(["content-length", `${length ?? 0}`]);
    }
    return { before, behind };
  }

  #prepare(
    origin: string,
    method: string,
    length: number | undefined,
    headers: HeaderList,
    idName: string | undefined,
  ): Prepared {
    const { before, behind } = this.#list(origin, method, length, headers);
    const fields = [...before, ...behind, [":path", ""]];
    if (idName !== undefined) fields.push([idName, ""]);
    return {
      headers,
      origin,
      method,
      length,
      idName,
      before: encode(before, ":path"),
      behind: encode(behind, idName),
      size: fields.reduce(
        (sum, [name, value]) => sum + name.length + value.length + FIELD_OVERHEAD_BYTES,
        0,
      ),
    };
  }

  #isSent(name: string, value: string): boolean {
    if (LEFT_OUT.has(name)) return false;
    if (name === "te") return value.toLowerCase() === "trailers";
    return name !== "proxy-authorization" || !this.#isProxied;
  }
}

/** White space around a value makes a request malformed (RFC 9113 §8.2.1). */
function trim(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, "");
}

/** @param next the name of the field behind them; undefined without one */
function encode(
  fields: readonly (readonly [name: string, value: string])[],
  next: string | undefined,
): Uint8Array {
  const buffer = new ByteBuffer();
  for (const [name, value] of fields) appendField(buffer, name, value);
  if (next !== undefined) appendName(buffer, next);
  return buffer.bytes.slice(0, buffer.length);
}
