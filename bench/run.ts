import type { Context } from "./bench.ts";
import type { Measured, Meter } from "./meter.ts";
import type { Answers, Load, Peer } from "./peers/peer.ts";
import { myriadCommand } from "./root.ts";

/** What a run cost. */
export interface Cost {
  /** User and system time a request answered; undefined without GNU time. */
  readonly cpuMicros: number | undefined;
  /** In units of 1,024 bytes; undefined without GNU time. */
  readonly peakKilobytes: number | undefined;
}

/** What a client did and what it cost. */
export interface Sample extends Answers, Cost {}

/**
 * Runs a client once.
 *
 * @param limitSeconds the longest that it may take
 * @throws {Error} If it takes longer, ends without a summary, or with no request answered.
 */
export async function runPeer(
  meter: Meter,
  peer: Peer,
  load: Load,
  limitSeconds?: number,
): Promise<Sample> {
  const run = await meter.run(peer.command(load), limitSeconds);
  let answers;
  try {
    answers = peer.read(run.stdout, run.seconds);
  } catch (error) {
    throw new Error(`${(error as Error).message}; it said '${lastWords(run)}'`);
  }
  if (!(answers.requests > 0)) throw new Error(`none of ${answers.failed} requests was answered`);
  return { ...answers, ...toCost(run, answers.requests) };
}

/** What `myriad` says of a run, as far as benches read it. */
export interface Summary {
  readonly requests: number;
  readonly succeeded: number;
  readonly skipped: number;
  /** How many requests failed, by the kind of error. */
  readonly errors: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly rate: number;
  readonly latency_ms: Readonly<Record<"mean" | "p50" | "p90" | "p99" | "max", number>>;
  readonly late: { readonly count: number; readonly max_ms: number };
  readonly own_late_ms?: { readonly p50: number; readonly p99: number } | null;
}

/** A run of `myriad`: its summary and what it cost. */
export type OwnRun = Summary & Cost;

/**
 * Runs `myriad` once, with any arguments.
 *
 * @param wrap gives the command that is run instead of the program's own, such as in a terminal
 * @throws {Error} If it ends without a summary, for example because of an unknown flag.
 */
export async function runMyriad(
  { meter, servers }: Pick<Context, "meter" | "servers">,
  args: readonly string[],
  wrap = (command: string[]): string[] => command,
): Promise<OwnRun> {
  const file = servers.file("summary.json");
  await Deno.remove(file).catch(() => {});
  const silent = args.includes("--progress") ? [] : ["-s"];
  const run = await meter.run(wrap(myriadCommand([...silent, ...args, "--summary", file])));
  let summary: Summary;
  try {
    summary = JSON.parse(await Deno.readTextFile(file));
  } catch {
    throw new Error(`myriad ended without a summary; it said '${lastWords(run)}'`);
  }
  return { ...summary, ...toCost(run, summary.requests) };
}

function toCost({ cpuSeconds, peakKilobytes }: Measured, requests: number): Cost {
  const cpuMicros = cpuSeconds === undefined ? undefined : cpuSeconds * 1e6 / requests;
  return { cpuMicros, peakKilobytes };
}

/** The line that tells of an error, or else the last one. */
function lastWords({ stdout, stderr }: Measured): string | undefined {
  const lines = (stderr.trim() || stdout.trim()).split("\n");
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1);
}
