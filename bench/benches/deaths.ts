import { type Bench, type Context, scaled } from "../bench.ts";
import { AnswerServer } from "../deaths/answer_server.ts";
import { type Case, drawCase } from "../deaths/cases.ts";
import { playKills } from "../deaths/kills.ts";
import type { Play, Stage } from "../deaths/play.ts";
import { closeReaders } from "../deaths/records.ts";
import { Interrupted, runCommand } from "../meter.ts";
import { grouped, printTable } from "../table.ts";

/** How many runs die in the campaign, at a scale of 1. */
const DEATHS = 1_000;
/** The longest that the kills take, at a scale of 1; at least a minute. */
const MINUTES = 60;
/** How many runs are played at the same time: most of a run is waiting. */
const LANES = 3;

/** Runs that are killed, whose disk fails, and whose machine goes down: what is lost, and what is sent again. */
export const deaths: Bench = {
  measures: "1,000 kills at random moments over all formats, threads and engines, " +
    "disks that fill, fail and forget: each record once, requests sent again",
  minutes: MINUTES,
  onlyByName: "it is a search for faults, and measures no speed",
  async run(context) {
    const seed = context.seed ?? crypto.getRandomValues(new Uint16Array(1))[0];
    console.log(`\nThe same again: deno task bench deaths --seed ${seed}`);
    await using server = new AnswerServer();
    const hasStrace = await runCommand(["strace", "-V"]) !== undefined;
    if (!hasStrace) {
      console.log("Without Debian's package strace, no run dies at a call, and no disk fails");
    }
    const stage = { server, hasStrace, abort: context.meter.signal };
    try {
      printKills(await killAll(context, stage, seed));
    } finally {
      await closeReaders();
    }
  },
};

/** Plays one case after the other, until enough runs have died. */
async function killAll(
  context: Context,
  stage: Omit<Stage, "folder">,
  seed: number,
): Promise<Play[]> {
  const { rounds = Infinity, meter, scale } = context;
  const wanted = scaled(DEATHS, context);
  const endMs = performance.now() + Math.max(1, MINUTES * scale) * 60_000;
  const played: Play[] = [];
  let [next, died] = [seed, 0];
  const playNext = async (): Promise<void> => {
    while (
      died < wanted && next < seed + rounds && performance.now() < endMs && !meter.isStopped
    ) {
      const play = await playIn(context, stage, drawCase(next++), playKills);
      if (play === undefined) continue;
      died += play.deaths.length;
      played.push(play);
      console.error(`${died} of ${wanted} deaths, case ${play.row.seed}: ${play.row.format}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, playNext));
  if (meter.isStopped) throw new Interrupted();
  return played;
}

/** Plays a case in a folder of its own, and tells what is wrong. */
async function playIn(
  { servers, meter }: Pick<Context, "servers" | "meter">,
  stage: Omit<Stage, "folder">,
  row: Case,
  how: (row: Case, stage: Stage) => Promise<Play>,
): Promise<Play | undefined> {
  const folder = servers.file(`case${row.seed}`);
  await Deno.mkdir(folder);
  try {
    const play = await how(row, { ...stage, folder });
    if (meter.isStopped) return undefined;
    tellFaults(play);
    return play;
  } catch (error) {
    if (meter.isStopped) return undefined;
    console.log(`\nCase ${row.seed} could not be played: ${(error as Error).message}`);
    return undefined;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function tellFaults({ row, faults, deaths, command }: Play): void {
  if (faults.all.length === 0) return;
  console.log(`\nFAULT of ${row.format}: deno task bench deaths --seed ${row.seed} --rounds 1\n`);
  console.log(`${command}\n`);
  for (const { how } of deaths) console.log(`- died: ${how}`);
  for (const fault of faults.all) console.log(`- ${fault}`);
}

function printKills(played: readonly Play[]): void {
  const toRow = (name: string, plays: readonly Play[]): string[] => {
    const all = plays.flatMap((play) =>
      play.deaths.map(({ again = 0 }) => ({ again, share: again / play.row.concurrency }))
    );
    const mean = (values: readonly number[]): string =>
      values.length === 0
        ? "-"
        : (values.reduce((sum, one) => sum + one, 0) / values.length).toFixed(2);
    return [
      name,
      grouped(plays.length),
      grouped(all.length),
      grouped(plays.reduce((sum, { requests }) => sum + requests, 0)),
      mean(all.map(({ again }) => again)),
      grouped(Math.max(0, ...all.map(({ again }) => again))),
      mean(all.map(({ share }) => share)),
      `${plays.filter(({ faults }) => faults.all.length > 0).length}`,
    ];
  };
  const print = (title: string, toName: (play: Play) => string): void => {
    const groups = Map.groupBy(played, toName);
    console.log("");
    printTable(
      [
        title,
        "runs",
        "deaths",
        "requests",
        "sent again a death",
        "at most",
        "of -c",
        "with a fault",
      ],
      [...groups].toSorted(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
        .map(([name, plays]) => toRow(name, plays)),
    );
  };
  print("files", ({ row }) => row.format);
  print("in flight", ({ row }) => `-c ${row.concurrency}`);
  print("engine", ({ row }) => row.engine);
  print("input", ({ row }) => row.input);
  print("all", () => "all");
}
