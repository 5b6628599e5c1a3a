import { type Bench, type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { LEAST_CPU, PEAK_MEMORY, printRuns, RATE, ratio, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { Nginx } from "../nginx.ts";
import { type OwnRun, runMyriad } from "../run.ts";
import { grouped } from "../table.ts";

const ROUNDS = 5;
const IN_FLIGHT = 64;

/** What the server answers, in bytes, and how many requests are made. */
const BODIES = [{ bytes: 1_024, requests: 100_000 }, { bytes: 65_536, requests: 20_000 }];
/** Bodies up to here are small: a file for each costs more than an archive of them. */
const MAX_SMALL_BYTES = 1_024;

/** What a run is asked to write: the names of the rows. */
const RECORDS = "-o x.ndjson";
const FOLDER = `${RECORDS} --save-bodies bodies`;
const UNSYNCED = `${FOLDER} --sync=never`;
const ARCHIVE = `${RECORDS} --save-bodies x.warc.gz`;
const PARQUET = "-o x.parquet";
const SQLITE = "-o x.sqlite";
/** The first is what others are compared to. */
const OUTPUTS = [FOLDER, UNSYNCED, RECORDS, ARCHIVE, `${ARCHIVE} --cdx`, PARQUET, SQLITE];

/** Other work on the machine only ever slows a run down. */
const MOST_RATE = { ...RATE, pick: "most" } as const;

/** The CPU of each, at most, as a share of that of {@linkcode FOLDER}. */
const MAX_CPU = 1.5;
/** Peak memory at ten times the records, at most, as a share. */
const MAX_GROWTH = 1.15;

/** What it costs to keep a run as an archive, a table of columns or a database. */
export const archive: Bench = {
  measures: "CPU a request and peak memory of --save-bodies with a folder and with a WARC, of " +
    "-o with NDJSON, Parquet and SQLite; their memory at 100,000 and at 1 million records",
  minutes: 12,
  async run(context) {
    if (await Nginx.version() === undefined) {
      console.log("\narchive is skipped: it needs Debian's package nginx-light");
      return;
    }
    const checks: Check[] = [];
    for (const { bytes, requests } of BODIES) {
      const count = scaled(requests, context, IN_FLIGHT);
      checks.push(...await compareOutputs(context, bytes, count));
    }
    printChecks([...checks, ...await compareCounts(context)]);
  },
};

/** Each output in turn. @param bytes of each body */
async function compareOutputs(
  context: Context,
  bytes: number,
  requests: number,
): Promise<Check[]> {
  await using nginx = await startNginx(context, bytes);
  const rows = OUTPUTS.map((name) =>
    [name, () => measure(context, name, nginx.url, requests)] as const
  );
  const samples = await inTurn(context, ROUNDS, Object.fromEntries(rows));
  const title = `${grouped(requests)} requests of ${grouped(bytes)} bytes`;
  printRuns(`${title}, ${IN_FLIGHT} in flight`, samples, [
    { ...LEAST_CPU, ratio: "ratio" },
    { ...PEAK_MEMORY, hasRange: true },
    MOST_RATE,
  ]);
  const compared = (name: string): number | undefined =>
    ratio(summarize(LEAST_CPU, samples[name]), summarize(LEAST_CPU, samples[FOLDER]));
  const checks = [ARCHIVE, PARQUET].map((name): Check => ({
    what: `${title}: least CPU of ${name} to that of ${FOLDER}`,
    reached: compared(name),
    bound: "at most",
    limit: name === ARCHIVE && bytes <= MAX_SMALL_BYTES ? 1 : MAX_CPU,
  }));
  if (bytes > MAX_SMALL_BYTES) return checks;
  const faster: Check = {
    what: `${title}: most requests/s of ${ARCHIVE} to those of ${FOLDER}`,
    reached: ratio(summarize(MOST_RATE, samples[ARCHIVE]), summarize(MOST_RATE, samples[FOLDER])),
    bound: "at least",
    limit: 1,
  };
  return [...checks, faster];
}

/** The memory of each that is one file, however many records. */
async function compareCounts(context: Context): Promise<Check[]> {
  await using nginx = await startNginx(context, MAX_SMALL_BYTES);
  const counts = [100_000, 1_000_000].map((count) => scaled(count, context, IN_FLIGHT));
  const names = [RECORDS, ARCHIVE, PARQUET, SQLITE];
  const label = (name: string, count: number): string => `${name}, ${grouped(count)} records`;
  const rows = names.flatMap((name) =>
    counts.map((count) =>
      [label(name, count), () => measure(context, name, nginx.url, count)] as const
    )
  );
  const samples = await inTurn(context, 3, Object.fromEntries(rows));
  printRuns(`Bodies of ${grouped(MAX_SMALL_BYTES)} bytes, ${IN_FLIGHT} in flight`, samples, [
    { ...PEAK_MEMORY, hasRange: true },
    LEAST_CPU,
    MOST_RATE,
  ]);
  const peaks = (name: string): (number | undefined)[] =>
    counts.map((count) => summarize(PEAK_MEMORY, samples[label(name, count)]));
  return names.map((name): Check => {
    const [few, many] = peaks(name);
    return {
      what: `peak memory of ${name} at ${grouped(counts[1])} records to that at ${
        grouped(counts[0])
      }`,
      reached: ratio(many, few),
      bound: "at most",
      limit: MAX_GROWTH,
    };
  });
}

/** @throws {Error} If nginx does not start. */
async function startNginx({ servers: { directory } }: Context, bytes: number): Promise<Nginx> {
  const nginx = await Nginx.start({ directory, body: makeText(bytes) });
  if (nginx === undefined) throw new Error("nginx does not start");
  return nginx;
}

/** A run, whose files are gone afterwards. @throws {Error} If a request fails. */
async function measure(
  context: Context,
  name: string,
  url: string,
  requests: number,
): Promise<OwnRun> {
  const folder = context.servers.file("archive");
  await Deno.mkdir(folder);
  try {
    const output = name.split(" ").map((word) => word.startsWith("-") ? word : `${folder}/${word}`);
    const load = ["--fail", "-n", `${requests}`, "-c", `${IN_FLIGHT}`];
    const run = await runMyriad(context, [...load, ...output, `${url}{}`]);
    if (run.succeeded !== requests) throw new Error(`${requests - run.succeeded} requests failed`);
    return run;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The words of {@linkcode makeText}. */
const WORDS = 2_000;

/** A list of words, some of them often: gzip makes a third of them, as it does of pages. */
function makeText(bytes: number): string {
  let seed = 1;
  // Park and Miller's generator: the same text each time.
  const random = () => (seed = seed * 48_271 % 0x7fff_ffff) / 0x7fff_ffff;
  let text = "";
  while (text.length < bytes) {
    const word = Math.floor(WORDS * random() ** 4);
    text += `${(word * 7_919 + 1_000).toString(36)}${
      random() < 0.2 ? ".</a></li>\n<li class=item><a href=/items/" : " "
    }`;
  }
  return text.slice(0, bytes);
}
