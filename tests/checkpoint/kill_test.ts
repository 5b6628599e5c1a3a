import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/csv/parse";
import { gunzipSync } from "node:zlib";
import { countDone, DoneSet } from "../../lib/checkpoint/done_set.ts";
import { countLog } from "../../lib/checkpoint/log/count_log.ts";
import { readLog } from "../../lib/checkpoint/log/log_folder.ts";
import { countJournaled, findJournal } from "../fixtures/count_journaled.ts";
import { Dice } from "../fixtures/dice.ts";
import { type Folder, folder } from "../fixtures/folder.ts";
import { finish, myriad, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { query } from "../fixtures/sqlite_file.ts";
import { until } from "../fixtures/until.ts";

// Runs with three threads that are killed again and again, until one comes to its end, and what their
// journal and its log say after each kill. The moments come from a seed, by what the server has seen.
// `MYRIAD_TEST_LONG=1` kills 160 times. More kinds of files and of runs die in `deaths_test.ts`.

/** How many runs of each of four kinds there are, and how often each of them is killed. */
const RUNS = Deno.env.get("MYRIAD_TEST_LONG") === undefined ? 1 : 10;
const KILLS_IN_A_ROW = 4;

const COUNT = 400;
const LAST = COUNT - 1;
/** How many requests the server answers in each of its turns, a run, and how long one is. */
const ANSWERS = 6;
const TURN_MS = 5;

const PRELOAD = new URL("../fixtures/fast_clock.ts", import.meta.url).pathname;
const PERMISSIONS = ["--allow-net=127.0.0.1", "--allow-read", "--allow-write"];
const STARTED = { permissions: [...PERMISSIONS, `--preload=${PRELOAD}`] };

/** What a thread with 10 requests in flight gathers before it is logged. */
const BLOCK = 2;

/** Each seventh fails. */
const fails = (i: number): boolean => i % 7 === 3;
/** Some are longer than what is gathered before it is written. */
const bodyOf = (i: number): string => `${i},`.repeat(i % 50 === 0 ? 30_000 : 3);

/** What the server has seen of one run. */
interface Seen {
  /** How often each number was requested. */
  readonly counts: number[];
  total: number;
  readonly held: (() => void)[];
  /** Whether the last number gets no response, so that the run is not over before it is killed. */
  isLastHeld: boolean;
}

/** A server that holds requests for a moment, as one that has work to do. */
async function serving(): Promise<RawServer & { of(run: string): Seen }> {
  const runs = new Map<string, Seen>();
  const of = (run: string): Seen => {
    const seen = runs.get(run) ?? {
      counts: new Array(COUNT).fill(0),
      total: 0,
      held: [],
      isLastHeld: true,
    };
    runs.set(run, seen);
    return seen;
  };
  const server = await RawServer.start(({ request, send }) => {
    const [, run, number] = /^GET \/(\w+)\/(\d+) /.exec(request)!;
    const i = Number(number);
    const seen = of(run);
    seen.counts[i]++;
    seen.total++;
    if (i === LAST && seen.isLastHeld) return;
    seen.held.push(() => send(fails(i) ? "no answer\r\n\r\n" : ok(bodyOf(i))));
  });
  const dispose = server[Symbol.asyncDispose].bind(server);
  const answers = setInterval(() => {
    for (const { held } of runs.values()) for (const answer of held.splice(0, ANSWERS)) answer();
  }, TURN_MS);
  return Object.assign(server, {
    of,
    [Symbol.asyncDispose]: () => {
      clearInterval(answers);
      return dispose();
    },
  });
}

/** The numbers of the records of an output, up to a position. */
async function readNumbers(output: string, position = Infinity): Promise<number[]> {
  if (output.endsWith(".sqlite")) {
    const last = Math.min(position, Number.MAX_SAFE_INTEGER);
    return query(output, `SELECT i FROM records WHERE rowid <= ${last}`)
      .map(({ i }) => i as number);
  }
  const bytes = (await Deno.readFile(output)).subarray(0, position);
  return bytes.length === 0 ? [] : numbersIn(bytes, output);
}

/** The numbers of the records in a part of an output that is text. */
function numbersIn(bytes: Uint8Array, file: string): number[] {
  const text = new TextDecoder().decode(file.endsWith(".gz") ? gunzipSync(bytes) : bytes);
  return file.endsWith(".csv")
    ? parse(text, { skipFirstRow: true }).map((row: { i: string }) => Number(row.i))
    : text.split("\n").slice(0, -1).map((line) => JSON.parse(line).i);
}

/** How many requests are done by the journal of an output and the log behind it. */
async function countLogged(output: string): Promise<number> {
  const state = await findJournal(output);
  if (state === undefined) return 0;
  if (state.log === null) return countDone(state.done);
  const entries = readLog(`${output}.myriad.log`, state.log);
  const options = { numbers: { first: 0, step: 1 }, failed: undefined, stats: {} };
  const logged = countLog(state, entries, options).state;
  const done = countDone(logged.done);
  assertEquals(logged.stats.requests, done, "the statistics are those of what is done");
  return done;
}

/** The numbers of the requests in a part of a file of failures. */
const numbersOfFailures = (bytes: Uint8Array): number[] =>
  new TextDecoder().decode(bytes).split("\n").slice(0, -1)
    .map((line) => Number(JSON.parse(line).url.split("/").at(-1)));

const sorted = (numbers: number[]): number[] => numbers.toSorted((a, b) => a - b);
const ALL = Array.from({ length: COUNT }, (_, i) => i);

/** What a run has written. */
interface Written {
  readonly output: string;
  readonly failures: string | undefined;
  readonly bodies: string | undefined;
}

/**
 * Throws unless the files hold what their journal says, up to where it says so.
 *
 * @returns how many requests are done by the journal
 */
async function checkJournal({ output, failures, bodies }: Written): Promise<number> {
  const state = await findJournal(output);
  if (state === undefined || countDone(state.done) === 0) return 0;
  const set = DoneSet.from(state.done);
  const done = ALL.filter((i) => set.has(i));
  assertEquals(
    sorted(await readNumbers(output, state.output)),
    done,
    "the records are those that are done",
  );
  assertEquals(state.stats.requests, done.length);
  if (failures !== undefined) {
    const bytes = (await Deno.readFile(failures)).subarray(0, state.failures as number);
    assertEquals(sorted(numbersOfFailures(bytes)), done.filter(fails));
  }
  if (bodies !== undefined) checkBodies(bodies, done);
  return done.length;
}

/** Throws unless each body that is there is whole, and those of some numbers are there. */
function checkBodies(bodies: string, numbers: number[]): void {
  const left = new Set(numbers.filter((i) => !fails(i)));
  for (const { name } of Deno.readDirSync(`${bodies}/0`)) {
    if (name.endsWith(".part")) continue;
    const i = Number(name);
    assert(Deno.readTextFileSync(`${bodies}/0/${name}`) === bodyOf(i), `body ${name} is whole`);
    left.delete(i);
  }
  assertEquals([...left], [], "no body is missing");
}

/** Kills a run some times, and lets it come to its end. */
async function killOften(
  { dir, name, file, dice, server }: {
    dir: Folder;
    name: string;
    file: string;
    dice: Dice;
    server: Awaited<ReturnType<typeof serving>>;
  },
  flags: readonly string[],
): Promise<void> {
  const output = dir.path(`${name}-${file}`);
  const failures = flags.includes("--failures") ? dir.path(`${name}-failures`) : undefined;
  const bodies = flags.includes("--save-bodies") ? dir.path(`${name}-bodies`) : undefined;
  const args = ["-n", `${COUNT}`, "-c", "30", "--threads", "3", server.url(`/${name}/{}`)];
  args.push("-o", output, "--resume", "--json", "--progress", "none");
  if (failures !== undefined) args.push("--failures", failures);
  if (bodies !== undefined) args.push("--save-bodies", bodies);
  const written = { output, failures, bodies };
  const seen = server.of(name);
  let done = 0;
  let logged = 0;
  let kills = 0;
  for (let k = 0; k < KILLS_IN_A_ROW && logged < LAST; k++) {
    const last = seen.total + COUNT - logged;
    await using child = start(args, STARTED);
    const ended = finish(child);
    // Each second one dies after a journal that speaks of more than the one before.
    if (k % 2 === 1) await until(async () => await countJournaled(output) > done);
    const wanted = Math.min(seen.total + 1 + dice.below((COUNT - logged) / 2), last);
    await until(() => seen.total >= wanted, () => `${seen.total} of ${wanted}`);
    child.kill("SIGKILL");
    const { code, stderr } = await ended;
    assertEquals([code, stderr], [137, ""]);
    const before = done;
    done = await checkJournal(written);
    assert(done >= before, "what was done stays done");
    const loggedBefore = logged;
    logged = await countLogged(output);
    assert(logged >= loggedBefore && logged >= done, "what was logged stays done");
    kills++;
  }
  seen.isLastHeld = false;
  const { code, stdout, stderr } = await myriad(args, STARTED);
  assertEquals([code, stderr], [1, ""]);
  assertEquals(sorted(await readNumbers(output)), ALL);
  assertEquals(await checkJournal(written), COUNT);
  const failed = ALL.filter(fails).length;
  const { requests, succeeded, errors, statuses } = JSON.parse(stdout);
  assertEquals([requests, succeeded, errors.protocol.count, statuses], [
    COUNT,
    COUNT - failed,
    failed,
    { 200: COUNT - failed },
  ]);
  assert(seen.counts.every((count) => count > 0 && count <= KILLS_IN_A_ROW + 1));
  // What was in flight, and a block of each thread.
  const again = seen.total - COUNT;
  assert(again <= kills * (30 + 3 * BLOCK), `${again} were sent again`);
  if (bodies !== undefined) checkBodies(bodies, ALL);
}

for (
  const [seed, [kind, file, ...flags]] of [
    ["CSV", "o.csv"],
    ["gzip", "o.ndjson.gz"],
    ["SQLite", "o.sqlite", "--failures"],
    ["NDJSON, --failures, --save-bodies", "o.ndjson", "--failures", "--save-bodies"],
  ].entries()
) {
  Deno.test(`--resume has one record of each request after kill -9 at any moment (${kind})`, async () => {
    await using server = await serving();
    await using dir = await folder();
    let run = 0;
    const killRuns = async (): Promise<void> => {
      while (run < RUNS) {
        const dice = new Dice(1_000 * seed + run);
        await killOften({ dir, name: `run${run++}`, file, dice, server }, flags);
      }
    };
    await Promise.all([killRuns(), killRuns()]);
  });
}
