import type { Meter } from "./meter.ts";
import type { Answers, Load, Peer } from "./peers/peer.ts";

/** What a client did and what it cost. */
export interface Sample extends Answers {
  /** User and system time a request answered; undefined without GNU time. */
  readonly cpuMicros: number | undefined;
  /** In units of 1,024 bytes; undefined without GNU time. */
  readonly peakKilobytes: number | undefined;
}

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
  const { stdout, stderr, seconds, cpuSeconds, peakKilobytes } = run;
  let answers;
  try {
    answers = peer.read(stdout, seconds);
  } catch (error) {
    const lines = stderr.trimEnd().split("\n");
    const line = lines.find((line) => /error/i.test(line)) ?? lines.at(-1);
    throw new Error(`${(error as Error).message}; it said '${line}'`);
  }
  if (!(answers.requests > 0)) throw new Error(`none of ${answers.failed} requests was answered`);
  const cpuMicros = cpuSeconds === undefined ? undefined : cpuSeconds * 1e6 / answers.requests;
  return { ...answers, cpuMicros, peakKilobytes };
}
