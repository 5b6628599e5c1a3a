import { assert, assertEquals } from "@std/assert";
import { ConnectPriority } from "../../../lib/engine/sockets/connect_priority.ts";
import type { Http1Connection } from "../../../lib/engine/http1/connection.ts";
import type { Connection } from "../../../lib/engine/sockets/connection.ts";
import { ConnectionPool } from "../../../lib/engine/sockets/connection_pool.ts";
import type { Waiter } from "../../../lib/engine/sockets/origin_pool.ts";
import type { Dial } from "../../../lib/engine/sockets/dial.ts";
import { SocketEngine } from "../../../lib/engine/sockets/socket_engine.ts";
import type { ConnectError, Link } from "../../../lib/engine/sockets/link.ts";
import type { Address } from "../../../lib/engine/names/name_lookup.ts";
import { Router } from "../../../lib/engine/sockets/router.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import type { Failure } from "../../../lib/result.ts";
import { ENGINE_OPTIONS } from "../../fixtures/engine_options.ts";
import { every } from "../../fixtures/every.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { ok, RawServer, refusedPort } from "../../fixtures/raw_server.ts";
import { target } from "../../fixtures/target.ts";
import { until } from "../../fixtures/until.ts";

// Connections that are ready while requests have to wait, so that others can be made: each is
// somebody's, and whoever loses one gets another.

/** Has requests wait when a test says so, and not when connects need the time. */
class Traffic implements Disposable {
  readonly #watch = ConnectPriority.prototype.watch;
  readonly #held = new Set<ConnectPriority>();
  #isHeld = false;

  constructor() {
    const onWatch = (rightOfWay: ConnectPriority): void => {
      this.#held.add(rightOfWay);
      rightOfWay.isOn = this.#isHeld;
    };
    ConnectPriority.prototype.watch = function () {
      onWatch(this);
    };
  }

  hold(): void {
    this.#isHeld = true;
    for (const rightOfWay of this.#held) rightOfWay.isOn = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const rightOfWay of this.#held) {
      // It has been on for too long.
      if (rightOfWay.isOn) rightOfWay.look(Infinity);
    }
  }

  [Symbol.dispose](): void {
    ConnectPriority.prototype.watch = this.#watch;
  }
}

class WatchedPool extends ConnectionPool {
  readonly router = new Router();
  made = 0;
  closed = 0;
  opened = 0;
  /** The most sockets that there were at once. */
  most = 0;
  /** Whether a refused connect is said to have failed for want of descriptors. */
  isShort = false;

  constructor(concurrency: number) {
    super({
      transports: new PortableTransports(),
      versions: "http1",
      concurrency,
      connectTimeoutMs: 60_000,
      byName: false,
      tls: { insecure: false },
      proxy: undefined,
      unixSocket: undefined,
    });
  }

  override open(dial: Dial, address: Address, target: Address): Link {
    const link = super.open(dial, address, target);
    this.most = Math.max(this.most, ++this.opened - this.closed);
    return link;
  }

  override onDialed(dial: Dial, link: Link, address: Address, to: Address): void {
    super.onDialed(dial, link, address, to);
    this.made++;
  }

  override onFail(link: Link, error: ConnectError): void {
    this.closed++;
    super.onFail(link, error);
  }

  override onClose(connection: Connection): void {
    this.closed++;
    super.onClose(connection);
  }

  override onAttemptFailure(dial: Dial, error: ConnectError, address: Address): void {
    super.onAttemptFailure(dial, this.isShort ? { ...error, code: "EMFILE" } : error, address);
  }

  /** Waits for a connection to a URL. */
  want(url: string): Client {
    const client = new Client();
    this.acquire(this.router.route(url), client);
    return client;
  }
}

