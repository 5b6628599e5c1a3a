/** Passes TCP connections on, each byte later by half of a round trip, in both directions. */
export class SlowProxy implements Disposable {
  readonly port: number;
  readonly #to: number;
  readonly #delayMs: number;
  readonly #listener: Deno.TcpListener;
  /** Both ends of each connection. */
  readonly #ends = new Set<Deno.TcpConn>();

  /** @param to the port of the server */
  constructor(to: number, { roundTripMs }: { readonly roundTripMs: number }) {
    this.#to = to;
    this.#delayMs = roundTripMs / 2;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    void this.#accept();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#to });
      for (const end of [client, server]) {
        end.setNoDelay();
        this.#ends.add(end);
      }
      this.#pass(client, server);
      this.#pass(server, client);
    }
  }

  async #pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    let written = Promise.resolve();
    try {
      for await (const bytes of from.readable) {
        const late = new Promise((resolve) => setTimeout(resolve, this.#delayMs));
        written = written.then(() => late).then(() => writeAll(to, bytes));
        written.catch(() => {});
      }
    } catch {
      // One of the ends is closed.
    }
    this.#close(from);
    this.#close(to);
  }

  #close(end: Deno.TcpConn): void {
    if (!this.#ends.delete(end)) return;
    try {
      end.close();
    } catch {
      // Its readable side has closed it.
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const end of this.#ends) this.#close(end);
  }
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}
