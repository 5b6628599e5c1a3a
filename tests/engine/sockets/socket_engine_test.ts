import { assert, assertEquals } from "@std/assert";
import net from "node:net";
import { SocketEngine } from "../../../lib/engine/sockets/socket_engine.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import type { EngineOptions } from "../../../lib/engine/options.ts";
import type { Result } from "../../../lib/result.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { ok, RawServer } from "../../fixtures/raw_server.ts";
import { target } from "../../fixtures/target.ts";
import { until } from "../../fixtures/until.ts";

// What both engines do is in engine_test.ts; here is what only this one promises.

function create(options: Partial<EngineOptions> = {}): SocketEngine {
  return new SocketEngine(
    {
      concurrency: 10,
      timeoutMs: 10_000,
      redirects: 10,
      maxBodyBytes: 1 << 20,
      ...options,
    },
    "http1",
    new PortableTransports(),
  );
}

/** Asks twice, and tells over how many connections. */
async function askTwice(answer: string): Promise<{ results: Result[]; connections: number }> {
  await using server = await RawServer.start(({ send }) => send(answer));
  const engine = create();
  const first = await makeRequest(engine, target(server.url("/1")));
  const second = await makeRequest(engine, target(server.url("/2")));
  engine.close();
  return { results: [first, second], connections: server.connections };
}

for (
  const [what, answer, connections] of [
    ["ended exactly", ok("ab"), 1],
    [
      "was chunked and ended exactly",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
      1,
    ],
    ["says close", ok("ab", "Connection: close\r\n"), 2],
    ["is of HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", 2],
    [
      "is of HTTP/1.0 and says keep-alive",
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
      1,
    ],
    ["has something behind it", ok("ab") + "HTTP/1.1 500 Poison\r\nContent-Length: 0\r\n\r\n", 2],
    [
      "has a length and a coding",
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
      2,
    ],
  ] as [string, string, number][]
) {
  Deno.test(`http1 engine uses ${connections} connection(s) when the response ${what}`, async () => {
    const { results, connections: used } = await askTwice(answer);
    assertEquals(results.map(({ status, size }) => [status, size]), [[200, 2], [200, 2]]);
    assertEquals(used, connections);
  });
}

Deno.test("http1 engine closes a connection that gets bytes while it idles", async () => {
  let poison = (): void => {};
  await using server = await RawServer.start(({ send, nth }) => {
    send(ok("first"));
    if (nth === 1) poison = () => send("HTTP/1.1 500 Poison\r\nContent-Length: 0\r\n\r\n");
  });
  const engine = create();
  assertEquals((await makeRequest(engine, target(server.url()))).status, 200);
  poison();
  await until(() => server.open === 0);
  assertEquals((await makeRequest(engine, target(server.url()))).status, 200);
  assertEquals(server.connections, 2);
  engine.close();
});

