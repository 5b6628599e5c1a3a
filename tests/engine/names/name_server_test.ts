import { assertEquals } from "@std/assert";
import dgram from "node:dgram";
import { once } from "node:events";
import { NameServer, readServers } from "../../../lib/engine/names/name_server.ts";

/** A name server that responds over UDP as it is told. */
interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly socket: dgram.Socket;
}

/** A query, where it came from, and a response to it with the address 127.0.0.9 for 30 s. */
interface Received {
  readonly query: Uint8Array;
  readonly from: dgram.RemoteInfo;
  readonly response: Uint8Array;
}

async function serveDns(
  onQuery: (received: Received) => readonly Uint8Array[],
): Promise<TestServer> {
  const socket = dgram.createSocket("udp4");
  socket.on("message", (query, from) => {
    const question = query.subarray(0, query.length - 11);
    const address = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 127, 0, 0, 9];
    const response = Uint8Array.from([...question, ...address]);
    response.set([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], 2);
    for (const bytes of onQuery({ query, from, response })) {
      socket.send(bytes, from.port, from.address);
    }
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    port: socket.address().port,
    socket,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, "close");
    },
  };
}

Deno.test("NameServer.ask() gives the answer of the name server", async () => {
  const ids: number[] = [];
  await using dns = await serveDns(({ query, response }) => {
    ids.push(query[0] << 8 | query[1]);
    return [response];
  });
  const server = new NameServer([{ address: "127.0.0.1", port: dns.port }]);
  const answers = await Promise.all([
    server.ask("one.test", 4),
    server.ask("two.test", 4),
    // It gets an answer of another type.
    server.ask("one.test", 6),
    server.ask("a..b", 4),
  ]);
  const expected = { addresses: ["127.0.0.9"], ttlSeconds: 30 };
  assertEquals(answers, [expected, expected, undefined, undefined]);
  assertEquals(new Set(ids).size, 3);
  server.close();
});

Deno.test("NameServer.ask() ignores what it did not ask for", async () => {
  await using dns = await serveDns(({ response }) => {
    const other = response.slice();
    other[0] ^= 0xff;
    return [new Uint8Array(0), new Uint8Array(1), other, response, response];
  });
  const server = new NameServer([{ address: "127.0.0.1", port: dns.port }]);
  assertEquals((await server.ask("one.test", 4))?.ttlSeconds, 30);
  assertEquals((await server.ask("two.test", 4))?.ttlSeconds, 30);
  server.close();
});

Deno.test("NameServer.ask() ignores answers that come from elsewhere", async () => {
  const received = Promise.withResolvers<Received>();
  await using dns = await serveDns((it) => {
    received.resolve(it);
    return [];
  });
  await using other = await serveDns(() => []);
  const server = new NameServer([{ address: "127.0.0.1", port: dns.port }]);
  const answer = server.ask("one.test", 4);
  const { from, response } = await received.promise;
  const forged = response.slice();
  // The last byte of the TTL.
  forged[forged.length - 7] = 99;
  for (const [{ socket }, bytes] of [[other, forged], [dns, response]] as const) {
    await new Promise((resolve) => socket.send(bytes, from.port, "127.0.0.1", resolve));
  }
  assertEquals((await answer)?.ttlSeconds, 30);
  server.close();
  assertEquals(await server.ask("one.test", 4), undefined);
});

Deno.test("NameServer.ask() has a bounded number of questions", async () => {
  await using dns = await serveDns(() => []);
  const server = new NameServer([{ address: "127.0.0.1", port: dns.port }]);
  const answers = Array.from({ length: 300 }, (_, i) => server.ask(`n${i}.test`, 4));
  // Those beyond the bound are over at once, though no answer has come.
  assertEquals(await Promise.all(answers.slice(256)), Array(44).fill(undefined));
  server.close();
  assertEquals(await Promise.all(answers.slice(0, 256)), Array(256).fill(undefined));
});

Deno.test("readServers() finds the addresses of a resolv.conf", () => {
  const text = [
    "# nameserver 127.0.0.1",
    "search one.test",
    "nameserver 127.0.0.53",
    "  nameserver\tfd00::53  ",
    "nameserver fe80::1%eth0",
    "nameserver name.test",
    "nameserver",
    "options edns0 trust-ad",
    "nameserver 127.0.0.3",
    "nameserver 127.0.0.4",
  ].join("\n");
  assertEquals(readServers(text).map(({ address, port }) => `${address} ${port}`), [
    ...["127.0.0.53 53", "fd00::53 53", "127.0.0.3 53"],
  ]);
  assertEquals(readServers("nameserver 127.0.0.53\noptions use-vc"), []);
  assertEquals(readServers(""), []);
});
