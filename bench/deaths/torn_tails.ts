import { findJournal } from "../../tests/fixtures/count_journaled.ts";
import { Dice } from "../../tests/fixtures/dice.ts";
import type { Case } from "./cases.ts";
import { drawKill, toLife } from "./kill.ts";
import { Play, type Stage } from "./play.ts";

/** How often what is behind the journal's positions is torn in a run, at most. */
const MAX_TIMES = 4;
/** The most bytes that a tail gets. */
const MAX_ADDED = 10_000;

/**
 * A run is killed, and what the files have behind the positions of its journal becomes anything, as
 * after a crash of a machine whose disk writes in any order: shorter, longer, zeros, other bytes,
 * older lines.
 */
export async function playTornTails(row: Case, stage: Stage): Promise<Play> {
  using play = await Play.open(row, stage);
  const dice = new Dice(~row.seed);
  for (let k = 1 + dice.below(MAX_TIMES); k > 0 && !stage.abort.aborted; k--) {
    const kill = drawKill(dice, false);
    const life = toLife(kill, play.log, play.countLeft(play.requests));
    const ended = await play.live("--resume", life);
    play.checkEnd(ended, life.when);
    if (!ended.hasDied) break;
    await tear(play, dice);
  }
  await play.end("--resume");
  return play;
}

async function tear({ row, folder, deaths }: Play, dice: Dice): Promise<void> {
  const { output, failures } = row.files;
  const path = `${folder}/${output}`;
  const journal = await findJournal(path);
  // Nothing is written behind the position of a run that is complete.
  if (journal === undefined || journal.complete) return;
  // Positions in text are bytes, and an archive has its records' places.
  const isText = /\.(ndjson|csv)/.test(output);
  const tails: [string, number][] = isText ? [[path, journal.output]] : [];
  if (failures !== undefined) tails.push([`${folder}/${failures}`, journal.failures ?? 0]);
  const log = `${path}.myriad.log`;
  for (const { name } of await isThere(log) ? Deno.readDirSync(log) : []) {
    tails.push([`${log}/${name}`, 0]);
  }
  const told = [];
  for (const [file, position] of tails) told.push(await tearTail(file, position, dice));
  deaths.push({ how: `and then ${told.join(", ")}` });
}

function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

/** Changes what is behind a position of a file. @returns what was done, in words */
async function tearTail(path: string, position: number, dice: Dice): Promise<string> {
  const bytes = await Deno.readFile(path);
  const name = path.slice(path.lastIndexOf("/") + 1);
  const from = position + dice.below(bytes.length - position + 1);
  const what = dice.of(["left", "cut", "zeros", "noise", "older", "longer"] as const);
  const kept = bytes.subarray(0, from);
  const length = bytes.length - from;
  const fill = (size: number, draw: (k: number) => number): Uint8Array =>
    Uint8Array.from({ length: size }, (_, k) => draw(k));
  const tail = {
    left: () => bytes.subarray(from),
    cut: () => new Uint8Array(),
    zeros: () => new Uint8Array(length + dice.below(MAX_ADDED)),
    noise: () => fill(length, () => dice.below(256)),
    // What the blocks of the disk held before: whole records of earlier requests.
    older: () => bytes.slice(0, Math.min(length + 300, from)),
    longer: () =>
      fill(length + dice.below(MAX_ADDED), (k) => bytes[from + k] ?? 0x20 + dice.below(90)),
  }[what]();
  const torn = new Uint8Array(kept.length + tail.length);
  torn.set(kept);
  torn.set(tail, kept.length);
  await Deno.writeFile(path, torn);
  return `${name}: ${what} from ${from}, behind ${position} of ${bytes.length}`;
}
