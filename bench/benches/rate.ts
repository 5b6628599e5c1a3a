import { type Context, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { cpuMicros, myriad, type Sample } from "../clients.ts";
import { inTurn } from "../in_turn.ts";
import { median, ratio } from "../median.ts";
import { findHey } from "../peers/hey.ts";
import { numberIn } from "../peers/peer.ts";
import { cell, megabytes, printTable, range } from "../table.ts";

const ROUNDS = 5;
/** With 20 ms an answer on average, 100 in flight make somewhat less than 5,000/s. */
const CLOSED = 100;
/** Requests a second. */
const RATES = [50, 500, 1_000, 2_000, 5_000];
/** How long each of them is kept, in each round. */
const SECONDS = 6;
/** How late a start may be at the median, and at p99. */
const MAX_LATE_MS = { p50: 0.2, p99: 1 };

/** How well a schedule is kept, what it adds to latencies, and what it costs. */
export async function rate(context: Context): Promise<void> {
  await precision(context);
  await cost(context);
}

/** What a client says of a run at a rate, in milliseconds. */
interface Kept {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** Without a rate, and of other clients, unknown. */
  readonly late?: Sample["own_late_ms"];
  readonly cpuMicros: number | undefined;
}

/** Latencies at a rate of a server that answers at once, beside hey's and those without a rate. */
async function precision(context: Context): Promise<void> {
  const url = await context.servers.fastServer();
  const seconds = scaled(SECONDS, context, 2);
  const own = async (args: string[]): Promise<Kept> => {
    const sample = await myriad(["-z", `${seconds}s`, ...args, `${url}{}`]);
    const { rate, latency_ms, own_late_ms: late } = sample;
    return { rate, p50: latency_ms!.p50, p99: latency_ms!.p99, late, cpuMicros: cpuMicros(sample) };
  };
  const runs: Record<string, () => Promise<Kept>> = { "myriad -c 1": () => own(["-c", "1"]) };
  const hasHey = await findHey() !== undefined;
  for (const perSecond of RATES) {
    runs[`myriad -q ${perSecond}/s`] = () => own(["-q", `${perSecond}`]);
    if (hasHey) {
      runs[`hey -c 1 -q ${perSecond}`] = () => heyAt(context, { perSecond, seconds, url });
    }
  }
  const samples = await inTurn(runs, ROUNDS);
  const of = (name: string, value: (kept: Kept) => number | undefined): number | undefined =>
    median(samples[name].map(value).filter((it) => it !== undefined));
  console.log(
    `\n${seconds} s of ${context.servers.fastServerName}, ${ROUNDS} rounds, medians of each figure. ` +
      "Late: behind the due time, by the client's own doing; none starts more than 0.3 ms early\n",
  );
  printTable(
    ["run", "requests/s", "late p50", "late p99", "latency p50", "latency p99", "CPU a request"],
    Object.keys(samples).map((name) => [
      name,
      cell(of(name, ({ rate }) => rate), 0),
      cell(of(name, ({ late }) => late?.p50), 3, " ms"),
      cell(of(name, ({ late }) => late?.p99), 3, " ms"),
      cell(of(name, ({ p50 }) => p50), 2, " ms"),
      cell(of(name, ({ p99 }) => p99), 2, " ms"),
      cell(of(name, ({ cpuMicros }) => cpuMicros), 1, " us"),
    ]),
  );
  const worst = (value: (kept: Kept) => number | undefined): number =>
    Math.max(...RATES.map((perSecond) => of(`myriad -q ${perSecond}/s`, value) ?? NaN));
  printChecks([
    {
      what: "median lateness of starts in ms, of the worst rate",
      reached: worst(({ late }) => late?.p50),
      bound: "at most",
      limit: MAX_LATE_MS.p50,
    },
    {
      what: "p99 of it",
      reached: worst(({ late }) => late?.p99),
      bound: "at most",
      limit: MAX_LATE_MS.p99,
    },
  ]);
}

async function heyAt(
  { meter }: Context,
  { perSecond, seconds, url }: { perSecond: number; seconds: number; url: string },
): Promise<Kept> {
  const command = ["hey", "-z", `${seconds}s`, "-c", "1", "-q", `${perSecond}`, url];
  const { stdout, cpuSeconds } = await meter.run(command);
  const [rate, p50, p99] = [/Requests\/sec:\s+([\d.]+)/, /50% in ([\d.]+)/, /99% in ([\d.]+)/]
    .map((pattern) => numberIn(stdout, pattern));
  if (rate === undefined || p50 === undefined || p99 === undefined) {
    throw new Error("hey printed no rate or latencies");
  }
  const micros = cpuSeconds && cpuSeconds * 1e6 / (rate * seconds);
  return { rate, p50: p50 * 1_000, p99: p99 * 1_000, cpuMicros: micros };
}

/** What a schedule costs, beside a run of the same speed that only its concurrency slows down. */
async function cost(context: Context): Promise<void> {
  const url = await context.servers.delayServer("0-40ms");
  const requests = scaled(60_000, context, 1_000);
  const run = (args: string[]): Promise<Sample> =>
    myriad(["-n", `${requests}`, ...args, `${url}{}`]);
  const speed = Math.round((await run(["-c", `${CLOSED}`])).rate);
  const names = { closed: `-c ${CLOSED}`, open: `--rate ${speed}/s -c 1000` };
  const samples = await inTurn({
    [names.closed]: () => run(["-c", `${CLOSED}`]),
    [names.open]: () => run(["--rate", `${speed}`, "-c", "1000"]),
  }, ROUNDS);
  const cpuOf = (name: string): number | undefined => median(samples[name].map(cpuMicros));
  console.log(`\n${requests} requests to the delay server, 0 to 40 ms each, ${ROUNDS} rounds\n`);
  printTable(
    ["run", "requests/s", "CPU a request", "range", "ratio", "peak memory"],
    Object.entries(samples).map(([name, all]) => [
      name,
      cell(median(all.map(({ rate }) => rate)), 0),
      cell(cpuOf(name), 1, " us"),
      range(all.map(cpuMicros), 1),
      cell(ratio(cpuOf(name), cpuOf(names.closed)), 2),
      megabytes(median(all.map(({ peak_rss_kb }) => peak_rss_kb))),
    ]),
  );
  printChecks([{
    what: "CPU a request with a rate, to that without",
    reached: ratio(cpuOf(names.open), cpuOf(names.closed)),
    bound: "at most",
    limit: 1.1,
  }]);
}
