import config from "../../deno.json" with { type: "json" };
import { myriadCommand } from "../root.ts";
import type { Answers, Load, Peer } from "./peer.ts";

/**
 * `myriad` from its source, each request with a URL of its own, as it is used.
 *
 * @param flags more flags than those of the load; its name shows them
 */
export function myriad(flags: readonly string[] = []): Peer {
  // The folder of a file given is the bench's business, not the reader's.
  const shown = flags.filter((flag) => flag !== "--overwrite")
    .map((flag) => flag.replace(/^.*\//, ""));
  return {
    name: ["myriad -s", ...shown].join(" "),
    program: "myriad",
    version: config.version,
    command: ({ url, requests, concurrency }: Load): string[] =>
      myriadCommand(
        ["-s", "--json", ...flags, "-n", `${requests}`, "-c", `${concurrency}`, `${url}{}`],
      ),
    read,
  };
}

function read(stdout: string): Answers {
  const { requests, failed, rate, latency_ms: { p99, p999, max } } = JSON.parse(stdout);
  const answered = requests - failed;
  const share = requests === 0 ? 0 : answered / requests;
  return { requests: answered, failed, rate: rate * share, latencyMs: { p99, p999, max } };
}
