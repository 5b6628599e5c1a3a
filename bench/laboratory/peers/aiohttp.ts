import type { Measured } from "../../meter.ts";
import { findAiohttp } from "../../peers/aiohttp.ts";
import { projectPath } from "../../root.ts";
import { type Client, FAILED, OK, type Order, type Report } from "../client.ts";
import { toBody } from "../mix.ts";

/** aiohttp with a bounded pool. Undefined if no Python has it. */
export async function findAiohttpClient(): Promise<Client | undefined> {
  const found = await findAiohttp("bounded_pool");
  if (found === undefined) return undefined;
  const [python] = found.command({ url: "", requests: 1, concurrency: 1, seconds: 1 });
  return {
    name: "aiohttp",
    version: found.version,
    protocols: ["http", "https"],
    hasRetries: false,
    hasPauses: false,
    command: ({ list, concurrency, timeoutSeconds }) => [
      // It would leave its own compiled modules in the project's folder.
      ...[python, "-B", projectPath("bench/python/listed.py"), list],
      ...[concurrency, timeoutSeconds, toBody("/post/").length, toBody("/post/upload/").length]
        .map(String),
    ],
    read: (order, output) => Promise.resolve(read(order, output)),
  };
}

function read({ requests }: Order, { stdout }: Measured): Report {
  const outcomes = new Uint8Array(requests);
  const kinds: Record<string, number> = {};
  let [ok, failed] = [0, 0];
  for (const [, number, status, error] of stdout.matchAll(/^\S+\/(\d+) (\d+) ?(\w*)$/gm)) {
    const isOk = status === "200";
    outcomes[Number(number)] = isOk ? OK : FAILED;
    if (isOk) ok++;
    else {
      failed++;
      const kind = error || `status ${status}`;
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
  }
  return { ok, failed, outcomes, kinds };
}
