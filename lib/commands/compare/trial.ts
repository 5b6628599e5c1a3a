/**
 * A trial: one strategy makes a number of requests, with a fresh server and a fresh client process.
 *
 * @module
 */
import type { ClientReport, ClientTask } from "./client.ts";
import { readResidentKb, SelfProcess } from "./self_process.ts";

/** How often a client is checked against its limits. */
const CHECK_INTERVAL_MS = 500;
/** The longest message of a client that broke off, in UTF-16 code units. */
const MAX_MESSAGE_LENGTH = 300;

/** What all trials of a comparison have in common. */
export interface Conditions {
  /** Requests in flight at most. */
  readonly concurrency: number;
  /** The value of `--delay` of `myriad serve`. */
  readonly delay: string;
  /** A client that needs more is stopped. */
  readonly memoryLimitBytes: number;
  /** A client that takes longer is stopped. */
  readonly timeLimitMs: number;
}

/** A client that made all requests: its cost. */
export interface Finished extends ClientReport {
  readonly outcome: "finished";
  /** The time of the whole process. */
  readonly seconds: number;
}

/** A client that exceeded a limit. */
export interface Stopped {
  readonly outcome: "stopped";
  readonly limit: "memory" | "time";
  /** The time until it was stopped. */
  readonly seconds: number;
  /** The maximum memory that a check saw, in units of 1,024 bytes; undefined without a check. */
  readonly peakKb: number | undefined;
}

/** A client that failed, and the last line of its standard error. */
export interface Broken {
  readonly outcome: "broken";
  readonly seconds: number;
  readonly why: string;
}

/** A trial that was skipped, and the reason. */
export interface NotRun {
  readonly outcome: "not run";
  readonly why: string;
}

/** A trial and its outcome. */
export type Trial =
  & { readonly strategy: string; readonly requests: number }
  & (Finished | Stopped | Broken | NotRun);

/**
 * Runs a trial. The time is that of the whole process, as `time` measures it, and the memory is the
 * peak that the operating system reports; both include the start of the runtime.
 *
 * @throws The reason of the signal; both processes have ended then.
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
  // With the same seed each client gets the same delays, in order of arrival.
  await using server = await SelfProcess.start([
    ...["serve", "--port", "0", "--seed", "1", "--delay", delay],
  ]);
  const url = /http:\S+/.exec((await server.lines.read()).value ?? "")?.[0];
  if (url === undefined) {
    throw new Error(
      `Cannot start the delay server: ${(await server.stderr).slice(0, MAX_MESSAGE_LENGTH)}`,
    );
  }
  const task = { strategy, requests, concurrency, url };
  return { strategy, requests, ...await runClient(task, conditions, signal) };
}

/** Runs a client, and kills it when it exceeds a limit or the signal aborts. */
async function runClient(
  task: ClientTask,
  { memoryLimitBytes, timeLimitMs }: Conditions,
  signal: AbortSignal,
): Promise<Finished | Stopped | Broken> {
  const startMs = performance.now();
  await using client = await SelfProcess.start(["compare-client", JSON.stringify(task)], {
    // V8's own limit, some 4 GB by default, must not be below this one.
    v8Flags: `--max-old-space-size=${Math.ceil(memoryLimitBytes / 2 ** 20)}`,
  });
  const readSeconds = (): number => (performance.now() - startMs) / 1000;
  let limit: "memory" | "time" | undefined;
  let peakKb: number | undefined;
  const check = async (): Promise<void> => {
    const kb = await readResidentKb(client.pid);
    if (kb !== undefined) peakKb = Math.max(peakKb ?? 0, kb);
    if (kb !== undefined && kb * 1024 > memoryLimitBytes) limit ??= "memory";
    else if (readSeconds() * 1000 > timeLimitMs) limit ??= "time";
    if (limit !== undefined) client.kill();
  };
  let checking: Promise<void> | undefined;
  const timer = setInterval(() => {
    checking ??= check().finally(() => checking = undefined);
  }, CHECK_INTERVAL_MS);
  const stop = (): void => client.kill();
  signal.addEventListener("abort", stop, { once: true });
  const report = (await client.lines.read()).value;
  const hasSucceeded = await client.hasSucceeded();
  const seconds = readSeconds();
  clearInterval(timer);
  signal.removeEventListener("abort", stop);
  await checking;
  signal.throwIfAborted();
  if (hasSucceeded) return { outcome: "finished", seconds, ...JSON.parse(report!) };
  const message = await client.stderr;
  if (/out of memory/i.test(message)) limit = "memory";
  if (limit !== undefined) return { outcome: "stopped", limit, seconds, peakKb };
  const why = message.trim().split("\n").at(-1)!.slice(0, MAX_MESSAGE_LENGTH);
  return { outcome: "broken", seconds, why: why === "" ? "another process ended it" : why };
}
