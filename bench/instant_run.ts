/**
 * `myriad` with an engine that answers at once: what a run costs without a network. It takes the
 * flags of `myriad`, and prints {@linkcode InstantRun} as JSON.
 *
 * @module
 */
import process from "node:process";
import { parseRun } from "../lib/options/parse.ts";
import { Run } from "../lib/run/run.ts";
import { openInstantEngine } from "./instant_engine.ts";

/** What a run without a network did and cost, from its first request to its closed outputs. */
export interface InstantRun {
  readonly requests: number;
  readonly seconds: number;
  /** The processor time of the main thread. */
  readonly mainSeconds: number;
  /** The processor time of all workers together; 0 with one thread. */
  readonly workerSeconds: number;
  /** The processor time of the other threads: they collect garbage, compile code and write files. */
  readonly otherSeconds: number;
  readonly peakKilobytes: number;
}

/** Processor time in seconds. */
interface ProcessorTime {
  readonly all: number;
  readonly main: number;
  readonly other: number;
}

/** The names of the threads that are not event loops begin so: of V8's, and of those of the runtime. */
const OTHER_THREADS = /^(?:V8 |tokio-)/;
/** Linux counts in hundredths of a second. */
const TICKS_A_SECOND = 100;

if (import.meta.main) await main();

async function main(): Promise<void> {
  const options = await parseRun(Deno.args, "0", { askPassword: undefined });
  if (typeof options === "string") throw new Error("Pass the flags of a run");
  const run = await Run.open(options, (text) => console.error(text), {
    open: openInstantEngine,
    findCode: () => Promise.resolve({ url: import.meta.resolve("./instant_worker.ts") }),
  });
  const before = readProcessorTime();
  const start = performance.now();
  const { snapshot, failure } = await run.finish("0");
  const seconds = (performance.now() - start) / 1000;
  const after = readProcessorTime();
  if (failure !== undefined) throw failure;
  const [all, main, other] = (["all", "main", "other"] as const)
    .map((which) => after[which] - before[which]);
  const result: InstantRun = {
    requests: snapshot.requests,
    seconds,
    mainSeconds: main,
    workerSeconds: options.threads > 1 ? Math.max(0, all - main - other) : 0,
    otherSeconds: other,
    peakKilobytes: process.resourceUsage().maxRSS,
  };
  console.log(JSON.stringify(result));
}

function readProcessorTime(): ProcessorTime {
  const sum = ({ user, system }: { user: number; system: number }): number => (user + system) / 1e6;
  return {
    all: sum(process.cpuUsage()),
    main: sum(process.threadCpuUsage()),
    other: readOtherThreads(),
  };
}

function readOtherThreads(): number {
  let ticks = 0;
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    const stat = readStat(name);
    if (stat === undefined) continue;
    const end = stat.lastIndexOf(")");
    if (!OTHER_THREADS.test(stat.slice(stat.indexOf("(") + 1, end))) continue;
    const fields = stat.slice(end + 2).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_A_SECOND;
}

/** Undefined for a thread that has ended since it was listed. */
function readStat(thread: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/self/task/${thread}/stat`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