class Client implements Waiter {
  readonly isFreshOnly = false;
  readonly isAlone = false;
  readonly headBytes = 0;
  connection: Connection | undefined;
  failure: Failure | undefined;
  turns = 0;
  onTurn(): void {
    this.turns++;
  }
  onConnection(connection: Connection): void {
    this.connection = connection;
  }
  onConnectFailure(failure: Failure): void {
    this.failure = failure;
  }
}

Deno.test("ConnectionPool closes only unneeded connections to make room", async () => {
  using traffic = new Traffic();
  await using server = await RawServer.start(() => {}, "0.0.0.0");
  const pool = new WatchedPool(2);
  const url = (host: number): string => `http://127.0.0.${host}:${server.port}/`;
  traffic.hold();
  const first = pool.want(url(2));
  await until(() => pool.made === 1);
  // There is room for one more, and what is there now is somebody's.
  const leaver = pool.want(url(3));
  await until(() => pool.made === 2);
  pool.forget(pool.router.route(url(3)), leaver);
  const last = pool.want(url(4));
  await until(() => pool.made === 3);
  assertEquals([first.connection, pool.closed], [undefined, 1]);
  traffic.release();
  assertEquals(
    [first, leaver, last].map(({ connection }) => connection?.info?.remote?.split(":")[0]),
    ["127.0.0.2", undefined, "127.0.0.4"],
  );
  assertEquals(pool.closed, 1);
  // The server may be told of them later.
  await until(() => server.connections === 3);
  pool.close();
});

Deno.test("ConnectionPool has no more sockets than requests when it makes room for many", async () => {
  using traffic = new Traffic();
  await using server = await RawServer.start(() => {}, "0.0.0.0");
  const pool = new WatchedPool(10);
  const url = (host: number): string => `http://127.0.0.${host}:${server.port}/`;
  traffic.hold();
  const idle = [2, 3, 4, 5, 6];
  const leavers = idle.map((host) => pool.want(url(host)));
  await until(() => pool.made === 5);
  leavers.forEach((leaver, i) => pool.forget(pool.router.route(url(idle[i])), leaver));
  traffic.release();
  const connect = (clients: readonly Client[]): Promise<void> =>
    until(() => clients.every(({ connection }) => connection !== undefined));
  // Their addresses are known from now on.
  const busy = [7, 8, 9, 10, 11];
  await connect(busy.map((host) => pool.want(url(host))));
  assertEquals([pool.opened, pool.closed], [10, 0]);
  // All but the last wait for the same moment.
  const pause = pool.shortage.begin("a test");
  const clients = busy.slice(1).map((host) => pool.want(url(host)));
  await pause;
  clients.push(pool.want(url(busy[0])));
  await connect(clients);
  assertEquals([pool.most, pool.opened, pool.closed], [10, 15, 5]);
  pool.close();
});

Deno.test("ConnectionPool connects again when the server closes a needed connection", async () => {
  using traffic = new Traffic();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const pool = new WatchedPool(10);
  traffic.hold();
  const clients = [1, 2].map(() => pool.want(`http://127.0.0.1:${listener.addr.port}/`));
  const sockets = [await listener.accept(), await listener.accept()];
  await until(() => pool.made === 2);
  sockets[0].close();
  sockets[0] = await listener.accept();
  await until(() => pool.made === 3);
  traffic.release();
  assertEquals(clients.map(({ failure }) => failure), [undefined, undefined]);
  assertEquals(new Set(clients.map(({ connection }) => connection)).size, 2);
  assert(clients.every(({ connection }) => connection !== undefined));
  pool.close();
  for (const socket of sockets) socket.close();
});

