/**
 * One trial: a strategy, a number of requests, and what that took, in a fresh server and a fresh
 * client.
 *
 * @module
 */
import type { ClientReport, ClientTask } from "./client.ts";
import { SelfProcess } from "./own_program.ts";
import { readResidentKb } from "./resident_memory.ts";

/** How often the memory of a client is held against its limit. */
const WATCH_MS = 500;
/** Characters of what a client says when it breaks off. */
const WORDS = 300;

/** What every trial is given. */
export interface Conditions {
  readonly concurrency: number;
  /** As `myriad serve --delay` takes it. */
  readonly delay: string;
  /** A client that goes beyond is stopped. */
  readonly memoryLimitBytes: number;
  readonly timeLimitMs: number;
}

/** What a client did and cost, or why it is not known. */
export type Trial =
  & { readonly strategy: string; readonly requests: number }
  & (
    | ({ readonly outcome: "finished"; readonly seconds: number } & ClientReport)
    | {
      readonly outcome: "stopped";
      /** The limit that it went beyond. */
      readonly limit: "memory" | "time";
      /** Until it was stopped. */
      readonly seconds: number;
      /** The most memory it was seen to have until then; undefined if it was not looked at. */
      readonly peakKb: number | undefined;
    }
    | { readonly outcome: "broken"; readonly seconds: number; readonly why: string }
    | { readonly outcome: "not run"; readonly why: string }
  );

/**
 * Runs one. The time is that of the whole process, as `time` would have it, and the memory what the
 * operating system says of its peak; both have the start of the runtime in them.
 *
 * @throws What the signal aborts with; both processes have ended then.
 * @throws {Error} If the server does not start.
 */
export async function runTrial(
  strategy: string,
  requests: number,
  conditions: Conditions,
  signal: AbortSignal,
): Promise<Trial> {
  signal.throwIfAborted();
  const { concurrency, delay } = conditions;
  // The same seed for all: each client gets the same delays, in the order of arrival.
  await using server = await SelfProcess.start([
    ...["serve", "--port", "0", "--seed", "1", "--delay", delay],
  ]);
  const url = /http:\S+/.exec((await server.lines.read()).value ?? "")?.[0];
  if (url === undefined) {
    throw new Error(`Cannot start the delay server: ${(await server.stderr).slice(0, WORDS)}`);
  }
  const task = { strategy, requests, concurrency, url };
  return { strategy, requests, ...await watch(task, conditions, signal) };
}

type Came = Trial extends infer T ? T extends Trial ? Omit<T, "strategy" | "requests"> : never
  : never;

async function watch(
  task: ClientTask,
  { memoryLimitBytes, timeLimitMs }: Conditions,
  signal: AbortSignal,
): Promise<Came> {
  const startMs = performance.now();
  await using client = await SelfProcess.start(["compare-client", JSON.stringify(task)], {
    // By default V8 gives up at some 4 GB: the limit here is to be the only one.
    v8Flags: `--max-old-space-size=${Math.ceil(memoryLimitBytes / 2 ** 20)}`,
  });
  const passed = (): number => (performance.now() - startMs) / 1000;
  let limit: "memory" | "time" | undefined;
  let peakKb: number | undefined;
  const look = async (): Promise<void> => {
    const kb = await readResidentKb(client.pid);
    if (kb !== undefined) peakKb = Math.max(peakKb ?? 0, kb);
    if (kb !== undefined && kb * 1024 > memoryLimitBytes) limit ??= "memory";
    else if (passed() * 1000 > timeLimitMs) limit ??= "time";
    if (limit !== undefined) client.kill();
  };
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => looking = undefined);
  }, WATCH_MS);
  const stop = (): void => client.kill();
  signal.addEventListener("abort", stop, { once: true });
  const report = (await client.lines.read()).value;
  const hasSucceeded = await client.hasSucceeded();
  const seconds = passed();
  clearInterval(timer);
  signal.removeEventListener("abort", stop);
  await looking;
  signal.throwIfAborted();
  if (hasSucceeded) return { outcome: "finished", seconds, ...JSON.parse(report!) };
  const words = await client.stderr;
  if (/out of memory/i.test(words)) limit = "memory";
  if (limit !== undefined) return { outcome: "stopped", limit, seconds, peakKb };
  const why = words.trim().split("\n").at(-1)!.slice(0, WORDS);
  return { outcome: "broken", seconds, why: why === "" ? "it was ended from outside" : why };
}
