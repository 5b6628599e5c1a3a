import { ENGINES } from "../../../engine/engines.ts";
import { Pool } from "../../../pool.ts";
import type { RequestDefaults } from "../../../source/request_defaults.ts";
import { trustedTarget } from "../../../source/target.ts";
import type { StrategyContext } from "../strategy.ts";

/** Milliseconds for a request; native fetch in the other strategies has no such limit. */
const TIMEOUT_MS = 600_000;
const GET: RequestDefaults = { method: "GET", headers: [], body: undefined };

/** The bounded pool of `myriad` with its own HTTP/1.1 engine instead of native fetch. */
export async function http1({ urls, concurrency, onResult }: StrategyContext): Promise<void> {
  const engine = await ENGINES.http1.open({
    concurrency,
    timeoutMs: TIMEOUT_MS,
    redirects: 0,
    maxBodyBytes: 1 << 20,
    transport: "portable",
  });
  const targets = Iterator.from(urls).map((url, i) => trustedTarget(i, url, GET));
  await new Pool(targets, {
    concurrency,
    start: (target, done) => engine.start(target, done),
    onResult,
  }).run();
  engine.close();
}
