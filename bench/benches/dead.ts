import { type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { myriad, type Sample } from "../clients.ts";
import { inTurn } from "../in_turn.ts";
import { least, median, ratio } from "../median.ts";
import { freePort } from "../port.ts";
import { cell, grouped, megabytes, printTable, range } from "../table.ts";

const ROUNDS = 5;
const CONCURRENCY = 200;
const ENGINES = ["http1", "fetch"];

/** A run, and when its last answer came. */
interface Run extends Sample {
  /** Seconds from the first start to the end of the last request that was answered. */
  readonly answeredSeconds: number;
  readonly succeeded: number;
  readonly skipped: number;
}

/**
 * Whether a host where nobody listens holds up the URLs of one that answers: of a server that takes
 * as long as one in a network, and of one that answers at once, where to read a list that is twice
 * as long is a good part of the work. Other work on the machine only adds to a run's time, so the
 * least times are compared. How long a whole run takes by the defaults is seen once.
 */
export async function dead(context: Context): Promise<void> {
  const { servers } = context;
  const count = scaled(30_000, context, 3_000);
  const urls = {
    "20 ms": await servers.delayServer("20ms"),
    "at once": await servers.fastServer(),
  };
  const rows: Record<string, () => Promise<Run>> = {};
  const whole: Record<string, () => Promise<Run>> = {};
  for (const [name, url] of Object.entries(urls)) {
    const alone = servers.file(`${name}_alone.txt`);
    const both = servers.file(`${name}_both.txt`);
    const bad = `http://127.0.0.1:${freePort()}/`;
    const numbers = Array.from({ length: count }, (_, i) => i);
    await Deno.writeTextFile(alone, numbers.map((i) => `${url}${i}\n`).join(""));
    await Deno.writeTextFile(both, numbers.map((i) => `${url}${i}\n${bad}${i}\n`).join(""));
    for (const engine of ENGINES) {
      const of = (input: string, ...args: string[]): Promise<Run> =>
        run(context, ["-i", input, "--engine", engine, ...args]);
      rows[`${engine}, ${name}, alone`] = () => of(alone);
      rows[`${engine}, ${name}, with dead`] = () => of(both, "--host-give-up", "1s");
      whole[engine] ??= () => of(both);
    }
  }
  const samples = await inTurn(rows, ROUNDS);
  const wholes = await inTurn(whole, 1);
  console.log(
    `\n${grouped(count)} URLs of the delay server with 20 ms, and of ${servers.fastServerName}, ` +
      `alone and in turn with as many of a port where nobody listens, -c ${CONCURRENCY}, ` +
      `${ROUNDS} rounds\n`,
  );
  const answered = (name: string): number | undefined =>
    least(samples[name].map(({ answeredSeconds }) => answeredSeconds));
  const ofAlone = (name: string): number | undefined =>
    ratio(answered(name), answered(name.replace("with dead", "alone")));
  printTable(
    ["run", "answered", "least time until all are", "range", "ratio", "not sent", "peak memory"],
    Object.entries(samples).map(([name, all]) => [
      name,
      cell(median(all.map(({ succeeded }) => succeeded)), 0),
      cell(answered(name), 2, " s"),
      range(all.map(({ answeredSeconds }) => answeredSeconds), 2, " s"),
      cell(ofAlone(name), 2),
      cell(median(all.map(({ skipped }) => skipped)), 0),
      megabytes(median(all.map(({ peak_rss_kb }) => peak_rss_kb))),
    ]),
  );
  printChecks(ENGINES.flatMap((engine): Check[] => [{
    what: `${engine}: time until all are answered, of that alone`,
    reached: ofAlone(`${engine}, 20 ms, with dead`),
    bound: "at most",
    limit: 1.2,
  }, {
    what: `${engine}: the whole run by the defaults`,
    reached: wholes[engine].at(0)?.seconds,
    bound: "at most",
    limit: 90,
    unit: " s",
  }]));
}

async function run({ servers }: Context, args: readonly string[]): Promise<Run> {
  const output = servers.file("dead.csv");
  const sample = await myriad([
    ...[...args, "-c", `${CONCURRENCY}`],
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
