import { assert, assertEquals } from "@std/assert";
import { Leases } from "../../lib/cluster/leases.ts";
import { lease } from "../fixtures/slices.ts";

Deno.test("Leases keep what is held, until it is acknowledged, given back or dropped", () => {
  const leases = new Leases();
  const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => lease(id));
  for (const one of [a, b, c, d]) assert(leases.add(one));
  assertEquals(leases.size, 4);
  leases.drop("d");
  leases.keep();
  leases.acknowledge("a");
  leases.giveBack("b");
  leases.giveBack("b");
  leases.keep();
  assertEquals(a.said, ["keep", "acknowledge"]);
  assertEquals(b.said, ["keep", "give back"]);
  assertEquals(c.said, ["keep", "keep"]);
  assertEquals(d.said, []);
  assertEquals(leases.size, 1);
});

Deno.test("a slice that comes again while it is held is one slice, by its last delivery", () => {
  const leases = new Leases();
  const [first, second] = [lease("a"), lease("a")];
  assert(leases.add(first));
  assert(!leases.add(second));
  assertEquals(leases.size, 1);
  leases.keep();
  leases.acknowledge("a");
  assertEquals([first.said, second.said], [[], ["keep", "acknowledge"]]);
  assert(leases.add(lease("a")));
});
