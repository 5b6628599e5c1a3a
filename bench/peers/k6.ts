import { runCommand } from "../meter.ts";
import { type Answers, type Load, type Peer, requiredNumberIn } from "./peer.ts";

/** What k6 runs, one loop for each request in flight; it tells counts and seconds in the end. */
const SCRIPT = `import http from "k6/http";

export const options = { discardResponseBodies: true };

export default function () {
  http.get(__ENV.TARGET);
}

export function handleSummary({ metrics, state }) {
  return {
    stdout: JSON.stringify({
      requests: metrics.http_reqs ? metrics.http_reqs.values.count : 0,
      // The rate is that of true, which here is "failed".
      failed: metrics.http_req_failed ? metrics.http_req_failed.values.passes : 0,
      ms: state.testRunDurationMs,
    }) + "\\n",
  };
}
`;

/**
 * k6: Go, on all cores, with a JavaScript runtime for each request in flight. Undefined if it isn't
 * installed.
 *
 * @param file where its script may be written
 */
export async function findK6(file: string): Promise<Peer | undefined> {
  const output = await runCommand(["k6", "version"]);
  if (output === undefined) return undefined;
  await Deno.writeTextFile(file, SCRIPT);
  return k6(output.stdout, file);
}

/**
 * @param version what it says to `version`
 * @param file its script
 */
export function k6(version: string, file: string): Peer {
  return {
    name: "k6",
    program: "k6",
    version: /^k6(?:\.exe)? v(\S+)/.exec(version)?.[1] ?? "?",
    command: ({ url, concurrency, seconds }: Load): string[] => [
      ...["k6", "run", "--quiet", "--no-usage-report", "-e", `TARGET=${url}`],
      ...["--vus", `${concurrency}`, "--duration", `${seconds}s`, file],
    ],
    read,
  };
}

function read(stdout: string): Answers {
  const requests = requiredNumberIn(stdout, /^\{"requests":(\d+),/m);
  const failed = requiredNumberIn(stdout, /"failed":(\d+),/);
  const seconds = requiredNumberIn(stdout, /"ms":([\d.]+)\}/) / 1000;
  return { requests: requests - failed, failed, rate: (requests - failed) / seconds };
}
