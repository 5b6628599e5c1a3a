import { HEAD_BYTES, openEntry, sealEntry, SECTIONS } from "../../lib/checkpoint/log/entry.ts";
import { EntryRows, readRows } from "../../lib/checkpoint/log/rows.ts";
import { findWrongStat, Stats } from "../../lib/stats/stats.ts";
import { result } from "../../tests/fixtures/result.ts";
import { type FuzzTarget, hold, holdEqual } from "../target.ts";

const HEAD = { id: 7, number: 1, seconds: 1.5 };

/** Rows as a run writes them. */
function makeRows(fill: (rows: EntryRows) => void): Uint8Array {
  const rows = new EntryRows();
  fill(rows);
  return rows.bytes.slice(HEAD_BYTES, rows.end);
}

export const target: FuzzTarget = {
  reads: "entries of a run's log, with a CRC-32 that is right, as --resume counts them",
  seeds: [
    makeRows((rows) => {
      rows.addStart(0.5);
      rows.addResult(result({ status: 200, ms: 1.5 }), true, false, true);
      rows.addRetry("503", 2);
      rows.addResult(result({ status: null, error: "timeout", detail: "x" }), true, false, false);
    }),
    makeRows((rows) => {
      rows.addLateStart(3);
      const one = result({ ms: 5, ttfbMs: 2 }, { step: "home" });
      rows.addResult(one, false, true, false);
      const checks = [{ check: "a", passed: 1, failed: 0 }];
      rows.addIteration({ results: [one], checks, hasFailed: true, at: 0, ms: 6 });
      rows.addDone(9);
    }),
  ],
  tokens: [
    "\x01\0\0\0",
    "\x02\0\0\0",
    "\x03\0\0\0",
    "\0\0\0\0\0\0\xf0\x3f",
    "\0\0\0\0\0\0\xf0\x7f",
    '["http',
  ],
  maxSteps: (bytes) => 1_000_000 + 1_000 * bytes,

  run(input) {
    const bytes = new Uint8Array(HEAD_BYTES + input.length);
    bytes.set(input, HEAD_BYTES);
    sealEntry(bytes, HEAD, SECTIONS.map((name) => name === "rows" ? input.length : 0));
    const entry = openEntry(bytes);
    hold(entry !== undefined, "an entry that was sealed is not opened");
    const { id, number, seconds, sections } = entry;
    holdEqual({ id, number, seconds }, HEAD, "an entry has another head");
    // A flipped bit anywhere is found.
    const damaged = bytes.slice();
    damaged[input.reduce((sum, byte) => sum + byte, 0) % bytes.length] ^= 1;
    hold(openEntry(damaged) === undefined, "a damaged entry is opened");
    hold(openEntry(bytes.slice(0, -1)) === undefined, "an entry that is cut short is opened");
    const stats = new Stats({ details: true });
    const numbers: number[] = [];
    const isRight = readRows(sections.rows, {
      counted: stats as never,
      onDone: (i) => {
        numbers.push(i);
        return Number.isSafeInteger(i) && i >= 0;
      },
    });
    if (!isRight) return "refused";
    // The next journal has these statistics, and has to be one that can be read.
    const state = JSON.parse(JSON.stringify(stats.toJSON()));
    // A sum of counts can be more than any run comes to.
    if (!Number.isSafeInteger(state.bytes)) return "too large";
    hold(
      findWrongStat(state) === undefined,
      `statistics no journal can have: ${findWrongStat(state)}`,
    );
    return JSON.stringify([numbers, state]);
  },
};
