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
import { Nginx, NGINX_LIMITS } from "../nginx.ts";
import { type Connections, myriad, NATIVE, PORTABLE } from "../peers/myriad.ts";
import { freePort } from "../port.ts";
import { myriadCommand, ROOT } from "../root.ts";
import { runInstant } from "../run_instant.ts";
import { runPeer, type Sample } from "../run.ts";
import { ServerProcess } from "../server_process.ts";
import { cell, grouped, NOT_MEASURED, printTable } from "../table.ts";
import { before } from "./before.ts";

/** The last commit with one event loop. */
const BASE = "c57fe97";
/** So that it takes some minutes; `--rounds 9` gives the figures of the documents. */
const ROUNDS = 3;
const IN_FLIGHT = 64;
const CORES = 2;
/** A body of 1,024 bytes, at whose end stands what is expected. */
const BODY = `${"Hello, World! ".repeat(73).slice(0, 1_018)}status`;

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

/** A run with one thread, or with two. */
interface Row {
  readonly name: string;
  readonly url: string;
  readonly connections: Connections;
  readonly flags: readonly string[];
  /** So many requests take some seconds. */
  readonly requests: number;
}

/** A run of which it is known what the server cost meanwhile. */
interface ServedSample extends Sample {
  /** CPU of the server a request; undefined where the system does not say. */
  readonly serverMicros: number | undefined;
  /** CPU of the server over the time of the run. */
  readonly serverShare: number | undefined;
}

/** One event loop beside several: CPU, rate, memory, and the cost of handing results over. */
export const threads: Bench = {
  measures: "one event loop beside several: CPU a request, requests/s, memory for each thread, " +
    "records/s into one file, and 1 to 16 threads without a network",
  minutes: 25,
  async run(context) {
    const { servers: { directory } } = context;
    await using plain = await Nginx.start({ directory });
    await using secure = await Nginx.start({ directory, isTls: true });
    await using long = await Nginx.start({ directory, body: BODY });
    if (plain === undefined || secure === undefined || long === undefined) {
      console.log("\nthreads is skipped: it needs Debian's package nginx-light");
      return;
    }
    const rounds = context.rounds ?? ROUNDS;
    const own = { ...context, rounds };
    console.log(`\nnginx ${await Nginx.version()}: ${NGINX_LIMITS}`);
    await compareWithBase(own);
    const checks = [
      ...await measureCpu(own, { plain, secure }),
      ...await measureRate(own, { secure, long }),
      ...await measureMemory(own, plain),
      ...await measureInstant(own),
    ];
    printChecks(checks);
  },
};

/** `--threads 1` beside the program before it had the flag. */
async function compareWithBase(context: Context): Promise<void> {
  const base = context.base ?? BASE;
  if (await isCommit(base)) return await before.run({ ...context, base });
  console.log(`\nWithout the commit before: git has no ${base}`);
}

/** CPU a request with one thread and with two. */
async function measureCpu(
  context: Context,
  { plain, secure }: { plain: Nginx; secure: Nginx },
): Promise<Check[]> {
  const output = ["-o", context.servers.file("results.ndjson"), "--overwrite"];
  const http1 = ["--http1.1", "-k"];
  const kinds = [
    { name: "http", url: plain.url, flags: [], requests: 1_000_000, limit: 1.08 },
    { name: "https", url: secure.url, flags: http1, requests: 700_000, limit: 1.08 },
    { name: "HTTP/2", url: secure.url, flags: ["-k"], requests: 1_200_000, limit: 1.2 },
  ];
  const ways = [
    { name: "native", connections: NATIVE, flags: [] },
    { name: "native, -o", connections: NATIVE, flags: output },
    { name: "portable", connections: PORTABLE, flags: [] },
    { name: "portable, -o", connections: PORTABLE, flags: output },
  ];
  const rows = kinds.flatMap((kind) =>
    ways.map((way) => ({
      ...kind,
      ...way,
      name: `${kind.name} ${way.name}`,
      flags: [...kind.flags, ...way.flags],
    }))
  );
  const samples = await inTurn(
    context,
    ROUNDS,
    Object.fromEntries(
      rows.flatMap((row) =>
        [1, 2].map((threads) => [toName(row, threads), () => measure(context, row, threads)])
      ),
    ),
  );
  printRuns(`CPU a request, ${IN_FLIGHT} in flight`, samples, [LEAST_CPU, BEST_RATE, PEAK_MEMORY], {
    first: "row",
  });
  return rows.map((row): Check => ({
    what: `CPU a request of ${row.name} with 2 threads to 1`,
    reached: ratio(...pairOf(LEAST_CPU, row, samples)),
    bound: "at most",
    limit: row.limit,
  }));
}

