import { type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import type { Evenness, LogEvenness } from "../connection_log.ts";
import { inTurn } from "../in_turn.ts";
import { type LoggedRun, runLogged } from "../logged_run.ts";
import { hasFilesFor } from "../machine.ts";
import { median, ratio } from "../median.ts";
import { Nginx } from "../nginx.ts";
import { myriad } from "../peers/myriad.ts";
import { findWrk } from "../peers/wrk.ts";
import { cell, grouped, printTable, range } from "../table.ts";

const ROUNDS = 3;
const REQUESTS = 2_000_000;
/** As long as so many requests take wrk, about. */
const SECONDS = 20;
/** With fewer requests a connection, one more or less decides. */
const MIN_MEDIAN = 20;

/**
 * How evenly connections are served at full load. Requests by connection are counted by the server,
 * the same way for all clients; latencies are the clients' own.
 */
export async function fairness(context: Context): Promise<void> {
  if (await Nginx.version() === undefined) {
    console.log("\nfairness is skipped: only nginx logs its connections: install nginx-light");
    return;
  }
  const wrk = await findWrk();
  if (wrk === undefined) console.log("\nNot installed, and skipped: wrk");
  for (const connections of [1000, 10_000]) {
    if (!await hasFilesFor(connections)) continue;
    const load = {
      requests: scaled(REQUESTS, context, connections),
      concurrency: connections,
      seconds: scaled(SECONDS, context),
    };
    const rows: Record<string, () => Promise<LoggedRun>> = {
      ...(wrk && { wrk: () => runLogged(context, wrk, load) }),
      myriad: () => runLogged(context, myriad(), load),
    };
    const samples = await inTurn(rows, ROUNDS);
    console.log(`\n${grouped(connections)} connections, ${ROUNDS} rounds, medians and ranges\n`);
    printEvenness(samples, "whole");
    console.log("\nFrom the first request of the last connection on, all being open:\n");
    printEvenness(samples, "steady");
    console.log("");
    printLatencies(samples);
    printChecks(checksOf(samples, connections));
  }
}

/**
 * The busiest connection's requests to the median's, or the least busy one's; without the runs
 * that are too short to tell.
 */
function toMedian(
  runs: LoggedRun[],
  part: keyof LogEvenness,
  which: "busiest" | "leastBusy",
): number[] {
  return runs.map((run) => run[part])
    .filter((evenness) => evenness.median >= MIN_MEDIAN)
    .map((evenness) => evenness[which] / evenness.median);
}

function printEvenness(samples: Record<string, LoggedRun[]>, part: keyof LogEvenness): void {
  printTable(
    [
      ...["client", "connections", "requests", "median a connection"],
      ...["busiest to it", "range", "least busy to it", "range"],
    ],
    Object.entries(samples).map(([name, runs]) => {
      const of = (figure: keyof Evenness): string =>
        grouped(median(runs.map((run) => run[part][figure])) ?? 0);
      const busiest = toMedian(runs, part, "busiest");
      const leastBusy = toMedian(runs, part, "leastBusy");
      return [
        ...[name, of("connections"), of("requests"), of("median")],
        ...[cell(median(busiest), 2), range(busiest, 2)],
        ...[cell(median(leastBusy), 2), range(leastBusy, 2)],
      ];
    }),
  );
}

/** The latencies that a client tells of, without those it doesn't. */
function latencies(runs: LoggedRun[] = [], which: "p99" | "p999" | "max"): number[] {
  return runs.flatMap((run) => run.latencyMs?.[which] ?? []);
}

function printLatencies(samples: Record<string, LoggedRun[]>): void {
  printTable(
    ["client", "requests/s", "p99", "p99.9", "range", "max", "range", "failed"],
    Object.entries(samples).map(([name, runs]) => [
      name,
      cell(median(runs.map((run) => run.rate)), 0),
      cell(median(latencies(runs, "p99")), 1, " ms"),
      cell(median(latencies(runs, "p999")), 1, " ms"),
      range(latencies(runs, "p999"), 1),
      cell(median(latencies(runs, "max")), 1, " ms"),
      range(latencies(runs, "max"), 1),
      runs.map((run) => run.failed).join(", "),
    ]),
  );
}

function checksOf({ wrk, myriad = [] }: Record<string, LoggedRun[]>, connections: number): Check[] {
  const p999 = median(latencies(myriad, "p999"));
  const where = `${grouped(connections)} connections`;
  const evenness = (["whole", "steady"] as const).flatMap((part): Check[] => {
    const when = part === "whole" ? "" : ", all open";
    return [{
      what: `busiest to the median, ${where}${when}`,
      reached: median(toMedian(myriad, part, "busiest")),
      bound: "at most",
      limit: 1.5,
    }, {
      what: `least busy to the median, ${where}${when}`,
      reached: median(toMedian(myriad, part, "leastBusy")),
      bound: "at least",
      limit: 0.5,
    }];
  });
  return [{
    what: `opened, of ${where}`,
    reached: ratio(median(myriad.map((run) => run.whole.connections)), connections),
    bound: "at least",
    limit: 1,
  }, {
    what: `p99.9 to wrk's max, ${where}`,
    reached: ratio(p999, median(latencies(wrk, "max"))),
    bound: "at most",
    limit: 2,
  }, ...evenness];
}
