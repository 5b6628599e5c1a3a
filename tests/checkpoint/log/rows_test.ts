import { assert, assertEquals } from "@std/assert";
import { HEAD_BYTES } from "../../../lib/checkpoint/log/entry.ts";
import { EntryRows, readRows } from "../../../lib/checkpoint/log/rows.ts";
import type { CountedIteration } from "../../../lib/stats/flow_tally.ts";
import { Stats } from "../../../lib/stats/stats.ts";
import { Dice } from "../../fixtures/dice.ts";
import { result } from "../../fixtures/result.ts";

Deno.test("readRows() lets other statistics count the same", () => {
  const options = { top: 3, expect: { statuses: { text: "2xx", has: () => true } } };
  const counted = new Stats(options);
  const rows = new EntryRows();
  const via = { remote: "h:1", dnsMs: 1.5, connectMs: null, tlsMs: 3 };
  const results = [
    result({ ms: 1.25, ttfbMs: 1, bytes: 2 ** 40 }, { i: 0, url: "http://user:pw@h/a" }),
    result({ via, isReused: false, status: 404 }, { i: 1, url: "http://h/b" }),
    result({ status: 503, attempts: 70_000 }, { i: 2, url: "http://h/c", expect: options.expect }),
    result({ status: null, error: "timeout", detail: "é".repeat(300) }, {
      i: 3,
      url: "http://h/d",
    }),
    result({ error: "expect", detail: "y", expectation: "2xx" }, { i: 4, url: "http://h/e" }),
    result({ status: null, error: "url", detail: "z", attempts: 0 }, { i: 5, invalid: "z" }),
    result({ status: 503, ms: 9, isAttemptCounted: true }, { i: 6, url: "http://h/f" }),
  ];
  for (const one of results) {
    counted.record(one);
    rows.addResult(one, true, false, true);
  }
  counted.recordWarmUp(results[3]);
  rows.addResult(results[3], false, true, false);
  counted.recordRetry("503", results[2]);
  rows.addRetry("503", results[2].ms);
  counted.recordStart(0.5);
  rows.addStart(0.5);
  counted.recordLateStart(7);
  rows.addLateStart(7);
  rows.addDone(9);
  const again = new Stats(options);
  const done: number[] = [];
  const isRight = readRows(rows.bytes.slice(HEAD_BYTES, rows.end), {
    counted: again,
    onDone: (i) => done.push(i) > 0,
  });
  assert(isRight);
  assertEquals(done, [0, 1, 2, 3, 4, 5, 6, 9]);
  assertEquals(again.toJSON(), counted.toJSON());
  assert(!new TextDecoder("latin1").decode(rows.bytes).includes("user:pw"));
});

Deno.test("readRows() lets other statistics count the same iterations of a flow", () => {
  const counted = new Stats({ flow: {} });
  const rows = new EntryRows();
  const iterations: Omit<CountedIteration, "at">[] = [
    {
      results: [
        result({ ms: 0.1 }, { i: 0, step: "home" }),
        result({ ms: 0.2 }, { i: 0 }),
        result({ ms: 7, status: null, error: "reset", detail: "x" }, { i: 0, step: "é" }),
      ],
      checks: [{ check: "a", passed: 2, failed: 1 }],
      hasFailed: true,
      ms: 7.3,
    },
    { results: [], checks: [], hasFailed: false, ms: 0.7 },
    { results: [result({ ms: 0.3 }, { i: 2, step: "home" })], checks: [], hasFailed: false, ms: 1 },
  ];
  // Of a warm-up, only the results count, and apart.
  const warmUp = result({}, { i: 3, step: "warm" });
  counted.recordWarmUp(warmUp);
  rows.addResult(warmUp, false, true, false);
  rows.addDone(3);
  for (const [i, iteration] of iterations.entries()) {
    for (const one of iteration.results) {
      counted.record(one);
      rows.addResult(one, false, false, false);
    }
    counted.recordIteration({ ...iteration, at: 0 });
    rows.addIteration({ ...iteration, at: 0 });
    rows.addDone(i);
  }
  const again = new Stats({ flow: {} });
  const bytes = rows.bytes.slice(HEAD_BYTES, rows.end);
  assert(readRows(bytes, { counted: again, onDone: () => true }));
  assertEquals(again.toJSON(), counted.toJSON());
  assertEquals(again.flow!.toJSON().steps.map(({ step, requests }) => [step, requests]), [
    ["home", 2],
    ["é", 1],
  ]);
});

Deno.test("readRows() refuses an iteration that does not have the results before it", () => {
  const rows = new EntryRows();
  const one = result({}, { i: 0, step: "home" });
  rows.addIteration({ results: [one], checks: [], hasFailed: false, at: 0, ms: 1 });
  const bytes = rows.bytes.slice(HEAD_BYTES, rows.end);
  assertEquals(readRows(bytes, { counted: new Stats(), onDone: () => true }), false);
});

Deno.test("readRows() refuses rows that no run has written, and never throws", () => {
  const dice = new Dice(11);
  const rows = new EntryRows();
  rows.addResult(result({ error: "reset", detail: "x" }, { i: 1 }), true, false, true);
  rows.addRetry("503", 1);
  const checks = [{ check: "a", passed: 1, failed: 0 }];
  rows.addIteration({ results: [], checks, hasFailed: false, at: 0, ms: 1 });
  const bytes = rows.bytes.slice(HEAD_BYTES, rows.end);
  let refused = 0;
  for (let round = 0; round < 500; round++) {
    const damaged = bytes.slice(0, dice.below(bytes.length) + 1);
    for (let k = 0; k < 3; k++) damaged[dice.below(damaged.length)] = dice.below(256);
    if (!readRows(damaged, { counted: new Stats(), onDone: () => true })) refused++;
  }
  assert(refused > 400, `${refused}`);
});

Deno.test("readRows() refuses numbers that no journal can have", () => {
  for (
    const wrong of [{ ms: 1e300 }, { ms: -1 }, { bytes: 1.5 }, { status: 97 }, { status: 1000 }]
  ) {
    const rows = new EntryRows();
    rows.addResult(result(wrong), true, false, false);
    const bytes = rows.bytes.slice(HEAD_BYTES, rows.end);
    assertEquals(readRows(bytes, { counted: new Stats(), onDone: () => true }), false);
  }
});
