import { type Context, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { inTurn } from "../in_turn.ts";
import { median, ratio } from "../median.ts";
import { FLAGS, pathOf } from "../root.ts";
import { cell, grouped, printTable, range } from "../table.ts";

/** What a run took. */
interface Sample {
  readonly rate: number;
  readonly cpu_seconds: number;
}

/** What the journal costs: the same records into a file by themselves, and with one beside it. */
export async function journal(context: Context): Promise<void> {
  const { servers } = context;
  const url = await servers.fastServer();
  const requests = scaled(600_000, context, 1000);
  const records = servers.file("results.ndjson");
  const load = (concurrency: number): string =>
    `-s -n ${requests} -c ${concurrency} '${url}{}' --summary ${servers.file("summary.json")}`;
  const rows: Record<string, () => Promise<Sample>> = {};
  for (const concurrency of [64, 1000]) {
    const { without, withOne } = names(concurrency);
    rows[without] = () => run(context, `${load(concurrency)} -o - > ${records}`);
    rows[withOne] = () => run(context, `${load(concurrency)} -o ${records} --overwrite`);
  }
  const samples = await inTurn(rows, 5);
  const rate = (name: string): number | undefined => median(samples[name].map(({ rate }) => rate));
  console.log(`\n${grouped(requests)} requests, ${servers.fastServerName}\n`);
  printTable(
    ["run", "requests/s", "range", "CPU a request"],
    Object.entries(samples).map(([name, all]) => [
      name,
      cell(rate(name), 0),
      range(all.map(({ rate }) => rate), 0),
      cell(median(all.map(({ cpu_seconds }) => cpu_seconds * 1e6 / requests)), 1, " us"),
    ]),
  );
  printChecks([64, 1000].map((concurrency) => {
    const { without, withOne } = names(concurrency);
    return {
      what: `requests/s with a journal to those without, ${grouped(concurrency)} in flight`,
      reached: ratio(rate(withOne), rate(without)),
      bound: "at least",
      limit: 0.95,
    };
  }));
}

function names(concurrency: number): { without: string; withOne: string } {
  const inFlight = `${grouped(concurrency)} in flight`;
  return {
    without: `${inFlight}, -o - > results.ndjson`,
    withOne: `${inFlight}, -o results.ndjson`,
  };
}

async function run({ servers, meter }: Context, args: string): Promise<Sample> {
  const program = [Deno.execPath(), "run", ...FLAGS, pathOf("main.ts")].join(" ");
  await meter.run(["sh", "-c", `${program} ${args}`]);
  return JSON.parse(await Deno.readTextFile(servers.file("summary.json")));
}
