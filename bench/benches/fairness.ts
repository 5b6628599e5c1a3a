import { type Bench, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import type { Evenness } from "../connection_log.ts";
import { FAILED, type Figure, latency, printRuns, RATE, ratio, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { type LoggedRun, runLogged } from "../logged_run.ts";
import { hasFilesFor } from "../machine.ts";
import { Nginx } from "../nginx.ts";
import { myriad, NATIVE, PORTABLE } from "../peers/myriad.ts";
import type { Peer } from "../peers/peer.ts";
import { findWrk } from "../peers/wrk.ts";
import { grouped } from "../table.ts";

const ROUNDS = 3;
const REQUESTS = 2_000_000;
/** As long as so many requests take wrk, about. */
const SECONDS = 20;
/** With fewer requests a connection, one more or less decides. */
const MIN_MEDIAN = 20;

/** What is measured: how many connections, over what. */
const LOADS: readonly { readonly connections: number; readonly isTls: boolean }[] = [
  { connections: 1000, isTls: false },
  { connections: 10_000, isTls: false },
  { connections: 1000, isTls: true },
];

/**
 * How evenly connections are served at full load. Requests by connection are counted by the server,
 * the same way for all clients; latencies are the clients' own.
 */
export const fairness: Bench = {
  measures:
    "how evenly 1,000 and 10,000 connections are served, and how soon all are open, counted " +
    "by the server, and the tail of the latencies, beside wrk, over http and https",
  minutes: 18,
  async run(context) {
    if (await Nginx.version() === undefined) {
      console.log("\nfairness is skipped: only nginx logs its connections: install nginx-light");
      return;
    }
    const wrk = await findWrk();
    if (wrk === undefined) console.log("\nNot installed, and skipped: wrk");
    for (const { connections, isTls } of LOADS) {
      if (!await hasFilesFor(connections)) continue;
      const load = {
        requests: scaled(REQUESTS, context, connections),
        concurrency: connections,
        seconds: scaled(SECONDS, context),
      };
      const secure = isTls ? ["--http1.1", "-k"] : [];
      const clients: Record<string, Peer | undefined> = { wrk };
      for (const { name, flags, permissions } of [NATIVE, PORTABLE]) {
        clients[`myriad, ${name}`] = myriad([...flags, ...secure], permissions);
      }
      const rows = Object.entries(clients).flatMap(([name, peer]) =>
        peer === undefined ? [] : [[name, () => runLogged(context, peer, load, isTls)] as const]
      );
      const samples = await inTurn<LoggedRun>(context, ROUNDS, Object.fromEntries(rows));
      const title = `${grouped(connections)} connections, ${isTls ? "https" : "http"}`;
      printRuns(title, samples, [...evennessFigures("whole"), OPEN], { first: "client" });
      const open = `${title}, from the first request of the last connection on, all being open`;
      printRuns(open, samples, evennessFigures("steady"), { first: "client" });
      const latencies = [latency("p99"), P999, MAX, FAILED];
      printRuns(`${title}, latencies`, samples, [RATE, ...latencies], { first: "client" });
      for (const { name } of [NATIVE, PORTABLE]) {
        printChecks(makeChecks(samples, `myriad, ${name}`, title, connections));
      }
    }
  },
};

type Part = "whole" | "steady";

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

const P999: Figure<LoggedRun> = { ...latency("p999"), hasRange: true };
const MAX: Figure<LoggedRun> = { ...latency("max"), hasRange: true };
const OPEN: Figure<LoggedRun> = {
  title: "all open after",
  unit: " s",
  digits: 1,
  hasRange: true,
  value: ({ openSeconds }) => openSeconds,
};
/** Seconds after which each 1,000 connections are open, while the first ones make requests. */
const MAX_OPEN_SECONDS = 3;

/**
 * @param name of the row of `myriad`
 * @param title how many connections, over what
 */
function makeChecks(
  samples: Record<string, LoggedRun[]>,
  name: string,
  title: string,
  connections: number,
): Check[] {
  const own = samples[name] ?? [];
  const where = `${title}, ${name}`;
  const evenness = (["whole", "steady"] as const).flatMap((part): Check[] => {
    const when = part === "whole" ? "" : ", all open";
    return [{
      what: `busiest to the median, ${where}${when}`,
      reached: summarize(toMedian(part, "busiest"), own),
      bound: "at most",
      limit: 1.5,
    }, {
      what: `least busy to the median, ${where}${when}`,
      reached: summarize(toMedian(part, "leastBusy"), own),
      bound: "at least",
      limit: 0.5,
    }];
  });
  return [{
    what: `opened, of ${where}`,
    reached: ratio(summarize({ value: (run) => run.whole.connections }, own), connections),
    bound: "at least",
    limit: 1,
  }, {
    what: `p99.9 to wrk's max, ${where}`,
    reached: ratio(summarize(P999, own), summarize(MAX, samples.wrk)),
    bound: "at most",
    limit: 2,
  }, {
    what: `all open, ${where}`,
    reached: summarize(OPEN, own),
    bound: "at most",
    limit: MAX_OPEN_SECONDS * Math.max(1, connections / 1000),
    unit: " s",
  }, ...evenness];
}
