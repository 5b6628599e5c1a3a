import { gzipSync } from "node:zlib";
import { Dice } from "../../tests/fixtures/dice.ts";

/** What a run writes: the output, and what else there is beside it. */
export interface Files {
  /** The name of the output. */
  readonly output: string;
  readonly failures?: string;
  /** A folder, or an archive. */
  readonly bodies?: string;
  /** Whether the archive has an index. */
  readonly cdx?: boolean;
  /** Further flags. */
  readonly flags?: readonly string[];
}

const ARCHIVE = { bodies: "crawl.warc.gz" } as const;
const FAILURES = "failures.jsonl";

/** The kinds of files, by name. */
export const FORMATS: Readonly<Record<string, Files>> = {
  ".ndjson": { output: "o.ndjson" },
  ".csv": { output: "o.csv" },
  ".ndjson.gz": { output: "o.ndjson.gz" },
  ".csv.gz": { output: "o.csv.gz" },
  ".parquet": { output: "o.parquet" },
  ".sqlite": { output: "o.sqlite" },
  ".ndjson, --failures": { output: "o.ndjson", failures: FAILURES },
  ".sqlite, --failures": { output: "o.sqlite", failures: FAILURES },
  ".ndjson, --save-bodies DIR": { output: "o.ndjson", bodies: "bodies" },
  ".csv.gz, --save-bodies DIR, --failures": {
    output: "o.csv.gz",
    bodies: "bodies",
    failures: FAILURES,
  },
  ".ndjson, .warc.gz": { output: "o.ndjson", ...ARCHIVE },
  ".ndjson, .warc.gz, --cdx": { output: "o.ndjson", ...ARCHIVE, cdx: true },
  ".parquet, .warc.gz, --cdx, --dedupe": {
    output: "o.parquet",
    ...ARCHIVE,
    cdx: true,
    flags: ["--dedupe"],
  },
  ".csv, .warc.gz of 200 kB each, --cdx, --dedupe, --failures": {
    output: "o.csv",
    ...ARCHIVE,
    failures: FAILURES,
    cdx: true,
    flags: ["--dedupe", "--warc-size", "200k"],
  },
};
const FORMAT_NAMES = Object.keys(FORMATS);

/** What the numbers of a run come from. */
type Input = "range" | "lines" | "csv" | "jsonl" | "lines.gz" | "flow";
const INPUTS: readonly Input[] = ["range", "range", "lines", "csv", "jsonl", "lines.gz", "flow"];

/** Requests in flight, and how many requests a run then has, at most. */
const CONCURRENCY: readonly (readonly [c: number, requests: number])[] = [
  [1, 300],
  [10, 1_500],
  [100, 4_000],
  [100, 4_000],
  [1_000, 10_000],
];
/** How long a run that nobody kills takes, in milliseconds; 0 is as long as it takes. */
const LENGTHS = [0, 500, 2_000, 4_000];

/** One row of the campaign, drawn from its seed. */
export interface Case {
  readonly seed: number;
  /** The name of its files. */
  readonly format: string;
  readonly files: Files;
  readonly input: Input;
  readonly engine: string;
  /** The numbers of its requests, in order. */
  readonly numbers: readonly number[];
  /** The requests of each number: more than one in a flow. */
  readonly steps: number;
  readonly concurrency: number;
  /** How often a request is tried at most. */
  readonly attempts: number;
  /** Whether a status of 400 or more is a failure. */
  readonly fails: boolean;
  /** What waits until it is on the disk: `--sync`. */
  readonly sync: string;
  /** Whether what failed is made again in the end. */
  readonly isRetried: boolean;
  /** How many lines the input has. */
  readonly lines: number;
  /** Whether a second of the run's clock goes by in 40 ms, so that it writes many journals. */
  readonly isFast: boolean;
  /** The mean of how long an answer takes, in milliseconds. */
  readonly paceMs: number;
  /** Flags that say nothing about files. */
  readonly flags: readonly string[];
}

/** How many slots the server counts for a case. */
export function countSlots({ numbers, steps }: Case): number {
  return (numbers.at(-1)! + 1) * steps;
}

/** The number of steps of the flow in {@linkcode writeInput}. */
const FLOW_STEPS = 2;

/**
 * Draws a case.
 *
 * @param seed seeds that follow each other go through all formats
 * @param maxRequests the most requests of a run
 * @param maxMs the longest that a run takes that nobody kills, apart from its start
 */
