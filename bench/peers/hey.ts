import { runCommand } from "../meter.ts";
import { debianVersion } from "./debian_version.ts";
import { type Answers, type Load, numberIn, type Peer, requiredNumberIn } from "./peer.ts";

/**
 * hey: Go, on all cores. It keeps at most 500 connections that idle, so with more in flight it
 * makes new ones all the time. Undefined if it isn't installed.
 */
export async function findHey(): Promise<Peer | undefined> {
  if (await runCommand(["hey"]) === undefined) return undefined;
  return hey(await debianVersion("hey"));
}

export function hey(version: string): Peer {
  return { name: "hey", program: "hey", version, command, read };
}

function command({ url, requests, concurrency, seconds }: Load): string[] {
  const howMuch = requests > 0 ? ["-n", `${requests}`] : ["-z", `${seconds}s`];
  return ["hey", ...howMuch, "-c", `${concurrency}`, url];
}

function read(stdout: string): Answers {
  const answered = sumCounts(stdout, /^\s+\[2\d\d\]\s+(\d+) responses/gm);
  const others = sumCounts(stdout, /^\s+\[[^2]\d\d\]\s+(\d+) responses/gm);
  // A count and a text, unlike the counts of statuses: `[3] Get "http://…": dial tcp …`.
  const errors = sumCounts(stdout, /^\s+\[(\d+)\]\s+[A-Za-z]/gm);
  const rate = requiredNumberIn(stdout, /Requests\/sec:\s+([\d.]+)/);
  const all = answered + others + errors;
  if (all === 0) throw new Error("hey printed no distribution of statuses");
  const maxSeconds = numberIn(stdout, /Slowest:\s+([\d.]+) secs/);
  return {
    requests: answered,
    failed: others + errors,
    rate: rate * answered / all,
    latencyMs: maxSeconds === undefined ? undefined : { max: maxSeconds * 1000 },
  };
}

function sumCounts(text: string, pattern: RegExp): number {
  let sum = 0;
  for (const match of text.matchAll(pattern)) sum += Number(match[1]);
  return sum;
}
