import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DoneSet } from "../../lib/checkpoint/done_set.ts";
import { JournalError, readJournal, sha256, writeJournal } from "../../lib/checkpoint/journal.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { folder } from "../fixtures/folder.ts";
import { DENO_RUN, myriad } from "../fixtures/program.ts";
import { generator } from "../fixtures/random_json.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

/**
 * Runs that earlier builds began and that were killed, by the build's commit: of 40 lines the first
 * 30 were requested, of which three failed with `reset` and three had a 500 as response.
 */
const SAMPLES = [
  // The first build with a journal; it had no retries, thresholds or `--fail` yet.
  { build: "d716c52", crEndsLines: false, attempts: 30 },
  { build: "69dda68", crEndsLines: false, attempts: 30 },
  // The last but few of version 1.
  { build: "825887c", crEndsLines: true, attempts: 32 },
  // The last of version 2: it knew no runs on several machines.
  { build: "bab0494", crEndsLines: true, attempts: 30 },
  // The last of version 3: it counted no phases.
  { build: "7f56ae8", crEndsLines: true, attempts: 30 },
  // The last of version 4: it wrote no archives.
  { build: "8b33ff1", crEndsLines: true, attempts: 30 },
];

const folderOf = (build: string): URL => new URL(`../fixtures/journals/${build}/`, import.meta.url);

/** A journal as a run writes it, which is what it says. */
async function toJournal(state: unknown, version = 6): Promise<string> {
  const body = JSON.stringify(state);
  return `myriad journal ${version} ${await sha256(body)}\n${body}\n`;
}

for (const { build, crEndsLines, attempts } of SAMPLES) {
  Deno.test(`readJournal() reads the journal of build ${build}, and adds missing fields`, async () => {
    const state = await readJournal(new URL("out.ndjson.myriad", folderOf(build)).pathname);
    const { done, complete, retry, failures, shortages } = state;
    assertEquals([done, complete, retry, failures], [{ low: 30, above: "" }, false, null, 107]);
    assertEquals([state.crEndsLines, shortages], [crEndsLines, {}]);
    const { requests, failed, skipped, retries, late, tolerated, ofFailed } = state.stats;
    assertEquals([requests, failed, skipped, retries], [30, 3, 0, {}]);
    assertEquals([late, tolerated, ofFailed.statuses], [{ count: 0, ms: 0, maxMs: 0 }, 3, {}]);
    assertEquals(state.stats.attempts, attempts);
    const again = Stats.from(state.stats).toJSON();
    assertEquals(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(state.stats)));
  });

  Deno.test(`--resume continues a run of build ${build}`, async () => {
    await using server = await RawServer.start(({ send }) => send(ok()));
    await using dir = await folder();
    for (const name of ["out.ndjson", "out.ndjson.myriad", "failures.jsonl"]) {
      await Deno.copyFile(new URL(name, folderOf(build)), dir.path(name));
    }
    await dir.write(
      "urls.txt",
      Array.from({ length: 40 }, (_, i) => `${server.url(`/${i}`)}\n`).join(""),
    );
    const args = ["-i", "urls.txt", "-o", "out.ndjson", "--failures", "failures.jsonl", "--json"];
    // The server, and thereby the input, is another one than that of the sample.
    const ran = await myriad([...args, "--resume=force"], { cwd: dir.path("") });
    assertEquals(ran.code, 1, ran.stderr);
    const { requests, succeeded, failed, resumed, statuses } = JSON.parse(ran.stdout);
    assertEquals([requests, succeeded, failed, resumed], [40, 37, 3, true]);
    assertEquals(statuses, { "200": 34, "500": 3 });
    const records = (await Deno.readTextFile(dir.path("out.ndjson"))).trimEnd().split("\n");
    const numbers = records.map((line) => JSON.parse(line).i).sort((a, b) => a - b);
    assertEquals(numbers, [...Array(40).keys()]);
    assertEquals(server.requests.length, 10);
    const text = await Deno.readTextFile(dir.path("out.ndjson.myriad"));
    assertStringIncludes(text, "myriad journal 6 ");
  });
}

/** Values of every kind that JSON has. */
const VALUES = [null, true, -1, 0, 1.5, 1e300, "", "x", "AAAA", [], [0], {}, { x: 1 }];

/** Puts another value at a random place of JSON, or removes one that is there. */
function damage(value: unknown, random: (below: number) => number): unknown {
  if (typeof value !== "object" || value === null || random(4) === 0) {
    return VALUES[random(VALUES.length)];
  }
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  const keys = Object.keys(copy);
  if (keys.length === 0) return VALUES[random(VALUES.length)];
  const key = keys[random(keys.length)];
  if (random(4) === 0) delete copy[key];
  else copy[key] = damage(copy[key], random);
  return copy;
}

