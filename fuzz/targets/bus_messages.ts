import { gzipSync } from "node:zlib";
import { decodeBlock } from "../../lib/cluster/block.ts";
import { Codec } from "../../lib/cluster/codec.ts";
import { DamagedError } from "../../lib/cluster/damaged_error.ts";
import { CHECKS } from "../../lib/cluster/messages.ts";
import {
  countRuns,
  isRuns,
  listNumbers,
  NumberPlaces,
  subtractRuns,
} from "../../lib/cluster/number_runs.ts";
import { decodePart, encodePart } from "../../lib/cluster/part.ts";
import { readHead } from "../../lib/cluster/spec.ts";
import { UsageError } from "../../lib/errors.ts";
import { packStats, unpackStats } from "../../lib/stats/packed_stats.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { attempt, type FuzzTarget, hold, holdEqual } from "../target.ts";

const STORED = { seqs: [1, 2], bytes: 5, sha256: "0".repeat(64) };
const MESSAGES = [
  { id: "a", count: 3, runs: [0, 2, 10, 1], block: STORED },
  { id: "a", worker: "w", tries: 1, count: 3, part: STORED },
  { host: "h:80", untilMs: 5 },
  { atMs: 5 },
  { version: "1", isSealed: false, spec: STORED },
  { texts: ["x"], lines: [1], overlong: [], inputs: [] },
];
/** Above it, numbers are not listed here. */
const MAX_LISTED = 10_000;

const codec = new Codec("run", undefined);
const sealed = new Codec("run", new Uint8Array(32));
const part = encodePart({
  runs: [0, 1],
  stats: JSON.parse(JSON.stringify({ ...packStats(new Stats({ details: true })), requests: 1 })),
  records: new Uint8Array(3),
  failures: new Uint8Array(1),
});

export const target: FuzzTarget = {
  reads: "what others send to the bus of a run: messages, parts, blocks, heads, sealed bytes",
  seeds: [...MESSAGES.map((message) => JSON.stringify(message)), part],
  tokens: [
    '"runs":[',
    '"count":',
    '"seqs":[',
    "[",
    "]",
    ",",
    "null",
    "{}",
    "9007199254740991",
    "-1",
    "1.5",
  ],
  maxBytes: 8_192,
  maxSteps: (bytes) => 1_000_000 + 1_000 * bytes,

  run(input) {
    const outcomes: unknown[] = [];
    for (const kind of Object.keys(CHECKS) as (keyof typeof CHECKS)[]) {
      outcomes.push(codec.decode(kind, "a", input));
      hold(sealed.decode(kind, "a", input) === undefined, "what is not sealed is opened");
    }
    const slice = codec.decode("slice", "a", input);
    if (slice !== undefined) checkRuns(slice.runs);
    const read = attempt(() => decodePart(input.slice()), DamagedError);
    if ("value" in read) {
      const { runs, stats, records, failures } = read.value;
      const total = new Stats({ details: true });
      total.add(unpackStats(stats));
      holdEqual(total.toJSON().requests, countRuns(runs), "a part counts other requests");
      outcomes.push([runs, records.length, failures.length, total.toJSON()]);
    }
    const block = attempt(() => decodeBlock(gzipSync(input), 1, 2), DamagedError);
    if ("value" in block) outcomes.push(block.value);
    const reader = { version: "1", hasKey: false };
    outcomes.push(attempt(() => readHead(input, "run", reader), UsageError));
    return JSON.stringify(outcomes);
  },
};

function checkRuns(runs: readonly number[]): void {
  hold(isRuns(runs, 10_000), "runs that are not ascending");
  const count = countRuns(runs);
  if (count > MAX_LISTED) return;
  const numbers = [...listNumbers(runs, 1)];
  holdEqual(numbers.length, count, "numbers are miscounted");
  const places = new NumberPlaces(runs, 1);
  for (const [k, i] of numbers.entries()) {
    holdEqual(places.find(i), k, "a number has another place");
  }
  holdEqual(subtractRuns(runs, runs, 1), [], "runs without themselves");
}
