import { allowedRate } from "../allowed_rate.ts";
import { Attempts } from "../attempts.ts";
import { type Bar, barPlot } from "../bar_plot.ts";
import { type Bench, type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import {
  type Column,
  CPU,
  type Figure,
  PEAK_MEMORY,
  printRuns,
  RATE,
  ratio,
  summarize,
} from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { hasFilesFor } from "../machine.ts";
import { findClients, type LineUp, type Row } from "../peers/line_up.ts";
import type { Load } from "../peers/peer.ts";
import { runPeer, type Sample } from "../run.ts";
import { cell, csvRow, grouped } from "../table.ts";

const SECONDS = 6;
/** wrk tells of no request in its first second, when it opens 10,000 connections in it. */
const MIN_SECONDS = 2;
/** A client that hangs is not to hold up the others. */
const LIMIT_SECONDS = 60;

/** What is requested: a name for files, words for the reader, and how long its answers take. */
interface Server {
  readonly name: string;
  readonly title: string;
  readonly url: string;
  /** Answers take evenly from 0 to so long; undefined if none. */
  readonly maxSeconds?: number;
}

type Samples = Readonly<Record<string, readonly Sample[]>>;

/** What tables and plots show of a run. */
const FIGURES: readonly Figure<Sample>[] = [RATE, CPU, PEAK_MEMORY].map((figure) => {
  return { ...figure, hasRange: true };
});

/**
 * `myriad` in the field of all clients that are installed: against answers at once and answers that
 * take up to a second.
 */
export const field: Bench = {
  measures: "CPU a request, requests/s and peak memory beside all other clients, with 64, 1,000 " +
    "and 10,000 in flight, with answers at once and late",
  minutes: 27,
  async run(context) {
    const { servers } = context;
    const rows = await findClients(servers);
    const fast: Server = {
      name: "fast",
      url: await servers.fastServer(),
      title: servers.fastServerName,
    };
    const slow: Server = {
      name: "delay",
      url: await servers.delayServer("0-1000ms"),
      title: "the delay server, 0 to 1 s",
      maxSeconds: 1,
    };
    const lines = ["server,asked,client,in_flight,requests,failed,rate,cpu_us,peak_kb\n"];
    const checks: Check[] = [];
    for (const inFlight of [64, 1000, 10_000]) {
      if (!await hasFilesFor(inFlight)) continue;
      for (const server of inFlight === 64 ? [fast] : [fast, slow]) {
        const samples = await sideBySide(context, rows, server, inFlight);
        lines.push(...toCsv(context, rows, server, inFlight, samples));
        if (server === fast) checks.push(...makeChecks(samples, inFlight));
      }
    }
    await context.keep("field.csv", lines.join(""));
    printChecks(checks);
  },
};

/** Runs all in turn against one server, prints the table, and keeps the plot. */
async function sideBySide(
  context: Context,
  rows: LineUp,
  server: Server,
  inFlight: number,
): Promise<Samples> {
  const { meter, scale } = context;
  const limitSeconds = LIMIT_SECONDS * Math.max(1, scale);
  const attempts = new Map(
    Object.entries(rows).map(([name, row]) => {
      const load = planLoad(context, row, server, inFlight);
      return [name, new Attempts(() => runPeer(meter, row.peer, load, limitSeconds))];
    }),
  );
  const samples = await inTurn(
    context,
    // With less than half of the requests it is a look, and one round will do.
    scale < 0.5 ? 1 : 3,
    Object.fromEntries([...attempts].map(([name, all]) => [name, () => all.run()])),
  );
  const share: Column<Sample> = {
    title: "of the rate allowed",
    text: (runs, name) =>
      formatShare(server, planLoad(context, rows[name], server, inFlight), runs),
  };
  const title = `${grouped(inFlight)} in flight, ${server.title}`;
  printRuns(title, samples, [
    { title: "in flight", text: (_, name) => grouped(limitInFlight(rows[name], inFlight)) },
    FIGURES[0],
    { ...FIGURES[1], ratio: "to wrk's" },
    FIGURES[2],
    ...(server.maxSeconds === undefined ? [] : [share]),
    { title: "failed", text: (runs, name) => attempts.get(name)!.failed(runs) },
  ], { first: "client", base: "wrk" });
  await context.keep(`field-${server.name}-${inFlight}.svg`, drawPlot(title, rows, samples));
  return samples;
}

function limitInFlight({ peer }: Row, asked: number): number {
  return Math.min(asked, peer.maxInFlight ?? asked);
}

/** How much a client is to do: as much as takes it some seconds, by its own speed or the server's. */
function planLoad(context: Context, row: Row, { url, maxSeconds }: Server, asked: number): Load {
  const concurrency = limitInFlight(row, asked);
  const seconds = scaled(SECONDS, context, MIN_SECONDS);
  if (row.requests === 0) return { url, requests: 0, concurrency, seconds };
  const answered = maxSeconds === undefined
    ? row.requests
    : Math.min(row.requests, SECONDS * allowedRate({ maxSeconds }, concurrency, 0));
  return { url, requests: scaled(answered, context, concurrency), concurrency, seconds };
}

/** How near it comes to what its requests in flight allow. */
function formatShare(
  { maxSeconds = 0 }: Server,
  { concurrency, requests }: Load,
  samples: readonly Sample[],
): string {
  const allowed = allowedRate({ maxSeconds }, concurrency, requests);
  const share = ratio(summarize(RATE, samples), allowed);
  return cell(share && share * 100, 0, " %");
}

function drawPlot(title: string, rows: LineUp, samples: Samples): string {
  const panels = FIGURES.map(({ title, unit = "", digits = 0, value }) => ({
    ...{ title, unit, digits },
    bars: Object.entries(samples).map(([name, runs]): Bar => ({
      name,
      value: summarize({ value }, runs),
      least: summarize({ value, pick: "least" }, runs),
      most: summarize({ value, pick: "most" }, runs),
      marked: rows[name].peer.program === "myriad",
    })),
  }));
  return barPlot(title, panels);
}

/** A line for each run, in the order of rounds. */
function toCsv(
  context: Context,
  rows: LineUp,
  server: Server,
  asked: number,
  samples: Samples,
): string[] {
  return Object.entries(samples).flatMap(([name, runs]) => {
    const { concurrency } = planLoad(context, rows[name], server, asked);
    return runs.map((sample) =>
      csvRow([
        ...[server.name, asked, name, concurrency],
        ...[sample.requests, sample.failed, sample.rate.toFixed(1)],
        ...[sample.cpuMicros?.toFixed(2), sample.peakKilobytes],
      ])
    );
  });
}

/** What `myriad` is to reach with so many in flight, beside others: ratios at most, or at least. */
const LIMITS: Readonly<
  Record<number, { cpu: Record<string, number>; rate: Record<string, number> }>
> = {
  64: { cpu: { wrk: 1.25 }, rate: { wrk: 0.85 } },
  1000: {
    cpu: { wrk: 1.8, hey: 0.6, autocannon: 0.6, "aiohttp, bounded pool": 0.1 },
    rate: { wrk: 0.6, hey: 1.5, autocannon: 1.5 },
  },
};

function makeChecks(samples: Samples, inFlight: number): Check[] {
  const { cpu = {}, rate = {} } = LIMITS[inFlight] ?? {};
  const toOther = (figure: Pick<Figure<Sample>, "value">, name: string): number | undefined =>
    ratio(summarize(figure, samples["myriad -s"]), summarize(figure, samples[name]));
  const where = `${grouped(inFlight)} in flight`;
  return [
    ...Object.entries(cpu).map(([name, limit]): Check => ({
      what: `CPU a request, ${where}, to that of ${name}`,
      reached: toOther(CPU, name),
      bound: "at most",
      limit,
    })),
    ...Object.entries(rate).map(([name, limit]): Check => ({
      what: `requests/s, ${where}, to those of ${name}`,
      reached: toOther(RATE, name),
      bound: "at least",
      limit,
    })),
  ];
}
