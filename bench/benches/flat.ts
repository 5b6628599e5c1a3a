import { type Bench, type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { FAILED, type Figure, PEAK_MEMORY, printRuns, RATE, ratio, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { runLogged } from "../logged_run.ts";
import { hasFilesFor } from "../machine.ts";
import { Nginx } from "../nginx.ts";
import { myriad } from "../peers/myriad.ts";
import { runPeer, type Sample } from "../run.ts";
import { grouped } from "../table.ts";

/** What a run took, and how many connections it opened: undefined for servers that don't tell. */
type Run = Sample & { readonly connections: number | undefined };

const CONNECTIONS: Figure<Run> = {
  title: "connections",
  value: ({ connections }) => connections,
};

/** Whether memory follows the requests in flight, and not their number. */
export const flat: Bench = {
  measures: "peak memory at 1 and at 10 million requests, and with 10,000 in flight",
  minutes: 11,
  async run(context) {
    const few = scaled(1_000_000, context, 1000);
    const many = scaled(10_000_000, context, 1000);
    const wide = scaled(1_000_000, context, 10_000);
    const names = {
      few: `${grouped(few)} requests, 1,000 in flight`,
      many: `${grouped(many)} requests, 1,000 in flight`,
      wide: `${grouped(wide)} requests, 10,000 in flight`,
    };
    const samples = await inTurn(context, 3, {
      [names.few]: () => run(context, few, 1000),
      [names.many]: () => run(context, many, 1000),
      ...(await hasFilesFor(10_000) && { [names.wide]: () => run(context, wide, 10_000) }),
    });
    printRuns("myriad -s", samples, [
      CONNECTIONS,
      { ...PEAK_MEMORY, hasRange: true, ratio: "ratio" },
      RATE,
      FAILED,
    ]);
    const peak = (name: string): number | undefined => summarize(PEAK_MEMORY, samples[name]);
    const atMost = (name: string, limit: number): Check => {
      const what = `memory, ${name}`;
      return { what, reached: peak(name), bound: "at most", limit, unit: " MB" };
    };
    printChecks([
      {
        what: "memory at ten times the requests",
        reached: ratio(peak(names.many), peak(names.few)),
        bound: "at most",
        limit: 1.05,
      },
      atMost(names.few, 90),
      atMost(names.many, 90),
      atMost(names.wide, 200),
      {
        // Else the memory is that of fewer.
        what: "opened, of 10,000 connections",
        reached: ratio(summarize(CONNECTIONS, samples[names.wide]), 10_000),
        bound: "at least",
        limit: 1,
      },
    ]);
  },
};

async function run(context: Context, requests: number, concurrency: number): Promise<Run> {
  const load = { requests, concurrency, seconds: 1 };
  if (await Nginx.version() === undefined) {
    const url = await context.servers.fastServer();
    return { ...await runPeer(context.meter, myriad(), { ...load, url }), connections: undefined };
  }
  const sample = await runLogged(context, myriad(), load);
  return { ...sample, connections: sample.whole.connections };
}
