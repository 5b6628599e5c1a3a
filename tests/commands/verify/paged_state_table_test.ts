import { assert, assertEquals } from "@std/assert";
import { PagedStateTable } from "../../../lib/commands/verify/paged_state_table.ts";

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
