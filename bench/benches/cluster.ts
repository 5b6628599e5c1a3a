import { type Bench, type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { ClusterRun, type Submitted } from "../cluster/cluster_run.ts";
import { NatsServer } from "../cluster/nats_server.ts";
import type { Paces, PacesOptions } from "../cluster/paces.ts";
import { SlowProxy } from "../cluster/slow_proxy.ts";
import { type Figure, LEAST_CPU, PEAK_MEMORY, printRuns, ratio, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { Interrupted, type Measured } from "../meter.ts";
import { Nginx } from "../nginx.ts";
import { forEachLine } from "../number_log.ts";
import { myriadCommand, projectPath, V8_FLAGS } from "../root.ts";
import type { Cost } from "../run.ts";
import { cell, grouped, printTable } from "../table.ts";
import { writeLines } from "../write_lines.ts";

/** So that it takes some minutes; more are steadier. */
const ROUNDS = 3;
/** Requests of a slice, where a figure depends on it. */
const SLICE = 2_000;
/** How many slices a worker has at most: `MAX_HELD` in `lib/cluster/run_worker.ts`. */
const MAX_HELD = 8;
/** Of the simulated parts: as the program itself cuts a run that is long. */
const LONG_SLICE = 20_000;

/** Several machines, which are processes of this one: each figure that a run on NATS has to reach. */
export const cluster: Bench = {
  measures:
    "a run on NATS: what a worker costs beside a run without, collecting, 1 to 3 workers, " +
    "deaths of a worker and of the server, 100 workers with one rate",
  minutes: 11,
  async run(context) {
    const { servers: { directory } } = context;
    await using server = await NatsServer.start(directory);
    if (server === undefined || await Nginx.version() === undefined) {
      console.log(
        "\ncluster is skipped: it needs Debian's packages nats-server and nginx-light",
      );
      return;
    }
    console.log(`\nnats-server ${await NatsServer.version()}, nginx ${await Nginx.version()}`);
    const bench = { ...context, rounds: context.rounds ?? ROUNDS, server };
    const checks: Check[] = [];
    for (
      const measure of [
        measureWorker,
        measureCollecting,
        measureDeath,
        measureOutage,
        measureSeveral,
        measurePaces,
      ]
    ) {
      try {
        checks.push(...await measure(bench));
      } catch (error) {
        if (error instanceof Interrupted) throw error;
        console.log(`\n${measure.name}: ${(error as Error).message}`);
      }
    }
    printChecks(checks);
  },
};

interface ClusterContext extends Context {
  readonly server: NatsServer;
}

/** A process of which it is known how many requests it made. */
interface Sample extends Cost {
  readonly seconds: number;
}

const SECONDS: Figure<Sample> = {
  title: "time",
  unit: " s",
  digits: 2,
  pick: "least",
  hasRange: true,
  value: ({ seconds }) => seconds,
};
const LEAST_MEMORY: Figure<Cost> = { ...PEAK_MEMORY, pick: "least" };

function toSample({ seconds, cpuSeconds, peakKilobytes }: Measured, requests: number): Sample {
  return { seconds, cpuMicros: cpuSeconds && cpuSeconds * 1e6 / requests, peakKilobytes };
}

/** One worker beside a run of one process that makes the same requests. */
async function measureWorker(context: ClusterContext): Promise<Check[]> {
  const { servers, meter } = context;
  const url = await servers.fastServer();
  const requests = scaled(1_000_000, context, 10_000);
  const urls = servers.file("urls.txt");
  await writeLines(
    urls,
    requests,
    (i) => `${url}${(i * 2654435761 % 2 ** 32).toString(36)}/${i}\n`,
  );
  const load = ["-n", `${requests}`, "-c", "64", "--overwrite", "-o"];
  const kinds = { "numbers": [`${url}{}`], "--input": ["--input", urls] };
  const samples: Record<string, Sample[]> = {};
  const runs: Record<string, () => Promise<undefined>> = {};
  const add = (name: string, sample: Sample): void => void (samples[name] ??= []).push(sample);
  for (const [kind, args] of Object.entries(kinds)) {
    runs[`${kind}, plain`] = async () => {
      const output = servers.file("plain.ndjson.gz");
      const run = await meter.run(myriadCommand(["-s", ...load, output, ...args]));
      if (run.code !== 0) throw new Error(run.stderr.trim());
      add(`${kind}, plain`, toSample(run, requests));
      return undefined;
    };
    runs[`${kind}, cluster`] = async () => {
      const output = servers.file("cluster.ndjson.gz");
      const run = await ClusterRun.submit(context, context.server, [...load, output, ...args]);
      const [worker, submitted] = await Promise.all([run.work(), run.submitted]);
      requireAll(submitted, requests);
      add(`${kind}, the worker`, toSample(worker, requests));
      add(`${kind}, the submitter`, toSample(submitted, requests));
      return undefined;
    };
  }
  await inTurn(context, ROUNDS, runs);
  printRuns(
    `${grouped(requests)} requests, 64 in flight, -o x.ndjson.gz`,
    samples,
    [LEAST_CPU, SECONDS, PEAK_MEMORY],
    { first: "process" },
  );
  return Object.keys(kinds).flatMap((kind) => {
    const [plain, worker, submitter] = ["plain", "the worker", "the submitter"]
      .map((name) => samples[`${kind}, ${name}`]);
    const megabytes = [plain, worker].map((runs) => summarize(LEAST_MEMORY, runs));
    return [{
      what: `CPU a request of a worker to a plain run, ${kind}`,
      reached: ratio(summarize(LEAST_CPU, worker), summarize(LEAST_CPU, plain)),
      bound: "at most",
      limit: 1.05,
    }, {
      what: `whole run with one worker to a plain run, ${kind}`,
      reached: ratio(summarize(SECONDS, submitter), summarize(SECONDS, plain)),
      bound: "at most",
      limit: 1.10,
    }, {
      what: `memory of a worker beyond that of a plain run, ${kind}`,
      reached: megabytes.includes(undefined) ? undefined : megabytes[1]! - megabytes[0]!,
      bound: "at most",
      limit: 15,
      unit: " MB",
    }];
  });
}

/** @throws {Error} If a run has not made all of its requests. */
function requireAll({ summary, stderr }: Submitted, requests: number): void {
  if (summary.succeeded === requests) return;
  throw new Error(`${summary.succeeded} of ${requests} succeeded; it said '${stderr.trim()}'`);
}

/** What it costs to collect parts that are ready: from a tenth of the records on, memory is flat. */
async function measureCollecting(context: ClusterContext): Promise<Check[]> {
  const { servers } = context;
  const most = scaled(100_000_000, context, 10 * LONG_SLICE);
  const rows = {
    "tenth": { requests: most / 10, file: "ready.ndjson.gz" },
    "all": { requests: most, file: "ready.ndjson.gz" },
    "text": { requests: most / 10, file: "ready.ndjson" },
  };
  const names: Record<keyof typeof rows, string> = {
    tenth: `${grouped(most / 10)} records, gzip`,
    all: `${grouped(most)} records, gzip`,
    text: `${grouped(most / 10)} records, text`,
  };
  const samples: Record<string, (Cost & { readonly rate: number })[]> = {};
  for (const [name, { requests, file }] of Object.entries(rows)) {
    console.error(`collecting ${grouped(requests)} records`);
    const output = servers.file(file);
    const flags = ["-n", `${requests}`, "--slice", `${LONG_SLICE}`, "--overwrite", "-o", output];
    const run = await ClusterRun.submit(context, context.server, [
      ...flags,
      "http://127.0.0.1:9/{}",
    ]);
    const [, submitted] = await Promise.all([
      context.meter.beside().run([
        ...[Deno.execPath(), "run", "--quiet", V8_FLAGS, "--allow-all"],
        ...[projectPath("bench/cluster/ready_worker.ts"), `${context.server.port}`, run.name],
      ]),
      run.submitted,
    ]);
    requireAll(submitted, requests);
    await Deno.remove(output);
    const { rate } = submitted.summary;
    samples[names[name as keyof typeof rows]] = [{ ...toSample(submitted, requests), rate }];
  }
  const rate: Figure<{ readonly rate: number }> = {
    title: "records/s",
    isGrouped: true,
    value: ({ rate }) => Math.round(rate),
  };
  printRuns(
    `The submitter collects parts of ${grouped(LONG_SLICE)} records that a program has ready`,
    samples,
    [rate, { ...LEAST_CPU, title: "CPU a record", hasRange: false, digits: 3 }, PEAK_MEMORY],
    { first: "output" },
  );
  const [tenth, all] = [names.tenth, names.all].map((name) =>
    summarize(PEAK_MEMORY, samples[name])
  );
  return [
    ...Object.values(names).map((name): Check => ({
      what: `collected, ${name}`,
      reached: summarize(rate, samples[name]),
      bound: "at least",
      limit: 500_000,
      unit: "/s",
    })),
    {
      what: `memory with ${grouped(most)} records beyond that with a tenth`,
      reached: tenth === undefined || all === undefined ? undefined : all - tenth,
      bound: "at most",
      limit: 10,
      unit: " MB",
    },
  ];
}

/** What a server's own log says of the numbers that it was asked for. */
interface Asked {
  /** Requests beyond the first one for a number. */
  readonly repeated: number;
  /** Numbers that were not asked for. */
  readonly lost: number;
}

/** Has requests for an nginx of its own, and reads its log. */
async function logRequests(
  { servers: { directory } }: Context,
  requests: number,
  run: (url: string) => Promise<void>,
): Promise<Asked> {
  const accessLog = `${directory}/cluster.log`;
  await using nginx = await Nginx.start({
    directory,
    accessLog,
    accessLogFormat: "$request_uri",
  });
  await run(nginx!.url);
  await nginx!.stop();
  const counts = new Uint32Array(requests);
  await forEachLine(accessLog, ([number]) => counts[number]++);
  await Deno.remove(accessLog);
  let [repeated, lost] = [0, 0];
  for (const count of counts) {
    if (count === 0) lost++;
    else repeated += count - 1;
  }
  return { repeated, lost };
}

function waitSeconds(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}

/** Two workers, one of which is killed: what it held is done again. */
async function measureDeath(context: ClusterContext): Promise<Check[]> {
  const requests = scaled(400_000, context, 20 * SLICE);
  const [beforeJoin, beforeDeath, inAll] = [2, 4, 10];
  const output = context.servers.file("death.ndjson.gz");
  console.error("a worker is killed");
  const asked = await logRequests(context, requests, async (url) => {
    const run = await ClusterRun.submit(context, context.server, [
      ...["-n", `${requests}`, "-c", "64", "--slice", `${SLICE}`, "--lost-after", "2s"],
      ...["-q", `${requests / inAll}/s`, "--overwrite", "-o", output, `${url}{}`],
    ]);
    const victim = run.spawnWorker();
    await waitSeconds(beforeJoin);
    const other = run.work();
    await waitSeconds(beforeDeath - beforeJoin);
    victim.kill("SIGKILL");
    await victim.status;
    const [submitted] = await Promise.all([run.submitted, other]);
    requireAll(submitted, requests);
  });
  return [{
    what: `requests repeated after the death of a worker, slices of ${grouped(SLICE)}`,
    reached: asked.repeated,
    bound: "at most",
    limit: MAX_HELD * SLICE,
    unit: "",
  }, nothingLost("requests lost by the death of a worker", asked.lost)];
}

function nothingLost(what: string, reached: number): Check {
  return { what, reached, bound: "at most", limit: 0, unit: "" };
}

/** The server is killed under two workers, and comes back after a while. */
async function measureOutage(context: ClusterContext): Promise<Check[]> {
  const seconds = scaled(20, context, 5);
  const rate = 2_000;
  const requests = rate * (seconds + 20);
  const output = context.servers.file("outage.ndjson.gz");
  console.error(`the NATS server is away for ${seconds} s`);
  const asked = await logRequests(context, requests, async (url) => {
    const run = await ClusterRun.submit(context, context.server, [
      ...["-n", `${requests}`, "-c", "64", "-q", `${rate}/s`, "--lost-after", "10s"],
      ...["--overwrite", "-o", output, `${url}{}`],
    ]);
    const workers = [run.work(), run.work()];
    await waitSeconds(6);
    await context.server.kill();
    await waitSeconds(seconds);
    await context.server.restart();
    const [submitted] = await Promise.all([run.submitted, ...workers]);
    requireAll(submitted, requests);
  });
  return [
    nothingLost(`requests repeated by ${seconds} s without the NATS server`, asked.repeated),
    nothingLost(`requests lost by ${seconds} s without the NATS server`, asked.lost),
  ];
}

/** Requests a second of a run. */
interface Rates {
  readonly whole: number;
  /** Of the middle half of its time: while all workers are there, and before the last answers. */
  readonly middle: number;
}

/** 1, 2 and 3 workers against answers that take 0 to 3 s: the requests in flight bound the rate. */
async function measureSeveral(context: ClusterContext): Promise<Check[]> {
  const url = await context.servers.delayServer("0-3s");
  const each = scaled(12_000, context, 2_000);
  const output = context.servers.file("several.ndjson");
  const rates: Record<number, Rates> = {};
  for (const workers of [1, 2, 3]) {
    console.error(`${workers} against the delay server`);
    const run = await ClusterRun.submit(context, context.server, [
      ...["-n", `${each * workers}`, "-c", "300", "--overwrite", "-o", output, `${url}{}`],
    ]);
    const [submitted] = await Promise.all([
      run.submitted,
      ...Array.from({ length: workers }, () => run.work()),
    ]);
    requireAll(submitted, each * workers);
    rates[workers] = { whole: submitted.summary.rate, middle: await readMiddleRate(output) };
  }
  console.log(
    `\n${grouped(each)} requests for each worker, which has 300 in flight; answers take 0 to 3 s\n`,
  );
  printTable(
    ["workers", "requests/s in the middle half", "to one", "of the whole run", "to one"],
    Object.entries(rates).map(([workers, { whole, middle }]) => [
      workers,
      cell(middle, 1),
      cell(middle / rates[1].middle, 3),
      cell(whole, 1),
      cell(whole / rates[1].whole, 3),
    ]),
  );
  return [2, 3].map((workers) => ({
    what: `requests/s of ${workers} workers to ${workers} times those of one, off by`,
    reached: 100 * Math.abs(rates[workers].middle / (workers * rates[1].middle) - 1),
    bound: "at most",
    limit: 2,
    unit: " %",
  }));
}

/** Starts a second between a quarter and three quarters of the time that all starts took. */
async function readMiddleRate(output: string): Promise<number> {
  const lines = (await Deno.readTextFile(output)).trimEnd().split("\n");
  const starts = lines.map((line) => Date.parse(JSON.parse(line).at)).sort((a, b) => a - b);
  const [first, last] = [starts[0], starts.at(-1)!];
  const quarterMs = (last - first) / 4;
  const inMiddle = starts.filter((ms) => ms >= first + quarterMs && ms < last - quarterMs);
  return inMiddle.length * 1_000 / (2 * quarterMs);
}

/** 100 workers without requests that share a rate, at three distances from the server. */
async function measurePaces(context: ClusterContext): Promise<Check[]> {
  const [paces, rate] = [100, 5_000];
  const seconds = scaled(20, context, 10);
  const checks: Check[] = [];
  const rows: string[][] = [];
  for (const roundTripMs of [0, 20, 100]) {
    console.error(`${paces} paces, ${roundTripMs} ms to the server and back`);
    using proxy = roundTripMs === 0
      ? undefined
      : new SlowProxy(context.server.port, { roundTripMs });
    const port = proxy?.port ?? context.server.port;
    const { perSecond, perPace } = await runPaces(context, { port, paces, rate, seconds });
    const off = Math.max(...perSecond.map((count) => Math.abs(count / rate - 1)));
    const sorted = perPace.toSorted((a, b) => a - b);
    const median = sorted[sorted.length >> 1];
    const where = `${roundTripMs === 0 ? "loopback" : `${roundTripMs} ms`}`;
    rows.push([
      where,
      `${grouped(Math.min(...perSecond))} to ${grouped(Math.max(...perSecond))}`,
      `${grouped(sorted[0])}, ${grouped(median)}, ${grouped(sorted.at(-1)!)}`,
    ]);
    checks.push({
      what: `rate of ${paces} paces in each second, off by at most, ${where}`,
      reached: 100 * off,
      bound: "at most",
      limit: 1,
      unit: " %",
    }, {
      what: `starts of the least pace to the median, ${where}`,
      reached: sorted[0] / median,
      bound: "at least",
      limit: 0.5,
    });
  }
  console.log(`\n${paces} paces in one process, ${grouped(rate)}/s together, ${seconds} s\n`);
  printTable(["round trip", "starts in a second", "starts of a pace: least, median, most"], rows);
  return checks;
}

async function runPaces({ meter }: Context, options: PacesOptions): Promise<Paces> {
  const program = projectPath("bench/cluster/paces.ts");
  const run = await meter.run([
    ...[Deno.execPath(), "run", "--quiet", "--allow-net", "--allow-read", program],
    JSON.stringify(options),
  ]);
  if (run.code !== 0) throw new Error(`the paces ended: ${run.stderr.trim()}`);
  return JSON.parse(run.stdout);
}
