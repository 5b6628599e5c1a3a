import { type Bench, type Context, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { CPU, type Figure, printRuns, RATE, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { findHey } from "../peers/hey.ts";
import { requiredNumberIn } from "../peers/peer.ts";
import { type Cost, runMyriad } from "../run.ts";

/** Requests a second. */
const RATES = [50, 500, 1_000, 2_000, 5_000];
/** How long each of them is kept, in each round. */
const SECONDS = 6;
/** How late a start may be at the median, and at p99. */
const MAX_LATE_MS = { p50: 0.2, p99: 1 };

/** What a client says of a run at a rate, in milliseconds. */
interface Kept extends Pick<Cost, "cpuMicros"> {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** Without a rate, and of other clients, unknown. */
  readonly late?: { readonly p50: number; readonly p99: number } | null;
}

const LATENESS = (["p50", "p99"] as const).map((which): Figure<Kept> => {
  return { title: `late ${which}`, unit: " ms", digits: 3, value: ({ late }) => late?.[which] };
});

/** Latencies at a rate of a server that answers at once, beside hey's and those without a rate. */
export const rate: Bench = {
  measures: "how late starts at 50 to 5,000/s are, and latencies beside hey's",
  minutes: 6,
  async run(context) {
    const url = await context.servers.fastServer();
    const seconds = scaled(SECONDS, context, 2);
    const own = async (...args: string[]): Promise<Kept> => {
      const run = await runMyriad(context, ["-z", `${seconds}s`, ...args, `${url}{}`]);
      const { latency_ms: { p50, p99 }, own_late_ms: late } = run;
      return { rate: run.rate, p50, p99, late, cpuMicros: run.cpuMicros };
    };
    const runs: Record<string, () => Promise<Kept>> = { "myriad -c 1": () => own("-c", "1") };
    const hasHey = await findHey() !== undefined;
    for (const perSecond of RATES) {
      runs[`myriad -q ${perSecond}/s`] = () => own("-q", `${perSecond}`);
      if (hasHey) {
        runs[`hey -c 1 -q ${perSecond}`] = () => heyAt(context, { perSecond, seconds, url });
      }
    }
    const samples = await inTurn(context, 5, runs);
    printRuns(
      `${seconds} s of ${context.servers.fastServerName}. Late: behind the due time, by the ` +
        "client's own doing; none starts more than 0.3 ms early",
      samples,
      [
        RATE,
        ...LATENESS,
        { title: "latency p50", unit: " ms", digits: 2, value: ({ p50 }) => p50 },
        { title: "latency p99", unit: " ms", digits: 2, value: ({ p99 }) => p99 },
        { ...CPU, hasRange: false },
      ],
    );
    printChecks(
      Object.entries(MAX_LATE_MS).map(([which, limit], k) => ({
        what: `${which} lateness of starts in ms, of the worst rate`,
        reached: Math.max(
          ...RATES.map((rate) => summarize(LATENESS[k], samples[`myriad -q ${rate}/s`]) ?? NaN),
        ),
        bound: "at most",
        limit,
      })),
    );
  },
};

async function heyAt(
  { meter }: Context,
  { perSecond, seconds, url }: { perSecond: number; seconds: number; url: string },
): Promise<Kept> {
  const command = ["hey", "-z", `${seconds}s`, "-c", "1", "-q", `${perSecond}`, url];
  const { stdout, cpuSeconds } = await meter.run(command);
  const [rate, p50, p99] = [/Requests\/sec:\s+([\d.]+)/, /50% in ([\d.]+)/, /99% in ([\d.]+)/]
    .map((pattern) => requiredNumberIn(stdout, pattern));
  const cpuMicros = cpuSeconds && cpuSeconds * 1e6 / (rate * seconds);
  return { rate, p50: p50 * 1_000, p99: p99 * 1_000, cpuMicros };
}
