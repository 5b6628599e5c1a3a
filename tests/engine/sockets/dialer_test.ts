import { assertEquals } from "@std/assert";
import type { Address, NameService } from "../../../lib/engine/names/name_lookup.ts";
import type { Connection } from "../../../lib/engine/sockets/connection.ts";
import { ConnectionPool } from "../../../lib/engine/sockets/connection_pool.ts";
import { OriginPool, type Waiter } from "../../../lib/engine/sockets/origin_pool.ts";
import { Router } from "../../../lib/engine/sockets/router.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import type { Failure } from "../../../lib/result.ts";
import { ok, RawServer } from "../../fixtures/raw_server.ts";
import { until } from "../../fixtures/until.ts";

function createPool(): OriginPool {
  const key = "http://one.test";
  const origin = { key, hostname: "one.test", port: 80, isSecure: false };
  return new OriginPool(key, origin, {
    protocols: [],
    isForwarded: false,
    shared: undefined,
    maxShared: 1,
  });
}

function toAddresses(...addresses: string[]): Address[] {
  return addresses.map((address) => ({ address, family: 4 }));
}

Deno.test("DialedOrigin.learn() puts addresses that were reached first, and forgets all others", () => {
  const pool = createPool();
  pool.learn({ addresses: toAddresses("127.0.0.1"), targets: [], untilMs: 1 });
  for (let i = 0; i < 1_000; i++) pool.reached.add(`127.1.0.${i}`);
  pool.reached.add("127.0.0.3").add("127.0.0.4");
  const addresses = toAddresses("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4");
  pool.learn({ addresses, targets: [], untilMs: 2 });
  assertEquals(
    pool.known?.addresses,
    toAddresses("127.0.0.3", "127.0.0.4", "127.0.0.1", "127.0.0.2"),
  );
  assertEquals([...pool.reached], ["127.0.0.3", "127.0.0.4"]);
});

/** A request that waits for a connection, and its failure. */
class Client implements Waiter {
  readonly isFreshOnly = false;
  readonly isAlone = false;
  readonly headBytes = 0;
  connection: Connection | undefined;
  failure: Failure | undefined;
  onTurn(): void {}
  onConnection(connection: Connection): void {
    this.connection = connection;
  }
  onConnectFailure(failure: Failure): void {
    this.failure = failure;
  }
}

/** A pool whose requests can be begun by their URLs. */
class Pool extends ConnectionPool {
  readonly #router = new Router();

  constructor(names: NameService) {
    super({
      transports: new PortableTransports(),
      versions: "http1",
      concurrency: 20,
      connectTimeoutMs: 60_000,
      byName: false,
      tls: { insecure: false },
      proxy: undefined,
      unixSocket: undefined,
      names,
    });
  }

  want(url: string): Client {
    const client = new Client();
    this.acquire(this.#router.route(url), client);
    return client;
  }
}

Deno.test("Dialer asks the system for a name that has waited for something else than the system", async () => {
  const asked = { system: 0, server: 0 };
  let fail = (): void => {};
  const failed = new Promise<never>((_, reject) => {
    fail = () => reject(Object.assign(new Error("not found"), { code: "ENOTFOUND" }));
  });
  const pool = new Pool({
    lookUp() {
      asked.system++;
      return failed;
    },
    resolve() {
      asked.server++;
      return Promise.resolve([]);
    },
  });
  for (let i = 0; i < 16; i++) pool.want(`http://busy${i}.test/`);
  const waiting = pool.want("http://waiting.test/");
  assertEquals(asked, { system: 16, server: 0 });
  // Pauses of 0.1, 0.2 and 0.4 s: longer than a name waits for the system alone.
  let pause = pool.shortage.begin("descriptors");
  fail();
  for (let i = 0; i < 2; i++) {
    await pause;
    pause = pool.shortage.begin("descriptors");
  }
  await until(() => waiting.failure !== undefined);
  assertEquals(asked, { system: 17, server: 0 });
  pool.close();
});

Deno.test("Dialer looks a name up again when it could not for want of descriptors", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  let asked = 0;
  const pool = new Pool({
    lookUp() {
      if (++asked > 1) return Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
      // Another connection finds it out first.
      void pool.shortage.begin("too many open files");
      return Promise.reject(Object.assign(new Error("not found"), { code: "ENOTFOUND" }));
    },
    resolve: () => Promise.resolve([]),
  });
  const client = pool.want(`http://one.test:${server.port}/`);
  await until(() => client.connection !== undefined || client.failure !== undefined);
  assertEquals([client.failure, asked], [undefined, 2]);
  assertEquals([...pool.shortage.counts.keys()], ["too many open files"]);
  pool.close();
});
