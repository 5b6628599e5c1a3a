/**
 * What `bench/benches/names.ts` runs in a namespace of its own.
 *
 *     measure.ts SCALE ROUNDS
 *
 * @module
 */
import { type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { CPU, type Figure, PEAK_MEMORY, printRuns, RATE, ratio, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { Interrupted, Meter } from "../meter.ts";
import { Nginx } from "../nginx.ts";
import { type Cost, type OwnRun, runMyriad } from "../run.ts";
import { Servers } from "../servers.ts";
import { grouped } from "../table.ts";
import { findListClients, type ListClient } from "./clients.ts";
import { Nsd } from "./nsd.ts";
import { type UrlList, writeUrls } from "./urls.ts";

const CONCURRENCY = 100;
const URLS = 1_000_000;
const NAMES = 200_000;
const FEW_NAMES = 2_000;
/** With fewer, requests would find idle connections. */
const LEAST_NAMES = 10 * CONCURRENCY;
/** Handshakes cost most. */
const SECURE_SHARE = 0.1;
/** As the slowest of the other clients needs a minute for all of it. */
const SHARE_OF_OTHERS = 0.02;
const LIMIT_SECONDS = 120;

/** What the name server got, and what did not succeed. */
interface Counts {
  readonly queries: number;
  readonly failed: number;
}

const SECONDS: Figure<{ readonly seconds: number }> = {
  title: "time",
  unit: " s",
  digits: 1,
  pick: "least",
  ratio: "ratio",
  value: ({ seconds }) => seconds,
};
const QUERIES: Figure<Counts> = {
  title: "queries",
  isGrouped: true,
  value: ({ queries }) => queries,
};
const FAILED: Figure<Counts> = { title: "failed", isGrouped: true, value: ({ failed }) => failed };
const CPU_RATIO: Figure<Cost> = { ...CPU, pick: "least", ratio: "ratio" };

const [scale, rounds] = Deno.args.map(Number);
await using servers = await Servers.open();
const meter = await Meter.open(servers.file("time.txt"));
meter.stopOnSignals();
const context: Context = {
  servers,
  meter,
  scale,
  rounds: rounds || undefined,
  base: undefined,
  transport: undefined,
  only: [],
  seed: undefined,
  keep: () => Promise.resolve(),
};
try {
  await measure();
} catch (error) {
  if (!(error instanceof Interrupted)) throw error;
  Deno.exitCode = 130;
}

async function measure(): Promise<void> {
  const names = scaled(NAMES, context, 2 * LEAST_NAMES);
  await using nsd = await Nsd.start(servers.directory, names);
  for (const scheme of ["http", "https"] as const) {
    for (const transport of ["portable", "native"]) await compareOwn(nsd, names, scheme, transport);
  }
  await compareOthers(nsd);
}

/** Names beside addresses, and many names beside few. */
async function compareOwn(
  nsd: Nsd,
  names: number,
  scheme: UrlList["scheme"],
  transport: string,
): Promise<void> {
  const isTls = scheme === "https";
  await using nginx = await Nginx.start({
    directory: servers.directory,
    isEverywhere: true,
    isTls,
  });
  const count = scaled(URLS * (isTls ? SECURE_SHARE : 1), context, 100);
  const hosts = isTls ? Math.max(2 * LEAST_NAMES, Math.round(names * SECURE_SHARE)) : names;
  const few = Math.max(LEAST_NAMES, Math.round(hosts * FEW_NAMES / NAMES));
  const rows: Record<string, Pick<UrlList, "hosts" | "isByAddress">> = {
    [`${grouped(hosts)} addresses`]: { hosts, isByAddress: true },
    [`${grouped(hosts)} names`]: { hosts },
    [`${grouped(few)} names`]: { hosts: few },
  };
  const runs: Record<string, () => Promise<OwnRun & Counts>> = {};
  for (const [row, list] of Object.entries(rows)) {
    const file = servers.file(`${list.hosts}_${list.isByAddress ? "addresses" : "names"}.txt`);
    await writeUrls(file, { count, scheme, port: nginx!.port, ...list });
    runs[row] = () => runOwn(nsd, ["-i", file, "-c", `${CONCURRENCY}`, "-k"], transport);
  }
  const samples = await inTurn(context, 1, runs);
  const title = `${grouped(count)} URLs by ${scheme}, ${transport} sockets, -c ${CONCURRENCY}`;
  printRuns(title, samples, [SECONDS, CPU_RATIO, PEAK_MEMORY, QUERIES, FAILED]);
  const [byAddress, byName, byFew] = Object.values(samples);
  const memory = ratio(summarize(PEAK_MEMORY, byName), summarize(PEAK_MEMORY, byFew));
  const checks: Check[] = [{
    what: "time by names, of that by addresses",
    reached: ratio(summarize(SECONDS, byName), summarize(SECONDS, byAddress)),
    bound: "at most",
    limit: 1.3,
  }, {
    what: "memory by many names, of that by few",
    reached: memory,
    bound: "at most",
    limit: 1.1,
  }];
  printChecks(checks);
}

async function runOwn(nsd: Nsd, args: string[], transport: string): Promise<OwnRun & Counts> {
  const before = await nsd.countQueries();
  const run = await runMyriad(
    context,
    [...args, "--transport", transport],
    // Permissions stand before the program.
    ([deno, ...command]) => [deno, command[0], "--allow-ffi", ...command.slice(1)],
  );
  if (run.succeeded < run.requests) console.log(`\n${transport}: ${JSON.stringify(run.errors)}`);
  return {
    ...run,
    queries: await nsd.countQueries() - before,
    failed: run.requests - run.succeeded,
  };
}

/** All clients that can be had, each with names that nobody has asked for before. */
async function compareOthers(nsd: Nsd): Promise<void> {
  const clients = await findListClients();
  const count = scaled(URLS * SHARE_OF_OTHERS, context, 100);
  const hosts = Math.round(count * NAMES / URLS);
  const samples = await inTurn(
    context,
    1,
    Object.fromEntries(clients.map((it) => [it.name, () => runClient(nsd, it, count, hosts)])),
  );
  const title = `${grouped(count)} URLs of ${grouped(hosts)} names by http, ` +
    `${CONCURRENCY} at once`;
  printRuns(title, samples, [RATE, CPU, PEAK_MEMORY, QUERIES, FAILED], { first: "client" });
}

interface ClientRun extends Cost, Counts {
  readonly rate: number;
}

async function runClient(
  nsd: Nsd,
  client: ListClient,
  count: number,
  hosts: number,
): Promise<ClientRun> {
  const { directory } = servers;
  const log = servers.file("access.log");
  const output = servers.file("output");
  const list = servers.file("urls.txt");
  const before = await nsd.countQueries();
  const server = await Nginx.start({
    directory,
    isEverywhere: true,
    accessLog: log,
    accessLogFormat: "$status",
  });
  await using nginx = server!;
  await writeUrls(list, { count, hosts, scheme: "http", port: nginx.port });
  await Deno.mkdir(output, { recursive: true });
  try {
    const command = client.command(list, CONCURRENCY, output);
    const { seconds, cpuSeconds, peakKilobytes } = await meter.run(command, LIMIT_SECONDS);
    await nginx.stop();
    const answered = (await Deno.readTextFile(log)).match(/^200$/gm)?.length ?? 0;
    return {
      rate: answered / seconds,
      cpuMicros: cpuSeconds === undefined ? undefined : cpuSeconds * 1e6 / answered,
      peakKilobytes,
      queries: await nsd.countQueries() - before,
      failed: count - answered,
    };
  } finally {
    await Deno.remove(log).catch(() => {});
    await Deno.remove(output, { recursive: true });
  }
}
