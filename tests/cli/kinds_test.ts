import { assertEquals, assertThrows } from "@std/assert";
import { duration } from "../../lib/cli/kinds.ts";
import { UsageError } from "../../lib/errors.ts";

Deno.test("duration() reads milliseconds from 1, up to a bound in hours", () => {
  const kind = duration(500);
  assertEquals(["1ms", "1.5s", "500h"].map((text) => kind.read(text, "--x")), [1, 1_500, 1.8e9]);
  for (
    const [text, words] of [
      ["500.1h", "Cannot use '--x 500.1h': use at most 500h"],
      ["0.5ms", "Cannot use '--x 0.5ms': use 1ms or more"],
      ["1d", "Cannot read '--x 1d': use a number with its unit"],
    ]
  ) assertThrows(() => kind.read(text, "--x"), UsageError, words);
  assertEquals(duration().read("10000h", "--x"), 3.6e10);
});
