import { assert, assertEquals } from "@std/assert";
import type { EngineOptions } from "../../../lib/engine/options.ts";
import type { Versions } from "../../../lib/engine/sockets/connection_pool.ts";
import { SocketEngine } from "../../../lib/engine/sockets/socket_engine.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import type { Result } from "../../../lib/result.ts";
import type { Target } from "../../../lib/target.ts";
import { ENGINE_OPTIONS } from "../../fixtures/engine_options.ts";
import { CODE, goAway, response, SETTING, settings, TYPE } from "../../fixtures/http2_frames.ts";
import { Http2Peer, type Http2Request, startScript } from "../../fixtures/http2_script.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { ok, refusedPort } from "../../fixtures/raw_server.ts";
import { target } from "../../fixtures/target.ts";
import { AUTHORITY, SERVER } from "../../fixtures/tls_server.ts";
import { until } from "../../fixtures/until.ts";
import { tick, WildServer } from "../../fixtures/wild_server.ts";

// Which connection a request gets from a server that speaks HTTP/2, and when it is sent again.

const HTTP2 = { ...SERVER, ALPNProtocols: ["h2"] };

function create(options: Partial<EngineOptions> = {}, versions: Versions = "auto"): SocketEngine {
  const tls = { ca: AUTHORITY, insecure: false };
  return new SocketEngine(
    { ...ENGINE_OPTIONS, tls, ...options },
    versions,
    new PortableTransports(),
  );
}

/** What a server does with a request. */
type Respond = (request: Http2Request, peer: Http2Peer, nth: number) => unknown;

/** Starts a server over TLS that responds so. @param streams the streams that it allows */
function serve(respond: Respond, streams?: number): Promise<WildServer> {
  const values = streams === undefined ? [] : [[SETTING.maxConcurrentStreams, streams] as const];
  return startScript(async (peer) => {
    for (let nth = 1;; nth++) {
      const request = await peer.request();
      if (request === undefined) return;
      respond(request, peer, nth);
    }
  }, { opening: settings(...values), secure: HTTP2 });
}

const accept: Respond = ({ id }, peer) => void peer.send(response(id));

/** Makes so many requests, at most `concurrency` at once. */
async function hit(
  engine: SocketEngine,
  count: number,
  concurrency: number,
  targetOf: (i: number) => Target,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      results[i] = await makeRequest(engine, targetOf(i));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return results;
}

