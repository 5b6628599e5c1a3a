import { assert, assertEquals } from "@std/assert";
import net from "node:net";
import { Connection, type Exchange } from "../../../lib/engine/http1/connection.ts";
import type { Failure } from "../../../lib/result.ts";
import { roundTrips } from "../../fixtures/round_trips.ts";

Deno.test("Connection.send() fails with 'protocol' after another protocol's greeting", async () => {
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
    const connection = await new Promise<Connection>((resolve) => {
      new Connection({
        socket: { host: "127.0.0.1", port, family: 4 },
        proxyTls: undefined,
        tunnel: undefined,
        tls: undefined,
        isProxied: false,
      }, { onIdle: resolve, onUnsent: () => {}, onClose: () => isClosed = true });
    });
    await roundTrips();
    assertEquals(isClosed, !isKept);
    if (isKept) {
      const failure = await new Promise<[Failure, number, boolean]>((resolve) => {
        const exchange: Exchange = {
          isHead: false,
          closes: false,
          maxBodyBytes: 0,
          listener: undefined,
          onHead: () => {},
          onDone: () => {},
          onFailure: (...failure) => resolve(failure),
        };
        connection.send("GET / HTTP/1.1\r\n\r\n", undefined, exchange);
      });
      assertEquals(failure[0].error, "protocol");
      assertEquals(failure.slice(1), [0, false]);
      assert(isClosed);
    }
    for (const peer of peers) peer.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});
