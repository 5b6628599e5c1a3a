import { countDone } from "../../lib/checkpoint/done_set.ts";
import { readJournal } from "../../lib/checkpoint/journal.ts";
import { type Bench, type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { DelayLog } from "../delay_log.ts";
import { Interrupted } from "../meter.ts";
import { Nginx } from "../nginx.ts";
import { forEachLine } from "../number_log.ts";
import { NumberSet } from "../number_set.ts";
import { freePort } from "../port.ts";
import { myriadCommand } from "../root.ts";
import { ServerProcess } from "../server_process.ts";
import { cell, grouped, printTable } from "../table.ts";

/** How often the run of a row is killed. */
const KILLS = 50;
/** More requests than a run makes before its last kill. */
const REQUESTS = 200_000_000;
/** When a run is killed, from its first new record. */
const MIN_LIFE_MS = 50;
const MAX_LIFE_MS = 1_000;
/** The longest wait for that record. */
const MAX_START_MS = 60_000;
const LOOK_MS = 20;

/** What is asked, how many requests are in flight, and in how many threads. */
interface Row {
  readonly server: "nginx" | "0 to 300 ms";
  readonly inFlight: number;
  readonly threads: number;
}

const ROWS: readonly Row[] = (["nginx", "0 to 300 ms"] as const).flatMap((server) =>
  [10, 100, 1_000, 10_000].flatMap((inFlight) =>
    [1, 2].map((threads): Row => ({ server, inFlight, threads }))
  )
);

/** How a run went that was killed again and again. */
interface KilledRun {
  readonly requests: number;
  /** Requests that the server got more than once, of each kill. */
  readonly again: number;
  readonly missing: number;
  readonly twice: number;
}

/** What is made again after `kill -9` and `--resume`. */
export const resume: Bench = {
  measures:
    "how many requests a server gets twice when a run is killed (kill -9) and resumed, and " +
    "whether a record is missing or there twice",
  minutes: 30,
  async run(context) {
    if (await Nginx.version() === undefined) {
      console.log("\nresume is skipped: it needs Debian's package nginx-light");
      return;
    }
    const kills = scaled(KILLS, context, 2);
    const rows: string[][] = [];
    const checks: Check[] = [];
    for (const row of ROWS) {
      const { server, inFlight, threads } = row;
      const { requests, again, missing, twice } = await killOften(context, row, kills);
      rows.push([
        server,
        grouped(inFlight),
        `${threads}`,
        grouped(requests),
        cell(again, 0),
        cell(again / inFlight, 2),
        `${missing}`,
        `${twice}`,
      ]);
      const what = `${server}, -c ${inFlight}, --threads ${threads}`;
      checks.push(
        {
          what: `sent again, of -c, ${what}`,
          reached: again / inFlight,
          bound: "at most",
          limit: 1.2,
        },
        {
          what: `records lost or twice, ${what}`,
          reached: missing + twice,
          bound: "at most",
          limit: 0,
          unit: " records",
        },
      );
    }
    console.log(`\n### ${kills} kills each, -o x.ndjson\n`);
    printTable(
      [
        "server",
        "in flight",
        "threads",
        "requests",
        "sent again a kill",
        "of -c",
        "missing",
        "twice",
      ],
      rows,
    );
    printChecks(checks);
  },
};

/** Kills a run some times, then ends it by SIGINT, and counts. */
async function killOften(
  { meter, servers: { directory } }: Pick<Context, "meter" | "servers">,
  { server: kind, inFlight, threads }: Row,
  kills: number,
): Promise<KilledRun> {
  const folder = `${directory}/resume`;
  await Deno.mkdir(folder);
  const accessLog = `${folder}/access.log`;
  const output = `${folder}/x.ndjson`;
  const server = await startServer(kind, folder, accessLog);
  try {
    const flags = ["-s", "-n", `${REQUESTS}`, "-c", `${inFlight}`, "--threads", `${threads}`];
    flags.push("--no-pause", "--resume", "-o", output, `${server.url}{}`);
    for (let kill = 0; kill <= kills; kill++) {
      if (meter.isStopped) throw new Interrupted();
      await live(flags, output, kill === kills ? "SIGINT" : "SIGKILL");
    }
    await server.stop();
    return await count(kind, accessLog, output, kills);
  } finally {
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function startServer(
  kind: Row["server"],
  directory: string,
  accessLog: string,
): Promise<ServerProcess> {
  if (kind === "nginx") {
    const nginx = await Nginx.start({ directory, accessLog, accessLogFormat: "$request_uri" });
    if (nginx === undefined) throw new Error("nginx does not start");
    return nginx;
  }
  const port = freePort();
  const args = ["serve", "--port", `${port}`, "--delay", "0-300ms", "--access-log", accessLog];
  return await new ServerProcess(myriadCommand(args), port, { stdout: "null" }).listening();
}

/** Lets a run live for a random time from its first new record. */
async function live(
  flags: readonly string[],
  output: string,
  signal: Deno.Signal,
): Promise<void> {
  const before = await measure(output);
  const [program, ...args] = myriadCommand(flags);
  const child = new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).spawn();
  const stderr = new Response(child.stderr).text();
  let hasEnded = false;
  child.status.then(() => hasEnded = true);
  try {
    // What the log has is in the output before anything is requested.
    const resumed = await settle(output, () => hasEnded);
    for (
      let waitedMs = 0;
      await measure(output) <= Math.max(before, resumed);
      waitedMs += LOOK_MS
    ) {
      if (hasEnded || waitedMs > MAX_START_MS) {
        throw new Error(`A run does not begin: ${await stderr}`);
      }
      await sleep(LOOK_MS);
    }
    await sleep(MIN_LIFE_MS + Math.random() * (MAX_LIFE_MS - MIN_LIFE_MS));
  } finally {
    if (!hasEnded) child.kill(signal);
    await child.status;
    await stderr;
  }
}

/** The size of an output once its run has a new journal. */
async function settle(output: string, hasEnded: () => boolean): Promise<number> {
  const journal = `${output}.myriad`;
  const before = await readInode(journal);
  for (let waitedMs = 0; await readInode(journal) === before; waitedMs += LOOK_MS) {
    if (hasEnded() || waitedMs > MAX_START_MS) break;
    await sleep(LOOK_MS);
  }
  return await measure(output);
}

async function readInode(path: string): Promise<number | null> {
  return await Deno.stat(path).then(({ ino }) => ino, () => null);
}

async function measure(path: string): Promise<number> {
  return await Deno.stat(path).then(({ size }) => size, () => 0);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function count(
  kind: Row["server"],
  accessLog: string,
  output: string,
  kills: number,
): Promise<KilledRun> {
  const got = kind === "nginx" ? await readNumbers(accessLog) : await readDelayLog(accessLog);
  const recorded = await readNumbers(output);
  // A thread can have left requests of an earlier life for the next one.
  const { done } = await readJournal(`${output}.myriad`);
  return {
    requests: got.size + got.repeats,
    again: got.repeats / kills,
    missing: countDone(done) - recorded.size,
    twice: recorded.repeats,
  };
}

/** The first number of each line: that of the path, or that of the record. */
async function readNumbers(path: string): Promise<NumberSet> {
  const numbers = new NumberSet();
  await forEachLine(path, ([number]) => numbers.add(number));
  return numbers;
}

async function readDelayLog(path: string): Promise<NumberSet> {
  using file = await Deno.open(path);
  const log = new DelayLog();
  await log.read(file.readable);
  return log.numbers;
}
