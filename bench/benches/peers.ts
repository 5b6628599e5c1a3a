import { type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { inTurn } from "../in_turn.ts";
import { type LineUp, lineUp } from "../line_up.ts";
import { median, ratio } from "../median.ts";
import { findAb } from "../peers/ab.ts";
import { findAiohttp } from "../peers/aiohttp.ts";
import { findAutocannon } from "../peers/autocannon.ts";
import { findHey } from "../peers/hey.ts";
import { myriad } from "../peers/myriad.ts";
import { findWrk } from "../peers/wrk.ts";
import { runPeer, type Sample } from "../run_peer.ts";
import { cell, grouped, megabytes, printTable, range } from "../table.ts";

const ROUNDS = 3;

/** What a table comes to, by row: medians, undefined where nothing was measured. */
type Medians = Record<string, { readonly cpuMicros?: number; readonly rate?: number }>;

/** Cost and speed beside other clients, in turn, against the same server. */
export async function peers(context: Context): Promise<void> {
  const url = await context.servers.fastServer();
  const rows = await findRows(context);
  const few = await sideBySide(context, rows, url, 64);
  const many = await sideBySide(context, rows, url, 1000);
  printChecks(checksOf(few, many));
}

/** The clients that are installed, by the short names that the checks use. */
async function findRows({ servers }: Context): Promise<LineUp> {
  const records = servers.file("results.ndjson");
  return lineUp({
    wrk: { requests: 0, peer: await findWrk() },
    hey: { requests: 250_000, peer: await findHey() },
    ab: { requests: 800_000, peer: await findAb() },
    autocannon: { requests: 0, peer: await findAutocannon(servers.file("autocannon")) },
    aiohttp: { requests: 40_000, peer: await findAiohttp("bounded_pool") },
    myriad: { requests: 600_000, peer: myriad() },
    "myriad -o": { requests: 600_000, peer: myriad(["--overwrite", "-o", records]) },
  });
}

/** Prints the table of one number of requests in flight. */
async function sideBySide(
  context: Context,
  rows: LineUp,
  url: string,
  concurrency: number,
): Promise<Medians> {
  const seconds = scaled(8, context);
  const runs = Object.entries(rows).map(([name, { peer, requests }]) => {
    const load = { url, requests: scaled(requests, context, concurrency), concurrency, seconds };
    return [name, () => runPeer(context.meter, peer, load)] as const;
  });
  const samples = await inTurn<Sample>(Object.fromEntries(runs), ROUNDS);
  const medians: Medians = Object.fromEntries(
    Object.entries(samples).map(([name, all]) => [name, {
      cpuMicros: median(microsOf(all)),
      rate: median(all.map((sample) => sample.rate)),
    }]),
  );
  const { servers } = context;
  console.log(`\n${grouped(concurrency)} in flight, ${ROUNDS} rounds, ${servers.fastServerName}\n`);
  printTable(
    [
      ...["client", "requests", "CPU a request", "range", "to wrk's"],
      ...["requests/s", "to wrk's", "peak memory"],
    ],
    Object.entries(samples).map(([name, all]) => [
      rows[name].peer.name,
      grouped(median(all.map((sample) => sample.requests)) ?? 0),
      cell(medians[name].cpuMicros, 1, " us"),
      range(microsOf(all), 1),
      cell(ratio(medians[name].cpuMicros, medians.wrk?.cpuMicros), 2),
      cell(medians[name].rate, 0),
      cell(ratio(medians[name].rate, medians.wrk?.rate), 2),
      megabytes(median(all.flatMap(({ peakKilobytes }) => peakKilobytes ?? []))),
    ]),
  );
  for (const [name, all] of Object.entries(samples)) {
    const failed = all.map((sample) => sample.failed);
    if (Math.max(...failed) > 0) console.log(`\n${name}: ${failed.join(", ")} requests failed`);
  }
  return medians;
}

function microsOf(samples: readonly Sample[]): number[] {
  return samples.flatMap(({ cpuMicros }) => cpuMicros ?? []);
}

function checksOf(few: Medians, many: Medians): Check[] {
  const cpu = (medians: Medians, base: string, name = "myriad"): number | undefined =>
    ratio(medians[name]?.cpuMicros, medians[base]?.cpuMicros);
  const rate = (medians: Medians, base: string): number | undefined =>
    ratio(medians.myriad?.rate, medians[base]?.rate);
  const atMost = (what: string, reached: number | undefined, limit: number): Check => {
    return { what, reached, bound: "at most", limit };
  };
  const atLeast = (what: string, reached: number | undefined, limit: number): Check => {
    return { what, reached, bound: "at least", limit };
  };
  return [
    atMost("CPU a request, 64 in flight, to wrk's", cpu(few, "wrk"), 1.25),
    atMost("CPU a request, 1,000 in flight, to wrk's", cpu(many, "wrk"), 1.8),
    atMost("CPU a request, 1,000 in flight, to hey's", cpu(many, "hey"), 0.6),
    atMost("CPU a request, 1,000 in flight, to autocannon's", cpu(many, "autocannon"), 0.6),
    atMost("CPU a request, 1,000 in flight, to aiohttp's", cpu(many, "aiohttp"), 0.1),
    atMost("CPU with -o, 64 in flight, to that without", cpu(few, "myriad", "myriad -o"), 1.25),
    atMost("CPU with -o, 1,000 in flight, to that without", cpu(many, "myriad", "myriad -o"), 1.25),
    atLeast("requests/s, 64 in flight, to wrk's", rate(few, "wrk"), 0.85),
    atLeast("requests/s, 1,000 in flight, to wrk's", rate(many, "wrk"), 0.6),
    atLeast("requests/s, 1,000 in flight, to hey's", rate(many, "hey"), 1.5),
    atLeast("requests/s, 1,000 in flight, to autocannon's", rate(many, "autocannon"), 1.5),
  ];
}
