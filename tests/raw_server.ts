import type { Buffer } from "node:buffer";
import net from "node:net";
import { setImmediate } from "node:timers";

/** What a {@linkcode RawServer} does with the requests of one connection. */
export type Answer = (connection: {
  /** The request's octets, each a character, up to and with its body. */
  request: string;
  /** How many requests this connection has had, from 1. */
  nth: number;
  /** Sends bytes as they are, each character an octet. */
  send(bytes: string): void;
  /** Sends the same bytes again and again, until the connection is closed. */
  flood(bytes: string): void;
  /** Ends the connection in good order. */
  end(): void;
  /** Ends it with a TCP reset. */
  reset(): void;
}) => void | Promise<void>;

/** A server that answers with the bytes that a test gives, right or wrong. */
export class RawServer implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  /** Every request that came, in order. */
  readonly requests: string[] = [];
  connections = 0;

  static async start(answer: Answer, hostname = "127.0.0.1", port = 0): Promise<RawServer> {
    const raw = new RawServer(answer);
    await new Promise<void>((resolve, reject) => {
      raw.#server.once("error", reject).listen(port, hostname, resolve);
    });
    return raw;
  }

  constructor(answer: Answer) {
    this.#server = net.createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      let text = "";
      let nth = 0;
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      const flood = (bytes: string): void => {
        if (socket.destroyed) return;
        if (socket.write(bytes, "latin1")) setImmediate(flood, bytes);
        else socket.once("drain", () => flood(bytes));
      };
      socket.on("data", (bytes: Buffer) => {
        text += bytes.toString("latin1");
        for (let end = requestEnd(text); end > 0; end = requestEnd(text)) {
          const request = text.slice(0, end);
          text = text.slice(end);
          this.requests.push(request);
          answer({
            request,
            nth: ++nth,
            send: (bytes) => socket.writable && socket.write(bytes, "latin1"),
            flood,
            end: () => socket.end(),
            reset: () => socket.resetAndDestroy(),
          });
        }
      });
    });
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  url(path = "/"): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Where the first request of a text ends, or 0 if it is not whole. */
function requestEnd(text: string): number {
  const head = text.indexOf("\r\n\r\n") + 4;
  if (head < 4) return 0;
  if (/^transfer-encoding: chunked\r$/im.test(text.slice(0, head))) {
    const end = text.indexOf("0\r\n\r\n", head);
    return end < 0 ? 0 : end + 5;
  }
  const length = Number(/^content-length: (\d+)\r$/im.exec(text.slice(0, head))?.[1] ?? 0);
  return text.length < head + length ? 0 : head + length;
}

/** An answer with a body and its length. */
export function ok(body = "ok", head = ""): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${head}\r\n${body}`;
}

/** A port of this machine on which nothing listens. */
export async function refusedPort(): Promise<number> {
  for (;;) {
    // Below the ports that systems give out by themselves, so that no other test comes to it.
    const port = 11_000 + Math.floor(Math.random() * 20_000);
    const server = net.createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
