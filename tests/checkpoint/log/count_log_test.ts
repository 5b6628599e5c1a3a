import { assertEquals } from "@std/assert";
import type { JournalState } from "../../../lib/checkpoint/journal.ts";
import { countLog } from "../../../lib/checkpoint/log/count_log.ts";
import { HEAD_BYTES, openEntry, sealEntry, SECTIONS } from "../../../lib/checkpoint/log/entry.ts";
import type { Entry } from "../../../lib/checkpoint/log/entry.ts";
import { EntryRows } from "../../../lib/checkpoint/log/rows.ts";
import { SparseBitmap } from "../../../lib/checkpoint/sparse_bitmap.ts";
import type { Result } from "../../../lib/result.ts";
import { Stats } from "../../../lib/stats/stats.ts";
import { result } from "../../fixtures/result.ts";

const JOURNAL: JournalState = {
  identity: {},
  salt: "",
  input: null,
  crEndsLines: true,
  complete: false,
  cluster: null,
  retry: null,
  done: { low: 2, above: "" },
  output: 0,
  failures: null,
  archive: null,
  log: { id: 7, covered: [], seconds: 10 },
  stats: new Stats().toJSON(),
  seconds: 1,
  cpuSeconds: 0,
  peakRssKb: 0,
  shortages: {},
};
const NUMBERS = { numbers: { first: 0, step: 1 }, failed: undefined, stats: {} };

/** An entry of some rows. */
function entryOf(number: number, add: (rows: EntryRows) => void, seconds = 0): Entry {
  const rows = new EntryRows();
  add(rows);
  const bytes = rows.bytes.slice(0, rows.end);
  const lengths = SECTIONS.map((name) => name === "rows" ? rows.end - HEAD_BYTES : 0);
  sealEntry(bytes, { id: 7, number, seconds }, lengths);
  return openEntry(bytes)!;
}

const entry = (number: number, ...results: Partial<Result>[]): Entry =>
  entryOf(
    number,
    (rows) => results.forEach((one) => rows.addResult(one as Result, true, false, false)),
    10 + number / 4,
  );

Deno.test("countLog() counts as though the journal had the results of the log", () => {
  const entries = [
    entry(1, result({}, { i: 4 }), result({}, { i: 2 })),
    entry(2, result({ error: "reset", detail: "x", status: null }, { i: 3, url: "http://h/" })),
  ];
  const { state, entries: count } = countLog(JOURNAL, entries, NUMBERS);
  // The journal has the ten seconds that the log was written before it.
  assertEquals([count, state.done, state.seconds], [2, { low: 5, above: "" }, 1.5]);
  const { requests, failed, errors } = state.stats;
  assertEquals([requests, failed, errors.reset?.count], [3, 1, 1]);
  // The rest is that of the journal, and without entries all of it is.
  assertEquals(state.log, JOURNAL.log);
  assertEquals(countLog(JOURNAL, [], NUMBERS), { state: JOURNAL, entries: 0 });
});

Deno.test("countLog() ends at an entry of which a request is done already, or is none of the run", () => {
  for (const i of [1, 2, -1, 0.5, 2 ** 40, 2 ** 60]) {
    const entries = [
      entry(1, result({}, { i: 2 })),
      entry(2, result({}, { i: 3 }), result({}, { i })),
      entry(3, result({}, { i: 5 })),
    ];
    const { state, entries: count } = countLog(JOURNAL, entries, NUMBERS);
    assertEquals([count, state.done.low, state.stats.requests], [1, 3, 1], `${i}`);
  }
});

Deno.test("countLog() ends at an entry that was written at no time", () => {
  for (const seconds of [NaN, Infinity, -1, 1e300]) {
    const entries = [
      entryOf(1, (rows) => rows.addResult(result({}, { i: 2 }), true, false, false), seconds),
    ];
    assertEquals(countLog(JOURNAL, entries, NUMBERS), { state: JOURNAL, entries: 0 }, `${seconds}`);
  }
  // Threads do not tell in the order of their times.
  const entries = [entry(8, result({}, { i: 2 })), entry(1, result({}, { i: 3 }))];
  assertEquals(countLog(JOURNAL, entries, NUMBERS).state.seconds, 3);
});

Deno.test("countLog() counts the iterations of a flow behind those of the journal", () => {
  const options = { flow: {} };
  const whole = new Stats(options);
  const count = (i: number, rows: EntryRows): void => {
    const one = result({ ms: 0.1 * i }, { i, step: "home" });
    const checks = [{ check: `${i}`, passed: 1, failed: 0 }];
    const iteration = { results: [one], checks, hasFailed: false, at: 0, ms: 0.3 * i };
    whole.record(one);
    whole.recordIteration(iteration);
    rows.addResult(one, false, false, false);
    rows.addIteration(iteration);
    rows.addDone(i);
  };
  for (const i of [0, 1]) count(i, new EntryRows());
  const journal = { ...JOURNAL, stats: whole.toJSON() };
  const entries = [entryOf(1, (rows) => [2, 3].forEach((i) => count(i, rows)), 11)];
  const { state } = countLog(journal, entries, { ...NUMBERS, stats: options });
  assertEquals([state.done.low, state.stats], [4, whole.toJSON()]);
});

Deno.test("countLog() counts the requests of a retry among themselves", () => {
  const failed = new SparseBitmap();
  for (const i of [10, 20, 30]) failed.add(i);
  const retry = { done: { low: 0, above: "" }, count: 3, replacing: false };
  const entries = [entry(1, result({}, { i: 20 })), entry(2, result({}, { i: 10 }))];
  const { state } = countLog({ ...JOURNAL, retry }, entries, { ...NUMBERS, failed });
  assertEquals([state.done, state.retry!.done], [JOURNAL.done, { low: 2, above: "" }]);
  const other = [entry(1, result({}, { i: 11 }))];
  assertEquals(countLog({ ...JOURNAL, retry }, other, { ...NUMBERS, failed }).entries, 0);
});
