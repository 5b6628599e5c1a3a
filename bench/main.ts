/**
 * `deno task bench`: what `myriad` costs, beside a peer in the same run.
 *
 *     deno task bench                 all of it: about 40 minutes
 *     deno task bench cpu memory      some of it
 *
 * A bench is a function below; each prints a Markdown table.
 *
 * @module
 */
import { Clients, type Sample } from "./clients.ts";

const BENCHES: Record<string, (clients: Clients) => Promise<void>> = { cpu, memory, head, delay };

/** CPU a request beside a bare loop over native fetch, in turn, several rounds. */
async function cpu(clients: Clients): Promise<void> {
  const url = await clients.fastServer();
  for (const [requests, concurrency] of [[500_000, 100], [300_000, 1000]]) {
    const load = ["-n", `${requests}`, "-c", `${concurrency}`, `${url}{}`];
    const records = clients.file("results.ndjson");
    const rows: Record<string, () => Promise<Sample>> = {
      "bare loop over fetch": () => clients.bareFetch(url, requests, concurrency),
      "myriad -s": () => clients.myriad(load),
      "myriad -s -o results.ndjson": () => clients.myriad([...load, "-o", records]),
      "myriad -s --engine http1": () => clients.myriad([...load, "--engine", "http1"]),
    };
    const samples = await inTurn(rows, 5);
    const base = median(samples["bare loop over fetch"].map(cpuMicros));
    console.log(`\n${requests} requests, ${concurrency} in flight, ${clients.fastServerName}\n`);
    printTable(
      ["client", "CPU a request", "range", "ratio", "requests/s", "peak memory"],
      Object.entries(samples).map(([name, all]) => {
        const micros = all.map(cpuMicros);
        return [
          name,
          `${median(micros).toFixed(1)} us`,
          `${Math.min(...micros).toFixed(1)} to ${Math.max(...micros).toFixed(1)}`,
          (median(micros) / base).toFixed(2),
          median(all.map((sample) => sample.rate)).toFixed(0),
          megabytes(median(all.map((sample) => sample.peak_rss_kb))),
        ];
      }),
    );
  }
}

/** Peak memory of a million requests beside that of 100,000, from numbers and from a file. */
async function memory(clients: Clients): Promise<void> {
  const url = await clients.fastServer();
  const file = clients.file("urls.txt");
  const output = await Deno.open(file, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  for (let block = 0; block < 1000; block++) {
    let lines = "";
    for (let i = 0; i < 1000; i++) lines += `${url}${block * 1000 + i}\n`;
    await output.write(encoder.encode(lines));
  }
  output.close();
  const records = clients.file("results.ndjson");
  const load = ["-c", "1000", "-o", records];
  const rows: Record<string, () => Promise<Sample>> = {
    "100,000 numbers": () => clients.myriad([...load, "-n", "100k", `${url}{}`]),
    "1,000,000 numbers": () => clients.myriad([...load, "-n", "1M", `${url}{}`]),
    "1,000,000 lines": () => clients.myriad([...load, "-i", file]),
  };
  await peaks(`1,000 in flight, with -o, ${clients.fastServerName}`, await inTurn(rows, 3));
}

/** One request that takes 20 s at the head of 300,000 fast ones. */
async function head(clients: Clients): Promise<void> {
  const url = await clients.slowHeadServer();
  const load = ["-n", "300k", "-c", "100", "-o", clients.file("results.ndjson")];
  const rows: Record<string, () => Promise<Sample>> = {
    "all fast": () => clients.myriad([...load, "--start", "1", `${url}{}`]),
    "the first takes 20 s": () => clients.myriad([...load, `${url}{}`]),
  };
  await peaks("300,000 requests, 100 in flight, with -o", await inTurn(rows, 3));
}

/** How near the client comes to the most that the concurrency allows, against 0 to 3 s. */
async function delay(clients: Clients): Promise<void> {
  const url = await clients.delayServer("0-3s");
  const sample = await clients.myriad(["-n", "400k", "-c", "2000", "-t", "60s", `${url}{}`]);
  console.log("\n400,000 requests, 2,000 in flight, each 0 to 3 s\n");
  printTable(["requests/s", "mean", "share of what is allowed", "CPU a request", "peak memory"], [[
    sample.rate.toFixed(0),
    `${sample.latency_ms!.mean.toFixed(0)} ms`,
    `${(sample.rate * sample.latency_ms!.mean / 1000 / 2000 * 100).toFixed(1)} %`,
    `${cpuMicros(sample).toFixed(0)} us`,
    megabytes(sample.peak_rss_kb),
  ]]);
}

/** Runs each once, then each again, so that what the machine does besides hits all alike. */
async function inTurn(
  rows: Record<string, () => Promise<Sample>>,
  rounds: number,
): Promise<Record<string, Sample[]>> {
  const samples: Record<string, Sample[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(rows)) (samples[name] ??= []).push(await run());
  }
  return samples;
}

/** Prints the peak memory of each row, and its ratio to the first row's. */
function peaks(title: string, samples: Record<string, Sample[]>): void {
  const peak = (all: Sample[]): number => median(all.map((sample) => sample.peak_rss_kb));
  const base = peak(Object.values(samples)[0]);
  console.log(`\n${title}\n`);
  printTable(
    ["run", "peak memory", "range", "ratio", "requests/s"],
    Object.entries(samples).map(([name, all]) => {
      const kilobytes = all.map((sample) => sample.peak_rss_kb);
      return [
        name,
        megabytes(peak(all)),
        `${megabytes(Math.min(...kilobytes))} to ${megabytes(Math.max(...kilobytes))}`,
        (peak(all) / base).toFixed(2),
        median(all.map((sample) => sample.rate)).toFixed(0),
      ];
    }),
  );
}

function cpuMicros(sample: Sample): number {
  return sample.cpu_seconds * 1e6 / sample.requests;
}

function megabytes(kilobytes: number): string {
  return `${(kilobytes / 1024).toFixed(0)} MB`;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function printTable(head: string[], rows: string[][]): void {
  for (const row of [head, head.map(() => "---"), ...rows]) console.log(`| ${row.join(" | ")} |`);
}

const chosen = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHES);
const unknown = chosen.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  console.error(`No bench '${unknown[0]}': give some of ${Object.keys(BENCHES).join(", ")}`);
  Deno.exit(2);
}
await using clients = await Clients.start();
for (const name of chosen) await BENCHES[name](clients);
