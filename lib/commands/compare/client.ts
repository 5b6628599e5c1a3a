/**
 * The client of one trial, in a process of its own: makes the requests by one strategy, and says
 * what came of them and what it cost.
 *
 * @module
 */
import process from "node:process";
import { PeakMemory } from "../../process/peak_memory.ts";
import { STRATEGIES } from "./strategies.ts";
import type { Answer } from "./strategy.ts";

/** What a client is told on its command line, as JSON. */
export interface ClientTask {
  readonly strategy: string;
  readonly requests: number;
  readonly concurrency: number;
  /** Where to; the number of the request is appended. */
  readonly url: string;
}

/** What a client says at its end. */
export interface ClientReport {
  /** Requests with an answer of status 200. */
  readonly answered: number;
  readonly failed: number;
  /** User and system time of the whole process. */
  readonly cpuSeconds: number;
  /** The most memory that the operating system saw it have. */
  readonly peakKb: number;
}

/** Runs a client to its end. */
export async function runClient(task: ClientTask): Promise<ClientReport> {
  const peak = new PeakMemory();
  const { strategy, requests, concurrency, url } = task;
  const run = await STRATEGIES[strategy].load();
  // By default it keeps few connections that idle, and would make new ones all the time.
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: concurrency });
  let answered = 0;
  let taken = 0;
  await run({
    urls: urlsOf(url, requests),
    concurrency,
    request: (url) => requestBy(client, url),
    take: ({ status }) => {
      taken++;
      if (status === 200) answered++;
    },
  });
  client.close();
  if (taken !== requests) throw new Error(`${strategy} took ${taken} answers of ${requests}`);
  const { user, system } = process.cpuUsage();
  return {
    answered,
    failed: taken - answered,
    cpuSeconds: (user + system) / 1e6,
    peakKb: peak.kb,
  };
}

function* urlsOf(url: string, requests: number): Generator<string> {
  for (let number = 0; number < requests; number++) yield url + number;
}

async function requestBy(client: Deno.HttpClient, url: string): Promise<Answer> {
  try {
    const response = await fetch(url, { client });
    await response.arrayBuffer();
    return { status: response.status };
  } catch {
    return { status: null };
  }
}
