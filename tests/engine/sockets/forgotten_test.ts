import { assertEquals } from "@std/assert";
import type { EngineOptions } from "../../../lib/engine/options.ts";
import type { Versions } from "../../../lib/engine/sockets/connection_pool.ts";
import { SocketEngine } from "../../../lib/engine/sockets/socket_engine.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import { ENGINE_OPTIONS } from "../../fixtures/engine_options.ts";
import { response, settings } from "../../fixtures/http2_frames.ts";
import { startScript } from "../../fixtures/http2_script.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { ok } from "../../fixtures/raw_server.ts";
import { target } from "../../fixtures/target.ts";
import { AUTHORITY, SERVER } from "../../fixtures/tls_server.ts";
import { WildServer } from "../../fixtures/wild_server.ts";

// A router that translates addresses forgets a connection that idles: nothing comes back on it.

/** The time that requests have at first, and at most, where the machine is busy. */
const MIN_TIMEOUT_MS = 750;
const MAX_TIMEOUT_MS = 16 * MIN_TIMEOUT_MS;

function create(versions: Versions, timeoutMs: number): SocketEngine {
  const options: EngineOptions = {
    ...ENGINE_OPTIONS,
    timeoutMs,
    tls: { ca: AUTHORITY, insecure: false },
  };
  return new SocketEngine(options, versions, new PortableTransports());
}

/** A request that was to be answered had no time for that: its connection was not made yet. */
class TooSlow extends Error {}

/**
 * Plays a scene with an engine. Where requests had no time for their handshake, it is played again,
 * from its beginning, with twice the time.
 */
async function play(
  versions: Versions,
  scene: (engine: SocketEngine, timeout: string) => Promise<void>,
): Promise<void> {
  for (let timeoutMs = MIN_TIMEOUT_MS;; timeoutMs *= 2) {
    const engine = create(versions, timeoutMs);
    try {
      return await scene(engine, `no complete response within ${timeoutMs} ms`);
    } catch (error) {
      if (!(error instanceof TooSlow) || timeoutMs >= MAX_TIMEOUT_MS) throw error;
    } finally {
      engine.close();
    }
  }
}

/** Makes requests at the same time. @returns the status of each, or what went wrong */
async function hit(
  engine: SocketEngine,
  server: WildServer,
  count: number,
): Promise<(number | string | null | undefined)[]> {
  const requests = Array.from(
    { length: count },
    (_, i) => makeRequest(engine, target(server.url(`/${i}`))),
  );
  return (await Promise.all(requests)).map(({ status, detail }) => status ?? detail);
}

/** Makes requests at the same time, which are answered. @throws {TooSlow} */
async function hitAnswered(
  engine: SocketEngine,
  server: WildServer,
  count: number,
): Promise<void> {
  const outcomes = await hit(engine, server, count);
  const text = outcomes.join();
  if (/no .* within/.test(text)) throw new TooSlow(text);
  assertEquals(outcomes, new Array(count).fill(200));
}

Deno.test("http1 engine closes what idled as long as a connection that gave no answer", () =>
  play("http1", async (engine, timeout) => {
    const seen: number[] = [];
    await using server = await WildServer.start(async (peer) => {
      const nth = seen.push(0) - 1;
      while (await peer.request() !== undefined) {
        // The first two answer once.
        if (nth >= 2 || seen[nth] === 0) await peer.send(ok("x"));
        seen[nth]++;
      }
    });
    await hitAnswered(engine, server, 2);
    assertEquals(server.open, 2);
    assertEquals([await hit(engine, server, 1), server.connections], [[timeout], 2]);
    await hitAnswered(engine, server, 1);
    assertEquals(server.connections, 3);
  }));

Deno.test("http2 engine makes no connection in place of a silent one before a request needs it", () =>
  play("http2", async (engine, timeout) => {
    let isForgotten = false;
    await using server = await startScript(async (peer) => {
      for (let next; (next = await peer.request()) !== undefined;) {
        if (!isForgotten) await peer.send(response(next.id));
      }
    }, { opening: settings(), secure: { ...SERVER, ALPNProtocols: ["h2"] } });
    await hitAnswered(engine, server, 2);
    isForgotten = true;
    assertEquals(await hit(engine, server, 2), [timeout, timeout]);
    isForgotten = false;
    // What was begun before this connection would be there by now.
    const other = create("http2", MAX_TIMEOUT_MS);
    await hitAnswered(other, server, 2);
    assertEquals(server.connections, 2);
    await hitAnswered(engine, server, 2);
    assertEquals(server.connections, 3);
    other.close();
  }));
