import { runCommand } from "../meter.ts";
import type { Answers, Load, Peer } from "./peer.ts";

/**
 * vegeta: Go, on all cores, made for rates; without one so many workers go as fast as they can.
 * `vegeta report` is a second process, as vegeta counts nothing itself. Undefined if it isn't
 * installed.
 */
export async function findVegeta(): Promise<Peer | undefined> {
  const version = await runCommand(["vegeta", "-version"]);
  if (version === undefined) return undefined;
  const help = await runCommand(["vegeta", "attack", "-h"]);
  return vegeta(version.stdout, `${help?.stdout}${help?.stderr}`);
}

/**
 * @param version what it says to `-version`
 * @param help what it says to `attack -h`
 */
export function vegeta(version: string, help: string): Peer {
  // Versions that have the flag serve metrics by default, and count each request once more.
  const quiet = help.includes("-prometheus-addr") ? "-prometheus-addr=" : "";
  return {
    name: "vegeta",
    program: "vegeta",
    version: /^Version: v?(\S+)/m.exec(version)?.[1] ?? "?",
    command: ({ url, concurrency, seconds }: Load): string[] => {
      const workers = `-workers=${concurrency} -max-workers=${concurrency}`;
      const attack = `vegeta attack -rate=0 ${workers} -connections=${concurrency} ${quiet}`;
      // Its targets come by standard input.
      const script = `echo "GET $1" | ${attack} -timeout=60s -duration="$2" | ` +
        "vegeta report -type=json";
      return ["sh", "-c", script, "vegeta", url, `${seconds}s`];
    },
    read,
  };
}

const NANOSECONDS = 1e9;

function read(stdout: string): Answers {
  const { requests, status_codes, duration, wait } = JSON.parse(stdout);
  let answered = 0;
  for (const [status, count] of Object.entries<number>(status_codes ?? {})) {
    if (status.startsWith("2")) answered += count;
  }
  // From the first start to the last, and until the last answer.
  const seconds = (duration + wait) / NANOSECONDS;
  return {
    requests: answered,
    failed: requests - answered,
    rate: seconds > 0 ? answered / seconds : 0,
  };
}
