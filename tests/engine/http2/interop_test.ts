import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Engine } from "../../../lib/engine/engine.ts";
import type { EngineName } from "../../../lib/engine/engines.ts";
import type { EngineOptions } from "../../../lib/engine/options.ts";
import type { Result } from "../../../lib/result.ts";
import type { Target } from "../../../lib/target.ts";
import { FrameRelay } from "../../fixtures/frame_relay.ts";
import {
  HTTP_SERVERS,
  HttpServer,
  type HttpServerName,
  isHttpServerInstalled,
  offers,
} from "../../fixtures/http_servers.ts";
import { openEngine } from "../../fixtures/open_engine.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { target } from "../../fixtures/target.ts";
import { AUTHORITY } from "../../fixtures/tls_server.ts";

// Real servers, each at its default limits. `MYRIAD_TEST_LONG=1` makes a million POSTs to nginx.

const POSTS = Deno.env.get("MYRIAD_TEST_LONG") === undefined ? 10_000 : 1_000_000;
/** More than nginx, Apache and lighttpd answer on one connection. */
const RESPONSES = 2_500;
const IN_FLIGHT = 100;
const LARGE_BYTES = 10_000_000;

/** Both kinds of sockets. The second are native ones where this machine has them. */
const TRANSPORTS = ["portable", "auto"] as const;

/** A body of `/received/100`. */
const BODY = new Uint8Array(100).fill(0x62);
const POST: Partial<Target> = { method: "POST", body: BODY };

function open(name: EngineName, options: Partial<EngineOptions> = {}): Promise<Engine> {
  return openEngine(name, {
    concurrency: IN_FLIGHT,
    // More than a loaded machine ever needs.
    timeoutMs: 60_000,
    maxBodyBytes: 2 * LARGE_BYTES,
    tls: { ca: AUTHORITY, insecure: false },
    ...options,
  });
}

/** Starts requests, so many at a time, until there are none left. @returns how often each has ended */
async function hitAll(
  engine: Engine,
  inFlight: number,
  next: () => Target | undefined,
  onResult: (result: Result) => void,
): Promise<Uint8Array> {
  const ends = new Uint8Array(2 ** 20);
  await new Promise<void>((resolve) => {
    let busy = 0;
    const start = (): void => {
      const target = next();
      if (target === undefined) {
        if (busy === 0) resolve();
        return;
      }
      busy++;
      engine.start(target, (result) => {
        ends[target.i]++;
        onResult(result);
        busy--;
        start();
      });
    };
    for (let k = 0; k < inFlight; k++) start();
  });
  return ends;
}

/** How a proxy answers if what is behind it is away (RFC 9110 §15.6.3 to §15.6.5). */
const GATEWAY_STATUSES = [502, 503, 504];