/** The statuses and errors of results, and how many have each. */
function countOutcomes(results: readonly Result[]): Record<string, number> {
  const outcomes: Record<string, number> = {};
  for (const { status, error, detail } of results) {
    const outcome = status === null ? `${error}: ${detail}` : String(status);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

Deno.test("ConnectionPool makes one handshake for 400 first requests", async () => {
  await using server = await serve(accept);
  const engine = create({ concurrency: 400 });
  const results = await hit(engine, 400, 400, (i) => target(server.url(`/${i}`)));
  assertEquals(countOutcomes(results), { 200: 400 });
  assertEquals(server.connections, 1);
  assertEquals(results.filter(({ isReused }) => !isReused).length, 1);
  assert(
    results.every(({ engine, version, attempts }) =>
      engine === "http2" && version === "2" && attempts === 1
    ),
  );
  assertEquals([engine.name, engine.transport], ["http2", "portable"]);
  engine.close();
});

Deno.test("ConnectionPool sends at most 100 requests, and connects no more, before SETTINGS", async () => {
  let asked = 0;
  const released = Promise.withResolvers<void>();
  await using server = await startScript(async (peer) => {
    const ids: number[] = [];
    const respondAll = (): Promise<void> =>
      peer.send(ids.splice(0).map((id) => response(id)).join(""));
    let hasSettings = false;
    void released.promise.then(() => {
      hasSettings = true;
      return peer.send(settings()).then(respondAll);
    });
    for (let next = await peer.frame(); next !== undefined; next = await peer.frame()) {
      if (next.type !== TYPE.headers) continue;
      asked++;
      ids.push(next.id);
      if (hasSettings) await respondAll();
    }
  }, { opening: "", secure: HTTP2 });
  const engine = create({ concurrency: 400 });
  const hits = hit(engine, 400, 400, (i) => target(server.url(`/${i}`)));
  await until(() => asked >= 100);
  assertEquals([asked, server.connections], [100, 1]);
  released.resolve();
  assertEquals(countOutcomes(await hits), { 200: 400 });
  assertEquals([asked, server.connections], [400, 1]);
  engine.close();
});

for (
  const [what, options, streams, most, connections] of [
    ["the server's limit", {}, 20, 20, 5],
    ["--streams", { streams: 25 }, 100, 25, 4],
    ["--streams above the server's limit", { streams: 200 }, 50, 50, 2],
    ["--connections", { connections: 3 }, 100, 34, 3],
    ["--connections and --streams", { connections: 2, streams: 5 }, 100, 5, 2],
  ] as [string, Partial<EngineOptions>, number, number, number][]
) {
  Deno.test(`ConnectionPool opens ${connections} connections for 100 requests with ${what}`, async () => {
    let isFirst = true;
    const inFlight = new Map<Http2Peer, Http2Request[]>();
    const highest = new Map<Http2Peer, number>();
    await using server = await serve((request, peer) => {
      // The first one shows that SETTINGS have come.
      if (isFirst) {
        isFirst = false;
        return accept(request, peer, 1);
      }
      const open = inFlight.get(peer) ?? [];
      open.push(request);
      inFlight.set(peer, open);
      highest.set(peer, Math.max(open.length, highest.get(peer) ?? 0));
    }, streams);
    const engine = create({ concurrency: 100, ...options });
    await makeRequest(engine, target(server.url()));
    const hits = hit(engine, 100, 100, (i) => target(server.url(`/${i}`)));
    const countOpen = (): number => sum([...inFlight.values()].map(({ length }) => length));
    await until(() => countOpen() === Math.min(100, most * connections));
    for (let left = 100; left > 0;) {
      await until(() => countOpen() > 0);
      for (const [peer, open] of inFlight) {
        left -= open.length;
        await peer.send(open.splice(0).map(({ id }) => response(id)).join(""));
      }
    }
    assertEquals(countOutcomes(await hits), { 200: 100 });
    assertEquals([server.connections, Math.max(...highest.values())], [connections, most]);
    engine.close();
  });
}

Deno.test("ConnectionPool gives a connection as many requests as the server ended the last one after", async () => {
  await using server = await serve(async ({ id }, peer, nth) => {
    if (nth === 10) await peer.send(goAway(id, CODE.noError) + response(id));
    if (nth < 10) await peer.send(response(id));
    // What comes later was sent in vain.
    if (nth === 10) peer.end();
  });
  const engine = create({ concurrency: 5 });
  const results = await hit(
    engine,
    200,
    5,
    (i) => target(server.url(`/${i}`), { method: "POST", body: new TextEncoder().encode("x") }),
  );
  assertEquals(countOutcomes(results), { 200: 200 });
  const inVain = sum(results.map(({ attempts }) => attempts - 1));
  assert(inVain < 10, `${inVain} were sent in vain`);
  engine.close();
});

Deno.test("ConnectionPool has the next connection before the last one has had its requests", async () => {
  const servers: WildServer[] = [];
  const peers = new Set<Http2Peer>();
  await using server = await serve(async ({ id }, peer, nth) => {
    peers.add(peer);
    // The first connection takes 100 requests, and is sent another one in vain.
    if (peers.size === 1 && nth === 100) return;
    if (peers.size === 1 && nth === 101) {
      return void peer.send(goAway(id - 2, CODE.noError) + response(id - 2));
    }
    // The rest of the second one waits for the third.
    if (peers.size === 2 && nth > 60) await until(() => servers[0].connections === 3);
    await peer.send((nth === 100 ? goAway(id, CODE.noError) : "") + response(id));
  });
  servers.push(server);
  const engine = create({ concurrency: 2 });
  const results = await hit(engine, 300, 2, (i) => target(server.url(`/${i}`)));
  assertEquals(countOutcomes(results), { 200: 300 });
  engine.close();
});

Deno.test("ConnectionPool stops to count requests when the server does not end a connection", async () => {
  let isFirst = true;
  await using server = await serve(async ({ id }, peer, nth) => {
    // As one that is about to end: the number is chance.
    if (isFirst && nth === 3) {
      isFirst = false;
      await peer.send(goAway(id, CODE.noError));
    }
    await peer.send(response(id));
  });
  const engine = create({ concurrency: 1 });
  const results = await hit(engine, 100, 1, (i) => target(server.url(`/${i}`)));
  assertEquals(countOutcomes(results), { 200: 100 });
  assert(server.connections <= 4, `${server.connections} connections`);
  engine.close();
});

const BAD = "/bad";

/** Servers that end the whole connection for one request. */
const ENDERS: Record<string, Respond> = {
  "and names it as the last stream": async ({ id }, peer) => {
    await peer.send(goAway(id, CODE.enhanceYourCalm));
    peer.end();
  },
  "and names the one before as the last stream": async ({ id }, peer) => {
    await peer.send(goAway(id - 2, CODE.protocolError));
    peer.end();
  },
  "without a word": (_request, peer) => peer.end(),
};

for (const [how, endAll] of Object.entries(ENDERS)) {
  Deno.test(`199 of 200 requests succeed when one ends the connection ${how}`, async () => {
    const held = new Map<Http2Peer, string[]>();
    await using server = await serve((request, peer, nth) => {
      if (request.path === BAD) return endAll(request, peer, nth);
      // Responses come late, so that the bad one takes others with it if it can.
      const responses = held.get(peer) ?? [];
      held.set(peer, responses);
      responses.push(response(request.id));
      void tick().then(() => peer.send(responses.splice(0).join("")));
    }, 100);
    const engine = create({ concurrency: 20 });
    const results = await hit(engine, 200, 20, (i) => target(server.url(i === 77 ? BAD : `/${i}`)));
    const failed = results.filter(({ status }) => status === null);
    assertEquals(failed.map(({ target: { url } }) => new URL(url).pathname), [BAD]);
    assert(["reset", "protocol"].includes(failed[0].error!), failed[0].detail);
    // At first it shared a connection with others, then it was alone.
    assert(failed[0].attempts >= 2 && failed[0].attempts <= 4, `${failed[0].attempts} attempts`);
    engine.close();
  });
}

Deno.test("a request with large fields goes alone at first, and others are sent once", async () => {
  const pathsOf = new Map<Http2Peer, string[]>();
  await using server = await serve((request, peer, nth) => {
    const paths = pathsOf.get(peer) ?? [];
    pathsOf.set(peer, paths);
    paths.push(request.path);
    const bytes = sum(request.fields.map(([name, value]) => name.length + value.length));
    if (bytes > 8_000) return ENDERS["and names it as the last stream"](request, peer, nth);
    return accept(request, peer, nth);
  }, 100);
  const engine = create({ concurrency: 20 });
  const large: Target["headers"] = [["X-Large", "x".repeat(10_000)]];
  const results = await hit(
    engine,
    200,
    20,
    (i) =>
      i === 77
        ? target(server.url(BAD), { headers: large })
        : target(server.url(`/${i}`), { method: "POST" }),
  );
  const failed = results.filter(({ status }) => status === null);
  assertEquals(failed.map(({ target: { url } }) => new URL(url).pathname), [BAD]);
  assert(results.every((result) => result.attempts === 1 || result === failed[0]));
  for (const paths of pathsOf.values()) assert(!paths.includes(BAD) || paths.length === 1);
  engine.close();
});

Deno.test("requests with large fields share a connection once the server has taken some", async () => {
  await using server = await serve(accept);
  const engine = create({ concurrency: 10 });
  const headers: Target["headers"] = [["X-Large", "x".repeat(6_000)]];
  const ask = (i: number): Target => target(server.url(`/${i}`), { headers });
  await makeRequest(engine, ask(0));
  await makeRequest(engine, ask(1));
  const before = server.connections;
  assertEquals(countOutcomes(await hit(engine, 100, 10, ask)), { 200: 100 });
  assertEquals([before, server.connections], [2, 2]);
  engine.close();
});

Deno.test("a request that turns out to go alone takes a connection that is there for it", async () => {
  await using server = await serve(async ({ id, path }, peer) => {
    await peer.send(response(id));
    if (path === "/end") peer.end();
  });
  const engine = create();
  const headers: Target["headers"] = [["X-Large", "x".repeat(6_000)]];
  const large = target(server.url("/large"), { headers });
  for (const next of [target(server.url()), large, target(server.url("/end"))]) {
    assertEquals((await makeRequest(engine, next)).status, 200);
  }
  await until(() => server.open === 1);
  // Whether the server speaks HTTP/2 has to be found out again.
  const { status, isReused } = await makeRequest(engine, large);
  assertEquals([status, isReused, server.connections], [200, true, 3]);
  engine.close();
});

for (
  const [what, method, sent, outcome, end] of [
    ["does not send a POST twice that may have been processed", "POST", 1, "reset", "end"],
    ["sends a GET again that may have been processed", "GET", 3, "reset", "end"],
    ["sends a POST again that was not processed", "POST", 2, undefined, "below"],
  ] as const
) {
  Deno.test(`http2 engine ${what}`, async () => {
    let asked = 0;
    let isFirst = true;
    await using server = await serve(async (request, peer, nth) => {
      // A response shows that the server works.
      if (request.path === "/first") return accept(request, peer, nth);
      asked++;
      if (end === "below" && !isFirst) return accept(request, peer, nth);
      isFirst = false;
      if (end === "below") await peer.send(goAway(request.id - 2, CODE.noError));
      peer.end();
    });
    const engine = create();
    assertEquals((await makeRequest(engine, target(server.url("/first")))).status, 200);
    const body = new TextEncoder().encode("x=1");
    const more = method === "POST" ? { method, body } : {};
    const { error, attempts, detail } = await makeRequest(engine, target(server.url("/x"), more));
    assertEquals([error, attempts, asked], [outcome, sent, sent], detail);
    engine.close();
  });
}

Deno.test("http2 engine gives up one request, and the others on its connection go on", async () => {
  await using server = await serve((request, peer, nth) => {
    if (request.path !== "/silent") return accept(request, peer, nth);
  });
  const engine = create({ timeoutMs: 500 });
  const silent = makeRequest(engine, target(server.url("/silent")));
  let isOver = false;
  void silent.then(() => isOver = true);
  let made = 0;
  while (!isOver) {
    assertEquals((await makeRequest(engine, target(server.url(`/${made++}`)))).status, 200);
  }
  assertEquals((await silent).error, "timeout");
  assertEquals((await makeRequest(engine, target(server.url("/after")))).status, 200);
  assertEquals(server.connections, 1);
  engine.close();
});

Deno.test("http2 engine cancels one request that nothing came for, and keeps its connection", async () => {
  let silent = 0;
  await using server = await serve((request, peer, nth) => {
    if (request.path === "/silent") silent++;
    else accept(request, peer, nth);
  });
  const engine = create();
  assertEquals((await makeRequest(engine, target(server.url("/first")))).status, 200);
  const cancelled = makeRequest(engine, target(server.url("/silent"), { i: 7 }));
  await until(() => silent === 1);
  engine.cancelOne(7);
  assertEquals((await cancelled).error, "cancelled");
  assertEquals((await makeRequest(engine, target(server.url("/after")))).status, 200);
  assertEquals(server.connections, 1);
  engine.close();
});

Deno.test("requests end in time at a server that allows no streams", async () => {
  await using server = await serve(() => {}, 0);
  for (const connections of [undefined, 1]) {
    const engine = create({ timeoutMs: 200, concurrency: 3, connections });
    const results = await hit(engine, 9, 3, (i) => target(server.url(`/${i}`)));
    assertEquals(countOutcomes(results), { "timeout: no complete response within 200 ms": 9 });
    engine.close();
  }
  // None of them had to be closed for requests to end.
  assertEquals(server.connections, 2);
});

Deno.test("a server that ends connections at first, and takes requests later, answers all of them", async () => {
  let isOpen = false;
  await using server = await WildServer.start(async (peer) => {
    await peer.send(settings([SETTING.maxConcurrentStreams, isOpen ? 100 : 0]));
    const http2 = new Http2Peer(peer);
    if (isOpen) {
      for (let next = await http2.request(); next !== undefined; next = await http2.request()) {
        await http2.send(response(next.id));
      }
    }
    await peer.send(goAway(0, CODE.noError));
    peer.end();
  }, HTTP2);
  const engine = create({ concurrency: 50 });
  const hits = hit(engine, 50, 50, (i) => target(server.url(`/${i}`)));
  await until(() => server.connections === 3);
  isOpen = true;
  assertEquals(countOutcomes(await hits), { 200: 50 });
  assert(server.connections <= 6, `${server.connections} connections`);
  engine.close();
});

Deno.test("a server that ends connections without taking a request gets few, and requests end in time", async () => {
  await using server = await startScript(async (peer) => {
    await peer.send(goAway(0, CODE.noError));
    peer.end();
  }, { opening: settings([SETTING.maxConcurrentStreams, 0]), secure: HTTP2 });
  const engine = create({ timeoutMs: 300, concurrency: 3 });
  const results = await hit(engine, 9, 3, (i) => target(server.url(`/${i}`)));
  assertEquals(countOutcomes(results), { "timeout: no complete response within 300 ms": 9 });
  assert(server.connections <= 20, `${server.connections} connections`);
  engine.close();
});

Deno.test("no request fails because a server with open connections takes no further one", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: await refusedPort() });
  const url = `http://127.0.0.1:${listener.addr.port}/`;
  await using server = await startScript(async (peer) => {
    for (let next = await peer.request(); next !== undefined; next = await peer.request()) {
      await peer.send(response(next.id));
    }
  }, { opening: settings([SETTING.maxConcurrentStreams, 2]) });
  // The way to the server lets one connection through.
  const way = listener.accept().then(async (client) => {
    listener.close();
    const to = await Deno.connect({ port: Number(new URL(server.url()).port) });
    await Promise.allSettled([
      client.readable.pipeTo(to.writable),
      to.readable.pipeTo(client.writable),
    ]);
  });
  const engine = create({ concurrency: 10 }, "http2");
  const results = await hit(engine, 100, 10, () => target(url));
  assertEquals(countOutcomes(results), { 200: 100 });
  engine.close();
  await way;
});

