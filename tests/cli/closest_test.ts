import { assertEquals } from "@std/assert";
import { closest } from "../../lib/cli/closest.ts";
import { RUN_FLAGS } from "../../lib/options/table.ts";

Deno.test("closest() finds a near name, and nothing for a distant one", () => {
  const names = RUN_FLAGS.map(({ name }) => name);
  for (
    const [given, meant] of [
      ["concurency", "concurrency"],
      ["conc", "concurrency"],
      ["timeot", "timeout"],
      ["tiemout", "timeout"],
      ["request", "requests"],
      ["retires", "retries"],
      ["threshhold", "threshold"],
      ["save-bodys", "save-bodies"],
      ["re", undefined],
      ["expect", undefined],
      ["x", undefined],
      ["", undefined],
      ["constructor", undefined],
      // Otherwise this would take seconds.
      ["x".repeat(1_000_000), undefined],
    ] as const
  ) {
    assertEquals(closest(given, names), meant, given.slice(0, 20));
  }
});