/** Makes numbered requests. @returns how many had which outcome */
async function count(
  engine: Engine,
  total: number,
  toTarget: (i: number) => Target,
): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  let i = 0;
  const ends = await hitAll(engine, IN_FLIGHT, () => i < total ? toTarget(i++) : undefined, (r) => {
    const outcome = r.error === undefined ? `${r.status} ${r.size}` : `${r.error} ${r.detail}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  });
  assertEquals([ends.slice(0, total).every((times) => times === 1), i], [true, total]);
  return outcomes;
}

/** Throws unless a server has processed each of so many requests, none of them twice. */
function assertOnce(processed: ReadonlyMap<number, number>, total: number): void {
  assertEquals([...processed.values()].filter((times) => times !== 1), []);
  assertEquals(processed.size, total);
}

async function outcome(engine: Engine, url: string, more?: Partial<Target>): Promise<unknown[]> {
  const { status, error, detail, size } = await makeRequest(engine, target(url, more));
  return [status ?? `${error}: ${detail}`, size];
}

/** What a server of {@linkcode HTTP_SERVERS} is asked for, and gives. */
async function ask(name: HttpServerName, engine: Engine, url: (path: string) => string) {
  const of = (path: string, more?: Partial<Target>) => outcome(engine, url(path), more);
  assertEquals(await of("/n/13"), [200, 13]);
  assertEquals(await of(`/n/${LARGE_BYTES}`), [200, LARGE_BYTES]);
  assertEquals((await of("/nothing"))[0], 404);
  if (offers(name, "head")) {
    assertEquals(await of("/n/13", { method: "HEAD" }), [200, 0]);
    assertEquals(await of(`/n/${LARGE_BYTES}`, { method: "HEAD" }), [200, 0]);
    // nghttpd 1.52 has a body for that, which is malformed (RFC 9110 §9.3.2).
    if (name !== "nghttpd") assertEquals(await of("/nothing", { method: "HEAD" }), [404, 0]);
  }
  if (offers(name, "status")) {
    assertEquals(await of("/status/204"), [204, 0]);
    assertEquals(await of("/status/304"), [304, 0]);
  }
  if (offers(name, "received")) {
    const body = new Uint8Array(LARGE_BYTES).fill(0x62);
    assertEquals(await of(`/received/${LARGE_BYTES}`, { method: "POST", body }), [201, 1]);
    assertEquals(await of("/received/0", { method: "POST" }), [201, 1]);
  }
  if (offers(name, "trailer")) assertEquals(await of("/chunked/13"), [200, 13]);
  if (offers(name, "hints")) assertEquals(await of("/hints/13"), [200, 13]);
}

for (const name of HTTP_SERVERS) {
  const where = { ignore: !isHttpServerInstalled(name) };

  Deno.test(
    `http2 engine gets each of ${RESPONSES} responses of ${name}, and all it offers`,
    where,
    async () => {
      await using server = await HttpServer.start(name);
      const engine = await open("http2");
      const outcomes = await count(engine, RESPONSES, (i) => {
        const path = i % 4 === 0 ? "/received/100" : "/n/13";
        return target(server.url(`${path}?i=${i}`), { i, ...(i % 4 === 0 ? POST : {}) });
      });
      const posted = name === "nghttpd" ? "200 1" : "201 1";
      assertEquals(outcomes, { "200 13": 3 * RESPONSES / 4, [posted]: RESPONSES / 4 });
      await ask(name, engine, (path) => server.url(path));
      await ask(name, engine, (path) => server.plainUrl(path));
      engine.close();
      assertOnce(await server.stop(RESPONSES), RESPONSES);
    },
  );

  Deno.test(`auto and http1 engine get what ${name} offers`, where, async () => {
    await using server = await HttpServer.start(name);
    const auto = await open("auto");
    assertEquals((await makeRequest(auto, target(server.url("/n/13")))).version, "2");
    await ask(name, auto, (path) => server.url(path));
    auto.close();
    if (!offers(name, "http1")) return;
    const http1 = await open("http1");
    assertEquals((await makeRequest(http1, target(server.url("/n/13")))).version, "1.1");
    await ask(name, http1, (path) => server.url(path));
    const toTarget = (i: number): Target => target(server.url(`/n/13?i=${i}`), { i });
    assertEquals(await count(http1, 1_000, toTarget), { "200 13": 1_000 });
    http1.close();
    assertOnce(await server.stop(1_000), 1_000);
  });

  Deno.test(`http2 engine continues when ${name} was killed and is back`, where, async () => {
    await using server = await HttpServer.start(name);
    const engine = await open("http2");
    const kinds = new Map<string, number>();
    let answered = 0;
    let isOver = false;
    let i = 0;
    let wake = (): void => {};
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) await new Promise<void>((resolve) => wake = resolve);
    };
    const working = hitAll(
      engine,
      IN_FLIGHT,
      () => isOver ? undefined : target(server.url("/n/13"), { i: i++ }),
      ({ status, size, error }) => {
        // A proxy can live longer than what is behind it, and be back earlier.
        const isOfProxy = status !== null && GATEWAY_STATUSES.includes(status);
        if (error === undefined && !isOfProxy) {
          assertEquals([status, size], [200, 13]);
          answered++;
        } else {
          const kind = error ?? "gateway";
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        }
        wake();
      },
    );
    await until(() => answered >= 500);
    await server.kill();
    await until(() => (kinds.get("refused") ?? 0) >= 20);
    await server.restart();
    const before = answered;
    await until(() => answered >= before + 500);
    isOver = true;
    const ends = await working;
    assertEquals(ends.slice(0, i).every((times) => times === 1), true);
    // The end can come between the head of a response and its body, and in a handshake.
    const allowed = ["refused", "reset", "body", "tls", "gateway"];
    assert([...kinds.keys()].every((kind) => allowed.includes(kind)), [...kinds.keys()].join());
    engine.close();
  });
}

for (const transport of TRANSPORTS) {
  Deno.test(
    `http2 engine loses none of ${POSTS} POSTs to nginx over ${transport} sockets, and sends none twice`,
    { ignore: !isHttpServerInstalled("nginx") },
    async () => {
      await using server = await HttpServer.start("nginx");
      const engine = await open("http2", { transport });
      const outcomes = await count(
        engine,
        POSTS,
        (i) => target(server.url(`/received/100?i=${i}`), { ...POST, i }),
      );
      engine.close();
      assertEquals(outcomes, { "201 1": POSTS });
      assertOnce(await server.stop(POSTS), POSTS);
    },
  );
}

Deno.test(
  "http2 engine sends nginx nothing in vain from the second connection on",
  { ignore: !isHttpServerInstalled("nginx") },
  async () => {
    await using server = await HttpServer.start("nginx");
    await using relay = await FrameRelay.start(server.plainPort);
    const engine = await open("http2");
    const outcomes = await count(engine, 6_000, (i) => target(relay.url("/n/13"), { i }));
    assertEquals(outcomes, { "200 13": 6_000 });
    engine.close();
    // nginx ends a connection after 1,000 requests.
    assert(relay.vain.length >= 6, `${relay.vain}`);
    assertEquals(relay.vain.slice(1).filter((count) => count > 0), []);
  },
);

for (
  const [name, bytes, more] of [
    ["nginx", 10_000, ""],
    ["haproxy", 20_000, ""],
    // Less than a field may have that goes on a connection of its own from the start.
    ["nginx", 3_000, "large_client_header_buffers 4 1k;"],
  ] as const
) {
  for (const [method, body] of [["GET", undefined], ["POST", BODY]] as const) {
    for (const transport of TRANSPORTS) {
      Deno.test(
        `auto engine fails one ${method} of 200 over ${transport} sockets when ${name} ends its connection for a field of ${bytes} bytes`,
        { ignore: !isHttpServerInstalled(name) },
        async () => {
          await using server = await HttpServer.start(name, more);
          const engine = await open("auto", { concurrency: 20, transport });
          const failed: Result[] = [];
          let i = 0;
          const path = method === "GET" ? "/n/13" : "/received/100";
          const headers = [["x-large", "x".repeat(bytes)]] as const;
          await hitAll(engine, 20, () => {
            if (i === 200) return undefined;
            const more = { i, method, body, headers: i === 100 ? headers : [] };
            return target(server.url(`${path}?i=${i++}`), more);
          }, (result) => {
            if (result.error !== undefined) failed.push(result);
          });
          engine.close();
          const details = failed.map(({ target, detail }) => `${target.i}: ${detail}`);
          assertMatch(details.join("\n"), /^100: .*GOAWAY [A-Z_]+/);
          assertEquals(details.length, 1, details.join("\n"));
          const processed = await server.stop(199, 100);
          // nginx logs what it refuses. A GET may be refused among others, and again alone.
          const refused = processed.get(100) ?? 0;
          assert(refused <= (method === "GET" ? 2 : 1), `${refused}`);
          processed.delete(100);
          assertOnce(processed, 199);
        },
      );
    }
  }
}