function toName({ name }: Pick<Row, "name">, threads: number): string {
  return `${name}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

/** A figure with two threads, and with one. */
function pairOf<S>(
  figure: Figure<S>,
  row: Pick<Row, "name">,
  samples: Readonly<Record<string, readonly S[]>>,
): [number | undefined, number | undefined] {
  return [2, 1].map((threads) => summarize(figure, samples[toName(row, threads)])) as [
    number | undefined,
    number | undefined,
  ];
}

function measure(
  context: Context,
  { url, connections, flags, requests }: Row,
  threads: number,
  concurrency = IN_FLIGHT,
): Promise<Sample> {
  const { directory } = context.servers;
  const files = flags.includes("-o")
    ? [`--allow-read=${directory},${ROOT}`, `--allow-write=${directory}`]
    : [`--allow-read=${ROOT}`];
  const peer = myriad(
    [...connections.flags, "--threads", `${threads}`, ...flags],
    [...connections.permissions, ...files],
  );
  const count = scaled(requests, context, concurrency);
  return runPeer(context.meter, peer, { url, concurrency, requests: count, seconds: 0 });
}

/** Requests a second with one thread and with two, where the client is what bounds them. */
async function measureRate(
  context: Context,
  { secure, long }: { secure: Nginx; long: Nginx },
): Promise<Check[]> {
  await using delay = await startDelayServer();
  const rows: (Row & { readonly server: ServerProcess })[] = [
    {
      name: "https, HTTP/1.1, nginx",
      server: secure,
      url: secure.url,
      connections: NATIVE,
      flags: ["--http1.1", "-k"],
      requests: 700_000,
    },
    {
      name: "--expect-body on 1 KB, nginx",
      server: long,
      url: long.url,
      connections: NATIVE,
      flags: ["--expect-body", "status$"],
      requests: 600_000,
    },
    {
      name: "delay server, 0 s",
      server: delay,
      url: delay.url,
      connections: NATIVE,
      flags: [],
      requests: 200_000,
    },
  ];
  const samples = await inTurn(
    context,
    ROUNDS,
    Object.fromEntries(rows.flatMap((row) =>
      [1, 2].map((threads) => [
        toName(row, threads),
        () => measureServed(context, row, threads),
      ])
    )),
  );
  const serverShare: Figure<ServedSample> = {
    title: "cores of the server",
    digits: 2,
    value: ({ serverShare }) => serverShare,
  };
  const serverMicros: Figure<ServedSample> = {
    title: "CPU of the server a request",
    unit: " us",
    digits: 2,
    pick: "least",
    value: ({ serverMicros }) => serverMicros,
  };
  printRuns(`requests/s, ${IN_FLIGHT} in flight`, samples, [
    BEST_RATE,
    LEAST_CPU,
    serverMicros,
    serverShare,
  ], { first: "row" });
  console.log(
    `\nWhat ${CORES} cores allow: with c of CPU a request for the client, two threads, and s for the` +
      ` server, no more than ${CORES} / (c + s) requests/s.\n`,
  );
  const rates = rows.map((row) => {
    const [two, one] = pairOf(BEST_RATE, row, samples);
    const [client] = pairOf(LEAST_CPU, row, samples);
    const [server] = pairOf(serverMicros, row, samples);
    const most = client === undefined || server === undefined
      ? undefined
      : CORES * 1e6 / (client + server);
    return { row, ratio: ratio(two, one), most, mostRatio: ratio(most, one) };
  });
  printTable(
    ["row", "2 threads to 1", "cores allow", "that is, to 1 thread"],
    rates.map(({ row, ratio, most, mostRatio }) => [
      row.name,
      cell(ratio, 2),
      most === undefined ? NOT_MEASURED : `${grouped(Math.round(most))} requests/s`,
      cell(mostRatio, 2),
    ]),
  );
  return rates.map(({ row, ratio: reached }): Check => ({
    what: `requests/s with 2 threads to 1, ${row.name}`,
    reached,
    bound: "at least",
    limit: 1.6,
  }));
}

/** `myriad serve` in a process of its own, which answers at once. */
async function startDelayServer(): Promise<ServerProcess> {
  const port = freePort();
  const command = myriadCommand(["serve", "--port", `${port}`, "--delay", "0"]);
  return await new ServerProcess(command, port, { stdout: "null", stderr: "null" }).listening();
}

async function measureServed(
  context: Context,
  row: Row & { readonly server: ServerProcess },
  threads: number,
): Promise<ServedSample> {
  const startMs = performance.now();
  const before = await row.server.cpuSeconds();
  const sample = await measure(context, row, threads);
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
    url: plain.url,
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
        () => measure(context, row, threads, connections),
      ])
    )),
  );
  const least: Figure<Sample> = { ...PEAK_MEMORY, pick: "least" };
  printRuns(`peak memory, ${connections} in flight`, samples, [least, LEAST_CPU, BEST_RATE], {
    first: "row",
  });
  return rows.map((row): Check => {
    const [one, four] = [1, 4].map((threads) => summarize(least, samples[toName(row, threads)]));
    return {
      what: `memory for each thread beyond the first, ${row.name}, 4 threads`,
      reached: one === undefined || four === undefined ? undefined : (four - one) / 3,
      bound: "at most",
      limit: 20,
      unit: " MB",
    };
  });
}

/** What hand-over costs, with an engine that answers at once. */
async function measureInstant(context: Context): Promise<Check[]> {
  const output = ["-o", context.servers.file("results.ndjson"), "--overwrite"];
  const kinds = [{ name: "-s", flags: [] }, { name: "-o", flags: output }];
  const requests = scaled(3_000_000, context, 100_000);
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
