/**
 * `deno task bench`: what `myriad` costs, beside peers in the same run; see `bench/README.md`.
 *
 *     deno task bench                        all of it: about two hours
 *     deno task bench peers flat             some of it
 *     deno task bench peers --scale 0.1      a quick look, with a tenth of the requests
 *     deno task bench field --keep FOLDER    and the plots, as SVG, and their figures, as CSV
 *     deno task bench before --base COMMIT   this tree beside that of a commit
 *
 * A bench is a file in `benches/`; each prints Markdown tables.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Bench, Context } from "./bench.ts";
import { before } from "./benches/before.ts";
import { cpu } from "./benches/cpu.ts";
import { dead } from "./benches/dead.ts";
import { delay } from "./benches/delay.ts";
import { expect } from "./benches/expect.ts";
import { fairness } from "./benches/fairness.ts";
import { field } from "./benches/field.ts";
import { flat } from "./benches/flat.ts";
import { head } from "./benches/head.ts";
import { hosts } from "./benches/hosts.ts";
import { journal } from "./benches/journal.ts";
import { long } from "./benches/long.ts";
import { memory } from "./benches/memory.ts";
import { peers } from "./benches/peers.ts";
import { pool } from "./benches/pool.ts";
import { rate } from "./benches/rate.ts";
import { report } from "./benches/report.ts";
import { show } from "./benches/show.ts";
import { silent } from "./benches/silent.ts";
import { stall } from "./benches/stall.ts";
import { verify } from "./benches/verify.ts";
import { printMachine } from "./machine.ts";
import { Interrupted, Meter } from "./meter.ts";
import { Servers } from "./servers.ts";

const BENCHES: Record<string, Bench> = {
  peers,
  field,
  fairness,
  flat,
  journal,
  rate,
  stall,
  hosts,
  silent,
  dead,
  expect,
  show,
  cpu,
  memory,
  head,
  delay,
  verify,
  report,
  pool,
  long,
  before,
};

/** Half an hour and 23 GB by itself, and what needs a commit: only where they are asked for. */
const BY_NAME_ONLY = ["long", "before"];

const { scale, rounds, base, chosen, folder } = parse(Deno.args);
const keep = async (name: string, text: string): Promise<void> => {
  if (folder !== undefined) await Deno.writeTextFile(`${folder}/${name}`, text);
};
await using servers = await Servers.open();
const meter = await Meter.open(servers.file("time.txt"));
// Each bench then ends what it has started; who cannot wait for that says it again.
Deno.addSignalListener("SIGINT", () => meter.isStopped ? Deno.exit(130) : meter.stop());
await printMachine(meter);
if (scale !== 1) {
  console.log(`\nAll counts times ${scale}${scale < 1 ? ": a look, no measurement" : ""}`);
}
if (folder !== undefined) await Deno.mkdir(folder, { recursive: true });
try {
  for (const name of chosen) await BENCHES[name]({ servers, meter, scale, rounds, base, keep });
} catch (error) {
  if (!(error instanceof Interrupted)) throw error;
  Deno.exitCode = 130;
}

/** What the command line says. */
interface Arguments extends Pick<Context, "scale" | "rounds" | "base"> {
  readonly folder: string | undefined;
  readonly chosen: readonly string[];
}

/** Ends with exit code 2 if the arguments are wrong. */
function parse(args: string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: {
        scale: { type: "string", default: "1" },
        keep: { type: "string" },
        rounds: { type: "string" },
        base: { type: "string" },
      },
      allowPositionals: true,
    });
    const scale = Number(values.scale);
    if (!(scale > 0 && scale <= 100)) {
      throw new Error(`Cannot use '--scale ${values.scale}': give a number above 0, up to 100`);
    }
    const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
    if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1 && rounds <= 1000)) {
      throw new Error(`Cannot use '--rounds ${values.rounds}': pass a whole number from 1 to 1000`);
    }
    const names = Object.keys(BENCHES);
    const unknown = positionals.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new Error(`There is no bench '${unknown}': give some of ${names.join(", ")}`);
    }
    const usual = names.filter((name) => !BY_NAME_ONLY.includes(name));
    if (positionals.includes("before") && values.base === undefined) {
      throw new Error("'before' needs '--base COMMIT': the commit that this tree is compared to");
    }
    const chosen = positionals.length > 0 ? positionals : usual;
    return { scale, rounds, base: values.base, folder: values.keep, chosen };
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(2);
  }
}