Deno.test("ConnectionPool keeps needed connections when sockets run out", async () => {
  using traffic = new Traffic();
  await using server = await RawServer.start(() => {}, "0.0.0.0");
  const pool = new WatchedPool(10);
  const url = (host: number): string => `http://127.0.0.${host}:${server.port}/`;
  traffic.hold();
  const client = pool.want(url(2));
  const leaver = pool.want(url(3));
  await until(() => pool.made === 2);
  pool.forget(pool.router.route(url(3)), leaver);
  pool.isShort = true;
  const short = pool.want(`http://127.0.0.4:${await refusedPort()}/`);
  // The failed one, and what nobody waits for.
  await until(() => pool.closed === 2);
  pool.isShort = false;
  await until(() => short.failure !== undefined);
  assertEquals(short.failure?.error, "refused");
  traffic.release();
  assertEquals([client.connection?.info?.remote, pool.closed], [`127.0.0.2:${server.port}`, 3]);
  pool.close();
});

Deno.test("ConnectionPool fails no request that has another connection", async () => {
  using traffic = new Traffic();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: await refusedPort() });
  const url = `http://127.0.0.1:${listener.addr.port}/`;
  const pool = new WatchedPool(10);
  const first = pool.want(url);
  using _socket = await listener.accept();
  await until(() => first.connection !== undefined);
  listener.close();
  traffic.hold();
  const second = pool.want(url);
  // The first is done with its connection before the other one is refused.
  const connection = first.connection as Http1Connection;
  connection.uses++;
  pool.onRoom(connection);
  await until(() => pool.closed === 1);
  traffic.release();
  assertEquals([second.connection, second.failure], [connection, undefined]);
  pool.close();
});

Deno.test("ConnectionPool opens nothing for waiting requests when it is closed", async () => {
  using traffic = new Traffic();
  await using server = await RawServer.start(() => {});
  const pool = new WatchedPool(10);
  traffic.hold();
  pool.want(server.url());
  await until(() => pool.made === 1);
  pool.close();
  await until(() => server.connections === 1 && server.open === 0);
});

Deno.test("http1 engine loses no request when its connections end in any way", async () => {
  using traffic = new Traffic();
  let seed = 7;
  const random = (below: number): number =>
    (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % below;
  const sockets: Deno.TcpConn[] = [];
  const listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const serve = async (socket: Deno.TcpConn): Promise<void> => {
    const bytes = new Uint8Array(4_096);
    try {
      while (await socket.read(bytes) !== null) {
        await socket.write(new TextEncoder().encode(ok()));
        // Nothing is asked between an answer and an end that comes with it.
        if (random(8) === 0) break;
      }
      socket.close();
    } catch { /* It is closed already. */ }
  };
  const accepting = (async () => {
    for await (const socket of listener) {
      sockets.push(socket);
      void serve(socket);
    }
  })();
  const engine = new SocketEngine(
    { ...ENGINE_OPTIONS, concurrency: 20, timeoutMs: 20_000 },
    "http1",
    new PortableTransports(),
  );
  // What happens beside the requests: they have to wait, or may go on, or a connection is lost.
  using _events = every(1, () => {
    const event = random(3);
    if (event === 0) traffic.hold();
    if (event === 1) traffic.release();
    if (event === 2 && sockets.length > 0) {
      const [socket] = sockets.splice(random(sockets.length), 1);
      try {
        socket.close();
      } catch { /* It is closed already. */ }
    }
  });
  const refused = await refusedPort();
  let left = 1_000;
  const outcomes = new Map<string, number>();
  const work = async (): Promise<void> => {
    while (left > 0) {
      // Now a host of its own, and now one that others share.
      const host = random(2) === 0 ? random(40) : left;
      const port = left-- % 10 === 0 ? refused : listener.addr.port;
      const url = `http://127.78.${host >> 8}.${host & 255}:${port}/`;
      const { status, error } = await makeRequest(engine, target(url));
      const outcome = String(status ?? error);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 20 }, work));
  engine.close();
  listener.close();
  await accepting;
  for (const socket of sockets) {
    try {
      socket.close();
    } catch { /* It is closed already. */ }
  }
  // A server that closes a connection under a request resets it.
  outcomes.delete("reset");
  assertEquals([...outcomes.keys()].sort(), ["200", "refused"]);
  assertEquals(outcomes.get("refused"), 100);
});
