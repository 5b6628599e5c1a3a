import { assert, assertEquals } from "@std/assert";
import { HashStateTable } from "../../../lib/commands/verify/hash_state_table.ts";
import { Ledger } from "../../../lib/commands/verify/ledger.ts";
import { NumberedPath } from "../../../lib/commands/verify/numbered_path.ts";
import { PagedStateTable } from "../../../lib/commands/verify/paged_state_table.ts";
import { PathHash } from "../../../lib/commands/verify/path_hash.ts";
import { RequestPath } from "../../../lib/commands/verify/request_path.ts";
import { generator } from "../../fixtures/random_json.ts";

const encoder = new TextEncoder();

function path(text: string): RequestPath {
  const path = new RequestPath();
  path.bytes = encoder.encode(text);
  path.to = path.bytes.length;
  return path;
}

/** Records and log lines as `[path, status, attempts]` and `[path, status]`, reconciled. */
function reconciled(
  records: readonly (readonly [path: string, status: number, attempts?: number])[],
  lines: readonly (readonly [path: string, status: number])[],
): { sightings: string[]; missing: [string | undefined, number][]; other: unknown[] } {
  const ledger = new Ledger();
  for (const [text, status, attempts = 1] of records) {
    ledger.addRecord(path(text), status, attempts);
  }
  const sightings = lines.map(([text, status]) => ledger.addLogLine(path(text), status));
  const missing: [string | undefined, number][] = [];
  const other: unknown[] = [];
  ledger.close(
    ({ key }, count) => missing.push([ledger.formatPath(key), count]),
    ({ key, status, logged }) => other.push([ledger.formatPath(key), status, logged]),
  );
  return { sightings, missing, other };
}

const SEEN = "explained";
const AGREED = { missing: [], other: [] };

// By number and by hash: `/b/x` beside the others leaves no number as the one difference.
for (
  const [how, more] of [["number", []], ["hash", [["/b/x", 0]]]] as [string, [string, number][]][]
) {
  const name = (text: string): string | undefined => how === "number" ? text : undefined;
  const check = (what: string, test: () => void): void =>
    Deno.test(`Ledger, by ${how}: ${what}`, test);

  check("an answer that was logged once agrees", () => {
    assertEquals(
      reconciled([["/a/1", 200], ["/a/2", 404], ...more], [["/a/2", 404], ["/a/1", 200]]),
      { sightings: [SEEN, SEEN], ...AGREED },
    );
  });

  check("an answer that was not logged is missing", () => {
    assertEquals(reconciled([["/a/1", 200], ["/a/2", 200, 5], ...more], [["/a/1", 200]]), {
      sightings: [SEEN],
      missing: [[name("/a/2"), 1]],
      other: [],
    });
  });

  check("a line without a record is unknown", () => {
    const lines = [["/a/3", 200], ["/a/01", 200], ["/", 200], ["/a/1/", 200]] as const;
    const { sightings } = reconciled([["/a/1", 200], ["/a/2", 200], ...more], lines);
    assertEquals(sightings, ["unknown", "unknown", "unknown", "unknown"]);
  });

  check("attempts explain as many lines, and no more", () => {
    const records = [["/a/1", 200, 3], ["/a/2", 200], ...more] as const;
    const lines = [503, 502, 200, 200].map((status) => ["/a/1", status] as const);
    const { sightings, missing, other } = reconciled(records, [...lines, ["/a/2", 200]]);
    assertEquals(sightings, ["other status", "other status", SEEN, "repeated", SEEN]);
    assertEquals([missing, other], [[], []]);
  });

  check("a failure may be logged from never to as often as it was tried", () => {
    for (const [count, expected] of [[0, []], [2, [SEEN, SEEN]]] as const) {
      const lines = [["/a/1", 500], ["/a/1", 200]] as const;
      assertEquals(
        reconciled([["/a/1", 0, 2], ["/a/3", 0, 1], ...more], lines.slice(0, count)),
        { sightings: [...expected], ...AGREED },
      );
    }
    const third = reconciled([["/a/1", 0], ["/a/3", 0], ...more], [["/a/1", 500], ["/a/1", 500]]);
    assertEquals(third.sightings, [SEEN, "repeated"]);
  });

  check("the last status has to be among those logged", () => {
    const records = [["/a/1", 200, 2], ["/a/2", 200], ...more] as const;
    const { missing, other } = reconciled(records, [["/a/1", 503], ["/a/1", 500], ["/a/2", 200]]);
    assertEquals([missing, other], [[], [[name("/a/1"), 200, 500]]]);
  });

  check("a redirect explains any status", () => {
    const records = [["/a/1", 200], ["/a/2", 301], ...more] as const;
    const { missing, other } = reconciled(records, [["/a/1", 302], ["/a/2", 200]]);
    assertEquals([missing, other], [[], [[name("/a/2"), 301, 200]]]);
  });

  check("a path of several records is counted, and has any status if they differ", () => {
    for (const count of [2, 6, 7, 8, 62, 63, 64, 1_000]) {
      const records = Array.from({ length: count }, () => ["/a/1", 200] as const);
      const lines = Array.from({ length: count + 1 }, () => ["/a/1", 200] as const);
      const all = reconciled([...records, ["/a/2", 0], ...more], lines);
      assertEquals(all.sightings, [...Array(count).fill(SEEN), "repeated"], `${count}`);
      const fewer = reconciled([...records, ["/a/2", 0], ...more], lines.slice(2));
      assertEquals(fewer.missing, [[name("/a/1"), 1]], `${count}`);
    }
    assertEquals(
      reconciled([["/a/1", 200], ["/a/1", 404], ["/a/2", 0], ...more], [
        ["/a/1", 500],
        ["/a/1", 500],
      ]),
      { sightings: [SEEN, SEEN], ...AGREED },
    );
  });

  check("many attempts are counted", () => {
    for (const attempts of [61, 62, 63, 64, 1_001]) {
      const lines = Array.from({ length: attempts + 1 }, (_, k) => ["/a/1", k || 200] as const);
      const records = [["/a/1", 200, attempts], ["/a/2", 0], ...more] as const;
      const { sightings } = reconciled(records, lines);
      assertEquals(sightings.slice(0, -1), Array(attempts).fill(SEEN), `${attempts}`);
      assertEquals(sightings.at(-1), "repeated", `${attempts}`);
    }
  });
}

