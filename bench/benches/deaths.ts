import { type Bench, type Context, isWanted, scaled } from "../bench.ts";
import { AnswerServer } from "../deaths/answer_server.ts";
import { type Case, drawCase } from "../deaths/cases.ts";
import { playFailingCalls } from "../deaths/failing_calls.ts";
import { playFullDisk } from "../deaths/full_disk.ts";
import { playKills } from "../deaths/kills.ts";
import { playLostWrites } from "../deaths/lost_writes.ts";
import { canMount } from "../deaths/mounted.ts";
import type { Play, Stage } from "../deaths/play.ts";
import { closeReaders } from "../deaths/records.ts";
import { playTornTails } from "../deaths/torn_tails.ts";
import { Interrupted, runCommand } from "../meter.ts";
import { grouped, markdownCell, printTable } from "../table.ts";

/** How many runs die in the campaign, at a scale of 1. */
const DEATHS = 1_000;
/** How long the kills may take, at a scale of 1, and each kind of faulty disk; at least a minute. */
const MINUTES_OF_KILLS = 60;
const MINUTES_OF_DISKS = 15;
/** How many runs each kind of faulty disk has, at a scale of 1. */
const RUNS_ON_DISKS = 100;
/** The most requests of a run whose disk is at fault: the fault is to come before the end. */
const MAX_REQUESTS = 2_000;
/** How many runs are played at the same time: most of a run is waiting. */
const LANES = 3;

/** Whether a kind of fault can be had here: programs of Debian's packages, and root. */
interface Means {
  readonly hasStrace: boolean;
  readonly hasRoot: boolean;
  readonly hasImages: boolean;
}

/** A kind of fault, and how runs are played with it. */
interface Kind {
  readonly name: string;
  readonly play: (row: Case, stage: Stage) => Promise<Play>;
  /** What it needs that is not here; undefined if all is. */
  readonly lacks: (means: Means) => string | undefined;
}

const KINDS: readonly Kind[] = [
  { name: "kills", play: playKills, lacks: () => undefined },
  {
    name: "a disk that fills, and then is enlarged",
    play: playFullDisk,
    lacks: ({ hasRoot }) => hasRoot ? undefined : "root",
  },
  {
    name: "a disk that fails a call",
    play: playFailingCalls,
    lacks: ({ hasStrace }) => hasStrace ? undefined : "Debian's package strace",
  },
  {
    name: "a machine that loses what was not synced",
    play: playLostWrites,
    lacks: ({ hasImages }) => hasImages ? undefined : "root and mkfs.ext4",
  },
  {
    name: "a kill, and tails that can hold anything",
    play: playTornTails,
    lacks: () => undefined,
  },
];

/** Runs that are killed, whose disk fails, and whose machine goes down. */
export const deaths: Bench = {
  measures: "1,000 kills at random moments over all formats, threads and engines, " +
    "disks that fill, fail and forget: each record once, requests sent again",
  minutes: MINUTES_OF_KILLS + (KINDS.length - 1) * MINUTES_OF_DISKS,
  onlyByName: "it is a search for faults, and measures no speed",
  async run(context) {
    const seed = context.seed ?? crypto.getRandomValues(new Uint16Array(1))[0];
    console.log(`\nThe same again: deno task bench deaths --seed ${seed}`);
    await using server = new AnswerServer();
    const means = await findMeans(context);
    if (!means.hasStrace) console.log("Without Debian's package strace no run dies at a call");
    const stage = { server, hasStrace: means.hasStrace, abort: context.meter.signal };
    try {
      for (const kind of KINDS) {
        if (!isWanted(kind.name, context)) continue;
        console.log(`\n## ${kind.name}\n`);
        const lacks = kind.lacks(means);
        if (lacks !== undefined) {
          console.log(`Skipped: it needs ${lacks}`);
          continue;
        }
        const { played, unplayed } = await playAll(context, stage, seed, kind);
        if (kind.play === playKills) printKills(played);
        else printDisk(played);
        if (unplayed > 0) console.log(`\n${grouped(unplayed)} runs could not be played`);
        if (unplayed > 0 || played.some(hasFault)) Deno.exitCode = 1;
      }
    } finally {
      await closeReaders();
    }
  },
};