/** A server that agrees to h2 on some connections and to http/1.1 on others. */
function serveBoth(agreeTo: (nth: number) => "h2" | "http/1.1"): Promise<WildServer> {
  let nth = 0;
  return WildServer.start(async (peer) => {
    if (peer.protocol === "h2") {
      const http2 = new Http2Peer(peer);
      await peer.send(settings());
      const request = await http2.request();
      if (request === undefined) return;
      await peer.send(goAway(request.id, CODE.noError) + response(request.id));
      return peer.end();
    }
    if (await peer.request() === undefined) return;
    await peer.send(ok("ok", "Connection: close\r\n"));
    peer.end();
  }, { ...SERVER, ALPNCallback: () => agreeTo(++nth) });
}

Deno.test("auto engine follows a server that agrees to another protocol each time", async () => {
  await using server = await serveBoth((nth) => nth % 3 === 0 ? "http/1.1" : "h2");
  const engine = create({ concurrency: 8 });
  const results = await hit(engine, 60, 8, (i) => target(server.url(`/${i}`)));
  assertEquals(countOutcomes(results), { 200: 60 });
  assertEquals(engine.name, "http1+http2");
  assertEquals(new Set(results.map(({ version }) => version)), new Set(["1.1", "2"]));
  engine.close();
});

