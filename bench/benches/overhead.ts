import { type Bench, type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { CPU, LEAST_CPU, printRuns, RATE, ratio, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { runCommand } from "../meter.ts";
import { LONG_BODY, Nginx } from "../nginx.ts";
import { type OwnRun, runMyriad } from "../run.ts";
import { Scraper } from "../scraper.ts";
import { grouped } from "../table.ts";

/** As many rounds and requests as it takes to see one percent; a page costs 30 ms once. */
const ROUNDS = 9;
const REQUESTS = 500_000;
/** Names of rows that others are compared to. */
const [PLAIN, TO_STDOUT, CLOSED] = ["-s", "-o - > results.ndjson", "-c 100"];
const MEDIAN_CPU = { ...CPU, digits: 2, pick: "median", hasRange: false } as const;

/** A run of the group's load with its own flags. */
interface Row {
  readonly name: string;
  readonly args: readonly string[];
  /** What its CPU may be at most, as a share of that of other rows, by their names. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Whether its metrics are scraped each second. */
  readonly isScraped?: true;
  /** Gives the command that is run instead of the program's own. */
  readonly wrap?: (command: string[]) => string[];
}

/** Runs of one load that differ by flags alone; ratios are those to the first. */
interface Group {
  /** The load, for the reader. */
  readonly title: string;
  readonly url: string;
  /** The flags that all rows share. */
  readonly load: readonly string[];
  readonly rows: readonly Row[];
}

export const overhead: Bench = {
  measures: "the same run with and without a flag: CPU a request of outputs, journal, " +
    "expectations, metrics, report page, live view and rate",
  minutes: 30,
  async run(context) {
    const checks: Check[] = [];
    await using long = await Nginx.start({ directory: context.servers.directory, body: LONG_BODY });
    if (long === undefined) console.log("\nWithout nginx --expect-body is left out");
    for (const inFlight of [64, 1000]) {
      for (const group of await groupsAt(context, inFlight, long?.url)) {
        checks.push(...await compare(context, group));
      }
    }
    checks.push(...await compare(context, await rateGroup(context)));
    printChecks(checks);
  },
};

/** @param longUrl of a server with bodies of 1 KB */
async function groupsAt(
  context: Context,
  inFlight: number,
  longUrl: string | undefined,
): Promise<Group[]> {
  const { servers } = context;
  const requests = scaled(REQUESTS, context, inFlight);
  const load = ["-n", `${requests}`, "-c", `${inFlight}`];
  const title = `${grouped(requests)} requests, ${grouped(inFlight)} in flight`;
  const url = await servers.fastServer();
  const records = servers.file("results.ndjson");
  const status = ["--expect-status", "200"];
  const groups: Group[] = [
    {
      title: `${title}, ${servers.fastServerName}`,
      url,
      load,
      rows: [
        { name: PLAIN, args: [] },
        { name: TO_STDOUT, args: ["-o", "-"], wrap: (command) => intoFile(records, command) },
        {
          name: "-o results.ndjson",
          args: ["-o", records, "--overwrite"],
          // The latter is the same without a journal.
          limits: { [PLAIN]: 1.25, [TO_STDOUT]: 1.05 },
        },
        { name: "--expect-status", args: status, limits: { [PLAIN]: 1.05 } },
        {
          name: "--expect-status --expect-header",
          args: [...status, "--expect-header", "content-length: ^1"],
          limits: { [PLAIN]: 1.05 },
        },
      ],
    },
    await shownGroup(context, { title, url, load }),
  ];
  if (longUrl !== undefined) {
    groups.push({
      title: `${title}, 1 KB at once`,
      url: longUrl,
      load,
      rows: [
        { name: PLAIN, args: [] },
        {
          name: "--expect-body",
          args: ["--expect-body", "World.*status$"],
          limits: { [PLAIN]: 1.5 },
        },
      ],
    });
  }
  return groups;
}

/** What it costs to look at a run. */
async function shownGroup(
  { servers }: Context,
  { title, url, load }: Omit<Group, "rows">,
): Promise<Group> {
  const hasTerminal = await runCommand(["script", "--version"]) !== undefined;
  // A terminal takes a processor from all of them alike, even from those that show nothing.
  const wrap = hasTerminal ? inTerminal : undefined;
  const page = ["--report", servers.file("page.html")];
  const rows: Row[] = [
    { name: PLAIN, args: [], wrap },
    { name: "--metrics", args: [], wrap, isScraped: true, limits: { [PLAIN]: 1.01 } },
    { name: "--report --metrics", args: page, wrap, isScraped: true, limits: { [PLAIN]: 1.03 } },
  ];
  if (hasTerminal) {
    const [name, args] = ["--progress live --report --metrics", ["--progress", "live", ...page]];
    rows.push({ name, args, wrap, isScraped: true, limits: { [PLAIN]: 1.03 } });
  }
  const where = hasTerminal ? "in a terminal" : "no live view, for 'script' is missing";
  return { title: `${title}, ${where}`, url, load, rows };
}

/** What a schedule costs, beside a run of the same speed that only its concurrency slows down. */
async function rateGroup(context: Context): Promise<Group> {
  const url = await context.servers.delayServer("0-40ms");
  const requests = scaled(60_000, context, 1_000);
  const load = ["-n", `${requests}`];
  const closed = ["-c", "100"];
  const speed = Math.round((await runMyriad(context, [...load, ...closed, `${url}{}`])).rate);
  return {
    title: `${grouped(requests)} requests to the delay server, 0 to 40 ms each`,
    url,
    load,
    rows: [
      { name: CLOSED, args: closed },
      {
        name: `--rate ${speed}/s -c 1000`,
        args: ["--rate", `${speed}`, "-c", "1000"],
        limits: { [CLOSED]: 1.1 },
      },
    ],
  };
}

/**
 * Prints the table of a group.
 *
 * @returns the limits of its rows
 */
async function compare(context: Context, { title, url, load, rows }: Group): Promise<Check[]> {
  const runs = rows.map((row) => {
    const run = (...more: string[]): Promise<OwnRun> =>
      runMyriad(context, [...load, ...row.args, ...more, `${url}{}`], row.wrap);
    return [row.name, row.isScraped ? () => scraped(run) : () => run()] as const;
  });
  const samples = await inTurn<OwnRun>(context, ROUNDS, Object.fromEntries(runs));
  printRuns(title, samples, [{ ...LEAST_CPU, ratio: "ratio" }, MEDIAN_CPU, RATE]);
  const leastCpu = (name: string): number | undefined => summarize(LEAST_CPU, samples[name]);
  return rows.flatMap(({ name, limits = {} }) =>
    Object.entries(limits).map(([base, limit]): Check => ({
      what: `${title}: least CPU with ${name} to that with ${base}`,
      reached: ratio(leastCpu(name), leastCpu(base)),
      bound: "at most",
      limit,
    }))
  );
}

/** Scrapes the metrics of a run each second. */
async function scraped(run: (...flags: string[]) => Promise<OwnRun>): Promise<OwnRun> {
  using scraper = new Scraper();
  const startMs = performance.now();
  const sample = await run("--metrics", scraper.place);
  const isLong = performance.now() - startMs > 3_000;
  if (isLong && scraper.scrapes === 0) throw new Error("its metrics were not scraped");
  return sample;
}

/** A command whose standard output is a file. */
function intoFile(file: string, command: readonly string[]): string[] {
  return ["sh", "-c", `exec "$@" > ${quoted(file)}`, "sh", ...command];
}

/** A command in a terminal of its own, of 200 by 50. */
function inTerminal(command: readonly string[]): string[] {
  const line = command.map(quoted).join(" ");
  return ["script", "-qec", `stty cols 200 rows 50; ${line}`, "/dev/null"];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
