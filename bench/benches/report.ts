import { type Bench, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { PEAK_MEMORY, summarize } from "../figures.ts";
import { runCommand } from "../meter.ts";
import { type Reader, readSideBySide } from "../readers.ts";
import { myriadCommand } from "../root.ts";
import { grouped } from "../table.ts";
import { writeLines } from "../write_lines.ts";

const HEADER = "i,url,status,ms,bytes,attempts,at,error,detail\n";
/** How much more memory ten times the records may take, in megabytes. */
const MAX_GROWTH = 20;

/** Records a second and peak memory of `myriad report`, beside what a shell has for it. */
export const report: Bench = {
  measures: "records/s and peak memory of myriad report at 1 and at 10 million records, beside " +
    "wc, awk, jq and sqlite3",
  minutes: 9,
  async run(context) {
    const checks: Check[] = [];
    const peaks = new Map<string, (number | undefined)[]>();
    const [ndjson, csv, page, database] = [
      "report.ndjson",
      "report.csv",
      "report.html",
      "report.db",
    ]
      .map((name) => context.servers.file(name));
    for (const count of [1_000_000, 10_000_000].map((count) => scaled(count, context, 1_000))) {
      await writeLines(ndjson, count, toNdjson);
      await writeLines(csv, count, toCsv, HEADER);
      const report = (...args: string[]): Reader => ({
        command: myriadCommand(["report", "--json", ...args]),
        expected: `"requests": ${count},`,
      });
      const expected = `${count}`;
      const readers: Record<string, Reader> = {
        "myriad report, NDJSON": report(ndjson),
        "myriad report, CSV": report(csv),
        "myriad report, NDJSON, a page": report(ndjson, "--report", page),
        "wc -l, NDJSON": { command: ["sh", "-c", `wc -l < ${ndjson}`], expected },
      };
      const others: Record<string, readonly [program: string, command: readonly string[]]> = {
        "awk, counts and mean, CSV": ["awk", ["awk", "-F,", AWK, csv]],
        "jq, counts and mean, NDJSON": ["jq", ["jq", "-n", JQ, ndjson]],
        "sqlite3, import and counts, CSV": ["sqlite3", imported(database, csv)],
      };
      for (const [name, [program, command]] of Object.entries(others)) {
        if (await isInstalled(program)) readers[name] = { command, expected };
      }
      const title = `${grouped(count)} records`;
      const read = await readSideBySide(context, { title, unit: "records", count }, readers);
      for (const [name, runs] of Object.entries(read.samples)) {
        peaks.set(name, [...peaks.get(name) ?? [], summarize(PEAK_MEMORY, runs)]);
      }
      checks.push(...read.checks);
      for (const file of [ndjson, csv, page, database]) await Deno.remove(file).catch(() => {});
    }
    for (const [name, [few, many]] of peaks) {
      if (!name.startsWith("myriad")) continue;
      checks.push({
        what: `more memory of ${name} for ten times the records`,
        reached: few && many && many - few,
        bound: "at most",
        limit: MAX_GROWTH,
        unit: " MB",
      });
    }
    printChecks(checks);
  },
};

/** No percentiles: neither has a histogram. */
const AWK = `NR > 1 { n++; ms += $4; bytes += $5; by[$3]++ }
  END { print n; print ms / n, bytes; for (status in by) print status, by[status] }`;
const JQ = `reduce inputs as $r ({n: 0, ms: 0, bytes: 0, by: {}};
  .n += 1 | .ms += $r.ms | .bytes += $r.bytes | .by["\\($r.status)"] += 1)`;

/** Into a new database: the file of an earlier round is removed. */
function imported(database: string, csv: string): string[] {
  return [
    "sh",
    "-c",
    `rm -f ${database}; sqlite3 ${database} '.mode csv' '.import ${csv} r' \
    'SELECT count(*), avg(ms), sum(bytes) FROM r' 'SELECT status, count(*) FROM r GROUP BY status'`,
  ];
}

async function isInstalled(program: string): Promise<boolean> {
  const isThere = await runCommand([program, "--version"]) !== undefined;
  if (!isThere) console.error(`${program} is not installed: left out`);
  return isThere;
}

const START = Date.UTC(2026, 0, 1);

/** 40,000 requests a second of 1 to 11 ms, of which one in 1,000 fails. */
function makeValues(i: number): { ms: number; at: string; failed: boolean } {
  const at = new Date(START + Math.floor(i / 40)).toISOString();
  return { ms: 1 + i * 7919 % 10_000 / 1_000, at, failed: i % 1_000 === 0 };
}

function toNdjson(i: number): string {
  const { ms, at, failed } = makeValues(i);
  const start = `{"i":${i},"url":"http://localhost:8080/${i}","status":${failed ? null : 200}`;
  const end = failed ? `,"error":"timeout","detail":"no complete response within 5000 ms"}` : "}";
  return `${start},"ms":${ms},"bytes":13,"attempts":1,"at":"${at}"${end}\n`;
}

function toCsv(i: number): string {
  const { ms, at, failed } = makeValues(i);
  const end = failed ? "timeout,no complete response within 5000 ms" : ",";
  return `${i},http://localhost:8080/${i},${failed ? "" : 200},${ms},13,1,${at},${end}\n`;
}
