import { assert, assertEquals } from "@std/assert";
import type { Engine } from "../../lib/engine/engine.ts";
import type { Result } from "../../lib/result.ts";
import type { Target } from "../../lib/target.ts";
import { ENGINE_SUITE, SOCKET_ENGINES } from "../fixtures/engine_suite.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { ProxyServer } from "../fixtures/proxy_server.ts";
import { type Answer, ok, refusedPort } from "../fixtures/raw_server.ts";
import { SilentHost } from "../fixtures/silent_host.ts";
import { target } from "../fixtures/target.ts";
import { TlsServer } from "../fixtures/tls_server.ts";

// What a failure tells about: the host, the network or the proxy. And what a result holds.

async function hit(engine: Engine, url: string, more: Partial<Target> = {}): Promise<Result> {
  const result = await makeRequest(engine, target(url, more));
  engine.close();
  return result;
}

/** Kind, scope, and whether nobody is there. */
function told({ error, scope, isUnreachable }: Result): unknown[] {
  return [error, scope, isUnreachable];
}

for (const { title, create, serve } of ENGINE_SUITE) {
  Deno.test(`${title} gives 'refused' the scope of the host`, async () => {
    const result = await hit(create(), `http://127.0.0.1:${await refusedPort()}/`);
    assertEquals(told(result), ["refused", "host", true]);
  });

  for (
    const [error, answer] of [
      ["reset", ({ reset }) => reset()],
      ["protocol", ({ send, end }) => (send("SSH-2.0\r\n"), end())],
      ["body", ({ send, end }) => (send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), end())],
      ["body", ({ send }) => send(ok("x".repeat(2_000)))],
      [
        "redirect",
        ({ send }) => send("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
      ],
    ] as [string, Answer][]
  ) {
    Deno.test(`${title} gives '${error}' the scope of the host`, async () => {
      await using server = await serve(answer);
      // A method that is not sent again.
      const result = await hit(create({ maxBodyBytes: 1_000 }), server.url(), { method: "POST" });
      assertEquals(told(result), [error, "host", false], result.detail);
    });
  }

  Deno.test(`${title} gives 'tls' the scope of the host`, async () => {
    await using server = await TlsServer.start(({ send }) => send(ok()));
    assertEquals(told(await hit(create(), server.url())), ["tls", "host", false]);
  });

  Deno.test(`${title} gives a timeout the scope of the network`, async () => {
    await using server = await serve(() => {});
    const result = await hit(create({ timeoutMs: 50 }), server.url());
    assertEquals(told(result), ["timeout", "network", false]);
  });

  Deno.test(`${title} gives no scope to requests that were not sent, or given up`, async () => {
    const refused = await hit(create({ permits: () => false }), "http://127.0.0.1:1/");
    assertEquals(told(refused), ["url", undefined, false]);
    const engine = create();
    engine.cancel();
    assertEquals(told(await hit(engine, "http://127.0.0.1:1/")), ["cancelled", undefined, false]);
  });

  Deno.test(`${title} gives responses no scope, and results that hold nothing alive`, async () => {
    await using server = await serve(({ send }) => send(ok()));
    const engine = create();
    const all = [
      await makeRequest(engine, target(server.url())),
      await makeRequest(engine, target(server.url())),
    ];
    engine.close();
    for (const result of all) {
      assertEquals(told(result), [undefined, undefined, false]);
      // A socket cannot be cloned, nor a function.
      assertEquals(structuredClone(result), result);
      assert(result.via === null || Object.isFrozen(result.via));
    }
    assertEquals(Object.keys(all[0]), Object.keys(all[1]));
    // What is told of a connection is made once.
    assertEquals(all[0].via === all[1].via, true);
  });
}

const onLinux = { ignore: Deno.build.os !== "linux" };

for (const { title, create } of SOCKET_ENGINES) {
  Deno.test(`${title} gives a connect timeout the scope of the network`, onLinux, async () => {
    using silent = await SilentHost.listen("127.0.0.1");
    const engine = create({ connectTimeoutMs: 50 });
    const result = await hit(engine, `http://127.0.0.1:${silent.port}/`);
    assertEquals(told(result), ["timeout", "network", false]);
  });

  for (
    const [code, isOfHost] of [["ENOTFOUND", true], ["ENODATA", true], [
      "EAI_AGAIN",
      false,
    ]] as const
  ) {
    Deno.test(`${title} tells from ${code} whether the name or the name server fails`, async () => {
      const fail = () => Promise.reject(Object.assign(new Error(code), { code }));
      const engine = create({ names: { lookUp: fail, resolve: fail } });
      const result = await hit(engine, "http://name.test/");
      assertEquals(told(result), ["dns", isOfHost ? "host" : "network", isOfHost]);
    });
  }

  for (
    const [what, kind, answer, scope] of [
      ["cannot reach the host", "http", "HTTP/1.1 502 Bad Gateway\r\n\r\n", "host"],
      ["refuses", "http", "HTTP/1.1 403 Forbidden\r\n\r\n", "proxy"],
      ["does not speak HTTP", "http", "SSH-2.0-x\r\n", "proxy"],
      ["cannot reach the host", "socks5", undefined, "host"],
      ["asks for a password", "socks5", "\x05\xff", "proxy"],
    ] as const
  ) {
    Deno.test(`${title} gives the scope '${scope}' when a ${kind} proxy ${what}`, async () => {
      await using server = await ProxyServer.start({ kind, answer });
      const proxy = {
        protocol: kind,
        hostname: "127.0.0.1",
        port: server.port,
        credentials: undefined,
      };
      const result = await hit(
        create({ proxy }),
        `https://127.0.0.1:${await refusedPort()}/`,
      );
      assertEquals(told(result), ["connect", scope, false], result.detail);
    });
  }

  Deno.test(`${title} reports that nothing listens at the proxy or the Unix socket`, async () => {
    const proxy = {
      protocol: "http",
      hostname: "127.0.0.1",
      port: await refusedPort(),
      credentials: undefined,
    } as const;
    const [byProxy, bySocket] = [
      await hit(create({ proxy }), "http://127.0.0.1:9/"),
      await hit(create({ unixSocket: "/nowhere/s" }), "http://127.0.0.1:9/"),
    ];
    assertEquals(told(byProxy), ["connect", "proxy", true]);
    assertEquals(told(bySocket), ["connect", "proxy", true]);
  });
}
