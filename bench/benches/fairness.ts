import { type Bench, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import type { Evenness, LogEvenness } from "../connection_log.ts";
import { FAILED, type Figure, printRuns, RATE, ratio, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { type LoggedRun, runLogged } from "../logged_run.ts";
import { hasFilesFor } from "../machine.ts";
import { Nginx } from "../nginx.ts";
import { myriad } from "../peers/myriad.ts";
import { findWrk } from "../peers/wrk.ts";
import { grouped } from "../table.ts";

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
export const fairness: Bench = {
  measures: "how evenly 1,000 and 10,000 connections are served, counted by the server, and the " +
    "tail of the latencies, beside wrk",
  minutes: 7,
  async run(context) {
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
      const samples = await inTurn<LoggedRun>(context, ROUNDS, {
        ...(wrk && { wrk: () => runLogged(context, wrk, load) }),
        myriad: () => runLogged(context, myriad(), load),
      });
      const title = `${grouped(connections)} connections`;
      printRuns(title, samples, evennessFigures("whole"), { first: "client" });
      const open = `${title}, from the first request of the last connection on, all being open`;
      printRuns(open, samples, evennessFigures("steady"), { first: "client" });
      const latencies = [latency("p99"), P999, MAX, FAILED];
      printRuns(`${title}, latencies`, samples, [RATE, ...latencies], { first: "client" });
      printChecks(makeChecks(samples, connections));
    }
  },
};

type Part = keyof LogEvenness;

/** The busiest connection's requests to the median's, or the least busy one's. */
function toMedian(part: Part, which: "busiest" | "leastBusy"): Figure<LoggedRun> {
  return {
    title: which === "busiest" ? "busiest to it" : "least busy to it",
    digits: 2,
    hasRange: true,
    value: ({ [part]: { median, [which]: requests } }) =>
      median < MIN_MEDIAN ? undefined : requests / median,
  };
}

function evennessFigures(part: Part): Figure<LoggedRun>[] {
  const count = (title: string, figure: keyof Evenness): Figure<LoggedRun> => {
    return { title, isGrouped: true, value: (run) => run[part][figure] };
  };
  return [
    count("connections", "connections"),
    count("requests", "requests"),
    count("median a connection", "median"),
    toMedian(part, "busiest"),
    toMedian(part, "leastBusy"),
  ];
}

/** As far as the client tells it. */
function latency(which: "p99" | "p999" | "max"): Figure<LoggedRun> {
  return { title: which, unit: " ms", digits: 1, value: ({ latencyMs }) => latencyMs?.[which] };
}

const P999: Figure<LoggedRun> = { ...latency("p999"), title: "p99.9", hasRange: true };
const MAX: Figure<LoggedRun> = { ...latency("max"), hasRange: true };

function makeChecks(
  { wrk, myriad = [] }: Record<string, LoggedRun[]>,
  connections: number,
): Check[] {
  const where = `${grouped(connections)} connections`;
  const evenness = (["whole", "steady"] as const).flatMap((part): Check[] => {
    const when = part === "whole" ? "" : ", all open";
    return [{
      what: `busiest to the median, ${where}${when}`,
      reached: summarize(toMedian(part, "busiest"), myriad),
      bound: "at most",
      limit: 1.5,
    }, {
      what: `least busy to the median, ${where}${when}`,
      reached: summarize(toMedian(part, "leastBusy"), myriad),
      bound: "at least",
      limit: 0.5,
    }];
  });
  return [{
    what: `opened, of ${where}`,
    reached: ratio(summarize({ value: (run) => run.whole.connections }, myriad), connections),
    bound: "at least",
    limit: 1,
  }, {
    what: `p99.9 to wrk's max, ${where}`,
    reached: ratio(summarize(P999, myriad), summarize(MAX, wrk)),
    bound: "at most",
    limit: 2,
  }, ...evenness];
}
