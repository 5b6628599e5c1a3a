import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import net from "node:net";
import type { Engine } from "../../lib/engine/engine.ts";
import { ENGINES } from "../../lib/engine/engines.ts";
import type { LocalEnd } from "../../lib/engine/options.ts";
import { ConnectionPool } from "../../lib/engine/sockets/connection_pool.ts";
import type { Waiter } from "../../lib/engine/sockets/origin_pool.ts";
import { PortableTransports } from "../../lib/engine/transport/portable.ts";
import type { Address, NameService } from "../../lib/engine/names/name_lookup.ts";
import { Router } from "../../lib/engine/sockets/router.ts";
import { UsageError } from "../../lib/errors.ts";
import type { Result } from "../../lib/result.ts";
import { ENGINE_OPTIONS } from "../fixtures/engine_options.ts";
import { ENGINE_SUITE, SOCKET_ENGINES } from "../fixtures/engine_suite.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { ok, refusedPort } from "../fixtures/raw_server.ts";
import { SilentHost } from "../fixtures/silent_host.ts";
import { target } from "../fixtures/target.ts";
import { AUTHORITY, SELF_SIGNED, TlsServer } from "../fixtures/tls_server.ts";
import { until } from "../fixtures/until.ts";

// How connections are made: to whom, in what order, and what comes of it when they are not.

/** What a name service never says. */
const never = (): Promise<never> => new Promise(() => {});

/** A name service that knows some names. */
function knowing(names: Record<string, readonly string[]>): NameService {
  const lookUp = (hostname: string): Promise<Address[]> =>
    Promise.resolve(
      names[hostname].map((address) => ({ address, family: net.isIP(address) })),
    );
  return { lookUp, resolve: lookUp };
}

async function hitAll(engine: Engine, urls: readonly string[]): Promise<Result[]> {
  const results = await Promise.all(urls.map((url) => makeRequest(engine, target(url))));
  engine.close();
  return results;
}

const onLinux = { ignore: Deno.build.os !== "linux" };

