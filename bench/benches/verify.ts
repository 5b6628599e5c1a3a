import { type Bench, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { type Reader, readSideBySide } from "../readers.ts";
import { myriadCommand } from "../root.ts";
import { grouped } from "../table.ts";
import { writeLines } from "../write_lines.ts";

/** Lines a second and peak memory of `myriad verify`, beside what a shell has for it. */
export const verify: Bench = {
  measures: "lines/s and peak memory of myriad verify at 1 and at 10 million records, beside " +
    "wc -l and sort with comm",
  minutes: 5,
  async run(context) {
    const checks: Check[] = [];
    const [results, log, combined, listed, listedLog] = [
      "results.ndjson",
      "access.log",
      "combined.log",
      "listed.ndjson",
      "listed.log",
    ]
      .map((name) => context.servers.file(name));
    for (const count of [1_000_000, 10_000_000].map((count) => scaled(count, context, 1_000))) {
      await writeLines(results, count, (i) => makeRecord(i, `/${i}`));
      await writeLines(log, count, (i) => makeLogLine(i, `/${i}`));
      await writeLines(combined, count, (i) => makeNginxLine(`/${i}`));
      await writeLines(listed, count, (i) => makeRecord(i, makePagePath(i)));
      await writeLines(listedLog, count, (i) => makeLogLine(i, makePagePath(i)));
      const verify = (results: string, log: string): Reader => ({
        command: myriadCommand(["verify", results, "--against", log]),
        expected: "The logs agree.",
      });
      const title = `${grouped(count)} records and as many lines of log`;
      const read = await readSideBySide(context, { title, unit: "lines", count: 2 * count }, {
        "myriad verify, numbers": verify(results, log),
        "myriad verify, numbers, combined log": verify(results, combined),
        "myriad verify, a list of URLs": verify(listed, listedLog),
        "wc -l": {
          command: ["sh", "-c", `cat ${results} ${log} | wc -l`],
          expected: `${2 * count}`,
        },
        "cut, sort, comm": { command: ["bash", "-c", joined(results, log)], expected: "0" },
      });
      checks.push(...read.checks);
      for (const file of [results, log, combined, listed, listedLog]) await Deno.remove(file);
    }
    printChecks(checks);
  },
};

/** What only finds the paths that are in one of the two, if each field has its known place. */
function joined(results: string, log: string): string {
  return `set -e; export LC_ALL=C
    cut -d'"' -f6 ${results} | cut -d/ -f4- | sort -S 256M > ${results}.sorted
    cut -d'"' -f14 ${log} | cut -c2- | sort -S 256M > ${log}.sorted
    comm -3 ${results}.sorted ${log}.sorted | wc -l
    rm ${results}.sorted ${log}.sorted`;
}

/** A path that differs from others by more than a number. */
function makePagePath(i: number): string {
  return `/pages/${(i * 2654435761 % 2 ** 32).toString(36)}-${i}`;
}

function makeRecord(i: number, path: string): string {
  return `{"i":${i},"url":"http://localhost:8080${path}","status":200,"ms":12.345,"bytes":13,"attempts":1,"at":"2026-01-01T00:00:00.000Z"}\n`;
}

function makeLogLine(n: number, path: string): string {
  return `{"n":${n},"at":"2026-01-01T00:00:00.000Z","method":"GET","path":"${path}","status":200,"delay_ms":0,"ms":0.123}\n`;
}

function makeNginxLine(path: string): string {
  return `127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET ${path} HTTP/1.1" 200 13 "-" "myriad/0.1.0"\n`;
}
