import { assertEquals } from "@std/assert";
import { HashStateTable } from "../../../lib/commands/verify/hash_state_table.ts";
import { generator } from "../../fixtures/random_json.ts";

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