Deno.test("http1 engine ignores a response that comes before the request", async () => {
  // Sent at once when the connection is there: whether before or after the request has left,
  // nothing of it may answer the second request.
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.resume();
    socket.write(
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 201 X\r\nContent-Length: 1\r\n\r\nb",
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  const engine = create({ concurrency: 1 });
  for (let i = 0; i < 20; i++) {
    const { status, error } = await makeRequest(engine, target(`http://127.0.0.1:${port}/`));
    assert(status === 200 || (status === null && error === "reset"), `${status} ${error}`);
  }
  engine.close();
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("http1 engine resends idempotent requests once, and fails when that dies too", async () => {
  await using server = await RawServer.start(({ nth, send, end, request }) =>
    nth === 1 && !request.startsWith("GET /dead") ? send(ok()) : end()
  );
  const engine = create();
  assertEquals((await makeRequest(engine, target(server.url("/1")))).status, 200);
  // The reused connection is dead, and the fresh one dies as well.
  const result = await makeRequest(engine, target(server.url("/dead")));
  assertEquals([result.status, result.error], [null, "reset"]);
  assertEquals(server.requests.filter((request) => request.startsWith("GET /dead")).length, 2);
  engine.close();
});

Deno.test("http1 engine does not resend once a byte of the response has come", async () => {
  await using server = await RawServer.start(({ nth, send, end }) => {
    if (nth === 1) return send(ok());
    send("H");
    end();
  });
  const engine = create();
  await makeRequest(engine, target(server.url("/1")));
  assertEquals((await makeRequest(engine, target(server.url("/2")))).error, "reset");
  assertEquals(server.requests.length, 2);
  engine.close();
});

Deno.test("http1 engine has at most its concurrency of connections to many origins", async () => {
  const servers = await Promise.all(
    Array.from({ length: 12 }, () => RawServer.start(({ send }) => send(ok()))),
  );
  const engine = create({ concurrency: 4 });
  let most = 0;
  for (let i = 0; i < 60; i += 4) {
    const batch = servers.slice(i % 12, i % 12 + 4);
    const results = await Promise.all(
      batch.map((server) => makeRequest(engine, target(server.url()))),
    );
    assert(results.every(({ status }) => status === 200));
    await until(() => servers.reduce((sum, server) => sum + server.open, 0) <= 4);
    most = Math.max(most, servers.reduce((sum, server) => sum + server.open, 0));
  }
  assertEquals(most, 4);
  engine.close();
  for (const server of servers) await server[Symbol.asyncDispose]();
});

Deno.test("http1 engine gives the origin of the request, not that of its redirect", async () => {
  await using other = await RawServer.start(({ send }) => send(ok("there")));
  const moved = `HTTP/1.1 302 X\r\nLocation: ${other.url("/")}\r\nContent-Length: 0\r\n\r\n`;
  await using server = await RawServer.start(({ send }) => send(moved));
  const engine = create();
  const result = await makeRequest(engine, target(server.url("/x")));
  assertEquals([result.size, result.origin], [5, new URL(server.url("/")).origin]);
  engine.close();
});

Deno.test("http1 engine shares connections evenly among 2,000 requests", async () => {
  const held: (() => void)[] = [];
  await using server = await RawServer.start(({ send }) => void held.push(() => send(ok())));
  const engine = create({ concurrency: 2_000, timeoutMs: 60_000 });
  const hits = Array.from(
    { length: 2_000 },
    (_, i) => makeRequest(engine, target(server.url(`/${i}`))),
  );
  await until(() => held.length === 2_000);
  for (const answer of held) answer();
  assert((await Promise.all(hits)).every(({ status }) => status === 200));
  engine.close();
});

Deno.test("http1 engine finds the address of localhost that accepts", async () => {
  for (const hostname of ["127.0.0.1", "::1"]) {
    await using server = await RawServer.start(({ send }) => send(ok()), hostname);
    const engine = create();
    for (let i = 0; i < 3; i++) {
      const result = await makeRequest(engine, target(`http://localhost:${server.port}/`));
      assertEquals(result.status, 200, result.detail);
    }
    engine.close();
  }
});

for (
  const [what, answer] of [
    ["drips a head", ["HTTP/1.1 200 OK\r\n", "X"]],
    ["drips chunks", ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n"]],
    ["drips chunk sizes", ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0"]],
    ["floods with interim responses", ["", "HTTP/1.1 100 Continue\r\n\r\n"]],
    ["floods with fields", ["HTTP/1.1 200 OK\r\n", "X: y\r\n"]],
    ["floods with trailers", [
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
      "X: y\r\n",
    ]],
    ["floods with nothing", ["", "\r\n"]],
  ] as [string, [string, string]][]
) {
  Deno.test(`http1 engine settles and closes its connection when the server ${what}`, async () => {
    await using server = await RawServer.start(({ send, flood }) => {
      send(answer[0]);
      flood(answer[1]);
    });
    const engine = create({ timeoutMs: 2_000, maxBodyBytes: 100_000 });
    const result = await makeRequest(engine, target(server.url()));
    assertEquals(result.status, null);
    assert(["protocol", "body", "timeout"].includes(result.error!), result.error);
    await until(() => server.open === 0);
    engine.close();
  });
}

Deno.test("http1 engine drops a waiting request when its time is up", async () => {
  await using server = await RawServer.start(() => {});
  // More than can be connecting at once: most of them wait.
  const engine = create({ concurrency: 200, timeoutMs: 100 });
  const results = await Promise.all(
    Array.from({ length: 200 }, () => makeRequest(engine, target(server.url()))),
  );
  assert(results.every(({ error }) => error === "timeout"));
  await until(() => server.open === 0);
  engine.close();
});
