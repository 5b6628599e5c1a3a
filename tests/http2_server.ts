import type net from "node:net";
import tls from "node:tls";
import { SERVER } from "./tls_server.ts";

/** Error codes of RFC 9113 §7 that tests send. */
export const CODE = {
  noError: 0,
  internalError: 2,
  refusedStream: 7,
  cancel: 8,
  enhanceYourCalm: 11,
} as const;

type Fields = readonly (readonly [name: string, value: string])[];

/** What an {@linkcode Http2Server} does with a request that is complete. */
export type Http2Answer = (request: {
  /** The number of its stream. */
  id: number;
  /** Its place among the requests of its connection, from 1. */
  nth: number;
  /** The octets of its body, each a character. */
  body: string;
  /** Sends an answer, a 200 if its first field is not `:status`; all fields are short. */
  respond(body?: string, fields?: Fields): void;
  /** Sends the head of an answer and the beginning of its body. */
  begin(body: string, fields?: Fields): void;
  /** Sends RST_STREAM (RFC 9113 §6.4). */
  resetStream(code: number): void;
  /** Sends GOAWAY (RFC 9113 §6.8). */
  goAway(lastId: number, code: number): void;
  /** Ends TLS and TCP in good order, behind what was sent. */
  end(): void;
}) => void;

type Octets = Uint8Array<ArrayBuffer>;

const PREFACE_BYTES = 24;
const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY] = [0, 1, 3, 4, 6, 7];
const [ACK, END_STREAM, END_HEADERS] = [1, 1, 4];
const MAX_CONCURRENT_STREAMS = 3;

/** A frame (RFC 9113 §4.1). */
function frame(type: number, flags: number, id: number, payload: Octets): Octets {
  const octets = new Uint8Array(9 + payload.length);
  const view = new DataView(octets.buffer);
  view.setUint32(0, payload.length << 8 | type);
  view.setUint8(4, flags);
  view.setUint32(5, id);
  octets.set(payload, 9);
  return octets;
}

function numbers(...values: number[]): Octets {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, k) => view.setUint32(4 * k, value));
  return new Uint8Array(view.buffer);
}

const octetsOf = (text: string): Octets =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Fields, each literal and not indexed (RFC 7541 §6.2.2). */
function headOf(fields: Fields): Octets {
  const text = (text: string): string => String.fromCharCode(text.length) + text;
  const all = fields[0]?.[0] === ":status" ? fields : [[":status", "200"] as const, ...fields];
  return octetsOf(all.map(([name, value]) => `\0${text(name)}${text(value)}`).join(""));
}

/** A server that speaks HTTP/2 over TLS, with frames made by hand, right or wrong. */
export class Http2Server implements AsyncDisposable {
  readonly #server: tls.Server;
  readonly #sockets = new Set<tls.TLSSocket>();
  connections = 0;
  /** Requests that were complete, of all connections. */
  requests = 0;

  /** @param mostStreams SETTINGS_MAX_CONCURRENT_STREAMS, if it is to say one */
  static async start(answer: Http2Answer, mostStreams?: number): Promise<Http2Server> {
    const server = new Http2Server(answer, mostStreams);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  private constructor(answer: Http2Answer, mostStreams: number | undefined) {
    this.#server = tls.createServer({ ...SERVER, ALPNProtocols: ["h2"] }, (socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      const send = (
        type: number,
        flags: number,
        id: number,
        payload: Octets = new Uint8Array(),
      ): void => {
        if (socket.writable) socket.write(frame(type, flags, id, payload));
      };
      const settings = mostStreams === undefined
        ? []
        : [0, MAX_CONCURRENT_STREAMS, ...numbers(mostStreams)];
      send(SETTINGS, 0, 0, Uint8Array.from(settings));
      let rest = new Uint8Array();
      let skip = PREFACE_BYTES;
      let nth = 0;
      const bodies = new Map<number, string>();
      const take = (type: number, flags: number, id: number, payload: Octets): void => {
        if (type === SETTINGS && (flags & ACK) === 0) send(SETTINGS, ACK, 0);
        if (type === PING && (flags & ACK) === 0) send(PING, ACK, 0, payload);
        if (type !== HEADERS && type !== DATA) return;
        const more = type === DATA ? String.fromCharCode(...payload) : "";
        const body = (bodies.get(id) ?? "") + more;
        bodies.set(id, body);
        if ((flags & END_STREAM) === 0) return;
        bodies.delete(id);
        this.requests++;
        answer({
          id,
          nth: ++nth,
          body,
          respond: (body = "ok", fields = []) => {
            send(HEADERS, END_HEADERS, id, headOf(fields));
            send(DATA, END_STREAM, id, octetsOf(body));
          },
          begin: (body, fields = []) => {
            send(HEADERS, END_HEADERS, id, headOf(fields));
            send(DATA, 0, id, octetsOf(body));
          },
          resetStream: (code) => send(RST_STREAM, 0, id, numbers(code)),
          goAway: (lastId, code) => send(GOAWAY, 0, 0, numbers(lastId, code)),
          end: () => void socket.end(),
        });
      };
      socket.on("data", (octets: Uint8Array) => {
        const all = new Uint8Array(rest.length + octets.length);
        all.set(rest);
        all.set(octets, rest.length);
        rest = all;
        for (;;) {
          if (skip > 0) {
            if (rest.length < skip) return;
            rest = rest.slice(skip);
            skip = 0;
          }
          if (rest.length < 9) return;
          const view = new DataView(rest.buffer);
          const length = view.getUint32(0) >> 8;
          if (rest.length < 9 + length) return;
          const payload = rest.slice(9, 9 + length);
          const [type, flags, id] = [rest[3], rest[4], view.getUint32(5)];
          rest = rest.slice(9 + length);
          take(type, flags, id, payload);
        }
      });
    });
  }

  get open(): number {
    return this.#sockets.size;
  }

  url(path = "/"): string {
    return `https://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
