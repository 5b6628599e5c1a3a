import { type Bench, type Context, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { type Figure, printRuns, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { Nginx } from "../nginx.ts";
import { FETCH, myriad, NATIVE, PORTABLE } from "../peers/myriad.ts";
import { projectPath } from "../root.ts";

const IN_FLIGHT = 1000;

/** What `bench/late_timers.ts` tells. */
interface Lateness {
  readonly timers: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A run of so many requests, and flags of `deno run` and of `myriad`. */
interface Row {
  readonly requests: number;
  readonly isTls: boolean;
  readonly flags: readonly string[];
  readonly permissions: readonly string[];
}

const ROWS: Readonly<Record<string, Row>> = {
  "http, native": { ...NATIVE, requests: 500_000, isTls: false },
  "http, portable": { ...PORTABLE, requests: 400_000, isTls: false },
  "https, native": {
    ...NATIVE,
    flags: [...NATIVE.flags, "--http1.1", "-k"],
    requests: 300_000,
    isTls: true,
  },
  "HTTP/2, portable": {
    ...PORTABLE,
    flags: [...PORTABLE.flags, "-k"],
    requests: 600_000,
    isTls: true,
  },
  "HTTP/2, native fetch": { ...FETCH, requests: 80_000, isTls: true },
};

const lateness = (which: "p50" | "p99" | "max"): Figure<Lateness> => {
  return { title: which, unit: " ms", digits: 1, hasRange: true, value: (run) => run[which] };
};

/** Whether the event loop goes on at full load, with its timers, signals, outputs and live view. */
export const prompt: Bench = {
  measures: "how late timers of 10 ms are at full load, with 1,000 in flight, by kind of socket",
  minutes: 2,
  async run(context) {
    const { servers: { directory } } = context;
    await using plain = await Nginx.start({ directory });
    await using secure = await Nginx.start({ directory, isTls: true });
    if (plain === undefined || secure === undefined) {
      console.log("\nprompt is skipped: it needs Debian's package nginx-light");
      return;
    }
    const rows = Object.entries(ROWS).map(([name, row]) =>
      [name, () => run(context, row, (row.isTls ? secure : plain).url)] as const
    );
    const samples = await inTurn(context, 5, Object.fromEntries(rows));
    printRuns(`Timers of 10 ms, ${IN_FLIGHT} in flight: how late they are`, samples, [
      { title: "timers", value: ({ timers }) => timers },
      lateness("p50"),
      lateness("p99"),
      lateness("max"),
    ]);
    printChecks(["http, native", "https, native", "HTTP/2, portable"].map((name) => ({
      what: `p99, ${name}`,
      reached: summarize(lateness("p99"), samples[name]),
      bound: "at most",
      limit: 5,
      unit: " ms",
    })));
  },
};

async function run(
  context: Context,
  { requests, flags, permissions }: Row,
  url: string,
): Promise<Lateness> {
  const preload = `--preload=${projectPath("bench/late_timers.ts")}`;
  const load = {
    url,
    requests: scaled(requests, context, IN_FLIGHT),
    concurrency: IN_FLIGHT,
    seconds: 1,
  };
  const command = myriad(flags, [...permissions, preload]).command(load);
  const { code, stderr } = await context.meter.run(command);
  if (code !== 0) throw new Error(`exit code ${code}; it said '${stderr.trim()}'`);
  return JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
}
