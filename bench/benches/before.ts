import { type Bench, type Context, scaled } from "../bench.ts";
import { type Figure, PEAK_MEMORY, ratio, summarize } from "../figures.ts";
import { describeCommit, GitWorktree } from "../git_worktree.ts";
import { inTurn } from "../in_turn.ts";
import type { Measured } from "../meter.ts";
import { myriadCommand, ROOT } from "../root.ts";
import { cell, grouped, NOT_MEASURED, printTable } from "../table.ts";

/** GNU time counts CPU by 10 ms, so a short run is repeated and measured as a whole. */
const STARTS = 50;
/** What a figure may be at most, as a share of that before. */
const MAX_RATIO = 1;
const REQUESTS = 500_000;
/** Runs of each tree before the rounds: they fill Deno's caches of compiled code. */
const WARM_UPS = 2;

/** A run that both trees make. */
interface Run {
  readonly name: string;
  readonly args: readonly string[];
  /** How often it is started for one sample. */
  readonly starts: number;
  readonly figures: readonly Figure<Measured>[];
}

/** The same runs by the tree of another commit and by this one, in turn, least of the rounds. */
export const before: Bench = {
  measures: "this tree beside that of '--base COMMIT': CPU a request with and without -o, at 64 " +
    "and 1,000 in flight, start-up, peak memory",
  minutes: 12,
  onlyByName: "it needs '--base COMMIT'",
  async run(context) {
    const { servers, base } = context;
    await using worktree = await GitWorktree.open(base!);
    const url = await servers.fastServer();
    const trees = { before: worktree.folder, now: ROOT };
    for (const root of Object.values(trees)) {
      for (const run of planRuns({ ...context, scale: 0 }, url)) {
        for (let k = 0; k < WARM_UPS; k++) await measure(context, { ...run, starts: 1 }, root);
      }
    }
    const runs = planRuns(context, url);
    const rows = runs.flatMap((run) =>
      Object.entries(trees).map(([tree, root]) =>
        [`${run.name}, ${tree}`, () => measure(context, run, root)] as const
      )
    );
    const samples = await inTurn(context, 9, Object.fromEntries(rows));
    console.log(`\nbefore: ${await describeCommit(worktree.folder)}`);
    console.log(`now: ${await describeCommit(ROOT)}\n`);
    console.log(`${samples[rows[0][0]].length} rounds, ${servers.fastServerName}\n`);
    printTable(
      [
        ...["run", "figure", "least before", "now", "ratio", `at most ${MAX_RATIO.toFixed(2)}`],
        ...["median before", "now"],
      ],
      runs.flatMap(({ name, figures }) =>
        figures.map((figure) => {
          const both = [samples[`${name}, before`], samples[`${name}, now`]];
          const [old, own] = both.map((all) => summarize({ ...figure, pick: "least" }, all));
          const written = (value: number | undefined): string =>
            cell(value, figure.digits ?? 0, figure.unit);
          return [
            ...[name, figure.title, written(old), written(own)],
            ...[cell(ratio(own, old), 3), holds(ratio(own, old))],
            ...both.map((all) => written(summarize(figure, all))),
          ];
        })
      ),
    );
  },
};

/** Whether a figure does not grow, told as precisely as the limit is written. */
function holds(ratio: number | undefined): string {
  if (ratio === undefined) return NOT_MEASURED;
  return Number(ratio.toFixed(2)) <= MAX_RATIO ? "yes" : "NO";
}

function planRuns(context: Context, url: string): Run[] {
  const memory = { ...PEAK_MEMORY, digits: 1 };
  const perStart: Figure<Measured>[] = [
    milliseconds("time a start", ({ seconds }) => seconds * 1e3 / STARTS),
    milliseconds("CPU a start", ({ cpuSeconds }) => cpuSeconds && cpuSeconds * 1e3 / STARTS),
    memory,
  ];
  const runs: Run[] = [
    { name: "--version", args: ["--version"], starts: STARTS, figures: perStart },
    { name: "one request", args: ["-s", "-n", "1", url], starts: STARTS, figures: perStart },
  ];
  const output = ["-o", context.servers.file("results.ndjson")];
  for (const concurrency of [64, 1000]) {
    const requests = scaled(REQUESTS, context, concurrency);
    const load = ["-s", "-n", `${requests}`, "-c", `${concurrency}`, `${url}{}`];
    const name = `${grouped(concurrency)} in flight`;
    const cpu: Figure<Measured> = {
      title: "CPU a request",
      unit: " us",
      digits: 2,
      value: ({ cpuSeconds }) => cpuSeconds && cpuSeconds * 1e6 / requests,
    };
    const figures = [cpu, memory];
    runs.push({ name, args: load, starts: 1, figures });
    runs.push({ name: `${name}, -o`, args: [...load, ...output], starts: 1, figures });
  }
  return runs;
}

function milliseconds(title: string, value: Figure<Measured>["value"]): Figure<Measured> {
  return { title, unit: " ms", digits: 1, value };
}

/** @throws {Error} If a start ends with an exit code other than 0, as where a request failed. */
async function measure({ meter, servers }: Context, run: Run, root: string): Promise<Measured> {
  for (const name of ["results.ndjson", "results.ndjson.myriad"]) {
    await Deno.remove(servers.file(name)).catch(() => {});
  }
  const command = myriadCommand(run.args, { root });
  const measured = await meter.run(run.starts === 1 ? command : repeated(command, run.starts));
  if (measured.code !== 0) {
    throw new Error(`exit code ${measured.code}; it said '${measured.stderr.trim()}'`);
  }
  return measured;
}

/** A command that is run so many times, until one fails. */
function repeated(command: readonly string[], times: number): string[] {
  const script = `k=0; while [ $k -lt ${times} ]; do "$@" || exit; k=$((k + 1)); done`;
  return ["sh", "-c", script, "sh", ...command];
}
