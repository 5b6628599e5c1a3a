import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { readJournal } from "../../lib/checkpoint/journal.ts";
import { countDone } from "../../lib/checkpoint/done_set.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { Progress } from "../../lib/progress/progress.ts";
import { Run } from "../../lib/run/run.ts";
import { folder } from "../fixtures/folder.ts";
import { SimulatedClock } from "../fixtures/simulated_clock.ts";
import { WaitingEngine } from "../fixtures/waiting_engine.ts";

// Whole runs, with their files, through days that pass in a second.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** How long an answer takes. */
const ANSWER_MS = 1_500;
const URL_TEMPLATE = "http://127.0.0.1:1/{}";

interface Row {
  readonly i: number;
  readonly at: string;
  readonly ms: number;
}

interface Hooks<T> {
  readonly onNotice: (text: string) => void;
  /** Called before the run begins. */
  readonly onOpen: (run: Run) => Promise<T>;
}
const NO_HOOKS = { onNotice: () => {}, onOpen: () => Promise.resolve() };

/**
 * Begins a run, and waits for its first request: before it, modules are loaded, for which the clock
 * does not wait.
 */
async function begin<T>(
  args: readonly string[],
  { onNotice, onOpen }: Hooks<T>,
): Promise<{ run: Run; opened: T; finished: ReturnType<Run["finish"]> }> {
  const options = await parseRun([...args, URL_TEMPLATE], "0", { askPassword: undefined });
  const engine = new WaitingEngine(ANSWER_MS);
  const run = await Run.open(options as RunOptions, onNotice, engine);
  const opened = await onOpen(run);
  const finished = run.finish("0");
  await engine.begun;
  return { run, opened, finished };
}

/** What a message of OTLP says of the requests that succeeded, and when. */
interface Sent {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly startMs: number;
  readonly succeeded: number;
}

/**
 * Takes the messages that are sent to a receiver of OTLP, for which the clock would not wait. Others
 * are sent as before.
 */
function receiveOtlp(url: string): Disposable & { readonly messages: readonly Sent[] } {
  const messages: Sent[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    if (input !== url) return await real(input, init);
    messages.push(toSent(JSON.parse(init!.body as string)));
    return new Response("{}");
  };
  return { messages, [Symbol.dispose]: () => void (globalThis.fetch = real) };
}

// deno-lint-ignore no-explicit-any -- the message is a tree of many kinds
function toSent({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }: any): Sent {
  const { sum: { dataPoints } } = metrics.find(({ name }: { name: string }) =>
    name === "myriad_requests_total"
  );
  const [{ asDouble, startTimeUnixNano, timeUnixNano }] = dataPoints;
  const toMs = (nanos: string): number => Number(BigInt(nanos) / 1_000_000n);
  return { atMs: toMs(timeUnixNano), startMs: toMs(startTimeUnixNano), succeeded: asDouble };
}