for (const { title, name, create, serve } of ENGINE_SUITE) {
  Deno.test(
    `${title} makes requests to healthy hosts while others are silent`,
    onLinux,
    async () => {
      await using server = await serve(({ send }) => send(ok()), "0.0.0.0");
      using silent = await SilentHost.listen("0.0.0.0");
      const urls = Array.from({ length: 600 }, (_, i) => {
        const address = `127.77.${i >> 8}.${i & 255}`;
        return `http://${address}:${i % 2 === 0 ? silent.port : server.port}/`;
      });
      const engine = create({ concurrency: 600, timeoutMs: 60_000 });
      let ended = 0;
      const hits = urls.map(async (url) => {
        const { status, error } = await makeRequest(engine, target(url));
        ended++;
        return status ?? error;
      });
      const outcomes = (rest: number): Promise<unknown[]> =>
        Promise.all(hits.filter((_, i) => i % 2 === rest));
      assertEquals(new Set(await outcomes(1)), new Set([200]));
      // All others wait still.
      assertEquals(ended, 300);
      engine.cancel();
      assertEquals(new Set(await outcomes(0)), new Set(["cancelled"]));
      engine.close();
    },
  );

  for (
    const [what, answer, kind] of [
      ["shows a bad certificate", undefined, "tls"],
      ["speaks plain HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "tls"],
      ["resets the connection", "reset", "reset"],
      ["is mute", "", "timeout"],
    ] as const
  ) {
    Deno.test(`${title} fails with '${kind}' when the first address ${what} and the next refuses`, async () => {
      const sockets: net.Socket[] = [];
      // Listens on 127.0.0.1 alone, so that ::1 refuses.
      const server = net.createServer((socket) => {
        sockets.push(socket.on("error", () => {}));
        socket.once("data", () => {
          if (answer === "reset") socket.resetAndDestroy();
          else socket.write(answer ?? "");
        });
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      await using secure = await TlsServer.start(({ send }) => send(ok()), SELF_SIGNED);
      const { port } = answer === undefined
        ? new URL(secure.url())
        : server.address() as net.AddressInfo;
      const engine = create({
        connectTimeoutMs: kind === "timeout" ? 200 : 10_000,
        // Native fetch has no time to connect of its own.
        timeoutMs: kind === "timeout" && name === "fetch" ? 200 : 10_000,
      });
      const [{ error, detail }] = await hitAll(engine, [`https://localhost:${port}/`]);
      assertEquals(error, kind, detail);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
  }
}

for (const { title, name, transport, create } of ENGINE_SUITE) {
  /** Which address a connection comes from, as its server sees it. */
  const findOrigin = async (localEnd: LocalEnd): Promise<string | undefined> => {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const server = net.createServer((socket) => {
      resolve(socket.remoteAddress);
      socket.on("error", () => {}).destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    await hitAll(create({ localEnd }), [`http://127.0.0.1:${port}/`]);
    await new Promise((resolve) => server.close(resolve));
    return await promise;
  };

  Deno.test(`${title} connects from a given address`, onLinux, async () => {
    assertEquals(await findOrigin({ address: "127.0.0.9" }), "127.0.0.9");
    if (transport === "native") assertEquals(await findOrigin({ device: "lo" }), "127.0.0.1");
  });

  Deno.test(`${title} refuses what connections cannot begin at`, onLinux, async () => {
    const fail = async (localEnd: LocalEnd): Promise<string> => {
      const options = { ...ENGINE_OPTIONS, transport, localEnd };
      return (await assertRejects(() => ENGINES[name].open(options), UsageError)).message;
    };
    assertEquals(
      await fail({ address: "192.0.2.77" }),
      "Cannot use '--interface 192.0.2.77': this machine does not have that address",
    );
    assertMatch(
      await fail({ device: "none9" }),
      transport === "native"
        ? /'--interface none9': this machine has no interface of that name$/
        : /'--interface none9': only native sockets can be bound to an interface/,
    );
  });
}

Deno.test(
  "ConnectionPool.forget() ends one connect of several for the same host",
  onLinux,
  async () => {
    using silent = await SilentHost.listen("127.0.0.2");
    const pool = new ConnectionPool({
      transports: new PortableTransports(),
      versions: "http1",
      concurrency: 10,
      connectTimeoutMs: 60_000,
      byName: false,
      tls: { insecure: false },
      proxy: undefined,
      unixSocket: undefined,
    });
    const route = new Router().route(`http://127.0.0.2:${silent.port}/`);
    const waiters = Array.from({ length: 3 }, (): Waiter => ({
      isFreshOnly: false,
      isAlone: false,
      headBytes: 0,
      onTurn() {},
      onConnection() {},
      onConnectFailure() {},
    }));
    for (const waiter of waiters) assertEquals(pool.acquire(route, waiter), false);
    for (const left of [2, 1, 0]) {
      await until(async () => await silent.connecting() === left + 1);
      pool.forget(route, waiters[left]);
      await until(async () => await silent.connecting() === left);
    }
    pool.close();
  },
);

for (const { title, name, transport, create, serve, serveTls } of SOCKET_ENGINES) {
  Deno.test(
    `${title} tries the next address while one is silent`,
    onLinux,
    async () => {
      using silent = await SilentHost.listen("127.0.0.2");
      await using server = await serve(({ send }) => send(ok()), "127.0.0.3", silent.port);
      const names = knowing({ "several.test": ["127.0.0.2", "127.0.0.3"] });
      const urls = Array.from({ length: 20 }, () => `http://several.test:${silent.port}/`);
      const results = await hitAll(create({ concurrency: 20, timeoutMs: 20_000, names }), urls);
      for (const { status, via, ms, detail } of results) {
        assertEquals([status, via?.remote], [200, `127.0.0.3:${silent.port}`], detail);
        assertLess(ms, 20_000);
      }
      // What passed until the second address was tried is counted.
      assert(Math.max(...results.map(({ ms }) => ms)) >= 250);
      assert(server.connections <= 20);
      await until(async () => await silent.connecting() === 0);
    },
  );

  Deno.test(
    `${title} tries the next address in place of a silent one when no more sockets fit`,
    onLinux,
    async () => {
      using silent = await SilentHost.listen("127.0.0.2");
      await using server = await serve(({ send }) => send(ok()), "127.0.0.3", silent.port);
      const names = knowing({ "several.test": ["127.0.0.2", "127.0.0.3"] });
      // Each has a connection of its own, and 8 more sockets than requests are allowed.
      const urls = Array.from({ length: 20 }, () => `http://several.test:${server.port}/`);
      const engine = create({ concurrency: 20, timeoutMs: 20_000, disableKeepAlive: true, names });
      for (const { status, detail } of await hitAll(engine, urls)) {
        assertEquals(status, 200, detail);
      }
    },
  );

  Deno.test(`${title} gives the time of a look-up with the connection it was made for`, async () => {
    await using server = await serve(({ send }) => send(ok("")));
    const names = knowing({ "one.test": ["127.0.0.1"] });
    const engine = create({ names });
    const dnsMs = async (host: string): Promise<[number | null, boolean]> => {
      const url = `http://${host}:${server.port}/`;
      const { via, isReused } = await makeRequest(engine, target(url));
      return [via!.dnsMs, isReused];
    };
    const [first, isReused] = await dnsMs("one.test");
    assert(first !== null && first >= 0 && !isReused);
    assertEquals(await dnsMs("one.test"), [first, true]);
    assertEquals(await dnsMs("127.0.0.1"), [null, false]);
    engine.close();
  });

  Deno.test(`${title} connects to a given address in place of a look-up, by the same name`, async () => {
    await using server = await serveTls(({ send }) => send(ok()));
    const { port } = new URL(server.url());
    const engine = create({
      names: { lookUp: never, resolve: never },
      tls: { ca: AUTHORITY, insecure: false },
      resolve: [{ hostname: "localhost", port: Number(port), addresses: ["127.0.0.6"] }],
    });
    // The certificate is for localhost.
    const result = await makeRequest(engine, target(`https://localhost:${port}/`));
    assertEquals([result.status, result.via?.remote], [200, `127.0.0.6:${port}`], result.detail);
    assertEquals(result.via?.dnsMs, null);
    assertMatch(server.requests[0], new RegExp(`^host: localhost:${port}\r$`, "im"));
    engine.close();
  });

  Deno.test(`${title} connects to another host and port, with the same request`, async () => {
    await using server = await serve(({ send }) => send(ok()));
    const engine = create({
      names: knowing({ "b.test": ["127.0.0.1"] }),
      connectTo: [{ from: { hostname: "a.test" }, to: { hostname: "b.test", port: server.port } }],
    });
    const result = await makeRequest(engine, target("http://a.test/x"));
    assertEquals([result.status, result.via?.remote], [200, `127.0.0.1:${server.port}`]);
    assertMatch(server.requests[0], /^host: a\.test\r$/im);
    assertEquals([result.origin, result.finalUrl], ["http://a.test", "http://a.test/x"]);
    engine.close();
  });

  Deno.test(`${title} connects by one version of IP only`, async () => {
    await using server = await serve(({ send }) => send(ok()), "::");
    const names = knowing({ "both.test": ["::1", "127.0.0.1"], "four.test": ["127.0.0.1"] });
    const connect = async (host: string, ipVersion: 4 | 6): Promise<unknown> => {
      const engine = create({ names, ipVersion });
      const result = await makeRequest(engine, target(`http://${host}:${server.port}/`));
      engine.close();
      return result.via?.remote ?? `${result.error}: ${result.detail}`;
    };
    assertEquals(await connect("both.test", 4), `127.0.0.1:${server.port}`);
    assertEquals(await connect("both.test", 6), `[::1]:${server.port}`);
    assertEquals(await connect("localhost", 6), `[::1]:${server.port}`);
    assertEquals(
      await connect("four.test", 6),
      "dns: the host has no IPv6 address, and only those are used",
    );
    assertEquals(
      await connect("[::1]", 4),
      "dns: the host has no IPv4 address, and only those are used",
    );
  });

  Deno.test(`${title} tries the next address at once when one refuses`, async () => {
    await using server = await serve(({ send }) => send(ok()), "127.0.0.5");
    // A pause after each of them, of 250 ms, would last too long.
    const refusing = Array.from({ length: 60 }, (_, i) => `127.0.1.${i + 1}`);
    const names = knowing({ "several.test": [...refusing, "127.0.0.5"] });
    const engine = create({ timeoutMs: 10_000, names });
    const [{ status, detail }] = await hitAll(engine, [`http://several.test:${server.port}/`]);
    assertEquals(status, 200, detail);
  });

  Deno.test(`${title} looks up each of many names once, and a bounded number at once`, async () => {
    await using server = await serve(({ send }) => send(ok()));
    const asked: string[] = [];
    const most = { lookUp: 0, resolve: 0 };
    const ask = (how: keyof typeof most): (hostname: string) => Promise<Address[]> => {
      let atOnce = 0;
      return async (hostname) => {
        asked.push(hostname);
        most[how] = Math.max(most[how], ++atOnce);
        await new Promise((resolve) => setTimeout(resolve));
        atOnce--;
        return [{ address: "127.0.0.1", family: 4 }];
      };
    };
    const names = { lookUp: ask("lookUp"), resolve: ask("resolve") };
    // More than may connect at the same time, and each twice.
    const urls = Array.from({ length: 200 }, (_, i) => `http://n${i % 100}.test:${server.port}/`);
    const results = await hitAll(create({ concurrency: 200, names, timeoutMs: 60_000 }), urls);
    for (const { status, detail } of results) assertEquals(status, 200, detail);
    assertEquals([asked.length, new Set(asked).size], [100, 100]);
    assertEquals([most.lookUp <= 16, most.resolve <= 64], [true, true]);
  });

  // It waits long, and all engines over sockets dial alike.
  if (name === "http1" && transport === "portable") {
    Deno.test(
      `${title} bounds the time of all addresses together`,
      onLinux,
      async () => {
        using silent = await SilentHost.listen("0.0.0.0");
        const addresses = [
          "127.0.0.2",
          "127.0.0.3",
          "127.0.0.4",
          "127.0.0.5",
          "127.0.0.6",
          "127.0.0.7",
        ];
        const engine = create({
          connectTimeoutMs: 3_000,
          names: knowing({ "several.test": addresses }),
        });
        const result = makeRequest(engine, target(`http://several.test:${silent.port}/`));
        await until(async () => await silent.connecting() >= 2);
        const { error, detail, ms } = await result;
        assertEquals([error, detail], ["timeout", "no connection within 3000 ms"]);
        assert(ms >= 3_000 && ms < 6 * 3_000, `${ms}`);
        await until(async () => await silent.connecting() === 0);
        engine.close();
      },
    );
  }

  Deno.test(`${title} bounds the name lookup by the connect timeout`, async () => {
    const engine = create({ connectTimeoutMs: 100, names: { lookUp: never, resolve: never } });
    const [{ error, detail, ms }] = await hitAll(engine, ["http://silent.test/"]);
    assertEquals(error, "timeout");
    assertEquals(detail, "no connection within 100 ms: the name server does not answer");
    assert(ms >= 100 && ms < 5_000, `${ms}`);
  });

  Deno.test(`${title} ends a connect when its request is given up`, onLinux, async () => {
    using silent = await SilentHost.listen("0.0.0.0");
    const engine = create({ timeoutMs: 200, connectTimeoutMs: 60_000 });
    const hits = Array.from(
      { length: 10 },
      (_, i) => makeRequest(engine, target(`http://127.0.0.${i + 1}:${silent.port}/`)),
    );
    for (const { error } of await Promise.all(hits)) assertEquals(error, "timeout");
    await until(async () => await silent.connecting() === 0);
    engine.close();
  });

  // It waits long, and all engines over sockets dial alike.
  if (name === "http1" && transport === "portable") {
    Deno.test(`${title} looks up names while the name server is silent about others`, async () => {
      await using server = await serve(({ send }) => send(ok()));
      let asked = 0;
      let released = 0;
      const names: NameService = {
        lookUp() {
          asked++;
          return never();
        },
        resolve(hostname, signal) {
          if (hostname.startsWith("good")) {
            return Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
          }
          return new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              released++;
              reject(new Error("aborted"));
            }, { once: true });
          });
        },
      };
      const engine = create({ concurrency: 200, timeoutMs: 3_000, names });
      const silent = Array.from({ length: 100 }, (_, i) => `http://silent${i}.test/`);
      const good = Array.from({ length: 20 }, (_, i) => `http://good${i}.test:${server.port}/`);
      const all = [...silent, ...good, server.url()].map((url) => makeRequest(engine, target(url)));
      assertEquals((await all.at(-1)!).status, 200);
      // No other look-up has ended, and the first names have all that can be under way: for those
      // behind them the time stands still until they give up.
      assertEquals(released, 0);
      const results = await Promise.all(all.slice(0, -1));
      assertEquals(
        results.map(({ status, error }) => status ?? error),
        [...silent.map(() => "timeout"), ...good.map(() => 200)],
      );
      // What the system was asked for has a thread each, which nothing frees.
      assertEquals([asked, released], [16, 84]);
      engine.close();
    });
  }

  Deno.test(`${title} asks the system for names that the name server lacks`, async () => {
    await using server = await serve(({ send }) => send(ok()));
    const releases: (() => void)[] = [];
    const known: Address[] = [{ address: "127.0.0.1", family: 4 }];
    const names: NameService = {
      lookUp: (hostname) =>
        hostname === "mine.test"
          ? Promise.resolve(known)
          : new Promise((resolve) => releases.push(() => resolve(known))),
      resolve() {
        for (const release of releases.splice(0)) release();
        return Promise.resolve([]);
      },
    };
    const urls = Array.from({ length: 16 }, (_, i) => `http://slow${i}.test:${server.port}/`);
    const engine = create({ concurrency: 20, names });
    const results = await hitAll(engine, [...urls, `http://mine.test:${server.port}/`]);
    for (const { status, detail } of results) assertEquals(status, 200, detail);
  });

  Deno.test(`${title} settles a waiting request when it is cancelled`, async () => {
    const engine = create({ concurrency: 20, names: { lookUp: never, resolve: never } });
    const hits = Array.from(
      { length: 20 },
      (_, i) => makeRequest(engine, target(`http://h${i}.test/`)),
    );
    engine.cancel();
    for (const { error } of await Promise.all(hits)) assertEquals(error, "cancelled");
    engine.close();
  });

  Deno.test(`${title} fails with 'refused' when every address refuses`, async () => {
    const port = await refusedPort();
    const names = knowing({ "several.test": ["127.0.0.1", "127.0.0.2", "::1"] });
    const [{ error, detail }] = await hitAll(create({ names }), [`http://several.test:${port}/`]);
    assertEquals([error, detail], ["refused", "connection refused"]);
  });

  Deno.test(`${title} connects to 'localhost.' without a lookup`, async () => {
    await using server = await serve(({ send }) => send(ok()));
    await using secure = await serveTls(({ send }) => send(ok()));
    const urls = [server.url(), secure.url()].map((url) =>
      url.replace(/127\.0\.0\.1|localhost/, "localhost.")
    );
    const names: NameService = { lookUp: never, resolve: never };
    const tls = { ca: AUTHORITY, insecure: false };
    const results = await hitAll(create({ concurrency: 2, tls, names, timeoutMs: 20_000 }), urls);
    assertEquals(results.map(({ status, detail }) => detail ?? status), [200, 200]);
  });
}
