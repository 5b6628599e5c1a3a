import { assert, assertEquals, assertThrows } from "@std/assert";
import { OutputError } from "../../lib/errors.ts";
import { DamagedError } from "../../lib/cluster/damaged_error.ts";
import { decodePart, encodePart, type Part } from "../../lib/cluster/part.ts";
import { packStats } from "../../lib/stats/packed_stats.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { generator } from "../fixtures/random_json.ts";
import { result } from "../fixtures/result.ts";

function makeStats(count: number): Stats {
  const stats = new Stats({ details: true });
  for (let i = 0; i < count; i++) stats.record(result({ ms: 1 + i % 100 }));
  return stats;
}

const PART: Part = {
  runs: [0, 2, 10, 1],
  stats: JSON.parse(JSON.stringify(packStats(makeStats(3)))),
  records: new Uint8Array([1, 2, 3]),
  failures: new Uint8Array([4]),
};

Deno.test("decodePart() gives what encodePart() was given", () => {
  assertEquals(decodePart(encodePart(PART)), PART);
  const empty = { ...PART, records: new Uint8Array(), failures: new Uint8Array() };
  assertEquals(decodePart(encodePart(empty)), empty);
  // A view of a larger buffer, as it comes from a seal.
  const bytes = encodePart(PART);
  const larger = new Uint8Array(bytes.length + 7);
  larger.set(bytes, 5);
  assertEquals(decodePart(larger.subarray(5, 5 + bytes.length)), PART);
});

Deno.test("decodePart() refuses a part that is cut or damaged", () => {
  const bytes = encodePart(PART);
  const header = bytes.length - PART.records.length - PART.failures.length;
  for (let k = 0; k < header; k++) {
    assertThrows(() => decodePart(bytes.slice(0, k)), DamagedError, undefined, `${k} bytes`);
  }
  const random = generator(3);
  for (let k = 0; k < 2_000; k++) {
    const changed = bytes.slice();
    changed[random(header)] = random(256);
    try {
      decodePart(changed);
    } catch (error) {
      assert(error instanceof DamagedError, `${error}`);
    }
  }
});

Deno.test("encodePart() refuses what is too long to be stored", () => {
  const records = new Uint8Array(64 * 1024 ** 2);
  assertThrows(() => encodePart({ ...PART, records }), OutputError, "a smaller --slice");
});

Deno.test("decodePart() refuses a header that no worker writes", () => {
  const { stats } = PART;
  const wrong: readonly Partial<Record<keyof Part, unknown>>[] = [
    { runs: [0, 4] },
    { runs: [10, 1, 0, 2] },
    { runs: [0, 2, 1, 1] },
    { runs: [0, 1e15] },
    { runs: "x" },
    { stats: { ...stats, requests: -1 } },
    { stats: { ...stats, failed: 4 } },
    { stats: { ...stats, latency: { ...stats.latency, counts: [[-1, 3]] } } },
    { stats: { ...stats, details: { ...stats.details, hosts: [{ host: 1 }] } } },
    { stats: null },
  ];
  for (const change of wrong) {
    const bytes = encodePart({ ...PART, ...change } as Part);
    assertThrows(() => decodePart(bytes), DamagedError, undefined, JSON.stringify(change));
  }
});
