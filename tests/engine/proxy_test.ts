import { assert, assertEquals, assertMatch } from "@std/assert";
import net from "node:net";
import tls from "node:tls";
import type { Engine, ProxyOptions } from "../../lib/engine/engine.ts";
import type { EngineOptions } from "../../lib/engine/options.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import type { Result } from "../../lib/result.ts";
import { type AnswerServer, SOCKET_ENGINES } from "../fixtures/engine_suite.ts";
import { folder } from "../fixtures/folder.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { openEngine } from "../fixtures/open_engine.ts";
import { type ProxyOptions as Kind, ProxyServer } from "../fixtures/proxy_server.ts";
import { ok, RawServer, refusedPort } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";
import { AUTHORITY, SELF_SIGNED } from "../fixtures/tls_server.ts";

const OPTIONS: Partial<EngineOptions> = {
  tls: { ca: AUTHORITY, insecure: false },
};

/** What the command line makes of `-x`. */
async function proxyOf(url: string): Promise<ProxyOptions> {
  return (await parseRun(["-x", url, "http://h/"], "1") as RunOptions).proxy!;
}

/** Passes what comes to a Unix socket on to a server, and back. @param backlog the length of its queue */
async function relay(
  path: string,
  { port }: AnswerServer,
  backlog = 128,
): Promise<AsyncDisposable> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const far = net.connect({ host: "127.0.0.1", port });
    for (const one of [socket, far]) sockets.add(one.on("error", () => {}));
    socket.pipe(far).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen({ path, backlog }, resolve));
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Makes requests one after the other by one engine. */
async function hit(engine: Engine, ...urls: string[]): Promise<Result[]> {
  const results = [];
  for (const url of urls) results.push(await makeRequest(engine, target(url)));
  engine.close();
  return results;
}