async function findMeans({ servers }: Context): Promise<Means> {
  const isThere = async (...command: string[]): Promise<boolean> =>
    await runCommand(command) !== undefined;
  const folder = servers.file("mount");
  await Deno.mkdir(folder);
  const hasRoot = await canMount(folder);
  return {
    hasStrace: await isThere("strace", "-V"),
    hasRoot,
    hasImages: hasRoot && await isThere("mkfs.ext4", "-V"),
  };
}

/**
 * Plays one case after the other: kills until enough runs have died, else a number of runs.
 *
 * @returns the runs, and how many could not be played
 */
async function playAll(
  context: Context,
  stage: Omit<Stage, "folder">,
  seed: number,
  { name, play }: Kind,
): Promise<{ played: Play[]; unplayed: number }> {
  const { meter, scale } = context;
  const areKills = play === playKills;
  const minutes = areKills ? MINUTES_OF_KILLS : MINUTES_OF_DISKS;
  const endMs = performance.now() + Math.max(1, minutes * scale) * 60_000;
  const runs = context.rounds ?? (areKills ? Infinity : scaled(RUNS_ON_DISKS, context));
  const wanted = areKills ? scaled(DEATHS, context) : Infinity;
  const played: Play[] = [];
  let [next, begun, died] = [seed, 0, 0];
  const playNext = async (): Promise<void> => {
    while (died < wanted && begun < runs && performance.now() < endMs && !meter.isStopped) {
      const row = drawCase(next++, areKills ? {} : { maxRequests: MAX_REQUESTS });
      begun++;
      const one = await playIn(context, stage, row, { name, play });
      if (one === undefined) continue;
      died += one.deaths.length;
      played.push(one);
      console.error(`${name}: ${played.length} runs, ${died} deaths; case ${row.seed}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, playNext));
  if (meter.isStopped) throw new Interrupted();
  return { played, unplayed: begun - played.length };
}

function hasFault({ faults }: Play): boolean {
  return faults.all.length > 0;
}

/** Plays a case in a folder of its own, and tells what is wrong. */
async function playIn(
  { servers, meter }: Pick<Context, "servers" | "meter">,
  stage: Omit<Stage, "folder">,
  row: Case,
  { name, play: how }: Pick<Kind, "name" | "play">,
): Promise<Play | undefined> {
  const folder = servers.file(`case${row.seed}`);
  await Deno.mkdir(folder);
  try {
    const play = await how(row, { ...stage, folder });
    if (meter.isStopped) return undefined;
    tellFaults(play, name);
    return play;
  } catch (error) {
    if (meter.isStopped) return undefined;
    console.log(`\nCase ${row.seed} could not be played: ${(error as Error).message}`);
    return undefined;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function tellFaults({ row, faults, deaths, command }: Play, name: string): void {
  if (faults.all.length === 0) return;
  const again = `deno task bench deaths --only '${name}' --seed ${row.seed} --rounds 1`;
  console.log(`\nFAULT of ${row.format}: ${again}\n`);
  console.log(`${command}\n`);
  for (const { how } of deaths) console.log(`- died: ${how}`);
  for (const fault of faults.all) console.log(`- ${fault}`);
}

/** How runs ended whose disk was at fault, and what they said. */
function printDisk(played: readonly Play[]): void {
  const counts = new Map<string, number>();
  for (const { ends } of played) {
    for (const { fault, code, said } of ends) {
      const key = [fault, `${code}`, said === "" ? "-" : markdownCell(said)].join("\0");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const faulty = played.filter(hasFault).length;
  const died = played.reduce((sum, { deaths }) => sum + deaths.length, 0);
  console.log(`${grouped(played.length)} runs, ${died} deaths; ${faulty} runs with a fault\n`);
  if (counts.size === 0) return;
  printTable(
    ["fault", "exit code", "what the user is told", "times"],
    [...counts].toSorted().map(([key, count]) => [...key.split("\0"), grouped(count)]),
  );
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
      `${plays.filter(hasFault).length}`,
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
