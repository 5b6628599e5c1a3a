import { assertEquals } from "@std/assert";
import { Ledger } from "../../../lib/commands/verify/ledger.ts";
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