Deno.test("readJournal() gives a valid state, or throws with a reason", async () => {
  await using dir = await folder();
  const path = dir.path("journal");
  const random = generator(5);
  const retry = { done: { low: 3, above: "AQ==" }, count: 7, replacing: false };
  let refused = 0;
  for (let round = 0; round < 3_000; round++) {
    const { build } = SAMPLES[round % SAMPLES.length];
    const sample = await Deno.readTextFile(new URL("out.ndjson.myriad", folderOf(build)));
    const whole = { ...JSON.parse(sample.split("\n")[1]), retry: random(2) === 0 ? null : retry };
    await Deno.writeTextFile(path, await toJournal(damage(whole, random), 1));
    let state;
    try {
      state = await readJournal(path);
    } catch (error) {
      assert(error instanceof JournalError, `${error}`);
      refused++;
      continue;
    }
    // What was taken can be used.
    DoneSet.from(state.done);
    if (state.retry !== null) DoneSet.from(state.retry.done);
    const stats = Stats.from(state.stats);
    stats.withoutFailed().toJSON();
    await writeJournal(path, { ...state, stats: stats.toJSON() });
    await readJournal(path);
  }
  assert(refused > 1_000 && refused < 2_900, `${refused}`);
});

Deno.test("readJournal() names a wrong field, and an unknown version", async () => {
  await using dir = await folder();
  const path = dir.path("journal");
  const good = await readJournal(new URL("out.ndjson.myriad", folderOf("825887c")).pathname);
  for (
    const [text, why] of [
      [await toJournal({ ...good, done: { low: 3 } }), "its field 'done' is missing or wrong"],
      [await toJournal({ ...good, output: -1 }), "its field 'output' is missing or wrong"],
      [await toJournal({ ...good, salt: undefined }), "its field 'salt' is missing or wrong"],
      [
        await toJournal({ ...good, cluster: { run: "x" } }),
        "its field 'cluster' is missing or wrong",
      ],
      [await toJournal({ ...good, stats: [] }), "its field 'stats' is missing or wrong"],
      [await toJournal(null), "it is damaged"],
      [await toJournal([good]), "it is damaged"],
      [await toJournal(good, 7), "it is of another version of myriad"],
      [(await toJournal(good)).replace("journal 6", "journal 06"), "it is of another version"],
      [(await toJournal(good)).replace("journal 6", "journal"), "it is of another version"],
    ]
  ) {
    await Deno.writeTextFile(path, text);
    await assertRejects(() => readJournal(path), JournalError, why);
  }
});

Deno.test("--resume says in one line what is wrong with an edited journal", async () => {
  await using dir = await folder();
  const output = await dir.write("out.ndjson", "");
  const sample = await Deno.readTextFile(new URL("out.ndjson.myriad", folderOf("825887c")));
  const state = JSON.parse(sample.split("\n")[1]);
  await dir.write("urls.txt", "");
  const failures = await dir.write("failures.jsonl", "");
  const args = ["-i", "urls.txt", "-o", "out.ndjson", "--failures", "failures.jsonl"];
  for (
    const [field, value] of Object.entries({
      identity: 7,
      stats: { ...state.stats, requests: "many" },
      done: null,
    })
  ) {
    const journal = await toJournal({ ...state, [field]: value }, 2);
    await Deno.writeTextFile(`${output}.myriad`, journal);
    const { code, stdout, stderr } = await myriad([...args, "--resume=force"], {
      cwd: dir.path(""),
    });
    assertEquals([code, stdout], [2, ""]);
    const named = field === "stats" ? "stats.requests" : field;
    assertEquals(
      stderr,
      "myriad: Cannot go on with '--output out.ndjson': " +
        "its journal 'out.ndjson.myriad' cannot be used: " +
        `its field '${named}' is missing or wrong: use --overwrite to start over\n`,
    );
    assertEquals(await Deno.readTextFile(`${output}.myriad`), journal);
    assertEquals(await Deno.readTextFile(failures), "");
  }
});

Deno.test("writeJournal() writes when the process has run out of file descriptors", async () => {
  await using dir = await folder();
  const lib = (path: string): string =>
    JSON.stringify(new URL(`../../lib/${path}`, import.meta.url).href);
  const sample = new URL("out.ndjson.myriad", folderOf("825887c")).pathname;
  const script = await dir.write(
    "exhaust.ts",
    `import { readJournal, writeJournal } from ${lib("checkpoint/journal.ts")};
     import { ReservedDescriptors } from ${lib("process/reserved_descriptors.ts")};
     const [path, sample] = Deno.args;
     // As the program does. Deno's pipe of signals is made at the first, or at any time later.
     Deno.addSignalListener("SIGTERM", () => {});
     const state = await readJournal(sample);
     await writeJournal(path, state);
     const reserve = new ReservedDescriptors(path);
     const others = [];
     // As sockets that wait do.
     const takeAll = () => {
       try {
         for (;;) others.push(Deno.openSync(path));
       } catch (error) {
         return error.message;
       }
     };
     console.log(/os error 24/.test(takeAll()));
     for (let k = 0; k < 12; k++) {
       await writeJournal(path, { ...state, seconds: k }, reserve);
       takeAll();
     }
     others.pop().close();
     console.log((await readJournal(path)).seconds);`,
  );
  const command = new Deno.Command("bash", {
    args: [
      ...["-c", 'ulimit -n 128; exec "$@"', "bash", ...DENO_RUN],
      ...["--allow-read", "--allow-write", script, dir.path("j"), sample],
    ],
  });
  const { stdout, stderr } = await command.output();
  assertEquals(new TextDecoder().decode(stdout), "true\n11\n", new TextDecoder().decode(stderr));
});
