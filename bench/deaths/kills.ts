import { Dice } from "../../tests/fixtures/dice.ts";
import type { Case } from "./cases.ts";
import { drawKill, formatKill, type Kill, toLife } from "./kill.ts";
import { Play, type Stage } from "./play.ts";

/** The most deaths of a run before it comes to its end, and of its `--retry-failed`. */
const MAX_DEATHS = 5;
const MAX_DEATHS_OF_RETRY = 3;

/** Lets a run die some times, lets it come to its end, and counts everything. */
export async function playKills(row: Case, stage: Stage): Promise<Play> {
  using play = await Play.open(row, stage);
  const dice = new Dice(~row.seed);
  const die = async (
    flag: "--resume" | "--retry-failed",
    most: number,
    all: number,
  ): Promise<void> => {
    for (let k = 1 + dice.below(most); k > 0 && !stage.abort.aborted; k--) {
      const kill: Kill = drawKill(dice, stage.hasStrace);
      const ended = await play.live(flag, toLife(kill, play.log, play.countLeft(all)));
      play.checkEnd(ended, formatKill(kill));
      if (!ended.hasDied) return;
    }
  };
  await die("--resume", MAX_DEATHS, play.requests);
  const records = await play.end("--resume");
  const failed = records?.filter(({ error }) => error !== null).length ?? 0;
  if (!row.isRetried || failed === 0) return play;
  play.log.mend();
  await die("--retry-failed", MAX_DEATHS_OF_RETRY, failed);
  await play.end("--retry-failed", records);
  return play;
}
