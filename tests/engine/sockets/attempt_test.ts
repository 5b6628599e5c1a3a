import { assertEquals } from "@std/assert";
import { Deadlines } from "../../../lib/engine/deadlines.ts";
import { Attempt } from "../../../lib/engine/sockets/attempt.ts";
import type { Connection } from "../../../lib/engine/sockets/connection.ts";
import type { ConnectionPool } from "../../../lib/engine/sockets/connection_pool.ts";
import type { Waiter } from "../../../lib/engine/sockets/origin_pool.ts";
import { Router } from "../../../lib/engine/sockets/router.ts";
import type { Result } from "../../../lib/result.ts";
import { ENGINE_OPTIONS } from "../../fixtures/engine_options.ts";
import { target } from "../../fixtures/target.ts";

Deno.test("Attempt does not send a request again that is over", () => {
  const connection = { version: "2", uses: 0, openMs: 0, info: null, send() {}, abandon() {} };
  let acquired = 0;
  const pool = {
    acquire: (_route: unknown, waiter: Waiter): boolean => {
      acquired++;
      waiter.onConnection(connection as unknown as Connection);
      return false;
    },
  };
  const deadlines = new Deadlines(ENGINE_OPTIONS.timeoutMs);
  const results: Result[] = [];
  const attempt = new Attempt(
    target("http://127.0.0.1/"),
    {
      options: ENGINE_OPTIONS,
      deadlines,
      pool: pool as unknown as ConnectionPool,
      router: new Router(),
      hooks: undefined,
      engineOf: { "1.0": "http1", "1.1": "http1", "2": "http2" },
      defaultVersion: "2",
      engines: new Set(),
      moment: { ms: 0 },
    },
    (result) => results.push(result),
    undefined,
  );
  attempt.start();
  attempt.stop("cancelled");
  attempt.onFailure({ error: "reset", detail: "lost", scope: "host" }, 0, "always");
  assertEquals([acquired, results.map(({ error }) => error)], [1, ["cancelled"]]);
  deadlines.close();
});
