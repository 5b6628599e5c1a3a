/**
 * How many requests each connection of a server made, from a log of them.
 *
 * @module
 */
import { forEachLine } from "./number_log.ts";

/** What nginx logs for it: the number of the connection, and when the response was sent. */
export const CONNECTION_FORMAT = "$connection $msec";

/** How evenly connections were served. */
export interface Evenness {
  readonly connections: number;
  readonly requests: number;
  /** Requests of a connection. */
  readonly median: number;
  readonly busiest: number;
  readonly leastBusy: number;
}

/** The log as a whole, and what of it came when all connections were open. */
export interface LogEvenness {
  readonly whole: Evenness;
  /** From the first request of the last connection on: one opened late can make no more. */
  readonly steady: Evenness;
  /** From the first response to the first one of the last connection. */
  readonly openSeconds: number;
}

/** Reads a log twice, as a stream: it grows with the requests, the counts with the connections. */
export async function readConnectionLog(file: string): Promise<LogEvenness> {
  const counts = new Map<number, number>();
  let requests = 0;
  let rampUp = 0;
  let [firstMs, lastMs] = [0, 0];
  await forEachLine(file, ([connection, seconds, milliseconds]) => {
    const count = counts.get(connection) ?? 0;
    if (count === 0) {
      lastMs = seconds * 1000 + milliseconds;
      if (requests === 0) firstMs = lastMs;
      rampUp = requests;
    }
    counts.set(connection, count + 1);
    requests++;
  });

  // One without a request since then stays in, with 0.
  const later = new Map<number, number>([...counts.keys()].map((connection) => [connection, 0]));
  let seen = 0;
  await forEachLine(file, ([connection]) => {
    if (seen++ >= rampUp) later.set(connection, later.get(connection)! + 1);
  });
  return {
    whole: measureEvenness([...counts.values()]),
    steady: measureEvenness([...later.values()]),
    openSeconds: (lastMs - firstMs) / 1000,
  };
}

function measureEvenness(counts: number[]): Evenness {
  counts.sort((a, b) => a - b);
  return {
    connections: counts.length,
    requests: counts.reduce((sum, count) => sum + count, 0),
    median: counts.at(counts.length >> 1) ?? 0,
    busiest: counts.at(-1) ?? 0,
    leastBusy: counts.at(0) ?? 0,
  };
}
