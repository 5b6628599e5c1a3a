import { type Bench, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { type Figure, printRuns, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { type OwnRun, runMyriad } from "../run.ts";

/** So many in flight make 2,000/s of a server that takes 20 ms. */
const CLOSED = 40;

/**
 * A server that stalls for 2 s of every 10, as seen at a rate and without one. A client that never
 * waits has a fifth of its requests in a stall, each for any time up to 2 s: so its p90 is 1 s, and
 * its p99 1.9 s.
 */
export const stall: Bench = {
  measures: "what a server that stalls looks like at a rate, and without one",
  minutes: 2,
  async run(context) {
    const seconds = scaled(40, context, 10);
    const url = await context.servers.stallingServer("periods");
    const run = (...args: string[]) => (): Promise<OwnRun> =>
      runMyriad(context, ["-z", `${seconds}s`, ...args, `${url}{}`]);
    const samples = await inTurn(context, 1, {
      "--rate 2000/s -c 5000": run("-q", "2000/s", "-c", "5000"),
      "--rate 2000/s -c 100": run("-q", "2000/s", "-c", "100"),
      [`-c ${CLOSED}, no rate`]: run("-c", `${CLOSED}`),
    });
    printRuns(
      `${seconds} s of a server that takes 20 ms, and stalls for 2 s of every 10`,
      samples,
      [
        { title: "requests", value: ({ requests }) => requests },
        ...(["p50", "p90", "p99", "max"] as const).map(latency),
        { title: "late", value: ({ late }) => late.count },
        { title: "most late", unit: " ms", value: ({ late }) => late.max_ms },
      ],
    );
    const p99 = summarize(latency("p99"), samples["--rate 2000/s -c 5000"]);
    printChecks([
      { what: "p99 at a rate", reached: p99, bound: "at least", limit: 1_850, unit: " ms" },
      { what: "p99 at a rate", reached: p99, bound: "at most", limit: 2_050, unit: " ms" },
    ]);
  },
};

function latency(title: "p50" | "p90" | "p99" | "max"): Figure<OwnRun> {
  return { title, unit: " ms", value: ({ latency_ms }) => latency_ms[title] };
}
