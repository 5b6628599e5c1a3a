import net from "node:net";
import { Duplex } from "node:stream";
import tls from "node:tls";

const fixture = (name: string): string =>
  Deno.readTextFileSync(new URL(`fixtures/${name}`, import.meta.url));

/** What the tests trust. */
export const AUTHORITY = fixture("authority.crt");
/** Of that authority, for a client. */
export const CLIENT = { cert: fixture("client.crt"), key: fixture("client.key") };
/** For localhost, 127.0.0.1 and ::1; of that authority. */
export const SERVER = { cert: fixture("server.crt"), key: fixture("server.key") };
/** For the same, of nobody but itself. */
export const SELF_SIGNED = { cert: fixture("self_signed.crt"), key: fixture("self_signed.key") };

/** What a {@linkcode TlsServer} does with the requests of one connection. */
export type TlsAnswer = (connection: {
  /** Sends octets over TLS. */
  send(text: string): void;
  /** Ends TLS in good order (close_notify), and then TCP. */
  end(): void;
  /** Reads no more. */
  stall(): void;
  /** Ends TCP behind what was sent, without a word of TLS. */
  cut(): void;
  /** Ends TCP by a reset behind what was sent. */
  reset(): void;
  alpn: string | false | null;
}) => void;

/** A server that speaks TLS, or breaks off, as a test has it. */
export class TlsServer implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  connections = 0;
  requests = 0;
  /** Sizes of what came last on each connection that the client has ended. */
  readonly lastRecords: number[] = [];

  static async start(answer: TlsAnswer, options: tls.TLSSocketOptions = {}): Promise<TlsServer> {
    const server = new TlsServer(answer, options);
    await new Promise<void>((resolve) => server.#server.listen(0, "0.0.0.0", resolve));
    return server;
  }

  private constructor(answer: TlsAnswer, options: tls.TLSSocketOptions) {
    this.#server = net.createServer((tcp) => {
      this.connections++;
      this.#sockets.add(tcp);
      tcp.on("close", () => this.#sockets.delete(tcp));
      tcp.on("error", () => {});
      // A stream between TLS and TCP, so that the latter can be ended alone.
      const stream = new Duplex({
        read: () => {},
        write: (octets, _encoding, done) => void tcp.write(octets, done),
        final: (done) => void tcp.end(done),
      });
      let last = 0;
      tcp.on("data", (octets) => {
        last = octets.length;
        stream.push(octets);
      });
      tcp.on("end", () => this.lastRecords.push(last));
      const socket = new tls.TLSSocket(stream, {
        isServer: true,
        ...SERVER,
        ALPNProtocols: ["h2", "http/1.1"],
        ...options,
      });
      socket.on("error", () => tcp.destroy());
      const written = (then: () => void) => () => void socket.write("", () => tcp.write("", then));
      socket.on("data", () => {
        this.requests++;
        answer({
          stall: () => void tcp.pause(),
          send: (text) => void socket.write(text),
          end: () => void socket.end(),
          cut: written(() => tcp.end()),
          reset: written(() => tcp.resetAndDestroy()),
          alpn: socket.alpnProtocol,
        });
      });
    });
  }

  get open(): number {
    return this.#sockets.size;
  }

  url(host = "127.0.0.1", path = "/"): string {
    return `https://${host}:${(this.#server.address() as net.AddressInfo).port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
