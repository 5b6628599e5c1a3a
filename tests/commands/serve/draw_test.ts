import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  drawDelay,
  drawStatus,
  parseDelay,
  parseStatuses,
  seedRandom,
} from "../../../lib/commands/serve/draw.ts";
import { UsageError } from "../../../lib/errors.ts";

Deno.test("parseDelay() reads a range, a fixed delay and zero", () => {
  assertEquals(parseDelay("0-3s"), { from: 0, to: 3, unitMs: 1000 });
  assertEquals(parseDelay("100-500ms"), { from: 100, to: 500, unitMs: 1 });
  assertEquals(parseDelay("50ms"), { from: 50, to: 50, unitMs: 1 });
  assertEquals(parseDelay("2-2m"), { from: 2, to: 2, unitMs: 60_000 });
  for (const none of ["0", "0s", "0-0ms"]) assertEquals(parseDelay(none).to, 0);
});

Deno.test("parseDelay() throws UsageError when the text is not a delay", () => {
  for (const text of ["", "3", "0-3", "3-0s", "-1s", "1.5s", "1s-2s", "1-2-3s", "s", " 1s", "1d"]) {
    assertThrows(() => parseDelay(text), UsageError, `--delay ${text}': use a whole number`);
  }
  assertThrows(() => parseDelay("501h"), UsageError, "use at most 500h");
});

Deno.test("seedRandom() gives mulberry32's numbers", () => {
  const random = seedRandom(1);
  const states = [random(), random(), random()].map((number) => number * 2 ** 32);
  assertEquals(states, [2693262067, 11749833, 2265367787]);
});

Deno.test("drawDelay() draws whole units evenly, both ends included", () => {
  const delay = parseDelay("0-3s");
  assertEquals(drawDelay(delay, 0), 0);
  assertEquals(drawDelay(delay, 1 - 2 ** -32), 3000);
  const counts = new Map<number, number>();
  const random = seedRandom(7);
  for (let k = 0; k < 40_000; k++) {
    const ms = drawDelay(delay, random());
    counts.set(ms, (counts.get(ms) ?? 0) + 1);
  }
  assertEquals([...counts.keys()].sort(), [0, 1000, 2000, 3000]);
  for (const count of counts.values()) assert(Math.abs(count - 10_000) < 300, `${count}`);
  assertEquals(drawDelay(parseDelay("50ms"), 0.99), 50);
});

Deno.test("drawStatus() draws by weight", () => {
  const statuses = parseStatuses("200:98,500:1,429:1,404:0");
  assertEquals(drawStatus(statuses, 0), 200);
  assertEquals(drawStatus(statuses, 0.985), 500);
  assertEquals(drawStatus(statuses, 1 - 2 ** -32), 429);
  const counts: Record<number, number> = {};
  const random = seedRandom(7);
  for (let k = 0; k < 100_000; k++) {
    const status = drawStatus(statuses, random());
    counts[status] = (counts[status] ?? 0) + 1;
  }
  assertEquals(Object.keys(counts), ["200", "429", "500"]);
  assert(Math.abs(counts[500] - 1000) < 150 && Math.abs(counts[429] - 1000) < 150);
});

Deno.test("parseStatuses() throws UsageError when the text is not a list of statuses", () => {
  for (const text of ["", "99", "101", "600", "ok", "200:", "200:0", "200,", "200:-1", "200:1.5"]) {
    assertThrows(() => parseStatuses(text), UsageError, `--status ${text}': use a status`);
  }
});
