import { Dice } from "../../tests/fixtures/dice.ts";
import { runCommand } from "../meter.ts";
import type { Case } from "./cases.ts";
import { killGroup } from "./life.ts";
import { Mounted, runTool } from "./mounted.ts";
import { Play, type Stage } from "./play.ts";

/**
 * How a file system of ext4 is mounted: each loses in another way. With the last one, the disk knows
 * that a file is longer before it has the bytes, and shows what its blocks held before.
 */
const OPTIONS = [
  "data=ordered",
  "data=ordered,commit=1,nodelalloc",
  "data=writeback",
  "data=writeback,commit=1,nodelalloc,nodioread_nolock",
] as const;

const IMAGE_BYTES = 48 * 1024 * 1024;
/** What blocks of the disk hold before they are written: records of a run before, as it were. */
const STALE = `{"i":7,"url":"http://127.0.0.1/old","status":200,"ms":1,"bytes":1,"attempts":1}\n`;

/** How many times a machine goes down in a run, at most. */
const MAX_CRASHES = 3;
/** A copy is of one moment if nothing was written while it was made; else it is made again. */
const MAX_COPIES = 50;
/** How often something else on the machine brings a file to the disk, in milliseconds. */
const SYNC_EVERY_MS = 70;

/**
 * A machine goes down in the middle of a run, and what it has not brought to its disk is gone: the run
 * is on a file system in a file, of which a copy is taken at that moment. It goes on with the copy.
 */
export async function playLostWrites(drawn: Case, stage: Stage): Promise<Play> {
  using play = await Play.open(withSync(drawn), stage);
  const dice = new Dice(~drawn.seed);
  const options = dice.of(OPTIONS);
  const image = `${stage.folder}/image`;
  await Deno.writeTextFile(image, STALE.repeat(Math.ceil(IMAGE_BYTES / STALE.length)));
  await runTool("mkfs.ext4", "-q", "-F", "-E", "nodiscard", image);
  const mount = async (): Promise<Mounted> => {
    const mounted = await Mounted.mount(play.folder, "-o", `loop,${options}`, image);
    await Deno.remove(`${play.folder}/lost+found`).catch(() => {});
    return mounted;
  };
  for (let k = 1 + dice.below(MAX_CRASHES); k > 0 && !stage.abort.aborted; k--) {
    const share = dice.below(1_000) / 1_000;
    const wanted = play.log.total + 1 + Math.floor(share * play.countLeft(play.requests));
    const hasOtherSyncs = dice.below(2) === 0;
    const copy = `${image}.copy`;
    let isOver = false;
    {
      await using _disk = await mount();
      const when = `ext4 with ${options}, the machine goes down after ${Math.round(share * 100)} %`;
      const ended = await play.live("--resume", {
        when,
        whileAlive: async (pid, ended) => {
          const over = ended.then(() => true);
          const syncs = setInterval(
            () => hasOtherSyncs && void syncSome(play.folder, dice),
            SYNC_EVERY_MS,
          );
          const isDead = await Promise.race([over, play.log.reaches(wanted).then(() => false)]);
          clearInterval(syncs);
          if (isDead) return false;
          killGroup(pid, "SIGSTOP");
          await copyMoment(image, copy);
          killGroup(pid, "SIGKILL");
          return true;
        },
      });
      play.checkEnd(ended, when);
      isOver = !ended.hasDied;
    }
    if (isOver) break;
    await Deno.rename(copy, image);
  }
  await using _disk = await mount();
  await play.end("--resume");
  return play;
}

/** With `--sync never` nothing is waited for, so that a machine that goes down can lose everything. */
function withSync(row: Case): Case {
  if (row.sync !== "never") return row;
  const flags = row.flags.map((flag) => flag === row.sync ? "interval" : flag);
  return { ...row, sync: "interval", flags };
}

/** Copies a file as it is at one moment: until no byte of it changes in the meantime. */
async function copyMoment(from: string, to: string): Promise<void> {
  for (let k = 0; k < MAX_COPIES; k++) {
    await runTool("cp", from, to);
    if ((await runCommand(["cmp", "--quiet", from, to]))?.code === 0) return;
  }
  throw new Error("the disk never came to rest");
}

/** Brings one of the files of a folder to the disk, so that they come there in any order. */
async function syncSome(folder: string, dice: Dice): Promise<void> {
  try {
    const names = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile);
    if (names.length === 0) return;
    using file = await Deno.open(`${folder}/${dice.of(names).name}`);
    await file.syncData();
  } catch {
    // It is gone in the meantime.
  }
}
