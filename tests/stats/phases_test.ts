import { assertEquals } from "@std/assert";
import { mapPhases } from "../../lib/stats/phases.ts";

Deno.test("mapPhases() keeps the order of phases, and leaves out what is undefined", () => {
  const made = mapPhases({ ttfb: 3, tls: 0, dns: 1 }, (value) => value > 0 ? value * 2 : undefined);
  assertEquals(JSON.stringify(made), '{"dns":2,"ttfb":6}');
});
