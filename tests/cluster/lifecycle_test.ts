import { assertEquals, assertRejects } from "@std/assert";
import { Lifecycle } from "../../lib/cluster/lifecycle.ts";
import { BusError } from "../../lib/errors.ts";

const away = (): Promise<never> => Promise.reject(new BusError("no answer", "away"));

Deno.test("Lifecycle goes from running over stopping to over, and wakes whoever waits", async () => {
  const lifecycle = new Lifecycle();
  const states = () => [lifecycle.isStopping, lifecycle.isOver];
  assertEquals(states(), [false, false]);
  const stopped = lifecycle.change();
  assertEquals([lifecycle.stop(), lifecycle.stop()], [true, false]);
  await stopped;
  assertEquals(states(), [true, false]);
  const ended = lifecycle.change(60_000);
  lifecycle.end();
  await ended;
  assertEquals(states(), [true, true]);
});

Deno.test("Lifecycle.change() settles after a time without a change", async () => {
  await new Lifecycle().change(1);
});

Deno.test("Lifecycle.breakDown() keeps the first reason", () => {
  const lifecycle = new Lifecycle();
  const first = new BusError("first", "failed");
  lifecycle.breakDown(first);
  lifecycle.breakDown(new BusError("second", "failed"));
  assertEquals(lifecycle.breakdown, first);
});

Deno.test("Lifecycle.persist() tries again while the bus is away", async () => {
  let tries = 0;
  const act = () => ++tries === 2 ? Promise.resolve("done") : away();
  assertEquals(await new Lifecycle().persist(act), "done");
  assertEquals(tries, 2);
});

Deno.test("Lifecycle.persist() throws at once what does not mend by itself", async () => {
  const denied = new BusError("no permission", "denied");
  const lifecycle = new Lifecycle();
  const thrown = await assertRejects(() => lifecycle.persist(() => Promise.reject(denied)));
  assertEquals(thrown, denied);
});

Deno.test("Lifecycle.persist() throws the breakdown of a run that cannot go on", async () => {
  const lifecycle = new Lifecycle();
  const reason = new BusError("the run is lost", "failed");
  lifecycle.breakDown(reason);
  assertEquals(await assertRejects(() => lifecycle.persist(away)), reason);
});

Deno.test("Lifecycle.persist() does not try again once the run is over", async () => {
  const lifecycle = new Lifecycle();
  lifecycle.end();
  await assertRejects(() => lifecycle.persist(away), BusError, "no answer");
});
