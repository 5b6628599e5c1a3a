import { allowedRate } from "../allowed_rate.ts";
import { Attempts } from "../attempts.ts";
import { type Bar, barPlot } from "../bar_plot.ts";
import { type Context, scaled } from "../bench.ts";
import { inTurn } from "../in_turn.ts";
import { type LineUp, lineUp, type Row } from "../line_up.ts";
import { hasFilesFor } from "../machine.ts";
import { least, median } from "../median.ts";
import { findAb } from "../peers/ab.ts";
import { findAiohttp } from "../peers/aiohttp.ts";
import { findAutocannon } from "../peers/autocannon.ts";
import { findCurl } from "../peers/curl.ts";
import { findH2load } from "../peers/h2load.ts";
import { findHey } from "../peers/hey.ts";
import { findK6 } from "../peers/k6.ts";
import { myriad } from "../peers/myriad.ts";
import { findOha } from "../peers/oha.ts";
import type { Load } from "../peers/peer.ts";
import { findVegeta } from "../peers/vegeta.ts";
import { findWrk } from "../peers/wrk.ts";
import { runPeer, type Sample } from "../run_peer.ts";
import { cell, csvRow, grouped, NOT_MEASURED, printTable, range } from "../table.ts";

/** With less than half of the requests it is a look, and one round will do. */
const roundsAt = (scale: number): number => scale < 0.5 ? 1 : 3;
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
  readonly mostSeconds?: number;
}

/** A client's runs. */
interface Runs {
  readonly row: Row;
  readonly load: Load;
  readonly samples: readonly Sample[];
  /** What failed, for a cell. */
  readonly failed: string;
}

/** What tables and plots show of a run. */
const FIGURES: readonly Figure[] = [
  { title: "requests/s", unit: "", digits: 0, of: ({ rate }) => rate },
  { title: "CPU a request", unit: " us", digits: 1, of: ({ cpuMicros }) => cpuMicros },
  {
    title: "peak memory",
    unit: " MB",
    digits: 0,
    of: ({ peakKilobytes }) => peakKilobytes === undefined ? undefined : peakKilobytes / 1024,
  },
];

interface Figure {
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  of(sample: Sample): number | undefined;
}

/**
 * `myriad` in the field of all clients that are installed: against answers at once and answers that
 * take up to a second, with 1,000 and with 10,000 in flight.
 */
export async function field(context: Context): Promise<void> {
  const start = performance.now();
  const rows = await findRows(context);
  const { servers } = context;
  const fast: Server = {
    name: "fast",
    url: await servers.fastServer(),
    title: servers.fastServerName,
  };
  const slow: Server = {
    name: "delay",
    url: await servers.delayServer("0-1000ms"),
    title: "the delay server, 0 to 1 s",
    mostSeconds: 1,
  };
  const lines = ["server,asked,client,in_flight,requests,failed,rate,cpu_us,peak_kb\n"];
  for (const inFlight of [1000, 10_000]) {
    if (!await hasFilesFor(inFlight)) continue;
    for (const server of [fast, slow]) {
      const runs = await sideBySide(context, rows, server, inFlight);
      lines.push(...csvOf(server, inFlight, runs));
    }
  }
  await context.keep("field.csv", lines.join(""));
  console.log(`\nAll of it took ${cell((performance.now() - start) / 60_000, 1, " min")}`);
}

/**
 * Who knows both counts and seconds is given seconds, as wrk is; but ab, which sets memory aside for
 * its count, and `myriad` and the programs of our own, where a count is what their users have.
 */
async function findRows({ servers }: Context): Promise<LineUp> {
  return lineUp({
    myriad: { requests: 400_000, peer: myriad() },
    wrk: { requests: 0, peer: await findWrk() },
    ab: { requests: 500_000, peer: await findAb() },
    h2load: { requests: 0, peer: await findH2load() },
    hey: { requests: 0, peer: await findHey() },
    oha: { requests: 0, peer: await findOha() },
    autocannon: { requests: 0, peer: await findAutocannon(servers.file("autocannon")) },
    vegeta: { requests: 0, peer: await findVegeta() },
    k6: { requests: 0, peer: await findK6(servers.file("k6.js")) },
    curl: { requests: 100_000, peer: await findCurl() },
    "aiohttp, synchronous": { requests: 24_000, peer: await findAiohttp("synchronous") },
    "aiohttp, semaphore": { requests: 20_000, peer: await findAiohttp("semaphore") },
    "aiohttp, as completed": { requests: 20_000, peer: await findAiohttp("as_completed") },
    "aiohttp, worker queue": { requests: 20_000, peer: await findAiohttp("worker_queue") },
  });
}

