import { assertEquals } from "@std/assert";
import { formatMs } from "../../lib/output/record.ts";
import { Dice } from "../fixtures/dice.ts";

Deno.test("formatMs() gives three decimals at most, for any number", () => {
  for (
    const ms of [0, -0, 0.0004, 0.0005, 0.001, 0.01, 0.1, 1, 1.5, 999.9996, 1e6, 2 ** 40, -1.5]
  ) {
    assertEquals(formatMs(ms), `${Math.round(ms * 1000) / 1000}`);
  }
  const dice = new Dice(17);
  for (let k = 0; k < 10_000; k++) {
    const ms = dice.below(1e9) / 10 ** dice.below(9);
    assertEquals(formatMs(ms), `${Math.round(ms * 1000) / 1000}`);
  }
});
