import { assertEquals, assertStrictEquals } from "@std/assert";
import { Shortage } from "../../lib/engine/shortage.ts";

Deno.test("Shortage.begin() pauses once for all that ask in the meantime, and counts them", async () => {
  const shortage = new Shortage();
  assertEquals(shortage.isOn, false);
  const pause = shortage.begin("sockets");
  assertStrictEquals(shortage.begin("sockets"), pause);
  assertStrictEquals(shortage.begin("ports"), pause);
  assertEquals(shortage.isOn, true);
  await pause;
  assertEquals(shortage.isOn, false);
  assertEquals([...shortage.counts], [["sockets", 2], ["ports", 1]]);
  shortage.close();
});

Deno.test("Shortage.close() leaves no timer", () => {
  const shortage = new Shortage();
  shortage.begin("sockets");
  shortage.close();
});
