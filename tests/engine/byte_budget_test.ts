import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ByteBudget, createBudgetMemory } from "../../lib/engine/byte_budget.ts";

/** A time of the clock that all event loops have in common. */
const NOW = Date.UTC(2026, 0, 1);

Deno.test("ByteBudget.charge() puts off the next bytes by what is charged, at the rate", () => {
  const budget = new ByteBudget(1_000_000, createBudgetMemory(), "received");
  assert(budget.debtMs(NOW) <= 0);
  // Before that, nothing has gone for longer than the 50 ms that can be made up for.
  budget.charge(50_000, NOW);
  assertAlmostEquals(budget.debtMs(NOW), 0, 0.001);
  budget.charge(100_000, NOW);
  assertAlmostEquals(budget.debtMs(NOW), 100, 0.001);
  assertAlmostEquals(budget.debtMs(NOW + 30), 70, 0.001);
  budget.charge(10_000, NOW + 90);
  assertAlmostEquals(budget.debtMs(NOW + 90), 20, 0.001);
  // Idle again for a second: 50 ms of it count.
  budget.charge(1_000, NOW + 1_110);
  assertAlmostEquals(budget.debtMs(NOW + 1_110), -49, 0.001);
});

Deno.test("ByteBudget.charge() loses nothing of charges that are far smaller than a millisecond", () => {
  const budget = new ByteBudget(1e9, createBudgetMemory(), "sent");
  for (let i = 0; i < 100_000; i++) budget.charge(1_000, NOW);
  assertAlmostEquals(budget.debtMs(NOW), 50, 0.001);
});

Deno.test("budgets of one memory are one budget for each direction", () => {
  const memory = createBudgetMemory();
  const [one, other] = [1, 2].map(() => new ByteBudget(1_000, memory, "received"));
  const sent = new ByteBudget(1_000, memory, "sent");
  one.charge(1_050, NOW);
  other.charge(1_000, NOW);
  assertEquals([one, other].map((it) => Math.round(it.debtMs(NOW))), [2_000, 2_000]);
  assert(sent.debtMs(NOW) <= 0);
});
