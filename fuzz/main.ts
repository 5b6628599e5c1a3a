/**
 * `deno task fuzz NAME`: makes inputs for what reads what others wrote, guided by the branches that
 * they take, and shows those for which something does not hold. Without a name it lists what there
 * is to fuzz.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { buildTarget, FOLDER } from "./build.ts";
import type { Finding } from "./campaign.ts";
import { MAX_INPUT_BYTES, toText } from "./target.ts";
import { TARGETS } from "./targets.ts";
import { BYTES_AT, type Order, type Progress, type Told } from "./worker.ts";

const USAGE = `deno task fuzz [NAME…] [--minutes M] [--seed S] [--input FILE]

  --minutes M   how long each takes (default 1)
  --seed S      the inputs follow from it (default: another one each time)
  --input FILE  reads this input once, such as one that was found
`;

/** An input that takes longer never ends, in milliseconds: many steps end before. */
const STUCK_MS = 120_000;
/** The maximum number of bytes of a finding that are shown. */
const MAX_SHOWN = 2_000;

const { values, positionals } = parseArgs({
  args: Deno.args,
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: `${1 + Math.floor(Math.random() * 1e6)}` },
    input: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
  allowPositionals: true,
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const input = values.input === undefined ? undefined : await readGiven(values.input);
const unknown = positionals.find((name) => !Object.hasOwn(TARGETS, name));
if (!(minutes > 0 && minutes <= 24 * 60) || !Number.isSafeInteger(seed) || unknown !== undefined) {
  console.error(unknown === undefined ? USAGE : `Unknown target '${unknown}'\n\n${USAGE}`);
  Deno.exit(2);
}
if (positionals.length === 0) {
  console.log(USAGE);
  const width = Math.max(...Object.keys(TARGETS).map(({ length }) => length));
  for (const [name, { reads }] of Object.entries(TARGETS)) {
    console.log(`${name.padEnd(width)}  ${reads}`);
  }
}
let found = 0;
for (const name of positionals) found += await fuzz(name);
Deno.exit(found > 0 ? 1 : 0);

/** Reads an input, or ends with exit code 2. */
async function readGiven(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    console.error(`Cannot read '--input ${path}': ${(error as Error).message}`);
    Deno.exit(2);
  }
}

/** @returns how many findings there were */
async function fuzz(name: string): Promise<number> {
  const module = await buildTarget(name);
  const { maxBytes = MAX_INPUT_BYTES } = TARGETS[name];
  const current = new SharedArrayBuffer(BYTES_AT + Math.max(maxBytes, input?.length ?? 0));
  const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
  const over = Promise.withResolvers<void>();
  const start = performance.now();
  const findings: Promise<void>[] = [];
  const show = (finding: Finding): void => void findings.push(showFinding(name, finding));
  worker.onmessage = ({ data }: MessageEvent<Told>) => {
    if ("finding" in data) show(data.finding);
    else if ("progress" in data) showProgress(name, data.progress, performance.now() - start);
    else over.resolve();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    show({ message: event.message, input: readCurrent(current), stack: "" });
    over.resolve();
  };
  const order: Order = { module, seed, ms: minutes * 60_000, current, input };
  worker.postMessage(order);
  if (input === undefined) console.log(`${name}: seed ${seed}, ${minutes} min`);
  let before = -1;
  const watch = setInterval(() => {
    const [runs] = new Int32Array(current, 0, 1);
    if (runs === before && runs > 0) {
      show({ message: "it never ends", input: readCurrent(current), stack: "" });
      over.resolve();
    }
    before = runs;
  }, STUCK_MS);
  await over.promise;
  clearInterval(watch);
  worker.terminate();
  await Promise.all(findings);
  console.log(`${name}: ${findings.length} findings`);
  return findings.length;
}

function readCurrent(current: SharedArrayBuffer): Uint8Array {
  const [, length] = new Int32Array(current, 0, 2);
  return new Uint8Array(current, BYTES_AT, length).slice();
}

function showProgress(name: string, progress: Progress, ms: number): void {
  const { runs, branches, corpus, mostSteps } = progress;
  console.log(
    `${name}: ${(ms / 60_000).toFixed(1)} min, ${runs} inputs, ${branches} branches, ` +
      `${corpus} kept, at most ${Math.round(mostSteps)} steps a byte`,
  );
}

async function showFinding(name: string, { message, input, stack }: Finding): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", input.slice()));
  const path = `${FOLDER}${name}-${digest.toHex().slice(0, 12)}.bin`;
  await Deno.writeFile(path, input);
  const shown = JSON.stringify(toText(input.subarray(0, MAX_SHOWN)));
  console.log(`\n${name}: FOUND with seed ${seed}: ${message}\n${shown}\n${stack}`);
  console.log(`Again: deno task fuzz ${name} --input ${path}\n`);
}
