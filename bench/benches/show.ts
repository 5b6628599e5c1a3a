import { type Context, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { type Cost, printCosts } from "../cost_table.ts";
import { inTurn } from "../in_turn.ts";
import { type Meter, runCommand } from "../meter.ts";
import { FLAGS, pathOf } from "../root.ts";
import { Scraper } from "../scraper.ts";
import { grouped } from "../table.ts";

/** As many, and as long, as it takes to tell one percent; a page costs 30 ms once. */
const ROUNDS = 9;
/** What a run may cost more with all of it, and with the metrics alone. */
const LIMIT = 1.03;
const LIMIT_OF_METRICS = 1.01;

/** What it costs to show a run: the page, the metrics, scraped each second, and the live view. */
export async function show(context: Context): Promise<void> {
  const { servers, meter } = context;
  const url = await servers.fastServer();
  const hasTerminal = await runCommand(["script", "--version"]) !== undefined;
  const run = (requests: number, args: readonly string[]): Promise<Cost> =>
    costOf({
      meter,
      requests,
      args,
      inTerminal: hasTerminal,
      summary: servers.file("summary.json"),
    });
  const page = ["--report", servers.file("page.html")];
  const all = "--progress live --report --metrics";
  const checks = [];
  for (const concurrency of [64, 1000]) {
    const requests = scaled(1_000_000, context, concurrency);
    const load = ["-n", `${requests}`, "-c", `${concurrency}`, `${url}{}`];
    const rows: Record<string, () => Promise<Cost>> = {
      "-s": () => run(requests, [...load, "-s"]),
      "-s --metrics": () => scraped((flags) => run(requests, [...load, "-s", ...flags])),
      "-s --report --metrics": () =>
        scraped((flags) => run(requests, [...load, "-s", ...page, ...flags])),
    };
    if (hasTerminal) {
      const live = [...load, "--progress", "live", ...page];
      rows[all] = () => scraped((flags) => run(requests, [...live, ...flags]));
    }
    const toNone = printCosts(
      `${grouped(requests)} requests, ${grouped(concurrency)} in flight, ` +
        `${servers.fastServerName}${hasTerminal ? "" : "; no live view, for 'script' is missing"}`,
      await inTurn(rows, ROUNDS),
    );
    const bounds = {
      "-s --metrics": LIMIT_OF_METRICS,
      [hasTerminal ? all : "-s --report --metrics"]: LIMIT,
    };
    for (const [name, limit] of Object.entries(bounds)) {
      checks.push({
        what: `least CPU with ${name} to that with -s, ${grouped(concurrency)} in flight`,
        reached: toNone(name),
        bound: "at most" as const,
        limit,
      });
    }
  }
  printChecks(checks);
}

/** Scrapes what runs with the flags for that. */
async function scraped(run: (flags: readonly string[]) => Promise<Cost>): Promise<Cost> {
  using scraper = new Scraper();
  const startMs = performance.now();
  const cost = await run(["--metrics", scraper.place]);
  const isLong = performance.now() - startMs > 3_000;
  if (isLong && scraper.scrapes === 0) throw new Error("its metrics were not scraped");
  return cost;
}

interface Run {
  readonly meter: Meter;
  readonly requests: number;
  readonly args: readonly string[];
  /** A terminal takes a processor from all of them alike, even from those that show nothing. */
  readonly inTerminal: boolean;
  /** Where its summary goes. */
  readonly summary: string;
}

/** @throws {Error} If the run ends without a summary, as where a flag is not known. */
async function costOf({ meter, requests, args, inTerminal, summary }: Run): Promise<Cost> {
  await Deno.remove(summary).catch(() => {});
  const flags = [...args, "--summary", summary];
  const command = [Deno.execPath(), "run", "--quiet", ...FLAGS, pathOf("main.ts"), ...flags];
  // All of the process and the terminal: a summary does not know what the page after it costs.
  const { stdout, stderr, cpuSeconds } = await meter.run(inTerminal ? terminal(command) : command);
  try {
    const { rate } = JSON.parse(await Deno.readTextFile(summary));
    return { cpuMicros: cpuSeconds === undefined ? undefined : cpuSeconds * 1e6 / requests, rate };
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
