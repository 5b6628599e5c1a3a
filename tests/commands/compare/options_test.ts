import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseCompare } from "../../../lib/commands/compare/options.ts";
import { STRATEGIES } from "../../../lib/commands/compare/strategies.ts";
import { UsageError } from "../../../lib/errors.ts";

Deno.test("parseCompare() has the defaults of the contract, counts ascending", () => {
  const { memoryLimitBytes: _, ...options } = parseCompare([]) as Exclude<
    ReturnType<typeof parseCompare>,
    "help"
  >;
  assertEquals(options, {
    requests: [10, 100, 10_000],
    strategies: Object.keys(STRATEGIES),
    concurrency: 1000,
    delay: "0-3s",
    timeLimitMs: 600_000,
    plot: undefined,
    json: false,
  });
  const given = parseCompare(["-n", "1M,10,1e3,10", "-c5", "--memory-limit", "1G"]);
  assertEquals(given !== "help" && given.requests, [10, 1000, 1_000_000]);
  assertEquals(given !== "help" && given.memoryLimitBytes, 2 ** 30);
  assertEquals(parseCompare(["-h"]), "help");
});

Deno.test("parseCompare() says what is wrong and how to fix it", () => {
  for (
    const [args, message] of [
      [["x"], "Cannot compare 'x': use flags only"],
      [["-n", "10,x"], "Cannot read '--requests x'"],
      [["-n", "0"], "Cannot read '--requests 0'"],
      [["-n", Array.from({ length: 21 }, (_, k) => k + 1).join()], "has 21 numbers"],
      [["--strategies", "sync,toString"], "There is no strategy 'toString': use some of sync"],
      [["--plot", "x.png"], "ends in .svg or .html"],
      [["--time-limit", "0"], "Cannot use '--time-limit 0': use 1ms or more"],
      [["--delay", "3"], "Cannot read '--delay 3'"],
      [["--memory-limit", "much"], "Cannot read '--memory-limit much'"],
    ] as const
  ) {
    const error = assertThrows(() => parseCompare(args), UsageError);
    assert(error.message.includes(message), error.message);
  }
});
