import { type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { inTurn } from "../in_turn.ts";
import { median } from "../median.ts";
import { pathOf, V8_FLAGS } from "../root.ts";
import { cell, grouped, megabytes, printTable, range } from "../table.ts";

/** What a comparison took. */
interface Sample {
  readonly seconds: number;
  readonly peakKilobytes: number | undefined;
}

/** Lines of a file that are made at once. */
const BLOCK = 10_000;

/** Lines a second and peak memory of `myriad verify`, beside what a shell has for it. */
export async function verify(context: Context): Promise<void> {
  const checks: Check[] = [];
  for (const count of [1_000_000, 10_000_000].map((count) => scaled(count, context, 1_000))) {
    const { servers } = context;
    const results = servers.file("results.ndjson");
    const log = servers.file("access.log");
    const combined = servers.file("combined.log");
    const listed = servers.file("listed.ndjson");
    const listedLog = servers.file("listed.log");
    await write(results, count, (i) => record(i, `/${i}`));
    await write(log, count, (i) => line(i, `/${i}`));
    await write(combined, count, (i) => nginxLine(`/${i}`));
    const name = (i: number): string => `/pages/${(i * 2654435761 % 2 ** 32).toString(36)}-${i}`;
    await write(listed, count, (i) => record(i, name(i)));
    await write(listedLog, count, (i) => line(i, name(i)));
    const program = [Deno.execPath(), "run", V8_FLAGS, "--allow-read", pathOf("main.ts"), "verify"];
    const verify = (results: string, log: string): () => Promise<Sample> =>
      run(context, [...program, results, "--against", log]);
    const rows: Record<string, () => Promise<Sample>> = {
      "myriad verify, numbers": verify(results, log),
      "myriad verify, numbers, combined log": verify(results, combined),
      "myriad verify, a list of URLs": verify(listed, listedLog),
      "wc -l": run(context, ["sh", "-c", `cat ${results} ${log} | wc -l`]),
      "cut, sort, comm": run(context, ["bash", "-c", joined(results, log)]),
    };
    const samples = await inTurn(rows, 3);
    const rate = (name: string): number | undefined =>
      median(samples[name].map(({ seconds }) => 2 * count / seconds));
    const peak = (name: string): number | undefined =>
      median(samples[name].flatMap(({ peakKilobytes }) => peakKilobytes ?? []));
    console.log(`\n${grouped(count)} records and as many lines of log\n`);
    printTable(
      ["command", "lines/s", "range", "peak memory"],
      Object.entries(samples).map(([name, all]) => [
        name,
        cell(rate(name), 0),
        range(all.map(({ seconds }) => 2 * count / seconds), 0),
        megabytes(peak(name)),
      ]),
    );
    for (const name of Object.keys(rows).filter((name) => name.startsWith("myriad"))) {
      checks.push({
        what: `lines/s of ${name}, ${grouped(count)} of each`,
        reached: rate(name),
        bound: "at least",
        limit: 300_000,
        unit: "/s",
      });
    }
    for (const file of [results, log, combined, listed, listedLog]) await Deno.remove(file);
  }
  printChecks(checks);
}

function run({ meter }: Context, command: string[]): () => Promise<Sample> {
  return async () => {
    const start = performance.now();
    const { peakKilobytes, stdout, stderr } = await meter.run(command);
    const seconds = (performance.now() - start) / 1_000;
    if (command.includes("verify") && !stdout.includes("The logs agree.")) {
      throw new Error(`it finds a difference that is none: ${stdout}${stderr}`);
    }
    return { seconds, peakKilobytes };
  };
}

/** What only finds the paths that are in one of the two, if each field has its known place. */
function joined(results: string, log: string): string {
  return `set -e; export LC_ALL=C
    cut -d'"' -f6 ${results} | cut -d/ -f4- | sort -S 256M > ${results}.sorted
    cut -d'"' -f14 ${log} | cut -c2- | sort -S 256M > ${log}.sorted
    comm -3 ${results}.sorted ${log}.sorted | wc -l
    rm ${results}.sorted ${log}.sorted`;
}

function record(i: number, path: string): string {
  return `{"i":${i},"url":"http://localhost:8080${path}","status":200,"ms":12.345,"bytes":13,"attempts":1,"at":"2026-01-01T00:00:00.000Z"}\n`;
}

function line(n: number, path: string): string {
  return `{"n":${n},"at":"2026-01-01T00:00:00.000Z","method":"GET","path":"${path}","status":200,"delay_ms":0,"ms":0.123}\n`;
}

function nginxLine(path: string): string {
  return `127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET ${path} HTTP/1.1" 200 13 "-" "myriad/0.1.0"\n`;
}

async function write(file: string, count: number, line: (i: number) => string): Promise<void> {
  using output = await Deno.open(file, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  for (let first = 0; first < count; first += BLOCK) {
    let lines = "";
    for (let i = first; i < Math.min(first + BLOCK, count); i++) lines += line(i);
    const block = encoder.encode(lines);
    for (let k = 0; k < block.length;) k += await output.write(block.subarray(k));
  }
}
