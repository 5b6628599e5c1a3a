import { assert, assertEquals } from "@std/assert";
import type { EngineOptions } from "../../lib/engine/options.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import type { Result } from "../../lib/result.ts";
import { response, settings } from "../fixtures/http2_frames.ts";
import { Http2Peer } from "../fixtures/http2_script.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { openEngine } from "../fixtures/open_engine.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";
import { AUTHORITY, SERVER } from "../fixtures/tls_server.ts";
import { WildServer } from "../fixtures/wild_server.ts";

// Which version of HTTP the automatic engine takes.

const open = (options: Partial<EngineOptions> = {}): Promise<Engine> =>
  openEngine("auto", {
    timeoutMs: 60_000,
    tls: { ca: AUTHORITY, insecure: false },
    ...options,
  });

/** Starts a server over TLS that answers in the protocol that ALPN agrees on. */
function startServer(protocols: readonly string[] | undefined): Promise<WildServer> {
  return WildServer.start(async (peer) => {
    if (peer.protocol === "h2") {
      await peer.send(settings());
      const http2 = new Http2Peer(peer);
      for (let next = await http2.request(); next; next = await http2.request()) {
        await http2.send(response(next.id));
      }
    } else while (await peer.request() !== undefined) await peer.send(ok());
  }, { ...SERVER, ALPNProtocols: protocols === undefined ? undefined : [...protocols] });
}

/** What came of a request: its status, and the engine and the version of HTTP that it went by. */
const told = ({ status, engine, version, detail }: Result): unknown[] => [
  status ?? detail,
  engine,
  version,
];

for (
  const [what, protocols, engineName, version] of [
    ["HTTP/2 and HTTP/1.1", ["h2", "http/1.1"], "http2", "2"],
    ["HTTP/1.1 and HTTP/2, in this order", ["http/1.1", "h2"], "http1", "1.1"],
    ["HTTP/2 only", ["h2"], "http2", "2"],
    ["HTTP/1.1 only", ["http/1.1"], "http1", "1.1"],
    ["no ALPN", undefined, "http1", "1.1"],
  ] as const
) {
  Deno.test(`auto engine uses ${engineName} for a server with ${what}`, async () => {
    await using server = await startServer(protocols);
    const engine = await open();
    for (let k = 0; k < 3; k++) {
      const result = await makeRequest(engine, target(server.url()));
      assertEquals(told(result), [200, engineName, version]);
      assertEquals(result.isReused, k > 0);
    }
    assertEquals([engine.name, server.connections], [engineName, 1]);
    engine.close();
    await server.closed();
  });
}

Deno.test("auto engine makes one handshake for 400 first requests to a server with HTTP/2", async () => {
  await using server = await startServer(["h2", "http/1.1"]);
  const engine = await open({ concurrency: 400 });
  const hits = Array.from({ length: 400 }, () => makeRequest(engine, target(server.url())));
  for (const result of await Promise.all(hits)) assertEquals(told(result), [200, "http2", "2"]);
  assertEquals(server.connections, 1);
  engine.close();
  await server.closed();
});

Deno.test("auto engine gives 40 first requests to a server with HTTP/1.1 a connection each", async () => {
  let requests = 0;
  let answer = (): void => {};
  const all = new Promise<void>((resolve) => answer = resolve);
  await using server = await WildServer.start(async (peer) => {
    while (await peer.request() !== undefined) {
      if (++requests === 40) answer();
      await all;
      await peer.send(ok());
    }
  }, { ...SERVER, ALPNProtocols: ["http/1.1"] });
  const engine = await open({ concurrency: 40 });
  const hits = Array.from({ length: 40 }, () => makeRequest(engine, target(server.url())));
  for (const result of await Promise.all(hits)) assertEquals(told(result), [200, "http1", "1.1"]);
  assertEquals(server.connections, 40);
  engine.close();
  await server.closed();
});

Deno.test("auto engine follows a server that has another version on each connection", async () => {
  let nth = 0;
  await using server = await WildServer.start(async (peer) => {
    if (peer.protocol !== "h2") {
      if (await peer.request() !== undefined) await peer.send(ok());
      return peer.end();
    }
    await peer.send(settings());
    const http2 = new Http2Peer(peer);
    const next = await http2.request();
    if (next !== undefined) await http2.send(response(next.id));
    http2.end();
  }, {
    ...SERVER,
    ALPNCallback: ({ protocols }) => nth++ % 2 === 0 ? protocols[0] : protocols.at(-1),
  });
  const engine = await open({ concurrency: 1 });
  const versions = new Set<string | null>();
  for (let k = 0; k < 8; k++) {
    const { status, version, detail } = await makeRequest(engine, target(server.url()));
    assertEquals(status, 200, detail);
    versions.add(version);
    await server.closed();
  }
  assertEquals([...versions].sort(), ["1.1", "2"]);
  assertEquals(engine.name, "http1+http2");
  engine.close();
});

Deno.test("auto engine uses http1 for http", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const engine = await open();
  assertEquals(engine.name, "http1");
  assertEquals(told(await makeRequest(engine, target(server.url()))), [200, "http1", "1.1"]);
  assertEquals((await makeRequest(engine, target("nonsense"))).error, "url");
  engine.cancel();
  assertEquals((await makeRequest(engine, target(server.url()))).error, "cancelled");
  engine.close();
});

Deno.test("http1 engine offers no HTTP/2, and http2 engine takes nothing else", async () => {
  const offers: string[][] = [];
  await using server = await WildServer.start(async (peer) => {
    if (await peer.request() !== undefined) await peer.send(ok());
  }, {
    ...SERVER,
    ALPNCallback: ({ protocols }) => {
      offers.push(protocols);
      return protocols.includes("http/1.1") ? "http/1.1" : undefined;
    },
  });
  const options = { tls: { ca: AUTHORITY, insecure: false } };
  const http1 = await openEngine("http1", options);
  assertEquals(told(await makeRequest(http1, target(server.url()))), [200, "http1", "1.1"]);
  assertEquals(offers, [["http/1.1"]]);
  http1.close();
  const http2 = await openEngine("http2", options);
  const { status, error } = await makeRequest(http2, target(server.url()));
  assertEquals([status, error], [null, "protocol"]);
  assert(offers.slice(1).every((offer) => offer[0] === "h2"));
  http2.close();
});
