import { type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { myriad, type Sample } from "../clients.ts";
import { inTurn } from "../in_turn.ts";
import { median, ratio } from "../median.ts";
import { freePort } from "../port.ts";
import { cell, grouped, megabytes, printTable, range } from "../table.ts";

const ROUNDS = 3;
const CONCURRENCY = 200;

/** A run, and when its last answer came. */
interface Run extends Sample {
  /** Seconds from the first start to the end of the last request that was answered. */
  readonly answeredSeconds: number;
  readonly succeeded: number;
  readonly skipped: number;
}

/** A server whose URLs are good, and what is asked of its runs. */
interface Case {
  readonly name: string;
  readonly url: string;
  readonly args: readonly string[];
}

/**
 * Whether a host where nobody listens holds up the URLs of one that answers: of a server that takes
 * as long as one in a network, by the defaults; and of one that answers at once, where the list that
 * is twice as long takes the client twice the time to read, given up after 3 s.
 */
export async function dead(context: Context): Promise<void> {
  const { servers } = context;
  const count = scaled(30_000, context, 3_000);
  const cases: Case[] = [
    { name: "20 ms", url: await servers.delayServer("20ms"), args: [] },
    { name: "at once", url: await servers.fastServer(), args: ["--host-give-up", "3s"] },
  ];
  const rows: Record<string, () => Promise<Run>> = {};
  for (const { name, url, args } of cases) {
    const alone = servers.file(`${name}_alone.txt`);
    const both = servers.file(`${name}_both.txt`);
    const bad = `http://127.0.0.1:${freePort()}/`;
    const numbers = Array.from({ length: count }, (_, i) => i);
    await Deno.writeTextFile(alone, numbers.map((i) => `${url}${i}\n`).join(""));
    await Deno.writeTextFile(both, numbers.map((i) => `${url}${i}\n${bad}${i}\n`).join(""));
    for (const engine of ["http1", "fetch"]) {
      const of = (input: string): Promise<Run> => run(context, ["-i", input, ...args], engine);
      rows[`${engine}, ${name}, alone`] = () => of(alone);
      rows[`${engine}, ${name}, with dead`] = () => of(both);
    }
  }
  const samples = await inTurn(rows, ROUNDS);
  console.log(
    `\n${grouped(count)} URLs of the delay server and of ${servers.fastServerName}, alone and in ` +
      `turn with as many of a port where nobody listens, -c ${CONCURRENCY}, ${ROUNDS} rounds\n`,
  );
  const answered = (name: string): number | undefined =>
    median(samples[name].map(({ answeredSeconds }) => answeredSeconds));
  const ofAlone = (name: string): number | undefined =>
    ratio(answered(name), answered(name.replace("with dead", "alone")));
  printTable(
    ["run", "answered", "all answered after", "range", "ratio", "skipped", "ends after", "memory"],
    Object.entries(samples).map(([name, all]) => [
      name,
      cell(median(all.map(({ succeeded }) => succeeded)), 0),
      cell(answered(name), 2, " s"),
      range(all.map(({ answeredSeconds }) => answeredSeconds), 2, " s"),
      cell(ofAlone(name), 2),
      cell(median(all.map(({ skipped }) => skipped)), 0),
      cell(median(all.map(({ seconds }) => seconds)), 1, " s"),
      megabytes(median(all.map(({ peak_rss_kb }) => peak_rss_kb))),
    ]),
  );
  printChecks(["http1", "fetch"].flatMap((engine): Check[] => {
    const name = `${engine}, 20 ms, with dead`;
    const seconds = samples[name].map(({ seconds }) => seconds);
    return [{
      what: `${engine}: until all are answered, of that alone`,
      reached: ofAlone(name),
      bound: "at most",
      limit: 1.2,
    }, {
      what: `${engine}: the whole run`,
      reached: seconds.length === 0 ? undefined : Math.max(...seconds),
      bound: "at most",
      limit: 90,
      unit: " s",
    }];
  }));
}

async function run(
  { servers }: Context,
  args: readonly string[],
  engine: string,
): Promise<Run> {
  const output = servers.file("dead.csv");
  const sample = await myriad([
    ...[...args, "-c", `${CONCURRENCY}`, "--engine", engine],
    ...["-o", output, "--overwrite", "--fields", "status,at,ms"],
  ]) as Run;
  return { ...sample, answeredSeconds: answeredSecondsOf(await Deno.readTextFile(output)) };
}

/** From records of `status,at,ms`. */
function answeredSecondsOf(csv: string): number {
  let firstMs = Infinity;
  let lastMs = -Infinity;
  for (const line of csv.trimEnd().split("\n").slice(1)) {
    const [status, at, ms] = line.split(",");
    const startMs = Date.parse(at);
    firstMs = Math.min(firstMs, startMs);
    if (status !== "") lastMs = Math.max(lastMs, startMs + Number(ms));
  }
  return (lastMs - firstMs) / 1000;
}
