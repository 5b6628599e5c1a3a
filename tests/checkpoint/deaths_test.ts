import { assert, assertEquals } from "@std/assert";
import { AnswerServer } from "../../bench/deaths/answer_server.ts";
import { drawCase, FORMATS } from "../../bench/deaths/cases.ts";
import { playKills } from "../../bench/deaths/kills.ts";
import type { Play, Stage } from "../../bench/deaths/play.ts";
import { closeReaders } from "../../bench/deaths/records.ts";
import { playTornTails } from "../../bench/deaths/torn_tails.ts";
import { Outputs } from "../../lib/run/outputs.ts";
import { Run } from "../../lib/run/run.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { folder } from "../fixtures/folder.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

// The small part of `deno task bench deaths`, always the same. `MYRIAD_TEST_LONG=1` has each kind of
// file twenty times. What a journal and its log say after each kill is in `kill_test.ts`.

const FIRST_SEED = 570;
const IS_LONG = Deno.env.get("MYRIAD_TEST_LONG") !== undefined;
const CASES = IS_LONG ? 20 * Object.keys(FORMATS).length : 2;
/** Most of a run is waiting. */
const LANES = 3;
const SMALL = { maxRequests: 200, maxMs: 200 };

for (
  const [name, cases, play] of [
    ["kills", CASES, playKills],
    ["kills and tails that can hold anything", Math.ceil(CASES / 3), playTornTails],
  ] as const
) {
  Deno.test(`--resume has one record of each request after ${name}, and it says what the server said`, async () => {
    await using server = new AnswerServer();
    await using dir = await folder();
    const played: Play[] = [];
    let seed = FIRST_SEED;
    const playNext = async (): Promise<void> => {
      while (seed < FIRST_SEED + cases) {
        const row = drawCase(seed++, SMALL);
        const place = dir.path(`${row.seed}`);
        await Deno.mkdir(place);
        const { signal: abort } = new AbortController();
        const stage: Stage = { server, folder: place, hasStrace: false, abort };
        played.push(await play(row, stage));
      }
    };
    try {
      await Promise.all(Array.from({ length: LANES }, playNext));
    } finally {
      await closeReaders();
    }
    for (const { row, faults, deaths, command } of played) {
      assertEquals(faults.all, [], `${row.format}: ${command}\n${JSON.stringify(deaths)}`);
    }
    assert(played.some(({ deaths }) => deaths.length > 0));
  });
}

async function finish(argv: readonly string[]): Promise<unknown> {
  const run = await Run.open(await parseRun([...argv], "1") as RunOptions);
  return (await run.finish("1")).failure;
}

Deno.test("--resume of a run that is complete removes the log that a kill left behind it", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  await using dir = await folder();
  const argv = ["-n", "3", server.url("/{}"), "-o", dir.path("o.ndjson"), "--resume"];
  assertEquals(await finish(argv), undefined);
  await Deno.mkdir(dir.path("o.ndjson.myriad.log"));
  await dir.write("o.ndjson.myriad.log/0.0", "left");
  assertEquals(await finish(argv), undefined);
  const names = [...Deno.readDirSync(dir.path())].map(({ name }) => name).toSorted();
  assertEquals(names, ["o.ndjson", "o.ndjson.myriad"]);
});

Deno.test("-o --overwrite with --cluster, which has no log, removes the one that a kill left", async () => {
  await using dir = await folder();
  await Deno.mkdir(dir.path("o.csv.myriad.log"));
  await dir.write("o.csv.myriad.log/0.0", "left");
  const argv = ["-n", "3", "http://127.0.0.1/", "-o", dir.path("o.csv"), "--overwrite"];
  const cluster = ["--cluster", "nats://127.0.0.1:4222"];
  const outputs = await Outputs.find(await parseRun([...argv, ...cluster], "1") as RunOptions);
  const unexpected = (): never => {
    throw new Error("nothing is written");
  };
  await outputs.open(unexpected, unexpected);
  await outputs.close("failed", unexpected);
  assertEquals([...Deno.readDirSync(dir.path())].map(({ name }) => name).toSorted(), [
    "o.csv",
    "o.csv.myriad",
  ]);
});
