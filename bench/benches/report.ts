import { type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { inTurn } from "../in_turn.ts";
import { median } from "../median.ts";
import { pathOf, V8_FLAGS } from "../root.ts";
import { cell, grouped, megabytes, printTable, range } from "../table.ts";

/** What a report took. */
interface Sample {
  readonly seconds: number;
  readonly peakKilobytes: number | undefined;
}

/** Records of a file that are made at once. */
const BLOCK = 10_000;
const HEADER = "i,url,status,ms,bytes,attempts,at,error,detail\n";
/** How much more memory ten times the records may take, in megabytes. */
const MAX_GROWTH = 20;

/** Records a second and peak memory of `myriad report`, beside what a shell has for it. */
export async function report(context: Context): Promise<void> {
  const checks: Check[] = [];
  const peaks = new Map<string, number[]>();
  for (const count of [1_000_000, 10_000_000].map((count) => scaled(count, context, 1_000))) {
    const { servers } = context;
    const ndjson = servers.file("report.ndjson");
    const csv = servers.file("report.csv");
    const page = servers.file("report.html");
    const database = servers.file("report.db");
    await write(ndjson, "", count, jsonOf);
    await write(csv, HEADER, count, csvOf);
    const program = (...args: string[]): string[] => [
      ...[Deno.execPath(), "run", V8_FLAGS, "--allow-read", "--allow-write", pathOf("main.ts")],
      ...["report", ...args],
    ];
    const all = `${count}`;
    const rows: Record<string, () => Promise<Sample>> = {
      "myriad report, NDJSON": run(context, program("--json", ndjson), `"requests": ${all},`),
      "myriad report, CSV": run(context, program("--json", csv), `"requests": ${all},`),
      "myriad report, NDJSON, a page": run(
        context,
        program("--json", ndjson, "--report", page),
        `"requests": ${all},`,
      ),
      "wc -l, NDJSON": run(context, ["sh", "-c", `wc -l < ${ndjson}`], all),
      ...await has("awk")
        ? { "awk, counts and mean, CSV": run(context, ["awk", "-F,", AWK, csv], all) }
        : {},
      ...await has("jq")
        ? { "jq, counts and mean, NDJSON": run(context, ["jq", "-n", JQ, ndjson], all) }
        : {},
      ...await has("sqlite3")
        ? { "sqlite3, import and counts, CSV": run(context, imported(database, csv), all) }
        : {},
    };
    const samples = await inTurn(rows, 3);
    const rate = (name: string): number | undefined =>
      median(samples[name].map(({ seconds }) => count / seconds));
    const peak = (name: string): number | undefined =>
      median(samples[name].flatMap(({ peakKilobytes }) => peakKilobytes ?? []));
    console.log(`\n${grouped(count)} records\n`);
    printTable(
      ["command", "records/s", "range", "peak memory"],
      Object.entries(samples).map(([name, all]) => [
        name,
        cell(rate(name), 0),
        range(all.map(({ seconds }) => count / seconds), 0),
        megabytes(peak(name)),
      ]),
    );
    for (const name of Object.keys(rows).filter((name) => name.startsWith("myriad"))) {
      checks.push({
        what: `records/s of ${name}, ${grouped(count)}`,
        reached: rate(name),
        bound: "at least",
        limit: 300_000,
        unit: "/s",
      });
      peaks.set(name, [...peaks.get(name) ?? [], peak(name) ?? NaN]);
    }
    for (const file of [ndjson, csv, page, database]) await Deno.remove(file).catch(() => {});
  }
  for (const [name, [before, after]] of peaks) {
    checks.push({
      what: `more memory of ${name} for ten times the records`,
      reached: Number.isFinite(after - before) ? (after - before) / 1024 : undefined,
      bound: "at most",
      limit: MAX_GROWTH,
      unit: " MB",
    });
  }
  printChecks(checks);
}

/** No percentiles: neither has a histogram. */
const AWK = `NR > 1 { n++; ms += $4; bytes += $5; by[$3]++ }
  END { print n; print ms / n, bytes; for (status in by) print status, by[status] }`;
const JQ = `reduce inputs as $r ({n: 0, ms: 0, bytes: 0, by: {}};
  .n += 1 | .ms += $r.ms | .bytes += $r.bytes | .by["\\($r.status)"] += 1)`;

function imported(database: string, csv: string): string[] {
  return [
    "sh",
    "-c",
    `rm -f ${database}; sqlite3 ${database} '.mode csv' '.import ${csv} r' \
    'SELECT count(*), avg(ms), sum(bytes) FROM r' 'SELECT status, count(*) FROM r GROUP BY status'`,
  ];
}

async function has(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `command -v ${program}`],
    stdout: "null",
  }).output();
  if (!success) console.error(`${program} is not installed: left out`);
  return success;
}

function run({ meter }: Context, command: string[], expected: string): () => Promise<Sample> {
  return async () => {
    const start = performance.now();
    const { peakKilobytes, stdout, stderr } = await meter.run(command);
    const seconds = (performance.now() - start) / 1_000;
    if (!stdout.includes(expected)) {
      throw new Error(`${command[0]} does not find all records: ${stdout}${stderr}`);
    }
    return { seconds, peakKilobytes };
  };
}

const START = Date.UTC(2026, 0, 1);

/** 40,000 requests a second of 1 to 11 ms, of which one in 1,000 fails. */
function valuesOf(i: number): { ms: number; at: string; failed: boolean } {
  const at = new Date(START + Math.floor(i / 40)).toISOString();
  return { ms: 1 + i * 7919 % 10_000 / 1_000, at, failed: i % 1_000 === 0 };
}

function jsonOf(i: number): string {
  const { ms, at, failed } = valuesOf(i);
  const start = `{"i":${i},"url":"http://localhost:8080/${i}","status":${failed ? null : 200}`;
  const end = failed ? `,"error":"timeout","detail":"no complete answer within 5000 ms"}` : "}";
  return `${start},"ms":${ms},"bytes":13,"attempts":1,"at":"${at}"${end}\n`;
}

function csvOf(i: number): string {
  const { ms, at, failed } = valuesOf(i);
  const end = failed ? "timeout,no complete answer within 5000 ms" : ",";
  return `${i},http://localhost:8080/${i},${failed ? "" : 200},${ms},13,1,${at},${end}\n`;
}

async function write(
  file: string,
  header: string,
  count: number,
  line: (i: number) => string,
): Promise<void> {
  using output = await Deno.open(file, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  for (let first = 0; first < count; first += BLOCK) {
    let lines = first === 0 ? header : "";
    for (let i = first; i < Math.min(first + BLOCK, count); i++) lines += line(i);
    const block = encoder.encode(lines);
    for (let k = 0; k < block.length;) k += await output.write(block.subarray(k));
  }
}
