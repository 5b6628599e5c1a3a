/**
 * `deno task bench`: what `myriad` costs, beside peers in the same run; see `bench/README.md`, and
 * `deno task bench --help` for what there is to measure.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Bench, Context } from "./bench.ts";
import { archive } from "./benches/archive.ts";
import { before } from "./benches/before.ts";
import { cluster } from "./benches/cluster.ts";
import { dead } from "./benches/dead.ts";
import { deaths } from "./benches/deaths.ts";
import { fairness } from "./benches/fairness.ts";
import { fetch } from "./benches/fetch.ts";
import { field } from "./benches/field.ts";
import { flat } from "./benches/flat.ts";
import { hosts } from "./benches/hosts.ts";
import { laboratory } from "./benches/laboratory.ts";
import { long } from "./benches/long.ts";
import { names as namesBench } from "./benches/names.ts";
import { overhead } from "./benches/overhead.ts";
import { peers } from "./benches/peers.ts";
import { pool } from "./benches/pool.ts";
import { posts } from "./benches/posts.ts";
import { prompt } from "./benches/prompt.ts";
import { rate } from "./benches/rate.ts";
import { report } from "./benches/report.ts";
import { resume } from "./benches/resume.ts";
import { silent } from "./benches/silent.ts";
import { soak } from "./benches/soak.ts";
import { stall } from "./benches/stall.ts";
import { threads } from "./benches/threads.ts";
import { verify } from "./benches/verify.ts";
import { isCommit } from "./git_worktree.ts";
import { printMachine } from "./machine.ts";
import { Interrupted, Meter } from "./meter.ts";
import { Servers } from "./servers.ts";
import { printTable } from "./table.ts";

/** In the order in which they are run. */
const BENCHES: Readonly<Record<string, Bench>> = {
  peers,
  field,
  fairness,
  flat,
  posts,
  resume,
  prompt,
  overhead,
  archive,
  rate,
  stall,
  hosts,
  names: namesBench,
  silent,
  dead,
  fetch,
  verify,
  report,
  pool,
  threads,
  cluster,
  long,
  soak,
  laboratory,
  deaths,
  before,
};
const ALL = Object.keys(BENCHES);
const USUAL = ALL.filter((name) => BENCHES[name].onlyByName === undefined);

const USAGE = `deno task bench [NAME…] [--scale S] [--rounds N] [--keep FOLDER] [--base COMMIT]
                [--transport NAME] [--only WORDS] [--seed N]

Without a name all of it is measured, in the order below.

  --scale S         multiplies counts and durations: 0.1 is a quick look
  --rounds N        how often each row is run, instead of as often as the bench does by itself
  --keep FOLDER     keeps plots, as SVG, and their figures, as CSV
  --base COMMIT     what 'before' and 'threads' compare this tree to
  --transport NAME  the sockets of 'long': native, as by default, or portable
  --only WORDS      what a row of 'laboratory', 'deaths' or 'soak' has to have in its name: loss,
                    or 'loss|delay' for one of several (repeatable: all of them)
  --seed N          the same runs of 'deaths' again; with --rounds 1 the first of them
`;

/** What the command line says. */
interface Arguments
  extends Pick<Context, "scale" | "rounds" | "base" | "transport" | "only" | "seed"> {
  readonly names: readonly string[];
  readonly folder: string | undefined;
  readonly help: boolean;
}

const { names, folder, help, ...given } = await parse(Deno.args);
if (help) {
  console.log(USAGE);
  printList(ALL, given.scale);
} else {
  await measure();
}

async function measure(): Promise<void> {
  await using servers = await Servers.open();
  const meter = await Meter.open(servers.file("time.txt"));
  meter.stopOnSignals();
  if (folder !== undefined) await Deno.mkdir(folder, { recursive: true });
  const keep = async (name: string, text: string): Promise<void> => {
    if (folder !== undefined) await Deno.writeTextFile(`${folder}/${name}`, text);
  };
  await printMachine(meter);
  const { scale } = given;
  if (scale !== 1) {
    console.log(`\nAll counts times ${scale}${scale < 1 ? ": a look, no measurement" : ""}`);
  }
  console.log("");
  printList(names, scale);
  try {
    for (const name of names) {
      const start = performance.now();
      await BENCHES[name].run({ servers, meter, keep, ...given });
      console.log(`\n${name} took ${duration((performance.now() - start) / 60_000)}`);
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    Deno.exitCode = 130;
  }
}

/** What each measures, and how long it takes. */
function printList(names: readonly string[], scale: number): void {
  const rows = names.map((name) => {
    const { measures, minutes, onlyByName } = BENCHES[name];
    const only = onlyByName === undefined ? "" : `; only by name: ${onlyByName}`;
    return [name, measures + only, duration(minutes * scale)];
  });
  printTable(["bench", "measures", "takes about"], rows);
  const usual = names.filter((name) => USUAL.includes(name));
  if (usual.length < 2) return;
  const minutes = usual.reduce((sum, name) => sum + BENCHES[name].minutes, 0);
  console.log(`\nAll without those that have to be named: about ${duration(minutes * scale)}`);
}

function duration(minutes: number): string {
  return minutes < 1 ? `${Math.ceil(minutes * 60)} s` : `${minutes.toFixed(0)} min`;
}

/** Ends with exit code 2 if the arguments are wrong. */
async function parse(args: string[]): Promise<Arguments> {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: {
        scale: { type: "string", default: "1" },
        rounds: { type: "string" },
        keep: { type: "string" },
        base: { type: "string" },
        transport: { type: "string" },
        only: { type: "string", multiple: true, default: [] },
        seed: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
      allowPositionals: true,
    });
    const scale = Number(values.scale);
    if (!(scale > 0 && scale <= 100)) {
      throw new Error(`Cannot use '--scale ${values.scale}': pass a number above 0, up to 100`);
    }
    const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
    if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1 && rounds <= 1000)) {
      throw new Error(`Cannot use '--rounds ${values.rounds}': pass a whole number from 1 to 1000`);
    }
    const seed = values.seed === undefined ? undefined : Number(values.seed);
    if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31)) {
      throw new Error(`Cannot use '--seed ${values.seed}': pass a whole number from 0`);
    }
    const unknown = positionals.find((name) => !ALL.includes(name));
    if (unknown !== undefined) {
      throw new Error(`Unknown bench '${unknown}': pass some of ${ALL.join(", ")}`);
    }
    if (positionals.includes("before") && values.base === undefined) {
      throw new Error("'before' needs '--base COMMIT': the commit that this tree is compared to");
    }
    const { base, transport, keep: folder, help } = values;
    if (transport !== undefined && transport !== "native" && transport !== "portable") {
      throw new Error(`Cannot use '--transport ${transport}': pass native or portable`);
    }
    if (base !== undefined && !await isCommit(base)) {
      throw new Error(`Cannot use '--base ${base}': git knows no such commit`);
    }
    return {
      names: positionals.length > 0 ? positionals : USUAL,
      folder,
      help,
      scale,
      rounds,
      base,
      transport,
      only: values.only,
      seed,
    };
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(2);
  }
}
