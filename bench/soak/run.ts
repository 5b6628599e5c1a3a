import type { Context } from "../bench.ts";
import { Interrupted } from "../meter.ts";
import { forEachLine } from "../number_log.ts";
import { freePort } from "../port.ts";
import { type ProcessFigures, readProcess } from "../process_figures.ts";
import { myriadCommand, projectPath, V8_FLAGS } from "../root.ts";
import type { Summary } from "../run.ts";
import { ServerProcess } from "../server_process.ts";
import { DelayLog, type Served } from "../delay_log.ts";
import { NumberSet } from "../number_set.ts";

/** What a soak makes. */
export interface SoakOptions {
  readonly name: string;
  readonly seconds: number;
  readonly concurrency: number;
  /** Starts a second; undefined for as many as the concurrency allows. */
  readonly perSecond: number | undefined;
  /** How long the rate takes to rise: until all connections are open, nothing can keep it. */
  readonly rampUpSeconds: number;
  /** How often a sample is taken. */
  readonly sampleMs: number;
}

/** A moment of a soak. */
export interface SoakSample extends ProcessFigures, Served {
  /** Since the client was started. */
  readonly seconds: number;
  /** Requests that the client has completed. */
  readonly done: number;
  readonly inFlight: number;
  /** The sum of the latencies of those done, by the client. */
  readonly latencySeconds: number;
  /** The sum of how late starts at a rate were by the client's own doing, and the most so far. */
  readonly ownLateSeconds: number | undefined;
  readonly ownLateMaxSeconds: number | undefined;
  /** User and system time of the server. */
  readonly serverCpuSeconds: number;
  /** How many processes of the machine ran or waited for a core, in the last minute. */
  readonly load: number;
}

/** What is left of a soak. */
export interface SoakResult {
  readonly samples: readonly SoakSample[];
  readonly summary: Summary;
  readonly recordBytes: number;
  /** The numbers of the requests that have a record. */
  readonly records: Counted;
  /** The numbers that the server was asked for. */
  readonly served: Counted;
}

/** Numbers, as somebody has counted them. */
export interface Counted {
  readonly count: number;
  readonly missing: number;
  readonly repeats: number;
}

/** How much longer than its duration a client may take: its last requests are answered in 3 s. */
const MAX_EXTRA_SECONDS = 60;
/** The longest that a scrape of the client's metrics may take. */
const MAX_SCRAPE_MS = 5_000;

/**
 * Runs the delay server and a client of it for a long time, each in a process of its own.
 *
 * @param onSample gets each sample when it is taken
 * @throws {Error} If the client ends without a summary, or not in time.
 * @throws {Interrupted} If all benches are interrupted.
 */
export async function runSoak(
  { meter, servers }: Pick<Context, "meter" | "servers">,
  options: SoakOptions,
  onSample: (sample: SoakSample) => Promise<void>,
): Promise<SoakResult> {
  const directory = servers.file(`soak-${options.name.replace(" ", "-")}`);
  await Deno.mkdir(directory);
  const [records, summaryFile] = [`${directory}/results.ndjson`, `${directory}/summary.json`];
  const log = new DelayLog();
  const samples: SoakSample[] = [];
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => Deno.remove(directory, { recursive: true }));
  const server = cleanUp.use(startServer());
  const reading = log.read(server.stdout);
  // It is awaited at the end; until then a failure must not end the benches.
  reading.catch(() => {});
  await server.listening();

  const place = `127.0.0.1:${freePort()}`;
  const start = performance.now();
  const child = startClient(options, { records, summaryFile, place, url: server.url });
  let isOver = false;
  const ended = child.status.finally(() => isOver = true);
  cleanUp.defer(async () => {
    if (!isOver) child.kill("SIGKILL");
    await ended;
  });
  while (!isOver) {
    const at = performance.now() - start;
    await Promise.race([ended, delay(options.sampleMs - at % options.sampleMs)]);
    if (meter.isStopped) throw new Interrupted();
    const seconds = (performance.now() - start) / 1000;
    if (seconds > options.seconds + MAX_EXTRA_SECONDS) throw new Error(`it took over ${seconds} s`);
    try {
      const sample = await takeSample(child.pid, server.pid, place);
      samples.push({ seconds, ...sample, ...log.served });
      await onSample(samples.at(-1)!);
    } catch (error) {
      // The client may just have ended. One sample of hundreds can be missing.
      if (!isOver) console.error(`${options.name}: a sample failed: ${(error as Error).message}`);
    }
  }
  await server.stop();
  await reading;
  const summary: Summary = JSON.parse(await Deno.readTextFile(summaryFile));
  const recorded = new NumberSet();
  // The first number of a line is that of the request.
  await forEachLine(records, ([number]) => recorded.add(number));
  return {
    samples,
    summary,
    recordBytes: (await Deno.stat(records)).size,
    records: count(recorded, summary.requests),
    served: count(log.numbers, summary.requests),
  };
}

function count(numbers: NumberSet, requests: number): Counted {
  const { size, repeats } = numbers;
  return { count: size + repeats, missing: numbers.countMissing(requests), repeats };
}

function startServer(): ServerProcess {
  const port = freePort();
  const args = ["--port", `${port}`, "--delay", "0-3000ms", "--access-log", "/dev/stdout"];
  // Deno opens a device only with all permissions.
  const command = [Deno.execPath(), "run", V8_FLAGS, "-A", projectPath("server.ts"), ...args];
  return new ServerProcess(command, port, { stdout: "piped" });
}

function startClient(
  { seconds, concurrency, perSecond, rampUpSeconds }: SoakOptions,
  to: { records: string; summaryFile: string; place: string; url: string },
): Deno.ChildProcess {
  const [program, ...args] = myriadCommand([
    ...["-z", `${seconds}s`, "-c", `${concurrency}`],
    ...(perSecond === undefined ? [] : ["-q", `${perSecond}`, "--ramp-up", `${rampUpSeconds}s`]),
    ...["-s", "-o", to.records, "--summary", to.summaryFile, "--metrics", to.place],
    `${to.url}{}`,
  ]);
  return new Deno.Command(program, { args, stdin: "null", stdout: "null" }).spawn();
}

async function takeSample(
  pid: number,
  serverPid: number,
  place: string,
): Promise<Omit<SoakSample, "seconds" | keyof Served>> {
  const [own, server, metrics, load] = await Promise.all([
    readProcess(pid),
    readProcess(serverPid),
    scrape(place),
    Deno.readTextFile("/proc/loadavg"),
  ]);
  const sum = (name: string): number | undefined => {
    let total: number | undefined;
    for (const [, value] of metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))) {
      total = (total ?? 0) + Number(value);
    }
    return total;
  };
  return {
    ...own,
    serverCpuSeconds: server.cpuSeconds,
    load: Number.parseFloat(load),
    done: sum("myriad_requests_total")!,
    inFlight: sum("myriad_requests_in_flight")!,
    latencySeconds: sum("myriad_request_duration_seconds_sum")!,
    ownLateSeconds: sum("myriad_own_late_seconds_total"),
    ownLateMaxSeconds: sum("myriad_own_late_seconds_max"),
  };
}

async function scrape(place: string): Promise<string> {
  const signal = AbortSignal.timeout(MAX_SCRAPE_MS);
  // A connection that is kept would be one more descriptor of the client.
  const headers = { connection: "close" };
  return await (await fetch(`http://${place}/metrics`, { signal, headers })).text();
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
