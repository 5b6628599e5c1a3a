/**
 * How many requests each connection of a server made, from a log with its number in each line.
 *
 * @module
 */

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
}

/** Reads a log twice, as a stream: it grows with the requests, the counts with the connections. */
export async function readConnectionLog(file: string): Promise<LogEvenness> {
  const counts = new Map<number, number>();
  let requests = 0;
  let rampUp = 0;
  await forEachConnection(file, (connection) => {
    const count = counts.get(connection) ?? 0;
    if (count === 0) rampUp = requests;
    counts.set(connection, count + 1);
    requests++;
  });

  // One without a request since then stays in, with 0.
  const later = new Map<number, number>([...counts.keys()].map((connection) => [connection, 0]));
  let seen = 0;
  await forEachConnection(file, (connection) => {
    if (seen++ >= rampUp) later.set(connection, later.get(connection)! + 1);
  });
  return {
    whole: measureEvenness([...counts.values()]),
    steady: measureEvenness([...later.values()]),
  };
}

const ZERO = 0x30;
const NINE = 0x39;

async function forEachConnection(
  file: string,
  visit: (connection: number) => void,
): Promise<void> {
  using log = await Deno.open(file);
  let number = -1;
  for await (const block of log.readable) {
    for (const byte of block) {
      if (byte >= ZERO && byte <= NINE) {
        number = Math.max(number, 0) * 10 + byte - ZERO;
      } else if (number >= 0) {
        visit(number);
        number = -1;
      }
    }
  }
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
