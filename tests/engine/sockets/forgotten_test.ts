import { assertEquals } from "@std/assert";
import type { EngineOptions } from "../../../lib/engine/options.ts";
import type { Versions } from "../../../lib/engine/sockets/connection_pool.ts";
import { SocketEngine } from "../../../lib/engine/sockets/socket_engine.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import type { Result } from "../../../lib/result.ts";
import { ENGINE_OPTIONS } from "../../fixtures/engine_options.ts";
import { response, settings } from "../../fixtures/http2_frames.ts";
import { startScript } from "../../fixtures/http2_script.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { ok } from "../../fixtures/raw_server.ts";
import { target } from "../../fixtures/target.ts";
import { AUTHORITY, SERVER } from "../../fixtures/tls_server.ts";
import { WildServer } from "../../fixtures/wild_server.ts";

// A router that translates addresses forgets a connection that idles: nothing comes back on it.

/** Long enough for a handshake on a busy machine. */
const TIMEOUT_MS = 1_500;
const TIMEOUT = `no complete response within ${TIMEOUT_MS} ms`;

function create(versions: Versions, timeoutMs = TIMEOUT_MS): SocketEngine {
  const options: EngineOptions = {
    ...ENGINE_OPTIONS,
    timeoutMs,
    tls: { ca: AUTHORITY, insecure: false },
  };
  return new SocketEngine(options, versions, new PortableTransports());
}

/** Makes two requests at the same time. */
function hitTwice(engine: SocketEngine, server: WildServer): Promise<Result[]> {
  return Promise.all([1, 2].map((i) => makeRequest(engine, target(server.url(`/${i}`)))));
}

const toOutcome = ({ status, detail }: Result): number | string | null | undefined =>
  status ?? detail;

Deno.test("http1 engine closes what idled as long as a connection that gave no answer", async () => {
  const seen: number[] = [];
  await using server = await WildServer.start(async (peer) => {
    const nth = seen.push(0) - 1;
    while (await peer.request() !== undefined) {
      // The first two answer once.
      if (nth >= 2 || seen[nth] === 0) await peer.send(ok("x"));
      seen[nth]++;
    }
  });
  const engine = create("http1");
  await hitTwice(engine, server);
  assertEquals(server.open, 2);
  const lost = await makeRequest(engine, target(server.url("/lost")));
  assertEquals([toOutcome(lost), server.connections], [TIMEOUT, 2]);
  const after = await makeRequest(engine, target(server.url("/after")));
  assertEquals([toOutcome(after), server.connections], [200, 3]);
  engine.close();
});

Deno.test("http2 engine makes no connection in place of a silent one before a request needs it", async () => {
  let isForgotten = false;
  await using server = await startScript(async (peer) => {
    for (let next; (next = await peer.request()) !== undefined;) {
      if (!isForgotten) await peer.send(response(next.id));
    }
  }, { opening: settings(), secure: { ...SERVER, ALPNProtocols: ["h2"] } });
  const engine = create("http2");
  await hitTwice(engine, server);
  isForgotten = true;
  assertEquals((await hitTwice(engine, server)).map(toOutcome), [TIMEOUT, TIMEOUT]);
  isForgotten = false;
  // What was begun before this connection would be there by now.
  const other = create("http2", 30_000);
  assertEquals((await hitTwice(other, server)).map(toOutcome), [200, 200]);
  assertEquals(server.connections, 2);
  assertEquals((await hitTwice(engine, server)).map(toOutcome), [200, 200]);
  assertEquals(server.connections, 3);
  other.close();
  engine.close();
});
