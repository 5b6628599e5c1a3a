import { assert, assertEquals } from "@std/assert";
import {
  NameServer,
  readServers,
  type ServerAddress,
} from "../../../lib/engine/names/name_server.ts";

/** A response to a query, with the address 127.0.0.9 for 30 s. */
function respond(query: Uint8Array): Uint8Array {
  const address = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 127, 0, 0, 9];
  const response = Uint8Array.from([...query, ...address]);
  response.set([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], 2);
  return response;
}

function frame(message: Uint8Array): Uint8Array {
  return Uint8Array.from([message.length >> 8, message.length & 255, ...message]);
}

/** A name server over TCP that is handed each query, and the connection that it came by. */
class TestServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open: Deno.TcpConn[] = [];
  readonly #done: Promise<void>;
  connections = 0;

  constructor(onQuery: (query: Uint8Array, connection: Deno.TcpConn) => Promise<unknown>) {
    this.#done = this.#serve(onQuery);
  }

  get address(): ServerAddress {
    return { address: "127.0.0.1", port: (this.#listener.addr as Deno.NetAddr).port };
  }

  async #serve(onQuery: (query: Uint8Array, connection: Deno.TcpConn) => Promise<unknown>) {
    for await (const connection of this.#listener) {
      this.connections++;
      this.#open.push(connection);
      this.#read(connection, onQuery).catch(() => {});
    }
  }

  async #read(
    connection: Deno.TcpConn,
    onQuery: (query: Uint8Array, connection: Deno.TcpConn) => Promise<unknown>,
  ) {
    let bytes: number[] = [];
    for await (const part of connection.readable) {
      bytes.push(...part);
      while (bytes.length >= 2 && bytes.length >= 2 + bytes[0] * 256 + bytes[1]) {
        const end = 2 + bytes[0] * 256 + bytes[1];
        await onQuery(Uint8Array.from(bytes.slice(2, end)), connection);
        bytes = bytes.slice(end);
      }
    }
  }

  async [Symbol.asyncDispose]() {
    this.#listener.close();
    for (const connection of this.#open) {
      try {
        connection.close();
      } catch {
        // Its other end has closed it.
      }
    }
    await this.#done;
  }
}

const ANSWER = { addresses: ["127.0.0.9"], ttlSeconds: 30 };

Deno.test("NameServer.ask() asks all questions by one connection", async () => {
  await using dns = new TestServer((query, it) => it.write(frame(respond(query))));
  const server = new NameServer([dns.address]);
  const answers = await Promise.all([
    server.ask("one.test", 4),
    server.ask("two.test", 4),
    // The answer is of another type.
    server.ask("one.test", 6),
    server.ask("a..b", 4),
  ]);
  assertEquals(answers, [ANSWER, ANSWER, undefined, undefined]);
  assertEquals(await server.ask("three.test", 4), ANSWER);
  assertEquals(dns.connections, 1);
  server.close();
  assertEquals(await server.ask("four.test", 4), undefined);
});

Deno.test("NameServer.ask() takes answers byte by byte, in any order, and ignores others", async () => {
  const queries: Uint8Array[] = [];
  await using dns = new TestServer(async (query, connection) => {
    if (queries.push(query) < 3) return;
    const other = respond(query);
    other[0] ^= 0xff;
    const messages = [new Uint8Array(0), other, ...queries.map(respond).reverse()];
    for (const byte of messages.flatMap((message) => [...frame(message)])) {
      await connection.write(Uint8Array.of(byte));
    }
  });
  const server = new NameServer([dns.address]);
  const asked = ["one.test", "two.test", "three.test"].map((name) => server.ask(name, 4));
  assertEquals(await Promise.all(asked), [ANSWER, ANSWER, ANSWER]);
  server.close();
});

Deno.test("NameServer.ask() takes the longest message there can be", async () => {
  await using dns = new TestServer(async (query, connection) => {
    const long = new Uint8Array(65_535);
    long.set(respond(query));
    const both = Uint8Array.from([...frame(long), ...frame(respond(query))]);
    for (let place = 0; place < both.length;) place += await connection.write(both.subarray(place));
  });
  const server = new NameServer([dns.address]);
  assertEquals(await server.ask("one.test", 4), ANSWER);
  server.close();
});

Deno.test("NameServer.ask() connects again when the name server has closed the connection", async () => {
  await using dns = new TestServer(async (query, connection) => {
    await connection.write(frame(respond(query)));
    connection.close();
  });
  const server = new NameServer([dns.address]);
  assertEquals(await server.ask("one.test", 4), ANSWER);
  // What is asked before the end has come is lost with the connection.
  for (let asked = 1; await server.ask("two.test", 4) === undefined; asked++) assert(asked < 100);
  assertEquals(dns.connections >= 2, true);
  server.close();
});

Deno.test("NameServer.ask() goes to the next name server, and then asks nobody for a while", async () => {
  await using dns = new TestServer((_, connection) => Promise.resolve(connection.close()));
  await using other = new TestServer((_, connection) => Promise.resolve(connection.close()));
  const server = new NameServer([dns.address, other.address]);
  for (let i = 0; i < 4; i++) assertEquals(await server.ask("one.test", 4), undefined);
  assertEquals([dns.connections, other.connections], [1, 1]);
  server.close();
});

Deno.test("NameServer.ask() has a bounded number of questions", async () => {
  await using dns = new TestServer(() => Promise.resolve());
  const server = new NameServer([dns.address]);
  const answers = Array.from({ length: 2_100 }, (_, i) => server.ask(`n${i}.test`, 4));
  // Those beyond the bound are over at once, though no answer has come.
  assertEquals(await Promise.all(answers.slice(2_048)), Array(52).fill(undefined));
  server.close();
  assertEquals(await Promise.all(answers.slice(0, 2_048)), Array(2_048).fill(undefined));
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
