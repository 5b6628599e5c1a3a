import { assertEquals } from "@std/assert";
import { Outstanding } from "../../lib/cluster/outstanding.ts";

const slice = (id: string) => ({ id, count: 1, runs: [0, 1], block: undefined });
const NEW = { group: undefined, isRedone: false };

Deno.test("Outstanding is full with 200 slices", () => {
  const outstanding = new Outstanding();
  for (let k = 0; k < 199; k++) outstanding.add(slice(`${k}`), NEW);
  assertEquals([outstanding.size, outstanding.isFull], [199, false]);
  outstanding.add(slice("199"), NEW);
  assertEquals(outstanding.isFull, true);
  outstanding.delete("7");
  assertEquals([outstanding.isFull, outstanding.has("7"), outstanding.has("8")], [
    false,
    false,
    true,
  ]);
});

Deno.test("Outstanding.takeOld() gives a slice again only after the same time", () => {
  const outstanding = new Outstanding();
  outstanding.add(slice("a"), NEW);
  const { sinceMs } = outstanding.get("a")!;
  const takeOld = (now: number): string[] =>
    outstanding.takeOld(now, 1_000).map(({ slice: { id } }) => id);
  assertEquals(takeOld(sinceMs + 1_000), []);
  assertEquals(takeOld(sinceMs + 1_001), ["a"]);
  assertEquals(takeOld(sinceMs + 2_001), []);
  assertEquals(takeOld(sinceMs + 2_002), ["a"]);
});
