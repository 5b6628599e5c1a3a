import { type Bench, type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import {
  type Figure,
  LEAST_CPU,
  PEAK_MEMORY,
  printRuns,
  RATE,
  ratio,
  summarize,
} from "../figures.ts";
import { isCommit } from "../git_worktree.ts";
import { inTurn } from "../in_turn.ts";
import type { InstantRun } from "../instant_run.ts";
import { LONG_BODY, Nginx, NGINX_LIMITS } from "../nginx.ts";
import { type Connections, FETCH, myriad, NATIVE, PORTABLE } from "../peers/myriad.ts";
import type { Peer } from "../peers/peer.ts";
import { freePort } from "../port.ts";
import { myriadCommand, ROOT } from "../root.ts";
import { runInstant } from "../run_instant.ts";
import { runPeer, type Sample } from "../run.ts";
import { ServerProcess } from "../server_process.ts";
import { cell, grouped, NOT_MEASURED, printTable } from "../table.ts";
import { before } from "./before.ts";

/** The last commit with one event loop. */
const BASE = "c57fe97";
/** So that it takes some minutes; more are steadier. */
const ROUNDS = 3;
const IN_FLIGHT = 64;
const CORES = navigator.hardwareConcurrency;

const BEST_RATE: Figure<{ readonly rate: number }> = { ...RATE, pick: "most" };

/** How many threads make requests without a network. */
const THREADS = [1, 2, 4, 8, 16];
const INSTANT_RATE: Figure<InstantRun> = {
  title: "requests/s",
  isGrouped: true,
  pick: "most",
  value: ({ requests, seconds }) => Math.round(requests / seconds),
};
const MAIN_CPU = cpuOf("of the main thread", ({ mainSeconds }) => mainSeconds);
const INSTANT_COLUMNS = [
  INSTANT_RATE,
  {
    ...cpuOf(
      "CPU a request",
      ({ mainSeconds, workerSeconds, otherSeconds }) => mainSeconds + workerSeconds + otherSeconds,
    ),
    ratio: "ratio",
  },
  MAIN_CPU,
  cpuOf("of the workers", ({ workerSeconds }) => workerSeconds),
  cpuOf("of other threads", ({ otherSeconds }) => otherSeconds),
  {
    title: "main thread takes a core at",
    text: (runs: readonly InstantRun[]): string => {
      const micros = summarize(MAIN_CPU, runs);
      return micros === undefined ? NOT_MEASURED : `${grouped(Math.round(1e6 / micros))}/s`;
    },
  },
  { ...PEAK_MEMORY, pick: "least" },
] as const;

function cpuOf(title: string, seconds: (run: InstantRun) => number): Figure<InstantRun> {
  return {
    title,
    unit: " us",
    digits: 2,
    pick: "least",
    value: (run) => seconds(run) * 1e6 / run.requests,
  };
}

/** A load, which one thread makes, or two do, or two processes of one thread each. */
interface Row {
  readonly name: string;
  readonly server: ServerProcess;
  readonly connections: Connections;
  readonly flags: readonly string[];
  /** So many requests take some seconds. */
  readonly requests: number;
  /** What the CPU a request may be with two threads, as a share of that of one. */
  readonly maxCpu?: number;
  /** What the rate has to be with two threads, as a share of that of one. */
  readonly minRate?: number;
}

/** A run of which it is known what the server cost meanwhile. */
interface ServedSample extends Sample {
  /** CPU of the server a request; undefined where the system does not say. */
  readonly serverMicros: number | undefined;
  /** CPU of the server over the time of the run. */
  readonly serverShare: number | undefined;
}

const SERVER_SHARE: Figure<ServedSample> = {
  title: "cores of the server",
  digits: 2,
  value: ({ serverShare }) => serverShare,
};
const SERVER_CPU: Figure<ServedSample> = {
  title: "CPU of the server a request",
  unit: " us",
  digits: 2,
  pick: "least",
  value: ({ serverMicros }) => serverMicros,
};

/** One event loop beside several: CPU, rate, memory, and the cost of handing results over. */
export const threads: Bench = {
  measures: "one event loop beside several: CPU a request, requests/s, memory for each thread, " +
    "records/s into one file, and 1 to 16 threads without a network",
  minutes: 20,
  async run(context) {
    const { servers: { directory } } = context;
    await using plain = await Nginx.start({ directory });
    await using secure = await Nginx.start({ directory, isTls: true });
    await using long = await Nginx.start({ directory, body: LONG_BODY });
    await using delay = await startDelayServer();
    if (plain === undefined || secure === undefined || long === undefined) {
      console.log("\nthreads is skipped: it needs Debian's package nginx-light");
      return;
    }
    const own = { ...context, rounds: context.rounds ?? ROUNDS };
    console.log(`\nnginx ${await Nginx.version()}: ${NGINX_LIMITS}`);
    await compareWithBase(own);
    printChecks([
      ...await measureLoads(own, planLoads(own, { plain, secure, long, delay })),
      ...await measureMemory(own, plain),
      ...await measureInstant(own),
    ]);
  },
};

/** `myriad serve` in a process of its own, which answers at once. */
async function startDelayServer(): Promise<ServerProcess> {
  const port = freePort();
  const command = myriadCommand(["serve", "--port", `${port}`, "--delay", "0"]);
  return await new ServerProcess(command, port, { stdout: "null", stderr: "null" }).listening();
}

/** `--threads 1` beside the program before it had the flag. */
async function compareWithBase(context: Context): Promise<void> {
  const base = context.base ?? BASE;
  if (await isCommit(base)) return await before.run({ ...context, base });
  console.log(`\nWithout the commit before: git has no ${base}`);
}

function planLoads(
  { servers }: Context,
  { plain, secure, long, delay }: Record<"plain" | "secure" | "long" | "delay", ServerProcess>,
): Row[] {
  const http1 = ["--http1.1", "-k"];
  // The same connections with one thread as with two.
  const http2 = ["--connections", "2", "-k"];
  const loads: Row[] = [
    {
      name: "http",
      server: plain,
      connections: NATIVE,
      flags: [],
      requests: 1_500_000,
      maxCpu: 1.08,
    },
    {
      name: "https, HTTP/1.1",
      server: secure,
      connections: NATIVE,
      flags: http1,
      requests: 700_000,
      maxCpu: 1.08,
      minRate: 1.6,
    },
    {
      name: "HTTP/2",
      server: secure,
      connections: PORTABLE,
      flags: http2,
      requests: 2_000_000,
      maxCpu: 1.2,
    },
  ];
  const output = ["-o", servers.file("results.ndjson"), "--overwrite"];
  return [
    ...loads.flatMap((load) => {
      const { minRate: _, ...writing } = load;
      return [load, { ...writing, name: `${load.name}, -o`, flags: [...load.flags, ...output] }];
    }),
    {
      name: "--expect-body, 1 KB",
      server: long,
      connections: NATIVE,
      flags: ["--expect-body", "status$"],
      requests: 700_000,
      minRate: 1.6,
    },
    {
      // Of all clients here the one that costs most beside its server.
      name: "native fetch, https",
      server: secure,
      connections: FETCH,
      flags: [],
      requests: 100_000,
      minRate: 1.6,
    },
    {
      name: "delay server, 0 s",
      server: delay,
      connections: NATIVE,
      flags: [],
      requests: 200_000,
      minRate: 1.6,
    },
  ];
}

/** CPU a request and rate of each load. */
async function measureLoads(context: Context, rows: readonly Row[]): Promise<Check[]> {
  const runs: Record<string, () => Promise<ServedSample>> = {};
  for (const row of rows) {
    for (const [name, peer] of Object.entries(planPeers(row))) {
      runs[name] = () => measureServed(context, row, peer);
    }
  }
  const samples = await inTurn(context, ROUNDS, runs);
  printRuns(`${IN_FLIGHT} in flight together`, samples, [
    LEAST_CPU,
    BEST_RATE,
    PEAK_MEMORY,
    SERVER_CPU,
    SERVER_SHARE,
  ], { first: "row" });
  console.log(
    "\nTwo processes of one thread, with half of the requests in flight each, share nothing: what " +
      "they cost more than one is the machine's doing. With c of CPU a request for the client, two " +
      `threads, and s for the server, ${CORES} cores allow ${CORES} / (c + s) requests/s.\n`,
  );
  const limits = new Map(rows.map((row) => [row, computeLimit(row, samples)]));
  printTable(
    [
      ...["row", "CPU, 2 threads to 1", "2 processes to 1"],
      ...["rate, 2 threads to 1", "2 processes to 1", "cores allow to 1"],
    ],
    rows.map((row) => [
      row.name,
      ...[LEAST_CPU, BEST_RATE].flatMap((figure) => [
        cell(toOne(figure, row, samples), 2),
        cell(toOne(figure, row, samples, toTwice(row)), 2),
      ]),
      cell(limits.get(row), 2),
    ]),
  );
  return rows.flatMap((row) => toChecks(row, samples));
}

type Samples = Readonly<Record<string, readonly ServedSample[]>>;

function toName({ name }: Pick<Row, "name">, threads: number): string {
  return `${name}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

function toTwice({ name }: Pick<Row, "name">): string {
  return `${name}, 2 processes`;
}

/** The runs of a load, by name. */
function planPeers(row: Row): Record<string, Peer> {
  const threads = Object.fromEntries(
    [1, 2].map((threads) => [toName(row, threads), planThreads(row, threads)]),
  );
  // Two processes would write the same file.
  if (row.flags.includes("-o")) return threads;
  return { ...threads, [toTwice(row)]: planProcesses(planThreads(row, 1)) };
}

/** A figure of a run as a share of that of one thread. @param name by default of two threads */
function toOne(
  figure: Figure<Sample>,
  row: Row,
  samples: Samples,
  name = toName(row, 2),
): number | undefined {
  return ratio(summarize(figure, samples[name]), summarize(figure, samples[toName(row, 1)]));
}

/** The rate that the cores allow with two threads, as a share of that of one. */
function computeLimit(row: Row, samples: Samples): number | undefined {
  const two = samples[toName(row, 2)];
  const [client, server] = [summarize(LEAST_CPU, two), summarize(SERVER_CPU, two)];
  if (client === undefined || server === undefined) return undefined;
  return ratio(CORES * 1e6 / (client + server), summarize(BEST_RATE, samples[toName(row, 1)]));
}

function toChecks(row: Row, samples: Samples): Check[] {
  const checks: Check[] = [];
  if (row.maxCpu !== undefined) {
    checks.push({
      what: `CPU a request with 2 threads to 1, ${row.name}`,
      reached: toOne(LEAST_CPU, row, samples),
      bound: "at most",
      limit: row.maxCpu,
    });
  }
  if (row.minRate !== undefined) {
    checks.push({
      what: `requests/s with 2 threads to 1, ${row.name}`,
      reached: toOne(BEST_RATE, row, samples),
      bound: "at least",
      limit: row.minRate,
    });
  }
  return checks;
}

function planThreads({ connections, flags }: Row, threads: number): Peer {
  const [output] = flags.filter((flag) => flag.endsWith(".ndjson"));
  const folder = output?.replace(/\/[^/]*$/, "");
  const files = folder === undefined
    ? [`--allow-read=${ROOT}`]
    : [`--allow-read=${folder},${ROOT}`, `--allow-write=${folder}`];
  return myriad(
    [...connections.flags, "--threads", `${threads}`, ...flags],
    [...connections.permissions, ...files],
  );
}

/** The same client twice at once, with half of the load each. */
function planProcesses(peer: Peer): Peer {
  return {
    ...peer,
    command(load) {
      const half = {
        ...load,
        requests: Math.ceil(load.requests / 2),
        concurrency: load.concurrency / 2,
      };
      return ["sh", "-c", `"$@" > /dev/null & "$@"; wait`, "sh", ...peer.command(half)];
    },
    read(stdout, seconds) {
      const { requests, failed, rate } = peer.read(stdout, seconds);
      return { requests: 2 * requests, failed: 2 * failed, rate: 2 * rate };
    },
  };
}

function measure(
  context: Context,
  { server, requests }: Row,
  peer: Peer,
  concurrency = IN_FLIGHT,
): Promise<Sample> {
  const count = scaled(requests, context, concurrency);
  return runPeer(context.meter, peer, {
    url: server.url,
    concurrency,
    requests: count,
    seconds: 0,
  });
}

async function measureServed(context: Context, row: Row, peer: Peer): Promise<ServedSample> {
  const startMs = performance.now();
  const before = await row.server.cpuSeconds();
  const sample = await measure(context, row, peer);
  const after = await row.server.cpuSeconds();
  const seconds = before === undefined || after === undefined ? undefined : after - before;
  return {
    ...sample,
    serverMicros: seconds && seconds * 1e6 / sample.requests,
    serverShare: seconds && seconds * 1e3 / (performance.now() - startMs),
  };
}

/** Peak memory with 1, 2 and 4 threads, 500 connections together. */
async function measureMemory(context: Context, plain: Nginx): Promise<Check[]> {
  const connections = 500;
  const rows = [NATIVE, PORTABLE].map((kind): Row => ({
    name: `http ${kind.name}`,
    server: plain,
    connections: kind,
    flags: [],
    requests: 500_000,
  }));
  const samples = await inTurn(
    context,
    ROUNDS,
    Object.fromEntries(rows.flatMap((row) =>
      [1, 2, 4].map((threads) => [
        toName(row, threads),
        () => measure(context, row, planThreads(row, threads), connections),
      ])
    )),
  );
  const least: Figure<Sample> = { ...PEAK_MEMORY, pick: "least" };
  printRuns(`peak memory, ${connections} in flight`, samples, [least, LEAST_CPU, BEST_RATE], {
    first: "row",
  });
  return rows.flatMap((row) => {
    const megabytes = [1, 2, 4].map((threads) => summarize(least, samples[toName(row, threads)]));
    const [one, two, four] = megabytes;
    const check = { bound: "at most", limit: 20, unit: " MB" } as const;
    return [{
      ...check,
      what: `memory for each thread beyond the second, ${row.name}`,
      reached: two === undefined || four === undefined ? undefined : (four - two) / 2,
    }, {
      // One worker more, and the main thread, which then makes no requests.
      ...check,
      what: `memory for the second thread, ${row.name}`,
      reached: one === undefined || two === undefined ? undefined : two - one,
    }];
  });
}

/** What hand-over costs, with an engine that answers at once. */
async function measureInstant(context: Context): Promise<Check[]> {
  const output = ["-o", context.servers.file("results.ndjson"), "--overwrite"];
  const kinds = [{ name: "-s", flags: [] }, { name: "-o", flags: output }];
  const requests = scaled(8_000_000, context, 100_000);
  const load = ["-n", `${requests}`, "-c", "1024"];
  const samples = await inTurn(
    context,
    ROUNDS,
    Object.fromEntries(kinds.flatMap((kind) =>
      THREADS.map((threads) => [
        toName(kind, threads),
        () => runInstant(context, [...load, "--threads", `${threads}`, ...kind.flags]),
      ])
    )),
  );
  for (const kind of kinds) {
    const names = THREADS.map((threads) => toName(kind, threads));
    printRuns(
      `${grouped(requests)} requests without a network`,
      Object.fromEntries(names.map((name) => [name, samples[name]])),
      INSTANT_COLUMNS,
      { first: "row" },
    );
  }
  return [{
    what: "records/s from 4 threads into one file, without a network",
    reached: summarize(INSTANT_RATE, samples[toName(kinds[1], 4)]),
    bound: "at least",
    limit: 1_500_000,
    unit: "/s",
  }];
}
