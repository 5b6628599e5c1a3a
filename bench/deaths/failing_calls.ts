import { Dice } from "../../tests/fixtures/dice.ts";
import type { Case } from "./cases.ts";
import { STRACE } from "./life.ts";
import { Play, type Stage } from "./play.ts";

/** The calls that fail, and what they then say. */
const CALLS = [
  "write",
  "fdatasync",
  "fsync",
  "rename",
  "ftruncate",
  "pwrite64",
  "openat",
  "unlink",
];
const ERRORS = ["EIO", "ENOSPC", "EDQUOT", "EROFS"];
/** A call of each kind is one of the first so many. */
const MAX_NTH = 8;
/** How many runs of a case have a call that fails, at most. */
const MAX_RUNS = 4;

/** The disk of a run fails a call now and then, then works again; the run is resumed to its end. */
export async function playFailingCalls(row: Case, stage: Stage): Promise<Play> {
  using play = await Play.open(row, stage);
  const dice = new Dice(~row.seed);
  const paths = listPaths(row).flatMap((name) => ["-P", `${play.folder}/${name}`]);
  for (let k = 1 + dice.below(MAX_RUNS); k > 0 && !stage.abort.aborted; k--) {
    const call = dice.of(CALLS);
    const error = dice.of(ERRORS);
    // One call only, or all from it on.
    const nth = `${1 + dice.below(MAX_NTH)}${dice.of(["", "+"])}`;
    const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:error=${error}:when=${nth}`];
    const when = `${error} of ${call} number ${nth}`;
    const ended = await play.live("--resume", { when, within: [...STRACE, ...paths, ...inject] });
    play.tellEnd(`${call} fails`, ended);
    if (ended.code !== 0 && ended.code !== 1) play.checkRefusal(ended, when);
    else if (ended.stderr === "") continue;
    else play.checkEnd(ended, when);
  }
  await play.end("--resume");
  return play;
}

/** The files of the log of four threads. */
const LOG = [0, 1, 2, 3].flatMap((thread) => [0, 1].map((k) => `.log/${thread}.${k}`));

/** The files that a run has at some moment. Calls on others, such as sockets, do not fail. */
function listPaths({ files }: Case): string[] {
  const { output, failures, bodies, cdx } = files;
  const names = [output, ...["", ".tmp", ".log", ...LOG].map((end) => `${output}.myriad${end}`)];
  if (output.endsWith(".parquet")) names.push(`${output}.rows0`, `${output}.rows1`);
  if (output.endsWith(".sqlite")) names.push(`${output}-wal`, `${output}-shm`);
  if (failures !== undefined) names.push(failures);
  if (bodies !== undefined) names.push(bodies);
  if (bodies === "bodies") names.push(...["0", "1"].map((folder) => `bodies/${folder}`));
  if (cdx) names.push("crawl.cdxj", "crawl.cdxj.myriad");
  return names;
}
