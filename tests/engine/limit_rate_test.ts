import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { ByteBudget, createBudgetMemory } from "../../lib/engine/byte_budget.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { ENGINES } from "../../lib/engine/engines.ts";
import type { EngineOptions } from "../../lib/engine/options.ts";
import type { Target } from "../../lib/target.ts";
import { ENGINE_OPTIONS } from "../fixtures/engine_options.ts";
import { SOCKET_ENGINES } from "../fixtures/engine_suite.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { myriad } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";

// How long something takes at least does not depend on the machine. What could be made up for at the
// beginning, and a last piece of each connection, which is charged when it is over, may be missing.

const RATE = 1_000_000;
const SIZE = 50_000;
const COUNT = 6;
/** The least time that all bytes take, in milliseconds, without 50 ms and a piece of each of 6. */
const LEAST_MS = 1_000 * (COUNT * SIZE - 6 * (RATE / 64 + 1)) / RATE - 50;

for (const { title, name, transport, serve, serveTls } of SOCKET_ENGINES) {
  const open = (options: Partial<EngineOptions> = {}): Promise<Engine> =>
    ENGINES[name].open({
      ...ENGINE_OPTIONS,
      transport,
      maxBytesPerSecond: RATE,
      tls: { insecure: true },
      ...options,
    });

  /** Makes requests by engines in turn, all at once. @returns the milliseconds that they took */
  const time = async (
    engines: readonly Engine[],
    url: string,
    more: Partial<Target> = {},
  ): Promise<number> => {
    const startMs = performance.now();
    const results = await Promise.all(
      Array.from(
        { length: COUNT },
        (_, i) => makeRequest(engines[i % engines.length], target(url, more)),
      ),
    );
    const ms = performance.now() - startMs;
    for (const { status, detail } of results) assertEquals(status, 200, detail);
    for (const engine of engines) engine.close();
    return ms;
  };

  for (const [how, start] of [["TCP", serve], ["TLS", serveTls]] as const) {
    Deno.test(`${title} receives no more bytes a second over ${how} than it may`, async () => {
      await using server = await start(({ send }) => send(ok("x".repeat(SIZE))));
      // An idle connection does not wait for its server in vain.
      const engine = await open({ idleTimeoutMs: 5_000 });
      assertGreaterOrEqual(await time([engine], server.url()), LEAST_MS);
    });

    Deno.test(`${title} sends no more bytes a second over ${how} than it may`, async () => {
      await using server = await start(({ send }) => send(ok()));
      const body = new Uint8Array(SIZE).fill(0x61);
      const ms = await time([await open()], server.url(), { method: "PUT", body });
      assertGreaterOrEqual(ms, LEAST_MS);
      const sent = server.requests.map((request) => request.length);
      assert(sent.length === COUNT && sent.every((length) => length > SIZE), `${sent}`);
    });
  }

  Deno.test(`${title} shares what it may receive with engines of the same memory`, async () => {
    await using server = await serve(({ send }) => send(ok("x".repeat(SIZE))));
    const budget = createBudgetMemory();
    const engines = await Promise.all([open({ budget }), open({ budget })]);
    assertGreaterOrEqual(await time(engines, server.url()), LEAST_MS);
  });

  // All of them wait alike.
  if (transport === "native") continue;
  Deno.test(`${title} does not take its own limit for a server that is idle`, async () => {
    await using server = await serve(({ send }) => send(ok("x".repeat(SIZE))));
    const budget = createBudgetMemory();
    const received = new ByteBudget(RATE, budget, "received");
    // When the head has come, and the body in part, the rest has to wait for longer than it may.
    const onHead = () => {
      received.charge(1.5 * RATE, performance.timeOrigin + performance.now());
      return undefined;
    };
    const engine = await open({ budget, onHead, idleTimeoutMs: 600 });
    const { status, detail, ms } = await makeRequest(engine, target(server.url()));
    engine.close();
    assertEquals(status, 200, detail);
    assertGreaterOrEqual(ms, 1_000);
  });
}

Deno.test("the limit, and where connections go, hold for all threads of a run", async () => {
  await using server = await RawServer.start(({ send }) => send(ok("x".repeat(SIZE))));
  const { code, stdout, stderr } = await myriad([
    ...["-n", "12", "-c", "6", "--threads", "2", "--limit-rate", "500k", "-s", "-o", "-"],
    ...["--fields", "status,remote,dns_ms,thread,at,ms"],
    ...["--connect-to", "a.test::b.test:", "--resolve", `b.test:${server.port}:127.0.0.1`],
    `http://a.test:${server.port}/`,
  ]);
  assertEquals(code, 0, stderr);
  const records = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(
    records.map(({ status, remote, dns_ms }) => [status, remote, dns_ms]),
    Array(12).fill([200, `127.0.0.1:${server.port}`, null]),
  );
  assertEquals(new Set(records.map(({ thread }) => thread)), new Set([0, 1]));
  const starts = records.map(({ at }) => Date.parse(at));
  const ends = records.map(({ ms }, i) => starts[i] + ms);
  const leastMs = 1_000 * (12 * SIZE - 6 * 8_001) / 512_000 - 50;
  assertGreaterOrEqual(Math.max(...ends) - Math.min(...starts), leastMs);
});
