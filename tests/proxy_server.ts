import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";

const fixture = (name: string): string =>
  Deno.readTextFileSync(new URL(`fixtures/${name}`, import.meta.url));

/** How a {@linkcode ProxyServer} is. */
export interface ProxyOptions {
  readonly kind: "http" | "https" | "socks5";
  /** `user:password` that it asks for. */
  readonly credentials?: string;
  /** Octets, each a character, that it sends instead of its first answer. */
  readonly answer?: string;
  /** Octets, each a character, with which it opens a way through. */
  readonly opening?: string;
  /** Whether its octets come one by one. */
  readonly drips?: boolean;
  /** Milliseconds that it waits before each of its answers. */
  readonly waitMs?: number;
  /** Whether it never answers. */
  readonly isDeaf?: boolean;
  /** Whether it ends the connection instead of its first answer, or behind `answer`. */
  readonly closes?: boolean;
}

/** A proxy, as they are: it forwards what it is asked for, tunnels, and keeps count. */
export class ProxyServer implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #options: ProxyOptions;
  readonly #sockets = new Set<Duplex>();
  connections = 0;
  /** Heads of requests, and for SOCKS what was asked for, as `host:port`. */
  readonly asked: string[] = [];

  static async start(options: ProxyOptions): Promise<ProxyServer> {
    const proxy = new ProxyServer(options);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  private constructor(options: ProxyOptions) {
    this.#options = options;
    const serve = (socket: Duplex): void => {
      this.connections++;
      this.#keep(socket);
      if (options.kind === "socks5") void this.#socks(socket).catch(() => socket.destroy());
      else void this.#http(socket).catch(() => socket.destroy());
    };
    const identity = { cert: fixture("server.crt"), key: fixture("server.key") };
    this.#server = options.kind === "https"
      ? tls.createServer(identity, serve)
      : net.createServer(serve);
    this.#server.on("tlsClientError", () => {});
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Its URL, with credentials if any are given. */
  url(userinfo = "", scheme: string = this.#options.kind): string {
    return `${scheme}://${userinfo === "" ? "" : `${userinfo}@`}127.0.0.1:${this.port}`;
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }

  /** Says something; the first time what the options say instead. */
  async #say(socket: Duplex, octets: string): Promise<boolean> {
    const { answer, drips, isDeaf, closes, waitMs } = this.#options;
    if (isDeaf) return false;
    if (waitMs !== undefined) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (closes) {
      socket.end(answer ?? "", "latin1");
      return false;
    }
    const text = answer ?? octets;
    if (!drips) socket.write(text, "latin1");
    for (const octet of drips ? text : "") {
      socket.write(octet, "latin1");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return answer === undefined;
  }

  async #http(socket: Duplex): Promise<void> {
    const input = new Input(socket);
    for (;;) {
      const head = await input.until("\r\n\r\n");
      this.asked.push(head);
      const [, method, target] = /^(\S+) (\S+) HTTP\/1\.1\r\n/.exec(head)!;
      const authorization = /^proxy-authorization: basic (\S+)\r$/im.exec(head)?.[1];
      const { credentials } = this.#options;
      if (credentials !== undefined && (authorization ?? "") !== btoa(credentials)) {
        const refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        await this.#say(socket, refusal);
        continue;
      }
      if (method === "CONNECT") {
        const colon = target.lastIndexOf(":");
        return await this.#tunnel(
          socket,
          input,
          target.slice(0, colon),
          Number(target.slice(colon + 1)),
          "HTTP/1.1 200 Connection established\r\n\r\n",
          "HTTP/1.1 502 Bad Gateway\r\n\r\n",
        );
      }
      const { hostname, port, pathname, search } = new URL(target);
      const length = Number(/^content-length: (\d+)\r$/im.exec(head)?.[1] ?? 0);
      const body = await input.take(length);
      const origin = net.connect(Number(port || 80), hostname);
      this.#keep(origin);
      const plain = head.replace(target, pathname + search)
        .replace(/^proxy-authorization: .*\r\n/im, "");
      origin.write(plain + body, "latin1");
      const back = new Input(origin);
      const answer = await back.until("\r\n\r\n");
      const size = Number(/^content-length: (\d+)\r$/im.exec(answer)?.[1] ?? 0);
      await this.#say(socket, answer + await back.take(size));
      origin.destroy();
    }
  }

  async #socks(socket: Duplex): Promise<void> {
    const input = new Input(socket);
    const octet = async (): Promise<number> => (await input.take(1)).charCodeAt(0);
    if (await octet() !== 5) return void socket.destroy();
    const methods = await input.take(await octet());
    const { credentials } = this.#options;
    if (credentials === undefined) {
      if (!await this.#say(socket, "\x05\0")) return;
    } else if (!methods.includes("\x02")) {
      return void await this.#say(socket, "\x05\xff");
    } else {
      if (!await this.#say(socket, "\x05\x02")) return;
      await octet();
      const user = await input.take(await octet());
      const password = await input.take(await octet());
      const isRight = `${user}:${password}` === credentials;
      await this.#say(socket, isRight ? "\x01\0" : "\x01\x01");
      if (!isRight) return void socket.end();
    }
    await input.take(3);
    const type = await octet();
    const raw = await input.take(type === 1 ? 4 : type === 4 ? 16 : await octet());
    const codes = [...raw].map((it) => it.charCodeAt(0));
    const host = type === 3
      ? raw
      : type === 1
      ? codes.join(".")
      : codes.map((code) => code.toString(16).padStart(2, "0")).join("").replace(
        /(.{4})(?=.)/g,
        "$1:",
      );
    const port = (await octet() << 8) + await octet();
    this.asked.push(`${host}:${port}`);
    const reply = (code: number): string => `\x05${String.fromCharCode(code)}\0\x01\0\0\0\0\0\0`;
    await this.#tunnel(socket, input, host, port, reply(0), reply(5));
  }

  async #tunnel(
    socket: Duplex,
    input: Input,
    host: string,
    port: number,
    success: string,
    failure: string,
  ): Promise<void> {
    const far = net.connect(port, host === "far.test" ? "127.0.0.1" : host.replace(/^\[|\]$/g, ""));
    this.#keep(far);
    const isThere = await new Promise<boolean>((resolve) => {
      far.on("connect", () => resolve(true));
      far.on("error", () => resolve(false));
    });
    const opening = this.#options.opening ?? success;
    const isOpen = await this.#say(socket, isThere ? opening : failure) && isThere;
    if (!isOpen) return;
    input.pipe(far);
    far.pipe(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** What comes over a socket, each octet a character. */
class Input {
  readonly #socket: Duplex;
  #text = "";
  #wake = (): void => {};
  #hasEnded = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on("data", this.#onData);
    socket.on("close", () => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  readonly #onData = (octets: { toString(encoding: string): string }): void => {
    this.#text += octets.toString("latin1");
    this.#wake();
  };

  async #more(): Promise<void> {
    if (this.#hasEnded) throw new Error("ended");
    await new Promise<void>((resolve) => this.#wake = resolve);
  }

  /** Up to and with some text. */
  async until(end: string): Promise<string> {
    while (!this.#text.includes(end)) await this.#more();
    return this.#cut(this.#text.indexOf(end) + end.length);
  }

  async take(length: number): Promise<string> {
    while (this.#text.length < length) await this.#more();
    return this.#cut(length);
  }

  #cut(length: number): string {
    const text = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    return text;
  }

  /** Gives all that follows to somebody else. */
  pipe(to: Duplex): void {
    this.#socket.off("data", this.#onData);
    if (this.#text !== "") to.write(this.#text, "latin1");
    this.#socket.pipe(to);
  }
}