Deno.test("auto engine takes http1 for http, and for https what the server agrees to", async () => {
  const script = async (peer: Parameters<Parameters<typeof WildServer.start>[0]>[0]) => {
    while (await peer.request() !== undefined) await peer.send(ok());
  };
  await using plain = await WildServer.start(script);
  await using old = await WildServer.start(script, { ...SERVER, ALPNProtocols: ["http/1.1"] });
  await using deaf = await WildServer.start(script, SERVER);
  await using server = await serve(accept);
  const engine = create();
  assertEquals(engine.name, "http1");
  for (
    const [url, name, version, all] of [
      [server.url(), "http2", "2", "http2"],
      [old.url(), "http1", "1.1", "http1+http2"],
      [deaf.url(), "http1", "1.1", "http1+http2"],
      [plain.url(), "http1", "1.1", "http1+http2"],
    ]
  ) {
    const result = await makeRequest(engine, target(url));
    assertEquals(
      [result.status, result.engine, result.version],
      [200, name, version],
      result.detail,
    );
    assertEquals(engine.name, all);
  }
  engine.cancel();
  assertEquals((await makeRequest(engine, target(server.url()))).error, "cancelled");
  engine.close();
});

Deno.test("auto engine names no engine for a request without a connection", async () => {
  await using server = await serve(accept);
  const engine = create();
  const refused = target(`https://localhost:${await refusedPort()}/`);
  assertEquals((await makeRequest(engine, target(server.url()))).status, 200);
  assertEquals((await makeRequest(engine, refused)).error, "refused");
  assertEquals(engine.name, "http2");
  engine.close();
});

