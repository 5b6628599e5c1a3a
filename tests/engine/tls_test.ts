import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import net from "node:net";
import { FetchEngine } from "../../lib/engine/fetch/fetch.ts";
import type { EngineOptions } from "../../lib/engine/options.ts";
import type { Result } from "../../lib/result.ts";
import { ENGINE_SUITE, SOCKET_ENGINES } from "../fixtures/engine_suite.ts";
import { every } from "../fixtures/every.ts";
import { isInstalled } from "../fixtures/installed.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { ok, RawServer, refusedPort } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";
import {
  AUTHORITY,
  CLIENT,
  SELF_SIGNED,
  SERVER,
  type TlsAnswer,
  TlsServer,
} from "../fixtures/tls_server.ts";
import { until } from "../fixtures/until.ts";
import { WildServer } from "../fixtures/wild_server.ts";

const OPTIONS: EngineOptions = {
  concurrency: 10,
  timeoutMs: 20_000,
  redirects: 10,
  maxBodyBytes: 1 << 20,
  tls: { ca: AUTHORITY, insecure: false },
};

for (const { title, name, serve, serveTls, create: createWith } of ENGINE_SUITE) {
  const create = (options: Partial<EngineOptions> = {}) => createWith({ ...OPTIONS, ...options });

  const hit = async (url: string, options: Partial<EngineOptions> = {}): Promise<Result> => {
    const engine = create(options);
    const result = await makeRequest(engine, target(url));
    engine.close();
    return result;
  };

  Deno.test(`${title} over TLS gets responses and reuses the connection`, async () => {
    await using server = await serveTls(({ send }) => send(ok("x".repeat(100_000))));
    const engine = create();
    const requests = 20;
    for (let i = 0; i < requests; i++) {
      const { status, size, detail } = await makeRequest(
        engine,
        target(server.url("/", "localhost")),
      );
      assertEquals([status, size], [200, 100_000], detail);
    }
    engine.close();
    // Native fetch gives a connection back some time after the answer: the next request may be first.
    if (name !== "fetch") assertEquals(server.connections, 1);
    else assert(server.connections < requests, `${server.connections}`);
    await until(() => server.open === 0);
  });

  Deno.test(`${title} over TLS fails with 'tls' when the certificate is not trusted`, async () => {
    await using server = await TlsServer.start(({ send }) => send(ok()), SELF_SIGNED);
    const { status, error, detail } = await hit(server.url());
    assertEquals([status, error], [null, "tls"], detail);
    assertStringIncludes(detail!, "certificate");
    assertEquals(server.requests, 0);
  });

  Deno.test(`${title} over TLS trusts only the system's authorities by default`, async () => {
    await using server = await TlsServer.start(({ send }) => send(ok()));
    const { error } = await hit(server.url(), { tls: { insecure: false } });
    assertEquals([error, server.requests], ["tls", 0]);
  });

  Deno.test(`${title} over TLS fails with 'tls' when the certificate is for another host`, async () => {
    await using server = await TlsServer.start(({ send }) => send(ok()));
    const { status, error, detail } = await hit(server.url("127.0.0.2"));
    assertEquals([status, error], [null, "tls"], detail);
    assertEquals(server.requests, 0);
  });

  Deno.test(`${title} over TLS fails with 'tls' when the server has no TLS`, async () => {
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => {
      sockets.push(socket.on("error", () => {}));
      socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    const { status, error, detail } = await hit(`https://127.0.0.1:${port}/`);
    assertEquals([status, error], [null, "tls"], detail);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  // OpenSSL's server speaks HTTP/1.1 only.
  if (name !== "http2") {
    const withoutOpenssl = { ignore: !isInstalled("openssl") };
    Deno.test(`${title} over TLS shows its own certificate`, withoutOpenssl, async () => {
      // OpenSSL's server is one that insists on it.
      const port = await refusedPort();
      const fixture = (file: string): string =>
        new URL(`../fixtures/${file}`, import.meta.url).pathname;
      await using child = new Deno.Command("openssl", {
        args: [
          ...["s_server", "-quiet", "-www", "-accept", `127.0.0.1:${port}`, "-Verify", "1"],
          ...["-verify_return_error", "-CAfile", fixture("authority.crt")],
          ...["-cert", fixture("server.crt"), "-key", fixture("server.key")],
        ],
        stdin: "piped",
        stdout: "null",
        stderr: "null",
      }).spawn();
      const listens = (): Promise<boolean> =>
        Deno.connect({ hostname: "127.0.0.1", port }).then((it) => (it.close(), true), () => false);
      await until(listens);
      const url = `https://localhost:${port}/`;
      const shown = await hit(url, { tls: { ca: AUTHORITY, insecure: false, ...CLIENT } });
      const none = await hit(url);
      await child.stdin.close();
      assertEquals(shown.status, 200, shown.detail);
      assertEquals(
        [none.error, none.detail],
        ["tls", "the server wants a client certificate (--cert)"],
      );
    });
  }

  Deno.test(`${title} over TLS shows its own certificate to any server`, async () => {
    const asking = { ...SERVER, requestCert: true, ca: AUTHORITY };
    await using server = await serveTls(({ send }) => send(ok()), asking);
    const shown = await hit(server.url(), { tls: { ca: AUTHORITY, insecure: false, ...CLIENT } });
    const none = await hit(server.url());
    assertEquals(shown.status, 200, shown.detail);
    assertEquals(
      [none.error, none.detail],
      ["tls", "the server wants a client certificate (--cert)"],
    );
  });

  // HTTP/2 has lengths for everything: it is cut, or it is not.
  if (name !== "http2") {
    for (
      const [what, answer, expected] of [
        ["ends in good order", ({ send, end }) => (send("HTTP/1.1 200 OK\r\n\r\nabc"), end()), 200],
        ["is cut", ({ send, cut }) => (send("HTTP/1.1 200 OK\r\n\r\nabc"), cut()), "body"],
        ["is reset", ({ send, reset }) => (send("HTTP/1.1 200 OK\r\n\r\nabc"), reset()), "body"],
        ["is cut behind its length", ({ send, cut }) => (send(ok("abc")), cut()), 200],
        ["is cut before its length", ({ send, cut }) => {
          send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc");
          cut();
        }, "body"],
        ["is cut in its head", ({ send, cut }) => (send("HTTP/1.1 200 OK\r\n"), cut()), "reset"],
      ] as [string, TlsAnswer, number | string][]
    ) {
      Deno.test(`${title} over TLS gives ${expected} for a response that ${what}`, async () => {
        await using server = await TlsServer.start(answer, { ALPNProtocols: ["http/1.1"] });
        const { status, error, size, detail } = await hit(server.url());
        assertEquals(status ?? error, expected, detail);
        if (status !== null) assertEquals(size, 3);
      });
    }
  }

  Deno.test(`${title} follows redirects to TLS and back`, async () => {
    await using plain = await serve(({ send, request }) =>
      send(
        request.startsWith("GET /start")
          ? `HTTP/1.1 302 X\r\nLocation: ${secure.url()}\r\nContent-Length: 0\r\n\r\n`
          : ok("the end"),
      )
    );
    await using secure = await serveTls(
      ({ send }) =>
        send(`HTTP/1.1 302 X\r\nLocation: ${plain.url("/end")}\r\nContent-Length: 0\r\n\r\n`),
    );
    const { status, size, detail } = await hit(plain.url("/start"));
    assertEquals([status, size], [200, 7], detail);
  });
}

for (const { title, name, serve, serveTls, create: createWith } of SOCKET_ENGINES) {
  const create = (options: Partial<EngineOptions> = {}) => createWith({ ...OPTIONS, ...options });

  Deno.test(`${title} accepts any certificate with 'insecure'`, async () => {
    await using server = await serveTls(({ send }) => send(ok()), SELF_SIGNED);
    const engine = create({ tls: { insecure: true } });
    assertEquals((await makeRequest(engine, target(server.url("/", "127.0.0.2")))).status, 200);
    engine.close();
  });

  if (name === "http1") {
    Deno.test(`${title} offers only http/1.1 in ALPN, and sends SNI`, async () => {
      let alpn: unknown;
      await using server = await TlsServer.start((connection) => {
        alpn = connection.alpn;
        connection.send(ok());
      });
      await using other = await TlsServer.start(({ send }) => send(ok()), {
        ALPNProtocols: ["h2"],
      });
      const engine = create();
      assertEquals((await makeRequest(engine, target(server.url("localhost")))).status, 200);
      assertEquals(alpn, "http/1.1");
      const refused = await makeRequest(engine, target(other.url()));
      assertEquals(refused.error, "tls", refused.detail);
      engine.close();
    });
  }

  if (name === "http1") {
    Deno.test(`${title} sends the bytes of fields as they are, also before a body`, async () => {
      await using server = await WildServer.start(async (peer) => {
        for (let next = await peer.request(); next !== undefined; next = await peer.request()) {
          await peer.send(ok(JSON.stringify(next)));
        }
      }, SERVER);
      const bodies: string[] = [];
      const engine = create({
        bodyFor: () => ({
          write: (bytes) => void bodies.push(String.fromCharCode(...bytes)),
          end: () => {},
          discard: () => {},
        }),
      });
      const more = {
        method: "POST",
        headers: [["X-Name", "caf\xe9"]],
        body: new TextEncoder().encode("é"),
      } as const;
      assertEquals((await makeRequest(engine, target(server.url(), more))).status, 200);
      const sent = JSON.parse(bodies.join(""));
      assertStringIncludes(sent, "X-Name: caf\xe9\r\n");
      assertEquals(sent.slice(-2), "\xc3\xa9");
      engine.close();
    });
    Deno.test("http1 engine gives the address and the connect times of its connections", async () => {
      await using server = await TlsServer.start(({ send }) => send(ok()));
      await using plain = await RawServer.start(({ send }) => send(ok()));
      const engine = create();
      for (const isReused of [false, true]) {
        const { via, ...result } = await makeRequest(engine, target(server.url("localhost")));
        assertEquals(result.isReused, isReused);
        assertEquals(via!.remote, new URL(server.url()).host);
        assert(via!.connectMs! > 0 && via!.tlsMs! > 0 && via!.connectMs! + via!.tlsMs! < 20_000);
      }
      const { via } = await makeRequest(engine, target(plain.url()));
      assertEquals([via!.remote, via!.tlsMs], [`127.0.0.1:${plain.port}`, null]);
      engine.close();
    });
  }

  Deno.test(`${title} gives up a connection that takes too long`, async () => {
    // TCP connects, and then nobody answers TLS.
    await using silent = await RawServer.start(() => {});
    const engine = create({ connectTimeoutMs: 100 });
    const { status, error, detail } = await makeRequest(
      engine,
      target(`https://127.0.0.1:${silent.port}/`),
    );
    assertEquals([status, error, detail], [null, "timeout", "no connection within 100 ms"]);
    await until(() => silent.open === 0);
    engine.close();
  });

  Deno.test(`${title} gives up a response that stalls, not one that drips`, async () => {
    const drops: (() => void)[] = [];
    await using server = await serve(({ send, request }) => {
      send("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n");
      if (request.startsWith("GET /still")) return;
      for (let k = 0; k < 30; k++) drops.push(() => send("x"));
    });
    using _drip = every(100, () => drops.shift()?.());
    const engine = create({ idleTimeoutMs: 2_000 });
    const [still, dripping] = await Promise.all([
      makeRequest(engine, target(server.url("/still"))),
      makeRequest(engine, target(server.url("/drip"))),
    ]);
    assertEquals([still.error, still.detail], [
      "timeout",
      "nothing more of the response for 2000 ms",
    ]);
    assertEquals([dripping.status, dripping.size], [200, 30], dripping.detail);
    await until(() => server.open === 1);
    engine.close();
  });
}

/** Ports that native fetch refuses: the bad ports of the Fetch standard, §2.9, in Deno 2.9. */
// deno-fmt-ignore
const BLOCKED = [
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
  104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513,
  514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720,
  1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

Deno.test("fetch engine refuses ports that native fetch blocks, and says so", async () => {
  const engine = new FetchEngine(OPTIONS);
  assertEquals(BLOCKED.length, 82);
  for (const port of BLOCKED) {
    const { error, detail, attempts } = await makeRequest(
      engine,
      target(`https://127.0.0.1:${port}/`),
    );
    assertEquals([error, attempts], ["url", 0]);
    assertEquals(detail, `native fetch does not connect to port ${port}: --engine http1 does`);
  }
  engine.close();
});

Deno.test("fetch engine counts requests sent before a redirect to a blocked port", async () => {
  await using server = await RawServer.start(({ send }) =>
    send("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:6000/\r\nContent-Length: 0\r\n\r\n")
  );
  const engine = new FetchEngine(OPTIONS);
  const { error, detail, attempts } = await makeRequest(engine, target(server.url()));
  assertEquals([error, attempts], ["url", 1], detail);
  engine.close();
});
