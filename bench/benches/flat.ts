import { type Bench, type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { FAILED, type Figure, PEAK_MEMORY, printRuns, RATE, ratio, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { type LoggedRun, runLogged } from "../logged_run.ts";
import { hasFilesFor } from "../machine.ts";
import { Nginx } from "../nginx.ts";
import { myriad, NATIVE, PORTABLE } from "../peers/myriad.ts";
import type { Peer } from "../peers/peer.ts";
import { grouped } from "../table.ts";

const CONNECTIONS: Figure<LoggedRun> = {
  title: "connections",
  value: ({ whole: { connections } }) => connections,
};

/** A way to make requests, and the most megabytes that it may take with 1,000 in flight. */
interface Way {
  readonly name: string;
  readonly peer: Peer;
  readonly isTls: boolean;
  readonly maxMegabytes: number;
  /** The most memory at ten times the requests, as a share. */
  readonly maxGrowth: number;
}

const WAYS: readonly Way[] = [
  {
    name: "http, portable",
    peer: myriad(PORTABLE.flags, PORTABLE.permissions),
    isTls: false,
    maxMegabytes: 90,
    maxGrowth: 1.05,
  },
  {
    name: "http, native",
    peer: myriad(NATIVE.flags, NATIVE.permissions),
    isTls: false,
    maxMegabytes: 70,
    maxGrowth: 1.03,
  },
  {
    name: "HTTP/2, portable",
    peer: myriad([...PORTABLE.flags, "-k"], PORTABLE.permissions),
    isTls: true,
    maxMegabytes: 85,
    maxGrowth: 1.03,
  },
];

/** Whether memory follows the requests in flight, and not their number. */
export const flat: Bench = {
  measures: "peak memory at 1 and at 10 million requests, with native and portable sockets and " +
    "over HTTP/2, and with 10,000 in flight",
  minutes: 25,
  async run(context) {
    if (await Nginx.version() === undefined) {
      console.log("\nflat is skipped: it needs Debian's package nginx-light");
      return;
    }
    const few = scaled(1_000_000, context, 1000);
    const many = scaled(10_000_000, context, 1000);
    const wide = scaled(1_000_000, context, 10_000);
    const label = (way: Way, requests: number, inFlight: number): string =>
      `${way.name}, ${grouped(requests)} requests, ${grouped(inFlight)} in flight`;
    const rows = WAYS.flatMap((way) =>
      [few, many].map((requests) =>
        [label(way, requests, 1000), () => run(context, way, requests, 1000)] as const
      )
    );
    if (await hasFilesFor(10_000)) {
      rows.push([label(WAYS[0], wide, 10_000), () => run(context, WAYS[0], wide, 10_000)]);
    }
    const samples = await inTurn(context, 3, Object.fromEntries(rows));
    printRuns("myriad -s", samples, [
      CONNECTIONS,
      { ...PEAK_MEMORY, hasRange: true, ratio: "ratio" },
      RATE,
      FAILED,
    ]);
    const peak = (name: string): number | undefined => summarize(PEAK_MEMORY, samples[name]);
    const atMost = (name: string, limit: number): Check => {
      return { what: `memory, ${name}`, reached: peak(name), bound: "at most", limit, unit: " MB" };
    };
    printChecks([
      ...WAYS.flatMap((way): Check[] => {
        const names = [label(way, few, 1000), label(way, many, 1000)];
        return [{
          what: `memory at ten times the requests, ${way.name}`,
          reached: ratio(peak(names[1]), peak(names[0])),
          bound: "at most",
          limit: way.maxGrowth,
        }, ...names.map((name) => atMost(name, way.maxMegabytes))];
      }),
      atMost(label(WAYS[0], wide, 10_000), 200),
      {
        // Else the memory is that of fewer.
        what: "opened, of 10,000 connections",
        reached: ratio(summarize(CONNECTIONS, samples[label(WAYS[0], wide, 10_000)]), 10_000),
        bound: "at least",
        limit: 1,
      },
    ]);
  },
};

function run(
  context: Context,
  { peer, isTls }: Way,
  requests: number,
  concurrency: number,
): Promise<LoggedRun> {
  return runLogged(context, peer, { requests, concurrency, seconds: 1 }, isTls);
}
