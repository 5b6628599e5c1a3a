import { runCommand } from "../meter.ts";
import type { Answers, Load, Peer } from "./peer.ts";

/** Asked for more, an older curl falls back to its default of 50. */
export const MAX_BEFORE_8_16 = 300;
/** https://github.com/curl/curl/pull/18068 */
const MAX_IN_FLIGHT = 65_535;

/** curl with `--parallel`: C, one thread. Undefined if it isn't installed, or has no `--parallel`. */
export async function findCurl(): Promise<Peer | undefined> {
  const output = await runCommand(["curl", "--parallel", "--version"]);
  return output?.code !== 0 ? undefined : curl(output.stdout);
}

/** @param version what it says to `--version` */
export function curl(version: string): Peer {
  const number = /^curl (\d+\.\d+\S*)/.exec(version)?.[1];
  const [major, minor] = (number ?? "0.0").split(".").map(Number);
  const hasMore = major > 8 || (major === 8 && minor >= 16);
  return {
    name: "curl --parallel",
    program: "curl",
    version: number ?? "?",
    maxInFlight: hasMore ? MAX_IN_FLIGHT : MAX_BEFORE_8_16,
    command,
    read,
  };
}

function command({ url, requests, concurrency }: Load): string[] {
  // Without `-immediate` it waits whether the first connection can carry several requests at once.
  const parallel = ["--parallel", "--parallel-immediate", "--parallel-max", `${concurrency}`];
  const output = ["-s", "-o", "/dev/null", "-w", "%{http_code}\\n"];
  return ["curl", "--http1.1", ...parallel, ...output, `${url}[0-${requests - 1}]`];
}

/** A line for each request, with its status, or 000: curl has no summary, nor a rate. */
function read(stdout: string, seconds: number): Answers {
  const all = stdout.match(/^\d{3}$/gm)?.length ?? 0;
  const answered = stdout.match(/^2\d\d$/gm)?.length ?? 0;
  return { requests: answered, failed: all - answered, rate: answered / seconds };
}
