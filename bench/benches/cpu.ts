import { type Context, scaled } from "../bench.ts";
import { bareFetch, cpuMicros, myriad, type Sample } from "../clients.ts";
import { inTurn } from "../in_turn.ts";
import { median, ratio } from "../median.ts";
import { cell, grouped, megabytes, printTable, range } from "../table.ts";

/** CPU a request beside a bare loop over native fetch, in turn, several rounds. */
export async function cpu(context: Context): Promise<void> {
  const { servers } = context;
  const url = await servers.fastServer();
  for (const [count, concurrency] of [[500_000, 100], [300_000, 1000]]) {
    const requests = scaled(count, context, concurrency);
    const load = ["-n", `${requests}`, "-c", `${concurrency}`, `${url}{}`];
    const records = servers.file("results.ndjson");
    const rows: Record<string, () => Promise<Sample>> = {
      "bare loop over fetch": () => bareFetch(url, requests, concurrency),
      "myriad -s --engine fetch": () => myriad([...load, "--engine", "fetch"]),
      "myriad -s --engine fetch -o results.ndjson": () =>
        myriad([...load, "--engine", "fetch", "--overwrite", "-o", records]),
      "myriad -s --engine http1": () => myriad([...load, "--engine", "http1"]),
    };
    const samples = await inTurn(rows, 5);
    const base = median(samples["bare loop over fetch"].map(cpuMicros));
    console.log(
      `\n${grouped(requests)} requests, ${grouped(concurrency)} in flight, ` +
        `${servers.fastServerName}\n`,
    );
    printTable(
      ["client", "CPU a request", "range", "ratio", "requests/s", "peak memory"],
      Object.entries(samples).map(([name, all]) => {
        const micros = all.map(cpuMicros);
        return [
          name,
          cell(median(micros), 1, " us"),
          range(micros, 1),
          cell(ratio(median(micros), base), 2),
          cell(median(all.map((sample) => sample.rate)), 0),
          megabytes(median(all.map((sample) => sample.peak_rss_kb))),
        ];
      }),
    );
  }
}