for (const { title, name, create: createWith, serve, serveTls } of SOCKET_ENGINES) {
  const create = (options: Partial<EngineOptions>) => createWith({ ...OPTIONS, ...options });
  /** A server over TLS that answers any request. */
  const secure = (): Promise<AnswerServer> => serveTls(({ send }) => send(ok("secure")));

  for (const kind of ["http", "https", "socks5", "socks5h"] as const) {
    for (const credentials of [undefined, "me:p@ss"]) {
      const how = credentials === undefined ? "" : " with credentials";
      Deno.test(`${title} makes requests through a ${kind} proxy${how}`, async () => {
        await using plain = await serve(({ send }) => send(ok()));
        await using far = await secure();
        const server = kind === "socks5h" ? "socks5" : kind;
        await using proxy = await ProxyServer.start({ kind: server, credentials });
        const userinfo = credentials?.replace("@", "%40");
        const engine = create({ proxy: await proxyOf(proxy.url(userinfo, kind)) });
        const results = await hit(
          engine,
          plain.url("/a?b=c"),
          plain.url("/again"),
          far.url("/x"),
          far.url("/y"),
        );
        assertEquals(results.map(({ status, error, detail }) => [status, error, detail]), [
          ...new Array(4).fill([200, undefined, undefined]),
        ]);
        // One for both plain requests, another for both of TLS.
        assertEquals(proxy.connections, 2);
        assertEquals(far.connections, 1);
        assertMatch(plain.requests[0], /^GET \/a\?b=c HTTP\/1\.1\r\n/);
        for (const request of plain.requests) {
          assert(!/proxy-authorization/i.test(request), request);
        }
      });
    }
  }

  for (
    const [what, kind, userinfo] of [
      ["no credentials", "http", ""],
      ["wrong credentials", "http", "me:wrong"],
      ["no credentials", "socks5", ""],
      ["wrong credentials", "socks5", "me:wrong"],
    ] as const
  ) {
    Deno.test(`${title} reports that a ${kind} proxy rejects ${what}`, async () => {
      await using plain = await serve(({ send }) => send(ok()));
      await using far = await secure();
      await using proxy = await ProxyServer.start({ kind, credentials: "me:right" });
      const engine = create({ proxy: await proxyOf(proxy.url(userinfo)) });
      const [first, second] = await hit(engine, plain.url(), far.url("/"));
      // HTTP/2 goes through a tunnel, without TLS too.
      const isForwarded = kind === "http" && name === "http1";
      if (isForwarded) assertEquals(first.status, 407);
      const detail = kind === "http"
        ? "the proxy answered 407"
        : userinfo === ""
        ? "the proxy asks for a name and a password"
        : "the proxy does not accept the name and password";
      for (const it of isForwarded ? [second] : [first, second]) {
        assertEquals([it.status, it.error, it.detail], [null, "connect", detail]);
      }
      assertEquals([plain.requests.length, far.requests.length], [0, 0]);
      assert(!`${first.detail}${second.detail}`.includes("wrong"));
    });
  }

  for (const kind of ["http", "socks5h"] as const) {
    Deno.test(`${title} asks a ${kind} proxy for where a detour leads, in a tunnel`, async () => {
      await using server = await serve(({ send }) => send(ok()));
      await using proxy = await ProxyServer.start({ kind: kind === "http" ? kind : "socks5" });
      const engine = create({
        proxy: await proxyOf(proxy.url("", kind)),
        connectTo: [{ from: { hostname: "a.test" }, to: { hostname: "127.0.0.1" } }],
      });
      const [{ status, detail }] = await hit(engine, `http://a.test:${server.port}/x`);
      assertEquals(status, 200, detail);
      assertMatch(server.requests[0], /^GET \/x HTTP\/1\.1\r\n/);
      assertMatch(server.requests[0], new RegExp(`^host: a\\.test:${server.port}\r$`, "im"));
    });
  }

  Deno.test(`${title} follows a redirect through a proxy into TLS`, async () => {
    await using far = await secure();
    const location = `Location: ${far.url("/")}\r\n`;
    await using plain = await serve(({ send }) =>
      send(`HTTP/1.1 302 Found\r\n${location}Content-Length: 0\r\n\r\n`)
    );
    await using proxy = await ProxyServer.start({ kind: "http" });
    const [result] = await hit(create({ proxy: await proxyOf(proxy.url()) }), plain.url());
    assertEquals([result.status, result.size, far.requests.length], [200, 6, 1]);
  });

  Deno.test(`${title} connects to a Unix socket`, async () => {
    await using dir = await folder();
    const path = dir.path("socket");
    await using plain = await serve(({ send }) => send(ok()));
    await using _relay = await relay(path, plain);
    const engine = create({ unixSocket: path });
    const results = await hit(engine, "http://any.test/one", "http://other.test:81/two");
    assertEquals(results.map(({ status }) => status), [200, 200]);
    assertMatch(plain.requests[0], /^GET \/one HTTP\/1\.1\r\n[^]*host: any\.test\r\n/i);
    assertMatch(plain.requests[1], /^GET \/two HTTP\/1\.1\r\n[^]*host: other\.test:81\r\n/i);
    const gone = create({ unixSocket: dir.path("none") });
    const [failed] = await hit(gone, "http://any.test/");
    assertEquals(failed.status, null);
    assert(["connect", "refused", "protocol"].includes(failed.error!), failed.error);
  });

  Deno.test(`${title} waits while the queue of a Unix socket is full`, async () => {
    await using dir = await folder();
    await using plain = await serve(({ send }) => send(ok()));
    await using _relay = await relay(dir.path("s"), plain, 1);
    const engine = create({ unixSocket: dir.path("s"), concurrency: 30 });
    const requests = Array.from({ length: 30 }, () => makeRequest(engine, target("http://h/")));
    const statuses = (await Promise.all(requests)).map(({ status, detail }) => status ?? detail);
    assertEquals(statuses, Array(30).fill(200));
    const shortages = name === "http1" ? ["the queue of the Unix socket is full"] : [];
    assertEquals([...engine.shortages.keys()], shortages);
    engine.close();
  });

  Deno.test(`${title} lets a socks5h proxy look up names, and does so itself for socks5`, async () => {
    await using plain = await serve(({ send }) => send(ok()));
    await using proxy = await ProxyServer.start({ kind: "socks5" });
    const far = `http://far.test:${plain.port}/`;
    const [byProxy] = await hit(
      create({ proxy: await proxyOf(proxy.url("", "socks5h")) }),
      far,
    );
    assertEquals([byProxy.status, proxy.asked], [200, [`far.test:${plain.port}`]]);
    const [byUs, local] = await hit(
      create({ proxy: await proxyOf(proxy.url("", "socks5")) }),
      far,
      `http://localhost:${plain.port}/`,
    );
    assertEquals([byUs.status, byUs.error], [null, "dns"]);
    assertEquals([local.status, proxy.asked.at(-1)], [200, `127.0.0.1:${plain.port}`]);
  });

  if (name === "http1") {
    Deno.test(`${title} shares a proxy's connections among hosts, and gives its address`, async () => {
      await using one = await serve(({ send }) => send(ok()));
      await using two = await serve(({ send }) => send(ok()));
      await using proxy = await ProxyServer.start({ kind: "http" });
      const engine = create({ proxy: await proxyOf(proxy.url()) });
      const results = await hit(engine, one.url(), two.url(), one.url());
      assertEquals(
        results.map(({ via }) => via!.remote),
        new Array(3).fill(`127.0.0.1:${proxy.port}`),
      );
      assertEquals(proxy.connections, 1);
    });
  }

  Deno.test(`${title} sends the user's Proxy-Authorization to the proxy only`, async () => {
    await using plain = await serve(({ send }) => send(ok()));
    const headers = [["Proxy-Authorization", "Basic mine"]] as const;
    for (const kind of ["http", "socks5"] as const) {
      await using proxy = await ProxyServer.start({ kind });
      const engine = create({ proxy: await proxyOf(proxy.url()) });
      await makeRequest(engine, target(plain.url(), { headers }));
      engine.close();
      if (kind === "http" && name === "http1") {
        assertMatch(proxy.asked[0], /^proxy-authorization: basic mine\r$/im);
      }
      assert(!/mine/.test(plain.requests.at(-1)!));
    }
  });

  for (
    const [what, options, detail] of [
      ["answers byte by byte", { kind: "http", drips: true }, undefined],
      ["answers byte by byte", { kind: "socks5", drips: true }, undefined],
      ["closes", { kind: "http", closes: true }, /^the proxy: /],
      ["closes", { kind: "socks5", closes: true }, /^the proxy: /],
      [
        "closes within its answer",
        { kind: "http", answer: "HTTP/1.1 200 OK\r\n", closes: true },
        /^the proxy: it closed the connection$/,
      ],
      [
        "closes within its answer",
        { kind: "https", answer: "HTTP/1.1 200 OK\r\n", closes: true },
        /^the proxy: /,
      ],
      [
        "closes within its answer",
        { kind: "socks5", answer: "\x05", closes: true },
        /^the proxy: it closed the connection$/,
      ],
      [
        "sends no HTTP",
        { kind: "http", answer: "SSH-2.0-x\r\n\r\n" },
        /^the proxy: its response is not/,
      ],
      // It stays open, and says no more.
      ["sends no HTTP", { kind: "http", answer: "SSH-2.0-x\r\n" }, /begins with "SSH-2.0-x/],
      ["sends no HTTP", { kind: "http", answer: "2" }, /begins with "2"/],
      ["sends no SOCKS", { kind: "socks5", answer: "H" }, /does not speak SOCKS5$/],
      ["sends CR without LF", {
        kind: "http",
        answer: "HTTP/1.1 200 OK\r\n\rX: y\r\nContent-Length: 5\r\n\r\nhello",
      }, /CR without LF/],
      ["sends CR without LF in between", {
        kind: "http",
        answer: "HTTP/1.1 103 X\r\n\rX: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
      }, /CR without LF/],
      ...[
        "Content-Length: 5",
        "Content-Length: x",
        "Content-Length: 1\r\nContent-Length: 2",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip",
      ].map((fields): [string, Kind, undefined] => [
        `opens with ${fields.replace("\r\n", ", ")}`,
        { kind: "http", opening: `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n` },
        undefined,
      ]),
      ["sends no SOCKS", { kind: "socks5", answer: "HTTP/1.1 400 Bad\r\n\r\n" }, /^the proxy: it/],
      [
        "sends more than its answer",
        { kind: "http", answer: "HTTP/1.1 200 OK\r\n\r\nsurplus" },
        /after its response/,
      ],
      ["sends a head without end", {
        kind: "http",
        answer: "HTTP/1.1 200 OK\r\nA: " + "a".repeat(1 << 17),
      }, /more than/],
      ["answers in between", {
        kind: "http",
        answer: "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 504 No\r\n\r\n",
      }, /^the proxy answered 504$/],
      [
        "answers 101",
        { kind: "http", answer: "HTTP/1.1 101 X\r\n\r\n" },
        /^the proxy answered 101$/,
      ],
      ["answers in HTTP/1.0", { kind: "http", answer: "HTTP/1.0 407 No\r\n\r\n" }, /answered 407$/],
      ["answers without end in between", {
        kind: "http",
        answer: "HTTP/1.1 100 Go\r\n\r\n".repeat(10_000) + "HTTP/1.1 500 No\r\n\r\n",
      }, /^the proxy answered 500$/],
      [
        "answers 503",
        { kind: "http", answer: "HTTP/1.1 503 Busy\r\n\r\n" },
        /^the proxy answered 503$/,
      ],
      [
        "sends what no method is",
        { kind: "socks5", answer: "\x05\x09" },
        /no authentication method/,
      ],
      ["sends more than its answer", { kind: "socks5", answer: "\x05\0\0" }, /after its response/],
    ] as [string, Kind, RegExp | undefined][]
  ) {
    Deno.test(`${title} survives a ${options.kind} proxy that ${what}`, async () => {
      await using far = await secure();
      await using proxy = await ProxyServer.start(options);
      const engine = create({ proxy: await proxyOf(proxy.url()) });
      const [result] = await hit(engine, far.url("/"));
      if (detail === undefined) assertEquals([result.status, result.detail], [200, undefined]);
      else {
        assertEquals([result.status, result.error], [null, "connect"], result.detail);
        assertMatch(result.detail!, detail);
      }
    });
  }

  Deno.test(`${title} tells an origin that sends first from a proxy that sends too much`, async () => {
    await using far = await serve(() => {});
    const opening = "\x05\0\0\x01\0\0\0\0\0\0";
    await using proxy = await ProxyServer.start({
      kind: "socks5",
      opening: `${opening}220 mail\r\n`,
    });
    const engine = create({ proxy: await proxyOf(proxy.url()) });
    const [plain, tls] = await hit(engine, far.url(), far.url().replace("http:", "https:"));
    assertEquals([plain.status, plain.error], [null, "protocol"], plain.detail);
    assertMatch(plain.detail!, /begins with "220 mail/);
    assertEquals([tls.error, tls.detail], [
      "connect",
      "the proxy: it sent bytes after its response",
    ]);
  });

  Deno.test(`${title} bounds the wait for a proxy by the connect timeout`, async () => {
    for (const kind of ["http", "socks5"] as const) {
      await using proxy = await ProxyServer.start({ kind, isDeaf: true });
      const options = { proxy: await proxyOf(proxy.url()), connectTimeoutMs: 100 };
      const [result] = await hit(create(options), "https://127.0.0.1:1/");
      assertEquals([result.error, result.detail], ["timeout", "no connection within 100 ms"]);
    }
  });

  Deno.test(`${title} tells a proxy that is down from a host that is`, async () => {
    const port = await refusedPort();
    const proxy = await proxyOf(`http://127.0.0.1:${port}`);
    const [plain, tls] = await hit(create({ proxy }), "http://h.test/", "https://h.test/");
    for (const { error, detail } of [plain, tls]) {
      assertEquals([error, detail], ["connect", "the proxy: connection refused"]);
    }
    await using up = await ProxyServer.start({ kind: "socks5" });
    const through = create({ proxy: await proxyOf(up.url()) });
    const [far] = await hit(through, `http://127.0.0.1:${port}/`);
    assertEquals([far.error, far.detail], ["connect", "the proxy answered: connection refused"]);
  });

  Deno.test(`${title} makes many requests at once through a tunnel`, async () => {
    await using far = await secure();
    await using proxy = await ProxyServer.start({ kind: "http" });
    const engine = create({ proxy: await proxyOf(proxy.url()), concurrency: 20 });
    const hits = Array.from(
      { length: 500 },
      (_, i) => makeRequest(engine, target(far.url(`/${i}`), { i })),
    );
    const results = await Promise.all(hits);
    engine.close();
    assertEquals(results.filter(({ status }) => status === 200).length, 500);
    assert(proxy.connections <= 500);
    assertEquals(far.requests.length, 500);
  });

  for (const kind of ["http", "socks5"] as const) {
    Deno.test(`${title} keeps a ${kind} proxy's refusal when its other addresses fail`, async () => {
      await using proxy = await ProxyServer.start({ kind, credentials: "me:right" });
      const options = await proxyOf(`${kind}://me:wrong@localhost:${proxy.port}`);
      const [result] = await hit(create({ proxy: options }), "https://127.0.0.1:1/");
      assertEquals(result.error, "connect");
      assertMatch(
        result.detail!,
        /^the proxy (answered 407|does not accept the name and password)$/,
      );
      assertEquals(proxy.connections, 1);
    });
  }

  Deno.test(`${title} tries each address of a name through a socks5 proxy`, async () => {
    // Nobody is to listen there at the other address.
    await using far = await serve(({ send }) => send(ok()), "::1", await refusedPort());
    await using proxy = await ProxyServer.start({ kind: "socks5" });
    const engine = create({ proxy: await proxyOf(proxy.url()) });
    const [result] = await hit(engine, `http://localhost:${far.port}/`);
    assertEquals([result.status, result.detail], [200, undefined]);
    const ipv6 = `0000:0000:0000:0000:0000:0000:0000:0001:${far.port}`;
    assertEquals(proxy.asked, [`127.0.0.1:${far.port}`, ipv6]);
  });

  Deno.test(`${title} counts the time to open a tunnel`, async () => {
    await using plain = await serve(({ send }) => send(ok()));
    await using proxy = await ProxyServer.start({ kind: "socks5", waitMs: 100 });
    const engine = create({ proxy: await proxyOf(proxy.url()) });
    const [fresh, reused] = await hit(engine, plain.url(), plain.url());
    assertEquals([fresh.status, reused.status, reused.isReused], [200, 200, true]);
    // Two answers of the proxy; timers of 100 ms are not early by more than one.
    assert(fresh.ms > 198, `${fresh.ms}`);
  });

  Deno.test(`${title} has at most its concurrency of connections to a proxy for any hosts`, async () => {
    await using plain = await serve(({ send }) => send(ok()), "0.0.0.0");
    await using far = await secure();
    await using proxy = await ProxyServer.start({ kind: "http" });
    const engine = create({ proxy: await proxyOf(proxy.url()), concurrency: 8 });
    const lane = async (urls: string[]): Promise<void> => {
      for (const url of urls) {
        assertEquals((await makeRequest(engine, target(url))).detail, undefined);
      }
    };
    const hosts = ["127.0.0.1", "localhost", "127.0.0.2", "127.0.0.3"];
    const urls = hosts.map((host) => `http://${host}:${plain.port}/`);
    await Promise.all(Array.from({ length: 8 }, () => lane([...urls, ...urls, ...urls])));
    assertEquals(plain.requests.length, 96);
    const forwarding = proxy.connections;
    assert(forwarding <= 8, `${forwarding}`);
    // Tunnels are made anew, once for each in flight, and then stay.
    await Promise.all(Array.from({ length: 8 }, () => lane(new Array(12).fill(far.url()))));
    assertEquals(far.requests.length, 96);
    assert(far.connections <= 8, `${far.connections}`);
    assertEquals(proxy.connections, forwarding + far.connections);
    engine.close();
  });

  Deno.test(`${title} sends bodies through proxies, and reads responses larger than buffers`, async () => {
    const long = "x".repeat(300_000);
    await using plain = await serve(({ send }) => send(ok(long)));
    await using far = await serveTls(({ send }) => send(ok(long)));
    for (const kind of ["http", "https", "socks5"] as const) {
      await using proxy = await ProxyServer.start({ kind });
      const engine = create({ proxy: await proxyOf(proxy.url()) });
      const body = new TextEncoder().encode(`by ${kind}`);
      for (const url of [plain.url(), far.url()]) {
        const result = await makeRequest(engine, target(url, { method: "POST", body }));
        assertEquals([result.status, result.size, result.detail], [200, 300_000, undefined]);
      }
      engine.close();
      assert(plain.requests.at(-1)!.endsWith(`\r\n\r\nby ${kind}`));
    }
  });

  Deno.test(`${title} trusts a proxy's TLS only with --cacert or -k`, async () => {
    await using plain = await serve(({ send }) => send(ok()));
    await using proxy = await ProxyServer.start({ kind: "https" });
    const options = { proxy: await proxyOf(proxy.url()) };
    const [stranger] = await hit(create({ ...options, tls: { insecure: false } }), plain.url());
    assertEquals([stranger.status, stranger.error], [null, "connect"]);
    assertMatch(stranger.detail!, /^the proxy: /);
    assertEquals(proxy.asked, []);
    const [insecure] = await hit(create({ ...options, tls: { insecure: true } }), plain.url());
    assertEquals([insecure.status, insecure.detail], [200, undefined]);
  });

  Deno.test(`${title} checks the origin's certificate inside a tunnel, not the proxy's`, async () => {
    await using far = await serveTls(({ send }) => send(ok()), SELF_SIGNED);
    for (const kind of ["http", "https", "socks5"] as const) {
      await using proxy = await ProxyServer.start({ kind });
      const [result] = await hit(create({ proxy: await proxyOf(proxy.url()) }), far.url());
      assertEquals(
        [result.status, result.error, far.requests.length],
        [null, "tls", 0],
        result.detail,
      );
      assert(!result.detail!.includes("the proxy"), result.detail);
    }
  });

  Deno.test(`${title} uses the URL's host for TLS over a Unix socket`, async () => {
    await using dir = await folder();
    await using far = await serveTls(({ send }) => send(ok()));
    await using _relay = await relay(dir.path("s"), far);
    const options = { unixSocket: dir.path("s") };
    const [right] = await hit(create(options), "https://localhost:9/x");
    const [wrong] = await hit(create(options), "https://elsewhere.test/x");
    assertEquals([right.status, right.detail], [200, undefined]);
    assertEquals([wrong.status, wrong.error], [null, "tls"], wrong.detail);
    assertEquals(far.requests.length, 1);
    assertMatch(far.requests[0], /^GET \/x HTTP\/1\.1\r\nHost: localhost:9\r\n/i);
    const [gone] = await hit(create({ unixSocket: dir.path("none") }), "http://h/");
    assertEquals([gone.error, gone.detail], ["connect", "no such Unix socket"]);
  });
}

Deno.test("connections to a proxy over TLS do not prepare again what it is trusted by", async () => {
  const { createSecureContext } = tls;
  let prepared = 0;
  tls.createSecureContext = (options) => {
    prepared++;
    return createSecureContext(options);
  };
  await using proxy = await ProxyServer.start({ kind: "https" });
  await using server = await RawServer.start(({ send }) => send(ok("", "Connection: close\r\n")));
  try {
    const engine = await openEngine("http1", {
      ...OPTIONS,
      proxy: await proxyOf(proxy.url()),
      transport: "portable",
    });
    const results = await hit(engine, server.url(), server.url(), server.url());
    assertEquals(results.map(({ status }) => status), [200, 200, 200]);
  } finally {
    tls.createSecureContext = createSecureContext;
  }
  assertEquals([proxy.connections, prepared], [3, 1]);
});
