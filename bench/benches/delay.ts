import { type Context, scaled } from "../bench.ts";
import { cpuMicros, myriad } from "../clients.ts";
import { cell, grouped, megabytes, printTable } from "../table.ts";

/** How near the client comes to the most that the concurrency allows, against 0 to 3 s. */
export async function delay(context: Context): Promise<void> {
  const concurrency = 2000;
  const requests = scaled(400_000, context, concurrency);
  const url = await context.servers.delayServer("0-3s");
  const sample = await myriad(
    ["--engine", "fetch", "-n", `${requests}`, "-c", `${concurrency}`, "-t", "60s", `${url}{}`],
  );
  const meanMs = sample.latency_ms!.mean;
  console.log(
    `\n--engine fetch, ${grouped(requests)} requests, ${grouped(concurrency)} in flight, ` +
      "each 0 to 3 s\n",
  );
  printTable(["requests/s", "mean", "share of what is allowed", "CPU a request", "peak memory"], [[
    cell(sample.rate, 0),
    cell(meanMs, 0, " ms"),
    cell(sample.rate * meanMs / 1000 / concurrency * 100, 1, " %"),
    cell(cpuMicros(sample), 0, " us"),
    megabytes(sample.peak_rss_kb),
  ]]);
}
