import { type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { inTurn } from "../in_turn.ts";
import { runLogged } from "../logged_run.ts";
import { hasFilesFor } from "../machine.ts";
import { median, ratio } from "../median.ts";
import { Nginx } from "../nginx.ts";
import { myriad } from "../peers/myriad.ts";
import { runPeer, type Sample } from "../run_peer.ts";
import { cell, grouped, megabytes, printTable } from "../table.ts";

const ROUNDS = 3;

/** What a run took, and how many connections it opened: undefined for servers that don't tell. */
type Run = Sample & { readonly connections: number | undefined };

/** Whether memory follows the requests in flight, and not their number. */
export async function flat(context: Context): Promise<void> {
  if (!context.meter.hasTime) {
    console.log("\nflat is skipped: peak memory is GNU time's: install Debian's package time");
    return;
  }
  const few = scaled(1_000_000, context, 1000);
  const many = scaled(10_000_000, context, 1000);
  const wide = scaled(1_000_000, context, 10_000);
  const names = {
    few: `${grouped(few)} requests, 1,000 in flight`,
    many: `${grouped(many)} requests, 1,000 in flight`,
    wide: `${grouped(wide)} requests, 10,000 in flight`,
  };
  const samples = await inTurn({
    [names.few]: () => run(context, few, 1000),
    [names.many]: () => run(context, many, 1000),
    ...(await hasFilesFor(10_000) && { [names.wide]: () => run(context, wide, 10_000) }),
  }, ROUNDS);

  const peak = (name: string): number | undefined => median(peaksOf(samples[name]));
  console.log(`\nmyriad -s, ${ROUNDS} rounds\n`);
  printTable(
    ["run", "connections", "peak memory", "range", "ratio", "requests/s", "failed"],
    Object.entries(samples).map(([name, all]) => [
      name,
      cell(connectionsOf(all), 0),
      megabytes(peak(name)),
      `${megabytes(Math.min(...peaksOf(all)))} to ${megabytes(Math.max(...peaksOf(all)))}`,
      cell(ratio(peak(name), peak(names.few)), 2),
      cell(median(all.map((sample) => sample.rate)), 0),
      all.map((sample) => sample.failed).join(", "),
    ]),
  );
  const atMost = (name: string, limit: number): Check => {
    const reached = ratio(peak(name), 1024);
    return { what: `memory, ${name}`, reached, bound: "at most", limit, unit: " MB" };
  };
  printChecks([
    {
      what: "memory at ten times the requests",
      reached: ratio(peak(names.many), peak(names.few)),
      bound: "at most",
      limit: 1.05,
    },
    atMost(names.few, 90),
    atMost(names.many, 90),
    atMost(names.wide, 200),
    {
      // Else the memory is that of fewer.
      what: "opened, of 10,000 connections",
      reached: ratio(connectionsOf(samples[names.wide]), 10_000),
      bound: "at least",
      limit: 1,
    },
  ]);
}

async function run(context: Context, requests: number, concurrency: number): Promise<Run> {
  const load = { requests, concurrency, seconds: 1 };
  if (await Nginx.version() === undefined) {
    const url = await context.servers.fastServer();
    return { ...await runPeer(context.meter, myriad(), { ...load, url }), connections: undefined };
  }
  const sample = await runLogged(context, myriad(), load);
  return { ...sample, connections: sample.whole.connections };
}

function connectionsOf(samples: readonly Run[] = []): number | undefined {
  return median(samples.flatMap(({ connections }) => connections ?? []));
}

function peaksOf(samples: readonly Run[] = []): number[] {
  return samples.flatMap(({ peakKilobytes }) => peakKilobytes ?? []);
}
