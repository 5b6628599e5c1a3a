import { assertEquals } from "@std/assert";
import {
  CHECKS,
  type Commit,
  type Hold,
  isControl,
  type Live,
  type Slice,
} from "../../lib/cluster/messages.ts";
import { IDLE } from "../../lib/run/pipeline.ts";
import { Stats } from "../../lib/stats/stats.ts";

const STORED = { seqs: [1, 2], bytes: 10, sha256: "0".repeat(64) };
const SLICE: Slice = { id: "a1-0", count: 5, runs: [0, 2, 10, 3], block: STORED };
const COMMIT: Commit = { id: "a1-0", worker: "w-1", tries: 1, count: 5, part: STORED };
const LIVE: Live = {
  worker: "w-1",
  activity: IDLE,
  engine: "http1+http2",
  transport: "portable",
  loopBusy: 0.5,
  rate: 10,
  rssBytes: 1,
  peakRssKb: 1,
  cpuSeconds: 0.1,
  isShut: false,
  gaveUp: null,
  notices: [{ k: 1, text: "hello" }],
  open: [{ id: "a1-0", stats: new Stats().toJSON() }],
};
const HOLD: Hold = { host: "[::1]:8080", untilMs: 1.7e12 };
const GOOD = { slice: SLICE, commit: COMMIT, live: LIVE, hold: HOLD, origin: { atMs: 1.7e12 } };
const parse = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** For each kind of message, what some of its fields cannot be. */
const WRONG: Record<keyof typeof GOOD, Record<string, readonly unknown[]>> = {
  slice: {
    id: ["", "a b", "\x1b[31m", "x".repeat(65), 1, null, "a.b", "é"],
    count: [0, -1, 1.5, 4, 1e9, "5", null],
    runs: [
      [],
      [0, 5, 4, 0],
      [0],
      [0, 2, 1, 3],
      [0, 2, 0, 3],
      [0, -5],
      [2 ** 53, 5],
      [2 ** 53 - 2, 5],
      ["0", 5],
      { 0: 0 },
      null,
    ],
    block: [null, {}, { ...STORED, bytes: 1e12 }, { ...STORED, bytes: -1 }],
  },
  hold: {
    host: ["", "a b", "\x1b[31m", "a\n", "x".repeat(1_001), 1, null],
    untilMs: [null, "1", {}],
  },
  origin: { atMs: [null, "1", undefined] },
  commit: {
    id: ["commit.x", undefined],
    worker: ["\x1b]0;title\x07", "a b", {}],
    tries: [0, -1, "1"],
    count: [-1, 0.5],
    part: [
      null,
      { ...STORED, seqs: [0] },
      { ...STORED, seqs: ["1"] },
      { ...STORED, seqs: new Array(10_001).fill(1) },
      { ...STORED, sha256: "x" },
      { ...STORED, sha256: `${"0".repeat(63)}\n` },
    ],
  },
  live: {
    worker: ["\x1b[2J", ""],
    engine: ["\x1b[2J", "h".repeat(65), 1],
    transport: ["other"],
    activity: [null, { ...IDLE, inFlight: -1 }, { ...IDLE, shortages: { a: "b" } }],
    loopBusy: [NaN, -1, "1"],
    isShut: [0],
    gaveUp: ["x".repeat(10_000), 1],
    open: [[null], [{ id: "a", stats: {} }], new Array(65).fill(LIVE.open[0])],
  },
};

for (const [kind, fields] of Object.entries(WRONG)) {
  Deno.test(`CHECKS takes a ${kind} as it is sent, and refuses each wrong field`, () => {
    const check = CHECKS[kind as keyof typeof GOOD];
    const good = GOOD[kind as keyof typeof GOOD];
    assertEquals(check(parse(good)), true);
    for (const value of [null, [], 1, "", {}]) assertEquals(check(value), false);
    for (const [name, values] of Object.entries(fields)) {
      for (const value of values) {
        const wrong = parse({ ...good, [name]: value });
        assertEquals(check(wrong), false, `${name}: ${JSON.stringify(value)?.slice(0, 80)}`);
      }
    }
  });
}

Deno.test("isControl() takes three words", () => {
  assertEquals(["run", "stop", "over", "", "Stop", "stop\n"].filter(isControl), [
    "run",
    "stop",
    "over",
  ]);
});