/** Runs all in turn against one server, prints the table, and keeps the plot. */
async function sideBySide(
  context: Context,
  rows: LineUp,
  server: Server,
  inFlight: number,
): Promise<Runs[]> {
  const { meter, scale } = context;
  const rounds = roundsAt(scale);
  const limitSeconds = LIMIT_SECONDS * Math.max(1, scale);
  const started = Object.entries(rows).map(([name, row]) => {
    const load = loadOf(context, row, server, inFlight);
    const attempts = new Attempts(() => runPeer(meter, row.peer, load, limitSeconds));
    return { name, row, load, attempts };
  });
  const samples = await inTurn(
    Object.fromEntries(started.map(({ name, attempts }) => [name, () => attempts.run()])),
    rounds,
  );
  const runs = started.map(({ name, row, load, attempts }): Runs => {
    return { row, load, samples: samples[name], failed: attempts.failed(samples[name]) };
  });
  const title = `${grouped(inFlight)} in flight, ${server.title}`;
  console.log(`\n${title}, ${rounds === 1 ? "1 round" : `${rounds} rounds`}\n`);
  printRuns(runs, server);
  await context.keep(`field-${server.name}-${inFlight}.svg`, plotOf(title, runs));
  return runs;
}

/** How much a client is to do: as much as takes it some seconds, by its own speed or the server's. */
function loadOf(context: Context, row: Row, server: Server, asked: number): Load {
  const { url, mostSeconds } = server;
  const concurrency = Math.min(asked, row.peer.mostInFlight ?? asked);
  const seconds = scaled(SECONDS, context, MIN_SECONDS);
  if (row.requests === 0) return { url, requests: 0, concurrency, seconds };
  const answered = mostSeconds === undefined
    ? row.requests
    : Math.min(row.requests, SECONDS * allowedRate({ mostSeconds }, concurrency, 0));
  return { url, requests: scaled(answered, context, concurrency), concurrency, seconds };
}

function valuesOf(figure: Figure, samples: readonly Sample[]): number[] {
  return samples.flatMap((sample) => figure.of(sample) ?? []);
}

function printRuns(runs: readonly Runs[], { mostSeconds }: Server): void {
  printTable(
    [
      ...["client", "in flight"],
      ...FIGURES.flatMap(({ title }) => [title, "range"]),
      ...(mostSeconds === undefined ? [] : ["of the rate allowed"]),
      "failed",
    ],
    runs.map(({ row, load, samples, failed }) => [
      row.peer.name,
      grouped(load.concurrency),
      ...FIGURES.flatMap((figure) => {
        const values = valuesOf(figure, samples);
        return [cell(median(values), figure.digits, figure.unit), range(values, figure.digits)];
      }),
      ...(mostSeconds === undefined ? [] : [shareOf(mostSeconds, load, samples)]),
      failed,
    ]),
  );
}

/** How near it comes to what its requests in flight allow. */
function shareOf(mostSeconds: number, load: Load, samples: readonly Sample[]): string {
  const rate = median(samples.map((sample) => sample.rate));
  if (rate === undefined) return NOT_MEASURED;
  const allowed = allowedRate({ mostSeconds }, load.concurrency, load.requests);
  return cell(rate / allowed * 100, 0, " %");
}

function plotOf(title: string, runs: readonly Runs[]): string {
  const panels = FIGURES.map((figure) => ({
    ...figure,
    bars: runs.map(({ row, samples }): Bar => {
      const values = valuesOf(figure, samples);
      return {
        name: row.peer.name,
        value: median(values),
        least: least(values),
        most: values.length > 0 ? Math.max(...values) : undefined,
        marked: row.peer.program === "myriad",
      };
    }),
  }));
  return barPlot(title, panels);
}

/** A line for each run, in the order of rounds. */
function csvOf(server: Server, asked: number, runs: readonly Runs[]): string[] {
  return runs.flatMap(({ row, load, samples }) =>
    samples.map((sample) =>
      csvRow([
        ...[server.name, asked, row.peer.name, load.concurrency],
        ...[sample.requests, sample.failed, sample.rate.toFixed(1)],
        ...[sample.cpuMicros?.toFixed(2), sample.peakKilobytes],
      ])
    )
  );
}