async function readRows(path: string): Promise<Row[]> {
  const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

Deno.test("a run of 24 hours keeps its rate, its journal, its metrics, its OTLP, its log and its plots", async () => {
  await using dir = await folder({ inMemory: true });
  const [records, page] = [dir.path("records.ndjson"), dir.path("page.html")];
  // A night in which clocks in Europe are put back, and a day ends.
  const startMs = Date.UTC(2026, 9, 24, 12);
  using clock = new SimulatedClock(startMs, 30 * SECOND);
  using otlp = receiveOtlp("http://127.0.0.1:1/v1/metrics");
  const notices: string[] = [];
  const lines: string[] = [];
  const startLog = async (run: Run): Promise<Progress> => {
    const progress = await Progress.open({
      mode: "log",
      size: () => ({ columns: 80, rows: 24 }),
      color: false,
      durationMs: DAY,
      write: (bytes) => void lines.push(new TextDecoder().decode(bytes)),
      takeSnapshot: () => run.snapshot(),
    });
    progress.start();
    return progress;
  };
  const { opened: progress, finished } = await begin([
    ...["-z", "24h", "-q", "1/m", "-c", "5", "-o", records],
    ...["--report", page, "--metrics", "127.0.0.1:0", "--otlp", "http://127.0.0.1:1/v1/metrics"],
  ], { onNotice: (text) => notices.push(text), onOpen: startLog });
  const metrics = /http:\S+/.exec(notices[0])![0];
  for (const hour of [1, 12, 23]) {
    await clock.to(hour * HOUR + 30 * SECOND);
    const done = hour * 60 + 1;
    const journal = await readJournal(`${records}.myriad`);
    assertEquals([countDone(journal.done), journal.complete], [done, false]);
    // It is of a moment between the last answer and this one.
    const sinceMs = journal.seconds * SECOND - hour * HOUR;
    assert(sinceMs >= ANSWER_MS && sinceMs <= 30 * SECOND, `${sinceMs}`);
    const text = await (await fetch(metrics)).text();
    assertMatch(text, new RegExp(`^myriad_requests_total{result="succeeded"} ${done}$`, "m"));
    assertMatch(text, new RegExp(`^myriad_elapsed_seconds ${hour * 3_600 + 30}$`, "m"));
  }
  const { snapshot, failure } = await clock.until(finished);
  await clock.until(progress.stop(snapshot));

  const { requests, late, ownLate, seconds, latency } = snapshot;
  assertEquals([failure, requests, late.count, ownLate!.max], [undefined, 1_440, 0, 0]);
  assertEquals([seconds, latency.max], [DAY / SECOND, ANSWER_MS]);
  const rows = await readRows(records);
  assertEquals(rows.map(({ i }) => i), [...Array(1_440).keys()]);
  for (const { i, at } of rows) assertEquals(at, new Date(startMs + i * MINUTE).toISOString());
  assertEquals((await readJournal(`${records}.myriad`)).complete, true);

  // One each 10 s, late by what time goes on at once, and one at the end.
  const { messages } = otlp;
  for (const [k, { atMs, startMs: fromMs, succeeded }] of messages.entries()) {
    const sinceMs = atMs - (messages[k - 1]?.atMs ?? startMs);
    assert(
      k === messages.length - 1 || sinceMs >= 10 * SECOND && sinceMs < 40 * SECOND,
      `${sinceMs}`,
    );
    const begun = Math.ceil((atMs - startMs) / MINUTE);
    assert(fromMs === startMs && (succeeded === begun || succeeded === begun - 1), `${succeeded}`);
  }
  assert(messages.length > DAY / (40 * SECOND), `${messages.length}`);
  assertEquals(messages.at(-1)!.succeeded, 1_440);

  // The timer of the log is late by a step now and then.
  assert(lines.length > 2_500, `${lines.length}`);
  assert(lines.some((line) => /, 99 %, .*, ETA \d{1,2}s, 23:59:\d\d,/.test(line)), lines.at(-1));
  const { columns, intervalMs } = JSON.parse(
    /<script type="application\/json" id="data">([^<]*)</.exec(await Deno.readTextFile(page))![1],
  );
  const { rate } = columns as { rate: number[] };
  assert(rate.length <= 400, `${rate.length}`);
  const all = rate.slice(0, -1).reduce(
    (sum, perSecond) => sum + perSecond * intervalMs / SECOND,
    0,
  );
  assertAlmostEquals(all, 1_440, intervalMs / MINUTE + 1);
});

Deno.test("stages of 24 hours make the starts of their area, and end with the last", async () => {
  await using dir = await folder({ inMemory: true });
  const records = dir.path("records.csv");
  using clock = new SimulatedClock(0, MINUTE);
  const { finished } = await begin(
    ["--stages", "12h:1/m,12h:0", "-c", "5", "-o", records],
    NO_HOOKS,
  );
  const { snapshot } = await clock.until(finished);
  assertEquals([snapshot.requests, snapshot.late.count, snapshot.ownLate!.max], [720, 0, 0]);
  const { seconds } = snapshot;
  assert(seconds <= (DAY + ANSWER_MS) / SECOND && seconds > 23 * HOUR / SECOND, `${seconds}`);
});

Deno.test("a run of 30 days ends with its time, which no timer can wait for, and so does its warm-up", async () => {
  await using dir = await folder({ inMemory: true });
  const records = dir.path("records.ndjson");
  using clock = new SimulatedClock(Date.UTC(2026, 11, 20), HOUR);
  const notices: string[] = [];
  const { run, finished } = await begin(
    ["-z", "719.5h", "--warm-up", "672h", "-q", "0.05/m", "-c", "5", "-o", records],
    { ...NO_HOOKS, onNotice: (text) => notices.push(text) },
  );
  await clock.to(28 * DAY - SECOND);
  assertEquals([run.snapshot().requests, run.snapshot().seconds, notices], [0, 0, []]);
  const { snapshot } = await clock.until(finished);
  assertEquals([snapshot.warmUp, snapshot.requests, notices.length], [28 * 72, 2 * 72 - 1, 1]);
  assertEquals(snapshot.seconds, (47 * HOUR + 30 * MINUTE) / SECOND);
  assertEquals((await readRows(records)).length, 30 * 72 - 1);
});

Deno.test("--resume gives a run of an hour that was interrupted another hour", async () => {
  await using dir = await folder({ inMemory: true });
  const records = dir.path("records.ndjson");
  const args = ["-z", "1h", "-q", "1/m", "-c", "5", "-o", records];
  using clock = new SimulatedClock(Date.UTC(2026, 0, 1), MINUTE);
  const first = await begin(args, NO_HOOKS);
  await clock.to(20 * MINUTE - SECOND);
  await clock.until(first.run.stop());
  assertEquals((await clock.until(first.finished)).snapshot.requests, 20);
  const second = await begin([...args, "--resume"], NO_HOOKS);
  const { snapshot } = await clock.until(second.finished);
  assertEquals(snapshot.requests, 80);
  assertAlmostEquals(snapshot.seconds, 80 * MINUTE / SECOND, 1);
  assertEquals((await readRows(records)).map(({ i }) => i), [...Array(80).keys()]);
});
