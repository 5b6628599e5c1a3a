import { runCommand } from "../meter.ts";
import {
  type Answers,
  type Load,
  numberIn,
  type Peer,
  requiredNumberIn,
  toMilliseconds,
} from "./peer.ts";

/** wrk with one thread: C, keeps no record of a request. Undefined if it isn't installed. */
export async function findWrk(): Promise<Peer | undefined> {
  const output = await runCommand(["wrk", "-v"]);
  if (output === undefined) return undefined;
  const version = /^wrk \D*(\S+)/.exec(output.stdout)?.[1] ?? "?";
  return { name: "wrk", program: "wrk", version, command, read };
}

function command({ url, concurrency, seconds }: Load): string[] {
  // By default it drops latencies over 2 s from its statistics.
  return ["wrk", "-t1", `-c${concurrency}`, `-d${seconds}s`, "--timeout", "60s", "--latency", url];
}

function read(stdout: string): Answers {
  const others = numberIn(stdout, /Non-2xx or 3xx responses: (\d+)/) ?? 0;
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)
    ?.slice(1).map(Number) ?? [];
  return {
    requests: requiredNumberIn(stdout, /(\d+) requests in /) - others,
    failed: errors.reduce((sum, count) => sum + count, others),
    rate: requiredNumberIn(stdout, /Requests\/sec:\s+([\d.]+)/),
    latencyMs: {
      p99: toMilliseconds(/^\s+99%\s+(\S+)/m.exec(stdout)?.[1]),
      // Average, deviation, most.
      max: toMilliseconds(/^\s+Latency\s+\S+\s+\S+\s+(\S+)/m.exec(stdout)?.[1]),
    },
  };
}
