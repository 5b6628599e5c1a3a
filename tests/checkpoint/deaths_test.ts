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

Deno.test("--resume of a run that is complete removes what a kill left behind its last journal", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  await using dir = await folder();
  const argv = ["-n", "3", server.url("/{}"), "-o", dir.path("o.ndjson"), "--resume"];
  argv.push("--save-bodies", dir.path("x.warc.gz"), "--cdx");
  assertEquals(await finish(argv), undefined);
  const listNames = (): string[] =>
    Array.from(Deno.readDirSync(dir.path()), ({ name }) => name).toSorted();
  const names = listNames();
  assertEquals(names, ["o.ndjson", "o.ndjson.myriad", "x.cdxj", "x.warc.gz"]);
  await Deno.mkdir(dir.path("o.ndjson.myriad.log"));
  const run = "0".repeat(12);
  for (
    const name of [
      ...["o.ndjson.myriad.log/0.0", "o.ndjson.myriad.retry", "x.cdxj.myriad"],
      `.x.warc.gz.${run}.0.1.part`,
    ]
  ) await dir.write(name, "left");
  assertEquals(await finish(argv), undefined);
  assertEquals(listNames(), names);
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

/** Ways in which a machine that goes down loses a file. */
const LOSSES = [
  () => {},
  (path: string) => Deno.truncateSync(path),
  (path: string) => Deno.truncateSync(path, 3),
  (path: string) => {
    using file = Deno.openSync(path, { write: true });
    file.writeSync(new Uint8Array(1));
  },
  (path: string) => Deno.removeSync(path),
];

for (const name of ["bodies", "bodies.warc"]) {
  Deno.test(`--resume makes again what is behind a body that a machine has lost (${name})`, async () => {
    const last = LOSSES.length;
    const isArchive = name !== "bodies";
    // Longer than what of an exchange is in memory.
    const bodyOf = (i: number): string => `body ${i} `.repeat(isArchive ? 40_000 : 1);
    let made: number[] = [];
    let keep = (_i: number): void => {};
    await using server = await RawServer.start(({ request, send }) => {
      const i = Number(/\/(\d+) /.exec(request)![1]);
      keep(i);
      made.push(i);
      send(ok(bodyOf(i)));
    });
    await using dir = await folder();
    const journal = dir.path("o.ndjson.myriad");
    const log = `${journal}.log`;
    const listParts = (): string[] =>
      Array.from(Deno.readDirSync(dir.path()), ({ name }) => name)
        .filter((name) => name.endsWith(".part"))
        .toSorted((a, b) => Number(a.split(".").at(-2)) - Number(b.split(".").at(-2)))
        .map((name) => dir.path(name));
    let parts: string[] = [];
    const kept: [path: string, bytes: Uint8Array<ArrayBuffer>][] = [];
    keep = (i) => {
      // Before the first one, the journal that begins the run; then the log has all before the last.
      if (i === last) parts = listParts();
      const paths = i === last ? [`${log}/0.0`, `${log}/0.1`, ...parts] : [journal];
      if (i === 0 || i === last) {
        for (const path of paths) kept.push([path, Deno.readFileSync(path)]);
      }
    };
    const argv = ["-n", `${last + 1}`, "-c", "1", server.url("/{}"), "-o", dir.path("o.ndjson")];
    argv.push("--save-bodies", dir.path(name), "--resume");
    assertEquals(await finish(argv), undefined);
    keep = () => {};
    for (const [k, lose] of LOSSES.entries()) {
      const lost = last - k;
      // As the disk was before there was another journal.
      await Deno.mkdir(log);
      for (const [path, bytes] of kept) await Deno.writeFile(path, bytes);
      lose(isArchive ? parts[lost] : dir.path(`${name}/0/${lost}`));
      made = [];
      assertEquals(await finish(argv), undefined);
      assertEquals(made, range(lost, last));
      const records = (await Deno.readTextFile(dir.path("o.ndjson"))).trim().split("\n");
      assertEquals(records.map((line) => JSON.parse(line).i), range(0, last));
      assertEquals(listParts(), []);
      const archive = isArchive ? await Deno.readTextFile(dir.path(name)) : "";
      for (const i of range(0, last)) {
        if (isArchive) assertEquals(archive.split(`\r\n\r\n${bodyOf(i)}\r\n`).length, 2);
        else assertEquals(await Deno.readTextFile(dir.path(`${name}/0/${i}`)), bodyOf(i));
      }
    }
  });
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, k) => from + k);
