/**
 * Clients that tell their cost themselves, for the benches that compare `myriad` with itself and
 * with native fetch.
 *
 * @module
 */
import { FLAGS, pathOf } from "./root.ts";

/** What a client says of its run; the names are those of `myriad --json`. */
export interface Sample {
  requests: number;
  seconds: number;
  rate: number;
  cpu_seconds: number;
  peak_rss_kb: number;
  latency_ms?: { mean: number; p50: number; p90: number; p99: number; max: number };
  late?: { count: number; max_ms: number };
  own_late_ms?: { p50: number; p99: number } | null;
}

/** CPU a request, in microseconds. */
export function cpuMicros(sample: Sample): number {
  return sample.cpu_seconds * 1e6 / sample.requests;
}

export function myriad(args: readonly string[]): Promise<Sample> {
  return run("main.ts", ["-s", "--json", ...args]);
}

export function bareFetch(url: string, requests: number, concurrency: number): Promise<Sample> {
  return run("bench/bare_fetch.ts", [url, `${requests}`, `${concurrency}`]);
}

async function run(file: string, args: readonly string[]): Promise<Sample> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...FLAGS, pathOf(file), ...args],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