export function drawCase(
  seed: number,
  { maxRequests = Infinity, maxMs = Infinity }: { maxRequests?: number; maxMs?: number } = {},
): Case {
  const dice = new Dice(seed);
  const format = FORMAT_NAMES[seed % FORMAT_NAMES.length];
  const files = FORMATS[format];
  const isPlain = files.failures === undefined && files.bodies === undefined;
  let input = dice.of(INPUTS);
  if (input === "flow" && !isPlain) input = "range";
  const isFlow = input === "flow";
  let engine = dice.of(["http1", "http1", "http2", "fetch"]);
  if (engine === "fetch" && files.bodies === ARCHIVE.bodies) engine = "http1";
  const [concurrency, most] = dice.of(CONCURRENCY);
  const requests = Math.max(20, Math.round(Math.min(most, maxRequests) / (1 + dice.below(4))));
  const flags = ["-c", `${concurrency}`, "-n", `${requests}`, "--engine", engine, "-t", "10m"];
  if (!isFlow) flags.push("--threads", `${dice.of([1, 1, 2, 4])}`);
  if (engine !== "fetch") flags.push("--transport", dice.of(["portable", "native"]));
  const start = dice.below(4) === 0 ? 1 + dice.below(5_000) : 0;
  const isLooped = !isFlow && input !== "range" && input !== "jsonl" && dice.below(3) === 0;
  // Numbers are the places of records, unless there is no input.
  const first = input === "range" ? start : 0;
  if (first > 0) flags.push("--start", `${first}`);
  if (isLooped) flags.push("--loop");
  const shards = dice.below(4) === 0 ? 3 : 1;
  const shard = dice.below(shards);
  if (shards > 1) flags.push("--shard", `${shard}/${shards}`);
  const numbers = Array.from({ length: requests }, (_, k) => first + k)
    .filter((i) => i % shards === shard);
  const retries = dice.of([0, 0, 1, 3]);
  if (retries > 0) flags.push("--retries", `${retries}`, "--retry-delay", "5ms");
  flags.push("--no-pause");
  const fails = dice.below(2) === 0;
  if (fails) flags.push("--fail");
  const sync = dice.of(["always", "interval", "interval", "never"]);
  flags.push("--sync", sync);
  const lengthMs = Math.min(dice.of(LENGTHS), maxMs);
  const hasRate = dice.below(4) === 0 && lengthMs > 0;
  // The clock of threads is not fast, and a rate is kept by all clocks.
  const isFast = dice.below(3) > 0 && !hasRate;
  // With a rate, half of the concurrency is in use.
  const paceMs = Math.min(3_000, lengthMs * concurrency / numbers.length / (hasRate ? 2 : 1));
  if (hasRate) flags.push("-q", `${Math.ceil(numbers.length * 1_000 / lengthMs)}/s`);
  return {
    seed,
    format,
    files,
    input,
    engine,
    numbers,
    steps: isFlow ? FLOW_STEPS : 1,
    concurrency,
    attempts: 1 + retries,
    fails,
    sync,
    isRetried: !isFlow && dice.below(2) === 0,
    lines: isLooped ? 7 + dice.below(50) : requests,
    isFast,
    paceMs,
    flags,
  };
}

/**
 * Writes the input of a case, and gives the words of its command, without what is in other flags.
 *
 * @param folder where the input is written
 * @param url where the requests go, without a slash at the end
 */
export async function writeInput(
  { input, lines }: Case,
  folder: string,
  url: string,
): Promise<string[]> {
  const write = async (name: string, text: string): Promise<string> => {
    const bytes = new TextEncoder().encode(text);
    await Deno.writeFile(`${folder}/${name}`, name.endsWith(".gz") ? gzipSync(bytes) : bytes);
    return `${folder}/${name}`;
  };
  const words = Array.from({ length: lines }, (_, k) => `w${k}`);
  switch (input) {
    case "range":
      return [`${url}/{}`];
    case "lines":
      return ["-i", await write("in.txt", `${words.join("\n")}\n`), `${url}/{i}?{line}`];
    case "lines.gz":
      return ["-i", await write("in.txt.gz", `${words.join("\n")}\n`), `${url}/{i}?{line}`];
    case "csv":
      return ["-i", await write("in.csv", `w\n${words.join("\n")}\n`), `${url}/{i}?{w}`];
    case "jsonl": {
      const records = words.map((word, k) => `${JSON.stringify({ url: `${url}/${k}?${word}` })}\n`);
      return ["-i", await write("in.jsonl", records.join(""))];
    }
    case "flow": {
      const text = `export default async (i, client) => {
  for (const k of [0, 1]) await client.get("${url}/" + (${FLOW_STEPS} * i + k), { step: "" + k });
};\n`;
      return ["run", await write("flow.js", text), url];
    }
  }
}

/** The URL of a request, as its record has it. @param step from 0 */
export function toUrl({ input, lines, steps }: Case, url: string, i: number, step: number): string {
  const query = input === "range" || input === "flow" ? "" : `?w${i % lines}`;
  return `${url}/${i * steps + step}${query}`;
}

/** The words that say what is written. @param folder where it is written */
export function fileFlags(
  { output, failures, bodies, cdx, flags = [] }: Files,
  folder: string,
): string[] {
  const words = ["-o", `${folder}/${output}`, ...flags];
  if (failures !== undefined) words.push("--failures", `${folder}/${failures}`);
  if (bodies !== undefined) words.push("--save-bodies", `${folder}/${bodies}`);
  if (cdx) words.push("--cdx");
  return words;
}
