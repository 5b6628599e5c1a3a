import { assert, assertEquals } from "@std/assert";
import { ByteBudget, createBudgetMemory } from "../../../lib/engine/byte_budget.ts";
import { Turns } from "../../../lib/engine/transport/turns.ts";
import { SimulatedClock } from "../../fixtures/simulated_clock.ts";

const DAY = 86_400_000;

Deno.test("Turns waits for a debt of 40 days, and looks at it once a minute at most", async () => {
  using clock = new SimulatedClock(0, DAY);
  const budget = new ByteBudget(1, createBudgetMemory(), "sent");
  const granted: string[] = [];
  const turns = new Turns<string>(budget, (item) => granted.push(item), 1);
  assert(turns.charge(40 * DAY / 1_000));
  turns.wait("next");
  await clock.to(DAY / 24);
  // A timer of 2^31 ms fires at once: each millisecond would have had a look.
  assertEquals([granted, clock.fired <= 61], [[], true]);
  turns.close();
});
