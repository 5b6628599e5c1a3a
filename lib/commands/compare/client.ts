/**
 * The client of one trial, in a process of its own: makes the requests by one strategy, and reports
 * the results and the cost.
 *
 * @module
 */
import process from "node:process";
import { PeakMemory } from "../../process/peak_memory.ts";
import { STRATEGIES } from "./strategies.ts";
import type { StrategyResult } from "./strategy.ts";

/** The task of a client, JSON on its command line. */
export interface ClientTask {
  readonly strategy: string;
  readonly requests: number;
  /** Requests in flight at most. */
  readonly concurrency: number;
  /** The URL without the number of the request, which is appended. */
  readonly url: string;
}

/** The report that a client prints at its end, as JSON. */
export interface ClientReport {
  /** Requests with a response of status 200. */
  readonly answered: number;
  readonly failed: number;
  /** User and system time of the whole process. */
  readonly cpuSeconds: number;
  /** The peak of its resident memory in units of 1,024 bytes, as the operating system counts it. */
  readonly peakKb: number;
}

/** Runs a client to its end. */
export async function runClient(task: ClientTask): Promise<ClientReport> {
  const peak = new PeakMemory();
  const { strategy, requests, concurrency, url } = task;
  const run = await STRATEGIES[strategy].load();
  // By default a client keeps few idle connections, and would open new ones all the time.
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: concurrency });
  let answered = 0;
  let done = 0;
  await run({
    urls: generateUrls(url, requests),
    concurrency,
    request: (url) => fetchUrl(client, url),
    onResult: ({ status }) => {
      done++;
      if (status === 200) answered++;
    },
  });
  client.close();
  if (done !== requests) throw new Error(`${strategy} has ${done} results of ${requests}`);
  const { user, system } = process.cpuUsage();
  return {
    answered,
    failed: done - answered,
    cpuSeconds: (user + system) / 1e6,
    peakKb: peak.kb,
  };
}

function* generateUrls(url: string, requests: number): Generator<string> {
  for (let number = 0; number < requests; number++) yield url + number;
}

async function fetchUrl(client: Deno.HttpClient, url: string): Promise<StrategyResult> {
  try {
    const response = await fetch(url, { client });
    await response.arrayBuffer();
    return { status: response.status };
  } catch {
    return { status: null };
  }
}