Deno.test("auto engine connects to ports that native fetch refuses", async () => {
  const engine = create();
  for (const url of ["https://127.0.0.1:6000/", "https://127.0.0.1:06000", "HTTPS://[::1]:6000?"]) {
    const { engine: name, error, attempts } = await makeRequest(engine, target(url));
    assertEquals([name, attempts, error === "url"], ["http1", 1, false]);
  }
  engine.close();
});

Deno.test("http1 engine never offers h2", async () => {
  await using server = await serve(accept);
  await using both = await serveBoth(() => "http/1.1");
  const engine = create({}, "http1");
  assertEquals((await makeRequest(engine, target(server.url()))).error, "tls");
  assertEquals((await makeRequest(engine, target(both.url()))).version, "1.1");
  engine.close();
});

for (
  const [how, outcome] of [
    [
      "refuses other protocols in the handshake",
      "tls: the server does not agree to HTTP/1.1: leave --http1.1 or --engine http1 out",
    ],
    [
      "closes other connections",
      "reset: the server closed the connection: " +
      "if it speaks HTTP/2 alone, leave --http1.1 or --engine http1 out",
    ],
  ] as const
) {
  Deno.test(`http1 engine advises against itself when a server of HTTP/2 ${how}`, async () => {
    const offers = how.startsWith("refuses") ? ["h2"] : undefined;
    await using server = await WildServer.start(async (peer) => {
      await peer.request();
      peer.end();
    }, { ...SERVER, ALPNProtocols: offers });
    const engine = create({}, "http1");
    const results = await hit(engine, 5, 5, () => target(server.url()));
    assertEquals(countOutcomes(results), { [outcome]: 5 });
    engine.close();
    // What was not tried is not advised against.
    const other = create();
    const { detail } = await makeRequest(other, target(server.url()));
    assert(!/leave/.test(detail!), detail);
    other.close();
  });
}

