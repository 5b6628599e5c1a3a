import { type Context, scaled } from "../bench.ts";
import { describeCommit, GitWorktree } from "../git_worktree.ts";
import { inTurn } from "../in_turn.ts";
import { least, median, ratio } from "../median.ts";
import type { Measured } from "../meter.ts";
import { myriadCommand, ROOT } from "../root.ts";
import { cell, grouped, NOT_MEASURED, printTable } from "../table.ts";

const ROUNDS = 9;
/** GNU time counts CPU by 10 ms, so a short run is repeated and measured as a whole. */
const STARTS = 50;
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
  /** What its cost is divided by. */
  readonly per: { readonly unit: "request" | "start"; readonly count: number };
}

/** A figure of a run, and how it is written. */
interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly digits: number;
  value(measured: Measured, run: Run): number | undefined;
}

const CPU_PER_REQUEST: Figure = {
  name: "CPU a request",
  unit: " us",
  digits: 2,
  value: ({ cpuSeconds }, { per }) => cpuSeconds && cpuSeconds * 1e6 / per.count,
};
const CPU_PER_START: Figure = {
  name: "CPU a start",
  unit: " ms",
  digits: 1,
  value: ({ cpuSeconds }, { per }) => cpuSeconds && cpuSeconds * 1e3 / per.count,
};
const TIME_PER_START: Figure = {
  name: "time a start",
  unit: " ms",
  digits: 1,
  value: ({ seconds }, { per }) => seconds * 1e3 / per.count,
};
const PEAK_MEMORY: Figure = {
  name: "peak memory",
  unit: " MB",
  digits: 1,
  value: ({ peakKilobytes }) => peakKilobytes && peakKilobytes / 1024,
};

/** The same runs by the tree of another commit and by this one, in turn, least of the rounds. */
export async function before(context: Context): Promise<void> {
  const { servers, base } = context;
  if (base === undefined) {
    console.log("\nbefore is skipped: name the commit that is compared to, as '--base COMMIT'");
    return;
  }
  await using worktree = await GitWorktree.open(base);
  const rounds = context.rounds ?? ROUNDS;
  const url = await servers.fastServer();
  const runs = runsOf(context, url);
  const trees = { before: worktree.folder, now: ROOT };
  for (const root of Object.values(trees)) {
    for (const run of runsOf({ ...context, scale: 0 }, url)) {
      for (let k = 0; k < WARM_UPS; k++) await measure(context, { ...run, starts: 1 }, root);
    }
  }
  const rows = runs.flatMap((run) =>
    Object.entries(trees).map(([tree, root]) =>
      [`${run.name}, ${tree}`, () => measure(context, run, root)] as const
    )
  );
  const samples = await inTurn(Object.fromEntries(rows), rounds);

  console.log(
    `\nbefore: ${await describeCommit(worktree.folder)}\nnow: ${await describeCommit()}\n`,
  );
  console.log(`${rounds} rounds, ${servers.fastServerName}\n`);
  const cells = runs.flatMap((run) =>
    figuresOf(run).map((figure) => {
      const valuesOf = (tree: string): number[] =>
        samples[`${run.name}, ${tree}`].flatMap((sample) => figure.value(sample, run) ?? []);
      const [old, own] = [valuesOf("before"), valuesOf("now")];
      const toOld = ratio(least(own), least(old));
      const written = (value: number | undefined): string =>
        cell(value, figure.digits, figure.unit);
      return [
        ...[run.name, figure.name, written(least(old)), written(least(own))],
        ...[cell(toOld, 3), holds(toOld), written(median(old)), written(median(own))],
      ];
    })
  );
  printTable(
    [
      ...["run", "figure", "least before", "now", "ratio", `at most ${MAX_RATIO.toFixed(2)}`],
      ...["median before", "now"],
    ],
    cells,
  );
}

/** Whether a figure does not grow, told as precisely as the limit is written. */
function holds(ratio: number | undefined): string {
  if (ratio === undefined) return NOT_MEASURED;
  return Number(ratio.toFixed(2)) <= MAX_RATIO ? "yes" : "NO";
}

function runsOf(context: Context, url: string): Run[] {
  const start = { starts: STARTS, per: { unit: "start", count: STARTS } } as const;
  const runs: Run[] = [
    { name: "--version", args: ["--version"], ...start },
    { name: "one request", args: ["-s", "-n", "1", `${url}{}`], ...start },
  ];
  const output = ["-o", context.servers.file("results.ndjson")];
  for (const concurrency of [64, 1000]) {
    const requests = scaled(REQUESTS, context, concurrency);
    const load = ["-s", "-n", `${requests}`, "-c", `${concurrency}`, `${url}{}`];
    const per = { unit: "request", count: requests } as const;
    const name = `${grouped(concurrency)} in flight`;
    runs.push({ name, args: load, starts: 1, per });
    runs.push({ name: `${name}, -o`, args: [...load, ...output], starts: 1, per });
  }
  return runs;
}

function figuresOf({ per }: Run): Figure[] {
  const costs = per.unit === "request" ? [CPU_PER_REQUEST] : [TIME_PER_START, CPU_PER_START];
  return [...costs, PEAK_MEMORY];
}

/** @throws {Error} If a start ends with an exit code other than 0, as where a request failed. */
async function measure({ meter, servers }: Context, run: Run, root: string): Promise<Measured> {
  for (const name of ["results.ndjson", "results.ndjson.journal"]) {
    await Deno.remove(servers.file(name)).catch(() => {});
  }
  const command = myriadCommand(run.args, root);
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
