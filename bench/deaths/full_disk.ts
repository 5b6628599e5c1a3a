import { Dice } from "../../tests/fixtures/dice.ts";
import type { Case } from "./cases.ts";
import { Mounted, runTool } from "./mounted.ts";
import { Play, type Stage } from "./play.ts";

/** The size of the disk at first, and how much it grows by each time that it is full, in KiB. */
const FIRST = 64;
const MIN_GROWTH = 1.1;
/** After so many times that it was full, the disk has all room. */
const MAX_TIMES = 12;
const ALL_ROOM = "512m";
/** How often of 10 it is the number of files that has a limit. */
const BY_FILES = 2;
const FIRST_FILES = 6;

/** A run fills its disk, which then is enlarged, again and again until it comes to its end. */
export async function playFullDisk(row: Case, stage: Stage): Promise<Play> {
  using play = await Play.open(row, stage);
  const dice = new Dice(~row.seed);
  const countsFiles = dice.below(10) < BY_FILES;
  let room = countsFiles ? FIRST_FILES : FIRST * (0.2 + dice.below(100) / 100);
  const toOption = (): string =>
    countsFiles ? `nr_inodes=${Math.ceil(room)}` : `size=${Math.ceil(room / 4) * 4}k`;
  await using _disk = await Mounted.mount(play.folder, "-t", "tmpfs", "-o", toOption(), "tmpfs");
  for (let k = 0; k < MAX_TIMES && !stage.abort.aborted; k++) {
    const when = `with a disk of ${toOption()}`;
    const ended = await play.live("--resume", { when });
    play.tellEnd("full disk", ended);
    if (ended.code === 0 || ended.code === 1) break;
    play.checkRefusal(ended, when);
    // Now and then the next run finds the disk as full as it was.
    if (dice.below(3) > 0) room *= MIN_GROWTH + dice.below(100) / 100;
    await runTool("mount", "-o", `remount,${toOption()}`, play.folder);
  }
  const all = countsFiles ? "nr_inodes=100k" : `size=${ALL_ROOM}`;
  await runTool("mount", "-o", `remount,${all}`, play.folder);
  await play.end("--resume");
  return play;
}