Deno.test("http1 engine advises nothing when a connection ends after a response", async () => {
  await using server = await WildServer.start(async (peer) => {
    await peer.request();
    await peer.send(ok());
    await peer.request();
    peer.end();
  }, SERVER);
  const engine = create({}, "http1");
  const post = () => target(server.url(), { method: "POST" });
  assertEquals((await makeRequest(engine, post())).status, 200);
  assertEquals((await makeRequest(engine, post())).detail, "the server closed the connection");
  engine.close();
});

Deno.test("http2 engine says that a server does not speak HTTP/2", async () => {
  const script = async (peer: Parameters<Parameters<typeof WildServer.start>[0]>[0]) => {
    while (await peer.request() !== undefined) await peer.send(ok());
  };
  await using old = await WildServer.start(script, { ...SERVER, ALPNProtocols: ["http/1.1"] });
  await using deaf = await WildServer.start(script, SERVER);
  const engine = create({}, "http2");
  for (const server of [old, deaf]) {
    const results = await hit(engine, 5, 5, () => target(server.url()));
    assertEquals(countOutcomes(results), {
      "protocol: the server does not agree to HTTP/2: leave --http2 or --engine http2 out": 5,
    });
    await until(() => server.open === 0);
  }
  assertEquals(engine.name, "http2");
  engine.close();
});

Deno.test("http2 engine closes idle connections to make room for other origins", async () => {
  const servers = await Promise.all(Array.from({ length: 6 }, () => serve(accept)));
  const open = (): number => sum(servers.map((server) => server.open));
  const engine = create({ concurrency: 2 });
  for (let i = 0; i < 12; i++) {
    assertEquals((await makeRequest(engine, target(servers[i % 6].url()))).status, 200);
    await until(() => open() <= 2);
  }
  engine.close();
  for (const server of servers) await server[Symbol.asyncDispose]();
});

Deno.test("each request fails with an error of its own when nothing can be connected", async () => {
  await using server = await WildServer.start((peer) => peer.end(), HTTP2);
  const { port } = server;
  await server[Symbol.asyncDispose]();
  const engine = create({ concurrency: 100 });
  const results = await hit(engine, 100, 100, () => target(`https://127.0.0.1:${port}/`));
  assertEquals(countOutcomes(results), { "refused: connection refused": 100 });
  engine.close();
});
