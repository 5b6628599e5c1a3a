import { type Context, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { myriad, type Sample } from "../clients.ts";
import { cell, printTable } from "../table.ts";

/** As many in flight make 2,000/s of a server that takes 20 ms. */
const CLOSED = 40;

/**
 * A server that stalls for 2 s of every 10, as seen at a rate and without one. A client that never
 * waits has a fifth of its requests in a stall, each for any time up to 2 s: so its p90 is 1 s, and
 * its p99 1.9 s.
 */
export async function stall(context: Context): Promise<void> {
  const seconds = scaled(40, context, 10);
  const url = await context.servers.stallingServer();
  const rows: Record<string, string[]> = {
    "--rate 2000/s -c 5000": ["-q", "2000/s", "-c", "5000"],
    "--rate 2000/s -c 100": ["-q", "2000/s", "-c", "100"],
    [`-c ${CLOSED}, no rate`]: ["-c", `${CLOSED}`],
  };
  const samples: Record<string, Sample> = {};
  for (const [name, args] of Object.entries(rows)) {
    samples[name] = await myriad(["-z", `${seconds}s`, ...args, `${url}{}`]);
  }
  console.log(`\n${seconds} s of a server that takes 20 ms, and stalls for 2 s of every 10\n`);
  printTable(
    ["run", "requests", "p50", "p90", "p99", "max", "late", "most late"],
    Object.entries(samples).map(([name, { requests, latency_ms, late }]) => [
      name,
      `${requests}`,
      ...[latency_ms!.p50, latency_ms!.p90, latency_ms!.p99, latency_ms!.max].map((ms) =>
        cell(ms, 0, " ms")
      ),
      `${late!.count}`,
      cell(late!.max_ms, 0, " ms"),
    ]),
  );
  const p99 = samples["--rate 2000/s -c 5000"].latency_ms!.p99;
  printChecks([
    { what: "p99 at a rate", reached: p99, bound: "at least", limit: 1_850, unit: " ms" },
    { what: "p99 at a rate", reached: p99, bound: "at most", limit: 2_050, unit: " ms" },
  ]);
}
