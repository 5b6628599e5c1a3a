import { assert, assertEquals } from "@std/assert";
import net from "node:net";
import { Http1Connection } from "../../../lib/engine/http1/connection.ts";
import { RequestWriter } from "../../../lib/engine/http1/request.ts";
import type { ConnectionOwner, Exchange, Resend } from "../../../lib/engine/sockets/connection.ts";
import { Link } from "../../../lib/engine/sockets/link.ts";
import { Router } from "../../../lib/engine/sockets/router.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import type { Failure, Result } from "../../../lib/result.ts";
import type { ClosingServerStart } from "../../fixtures/closing_server.ts";
import { SOCKET_ENGINES } from "../../fixtures/engine_suite.ts";
import { roundTrips } from "../../fixtures/round_trips.ts";
import { target } from "../../fixtures/target.ts";

Deno.test("Http1Connection.send() fails with 'protocol' after another protocol's greeting", async () => {
  for (
    const [greeting, isKept] of [["SSH-2.0-x\r\n", true], [
      "HTTP/1.1 408 X\r\n\r\n",
      false,
    ]] as const
  ) {
    const peers: net.Socket[] = [];
    const server = net.createServer((socket) => {
      peers.push(socket.on("error", () => {}));
      socket.write(greeting);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    let isClosed = false;
    const connection = await new Promise<Http1Connection>((resolve, reject) => {
      const destination = {
        socket: { host: "127.0.0.1", port, family: 4 },
        proxyTls: undefined,
        tunnel: undefined,
        tls: undefined,
        isProxied: false,
      };
      const owner: ConnectionOwner = {
        onRoom: () => {},
        onUnsent: () => {},
        onEnding: () => {},
        onClose: () => isClosed = true,
      };
      const transports = new PortableTransports();
      new Link(transports, destination, {
        onOpen: (link) => {
          resolve(new Http1Connection(link, owner, transports, new RequestWriter()));
        },
        onFail: (_link, { message }) => reject(new Error(message)),
      });
    });
    await roundTrips();
    assertEquals([isClosed, connection.room], [!isKept, isKept ? 1 : 0]);
    if (isKept) {
      const failure = await new Promise<[Failure, number, Resend]>((resolve) => {
        const exchange: Exchange = {
          maxBodyBytes: 0,
          wantsFields: false,
          reads: 0,
          onFields: () => undefined,
          onHead: () => {},
          onDone: () => {},
          onFailure: (...failure) => resolve(failure),
        };
        const url = `http://127.0.0.1:${port}/`;
        const hop = { url, method: "GET", headers: [], body: undefined };
        connection.send(hop, new Router().route(url), [], exchange);
      });
      assertEquals(failure[0].error, "protocol");
      assertEquals(failure.slice(1), [0, "never"]);
      assert(isClosed);
    }
    for (const peer of peers) peer.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

const POST = { method: "POST", body: new TextEncoder().encode("x") };

for (const { title, create } of SOCKET_ENGINES.filter(({ name }) => name === "http1")) {
  for (const isSecure of [false, true]) {
    const scheme = isSecure ? "https" : "http";
    Deno.test(`${title} sends no POST over a connection that its ${scheme} server has closed`, async () => {
      const url = new URL("../../fixtures/closing_server.ts", import.meta.url);
      const worker = new Worker(url, { type: "module" });
      const flag = new Int32Array(new SharedArrayBuffer(4));
      const port = await new Promise<number>((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.postMessage({ isSecure, flag } satisfies ClosingServerStart);
      });
      const engine = create({ tls: { insecure: true } });
      const [first, second] = [1, 2].map((i) => target(`${scheme}://127.0.0.1:${port}/${i}`, POST));
      const results = await new Promise<Result[]>((resolve) => {
        engine.start(first, (result) => {
          // The connection is taken for open: nothing has told that it is closed by now.
          Atomics.wait(flag, 0, 0, 60_000);
          engine.start(second, (other) => resolve([result, other]));
        });
      });
      engine.close();
      worker.terminate();
      assertEquals(results.map(({ status }) => status), [200, 200]);
      assertEquals(results.map(({ isReused, attempts }) => [isReused, attempts]), [[false, 1], [
        false,
        1,
      ]]);
    });
  }
}