Deno.test("Ledger finds the same as maps for missing, repeated and changed lines", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = generator(seed);
    const pathOf = [
      (k: number) => `/${k}`,
      (k: number) => `/a/${k}/b?c=${k + 7}&d`,
      (k: number) => `/a/${k * 1_000_003}.html`,
      (k: number) => `/${(k * 7919).toString(36)}`,
      (k: number) => k % 50 === 0 ? "/same" : `/x${k}`,
    ][seed % 5];
    const records = Array.from(
      { length: random(6_000) },
      () => [pathOf(random(5_000)), [0, 200, 200, 404][random(4)], 1 + random(3)] as const,
    );
    const lines = Array.from(
      { length: random(12_000) },
      () => [pathOf(random(5_200)), [200, 404][random(2)]] as const,
    );
    const answers = new Map<string, number>();
    const room = new Map<string, number>();
    const statuses = new Map<string, Set<number>>();
    for (const [path, status, attempts] of records) {
      room.set(path, (room.get(path) ?? 0) + attempts);
      answers.set(path, (answers.get(path) ?? 0) + (status === 0 ? 0 : 1));
      if (!statuses.has(path)) statuses.set(path, new Set());
      if (status !== 0) statuses.get(path)!.add(status);
    }
    const logged = new Map<string, Set<number>>();
    let repeated = 0;
    let unknown = 0;
    for (const [path, status] of lines) {
      if (!room.has(path)) {
        unknown++;
        continue;
      }
      if (!logged.has(path)) logged.set(path, new Set());
      logged.get(path)!.add(status);
      if (room.get(path) === 0) repeated++;
      else room.set(path, room.get(path)! - 1);
      answers.set(path, Math.max(0, answers.get(path)! - 1));
    }
    let missing = 0;
    let other = 0;
    for (const [path, left] of answers) {
      missing += left;
      const [status, second] = statuses.get(path)!;
      if (left > 0 || status === undefined || second !== undefined) continue;
      if (!logged.get(path)!.has(status)) other++;
    }
    const found = reconciled(records, lines);
    const count = (what: string): number => found.sightings.filter((it) => it === what).length;
    assertEquals(
      [
        found.missing.reduce((sum, [, count]) => sum + count, 0),
        count("unknown"),
        count("repeated"),
        found.other.length,
      ],
      [missing, unknown, repeated, other],
      `seed ${seed}`,
    );
  }
});

