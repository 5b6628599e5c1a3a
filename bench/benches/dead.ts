import { type Bench, type Context, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { type Figure, PEAK_MEMORY, printRuns, ratio, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { freePort } from "../port.ts";
import { type OwnRun, runMyriad } from "../run.ts";
import { grouped } from "../table.ts";
import { writeLines } from "../write_lines.ts";

const ENGINES = ["http1", "fetch"];

/** A run, and when its last answer came. */
interface Run extends OwnRun {
  readonly answeredSeconds: number;
}

/** From the first start to the end of the last request that was answered. */
const UNTIL_ANSWERED: Figure<Run> = {
  title: "time until all are answered",
  unit: " s",
  digits: 2,
  // Other work on the machine only adds to it.
  pick: "least",
  hasRange: true,
  value: ({ answeredSeconds }) => answeredSeconds,
};

/**
 * Whether a host where nobody listens holds up the URLs of one that answers: of a server that takes
 * as long as one in a network, and of one that answers at once, where to read a list that is twice
 * as long is a good part of the work. How long a whole run takes by the defaults is seen once.
 */
export const dead: Bench = {
  measures: "that a host where nobody listens holds up none of the URLs of another, with both " +
    "engines",
  minutes: 6,
  async run(context) {
    const { servers } = context;
    const count = scaled(30_000, context, 3_000);
    const urls = {
      "20 ms": await servers.delayServer("20ms"),
      "at once": await servers.fastServer(),
    };
    const ratios: Record<string, number | undefined> = {};
    for (const [name, url] of Object.entries(urls)) {
      const [alone, both] = [servers.file("alone.txt"), servers.file("both.txt")];
      const bad = `http://127.0.0.1:${freePort()}/`;
      await writeLines(alone, count, (i) => `${url}${i}\n`);
      await writeLines(both, count, (i) => `${url}${i}\n${bad}${i}\n`);
      for (const engine of ENGINES) {
        const samples = await inTurn(context, 5, {
          alone: () => run(context, engine, alone),
          "with dead": () => run(context, engine, both, "--host-give-up", "1s"),
        });
        printRuns(
          `${engine}, ${grouped(count)} URLs, ${name}, -c 200, alone and in turn with as many ` +
            "of a port where nobody listens",
          samples,
          [
            { title: "answered", value: ({ succeeded }) => succeeded },
            { ...UNTIL_ANSWERED, ratio: "ratio" },
            { title: "not sent", value: ({ skipped }) => skipped },
            PEAK_MEMORY,
          ],
        );
        const [least, leastAlone] = [samples["with dead"], samples.alone]
          .map((runs) => summarize(UNTIL_ANSWERED, runs));
        if (name === "20 ms") ratios[engine] = ratio(least, leastAlone);
      }
    }
    const checks: Check[] = [];
    for (const engine of ENGINES) {
      const { seconds } = await run(context, engine, servers.file("both.txt"));
      checks.push({
        what: `${engine}: time until all are answered, of that alone, 20 ms`,
        reached: ratios[engine],
        bound: "at most",
        limit: 1.2,
      }, {
        what: `${engine}: the whole run by the defaults`,
        reached: seconds,
        bound: "at most",
        limit: 90,
        unit: " s",
      });
    }
    printChecks(checks);
  },
};

async function run(
  context: Context,
  engine: string,
  input: string,
  ...args: string[]
): Promise<Run> {
  const output = context.servers.file("dead.csv");
  const run = await runMyriad(context, [
    ...["-i", input, "--engine", engine, "-c", "200", ...args],
    ...["-o", output, "--overwrite", "--fields", "status,at,ms"],
  ]);
  return { ...run, answeredSeconds: readAnsweredSeconds(await Deno.readTextFile(output)) };
}

/** From records of `status,at,ms`. */
function readAnsweredSeconds(csv: string): number {
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
