import { type Context, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { inTurn } from "../in_turn.ts";
import { median, ratio } from "../median.ts";
import { runCommand } from "../meter.ts";
import { FLAGS, pathOf } from "../root.ts";
import { Scraper } from "../scraper.ts";
import { cell, grouped, printTable, range } from "../table.ts";

const ROUNDS = 7;
/** What a run may cost more with all of it, and with the metrics alone. */
const LIMIT = 1.03;
const LIMIT_OF_METRICS = 1.01;

/** What a run took, and how often it was scraped. */
interface Sample {
  readonly micros: number;
  readonly rate: number;
  readonly scrapes: number;
}

/** What it costs to show a run: the page, the metrics, scraped each second, and the live view. */
export async function show(context: Context): Promise<void> {
  const { servers } = context;
  const url = await servers.fastServer();
  const page = ["--report", servers.file("page.html")];
  const hasTerminal = await runCommand(["script", "--version"]) !== undefined;
  const checks = [];
  for (const concurrency of [64, 1000]) {
    const requests = scaled(500_000, context, concurrency);
    const load = ["-n", `${requests}`, "-c", `${concurrency}`, `${url}{}`];
    const rows: Record<string, () => Promise<Sample>> = {
      "-s": () => run(context, requests, [...load, "-s"]),
      "-s --metrics": () => scraped(context, requests, [...load, "-s"]),
      "-s --report --metrics": () => scraped(context, requests, [...load, "-s", ...page]),
    };
    const all = "--progress live --report --metrics";
    if (hasTerminal) {
      const live = ["--progress", "live", ...page];
      rows[all] = () => scraped(context, requests, [...load, ...live], { inTerminal: true });
    }
    const samples = await inTurn(rows, ROUNDS);
    const microsOf = (name: string): number[] => (samples[name] ?? []).map(({ micros }) => micros);
    const toNone = (name: string): number | undefined =>
      ratio(median(microsOf(name)), median(microsOf("-s")));
    console.log(
      `\n${grouped(requests)} requests, ${grouped(concurrency)} in flight, ` +
        `${servers.fastServerName}${
          hasTerminal ? "" : "; no live view, for 'script' is missing"
        }\n`,
    );
    printTable(
      ["run", "CPU a request", "range", "ratio", "requests/s", "scrapes"],
      Object.entries(samples).map(([name, of]) => [
        name,
        cell(median(microsOf(name)), 2, " us"),
        range(microsOf(name), 2),
        cell(toNone(name), 3),
        cell(median(of.map(({ rate }) => rate)), 0),
        cell(median(of.map(({ scrapes }) => scrapes)), 0),
      ]),
    );
    const bounds = {
      "-s --metrics": LIMIT_OF_METRICS,
      [hasTerminal ? all : "-s --report --metrics"]: LIMIT,
    };
    for (const [name, limit] of Object.entries(bounds)) {
      checks.push({
        what: `CPU with ${name} to that with -s, ${grouped(concurrency)} in flight`,
        reached: toNone(name),
        bound: "at most" as const,
        limit,
      });
    }
  }
  printChecks(checks);
}

async function scraped(
  context: Context,
  requests: number,
  args: readonly string[],
  options?: { inTerminal?: boolean },
): Promise<Sample> {
  using scraper = new Scraper();
  const sample = await run(context, requests, [...args, "--metrics", scraper.place], options);
  return { ...sample, scrapes: scraper.scrapes };
}

/** @throws {Error} If the run ends without a summary, as where a flag is not known. */
async function run(
  { servers, meter }: Context,
  requests: number,
  args: readonly string[],
  { inTerminal = false }: { inTerminal?: boolean } = {},
): Promise<Sample> {
  const summary = servers.file("summary.json");
  await Deno.remove(summary).catch(() => {});
  const flags = [...args, "--summary", summary];
  const command = [Deno.execPath(), "run", "--quiet", ...FLAGS, pathOf("main.ts"), ...flags];
  // The terminal costs something itself, and is no part of the run: it tells its own CPU.
  const { stdout, stderr } = await meter.run(inTerminal ? terminal(command) : command);
  try {
    const { cpu_seconds, rate } = JSON.parse(await Deno.readTextFile(summary));
    return { micros: cpu_seconds * 1e6 / requests, rate, scrapes: 0 };
  } catch {
    const said = (stderr || stdout).trim().split("\n").at(-1);
    throw new Error(`no summary; it said '${said}'`);
  }
}

/** A command in a terminal of its own, of 200 by 50. */
function terminal(command: readonly string[]): string[] {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return ["script", "-qec", `stty cols 200 rows 50; ${quoted}`, "/dev/null"];
}