const numberPlace = (...paths: string[]): NumberedPath | undefined =>
  NumberedPath.find(paths.map((path) => encoder.encode(path)));

for (
  const [paths, text, number] of [
    [["/0", "/17", "/5"], "/99", 99],
    [["/a/100/b", "/a/199/b"], "/a/2/b", 2],
    [["/v1/3.html?x=1", "/v1/4.html?x=1"], "/v1/123456789012345.html?x=1", 123456789012345],
    [["/10", "/20"], "/7", 7],
    [["/1", "/11"], "/111", 111],
    [["/0", "/17"], "/007", -1],
    [["/0", "/17"], "/1234567890123456", -1],
    [["/0", "/17"], "/", -1],
    [["/0", "/17"], "/1a", -1],
    [["/0?a", "/17?a"], "/17", -1],
  ] as const
) {
  Deno.test(`NumberedPath.parseNumber() is ${number} for ${text} among ${paths}`, () => {
    const { bytes, from, to } = path(text);
    const place = numberPlace(...paths)!;
    assertEquals(place.parseNumber({ bytes, from, to }), number);
    if (number >= 0) assertEquals(place.format(number), text);
  });
}

Deno.test("NumberedPath.find() is undefined when paths differ by more than a number", () => {
  for (
    const paths of [
      [],
      ["/a", "/b"],
      ["/1/1", "/2/2"],
      ["/01", "/02"],
      ["/1", "/x2"],
      ["/", "/1"],
      ["/1234567890123456", "/2"],
    ]
  ) {
    assertEquals(numberPlace(...paths), undefined, `${paths}`);
  }
});

Deno.test("PagedStateTable bounds its pages when numbers are far apart", () => {
  const states = new PagedStateTable();
  let taken = 0;
  for (let k = 0; k < 10_000; k++) {
    const number = k * 1e9;
    if (!states.reserve(number)) continue;
    states.set(number, 1 + k % 1_000);
    taken++;
  }
  assert(taken >= 256 && taken < 300, `${taken}`);
  assert(!states.reserve(1e15 - 1) && states.reserve(5));
  let sum = 0;
  states.forEach(() => sum++);
  assertEquals(sum, taken);
  assertEquals([states.get(3e9), states.get(3e9 + 1), states.get(1e15 - 1)], [4, 0, 0]);
});

Deno.test("PagedStateTable holds all numbers that are close together", () => {
  const states = new PagedStateTable();
  for (let number = 0; number < 20_000_000; number += 8) assert(states.reserve(number));
});

Deno.test("HashStateTable keeps its entries as it grows", () => {
  const states = new HashStateTable();
  const random = generator(1);
  const expected = new Map<string, [number, number, number]>();
  for (let k = 0; k < 100_000; k++) {
    const [low, high] = [random(2 ** 31) * 2 + random(2), random(2 ** 31) * 2 + random(2)];
    const state = 1 + random(65_535);
    states.set(low, high, state);
    expected.set(`${low} ${high}`, [low, high, state]);
    // Alike in one half only.
    assertEquals(states.get(low, (high + 1) % 2 ** 32), 0);
  }
  for (const [low, high, state] of expected.values()) assertEquals(states.get(low, high), state);
  let count = 0;
  states.forEach(() => count++);
  assertEquals(count, expected.size);
});

Deno.test("PathHash differs in all of its bits for different paths", () => {
  const hash = new PathHash();
  const seen = new Set<bigint>();
  const bits = new Float64Array(64);
  const COUNT = 200_000;
  for (let k = 0; k < COUNT; k++) {
    const bytes = encoder.encode(`x/a/${k}${"b".repeat(k % 5)}`);
    hash.update(bytes, 1, bytes.length);
    seen.add(BigInt(hash.low) << 32n | BigInt(hash.high));
    for (let bit = 0; bit < 32; bit++) {
      bits[bit] += hash.low >>> bit & 1;
      bits[32 + bit] += hash.high >>> bit & 1;
    }
  }
  assertEquals(seen.size, COUNT);
  // Nine standard deviations of a fair coin.
  for (const sum of bits) assert(Math.abs(sum - COUNT / 2) < 4.5 * Math.sqrt(COUNT), `${bits}`);
});
