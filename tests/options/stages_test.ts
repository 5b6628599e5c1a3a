import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";

const parse = async (argv: readonly string[]): Promise<RunOptions> =>
  await parseRun([...argv, "http://localhost/{}"], "1") as RunOptions;

Deno.test("parseRun() reads the stages of a rate, which has no bound of requests", async () => {
  const options = await parse(["--stages", "30s:100/s,0:1k/s,2m:30/m,1h:0"]);
  assertEquals(options.stages, {
    of: "rate",
    steps: [
      { ms: 30_000, to: 100 },
      { ms: 0, to: 1_000 },
      { ms: 120_000, to: 0.5 },
      { ms: 3_600_000, to: 0 },
    ],
    lengthMs: 3_750_000,
  });
  const { rate, concurrency, requests, durationMs } = options;
  assertEquals([rate, concurrency, requests, durationMs], [1_000, 100, Infinity, undefined]);
});

Deno.test("parseRun() reads the stages of a concurrency", async () => {
  const { stages, rate, concurrency } = await parse(["--stages", "30s:1k, 5m:50, 10s:0"]);
  assertEquals([stages!.of, rate, concurrency], ["concurrency", undefined, 1_000]);
});

for (
  const [argv, message] of [
    ["--stages x", "'x' is not a stage: use a duration, a colon and a level, like 30s:100/s"],
    ["--stages 1s:5,", "'' is not a stage"],
    ["--stages 5/s:1s", "'5/s:1s' is not a stage: use a duration, a colon and a level"],
    ["--stages 1s:5:6", "'1s:5:6' is not a stage"],
    ["--stages 1x:5", "use a number with its unit"],
    ["--stages 1s:-5", "use a whole number from 0"],
    ["--stages 1s:5/y", "500/s"],
    ["--stages 1s:2000001", "from 0 to 1000000"],
    ["--stages 1s:5,1s:5/s", "but not both"],
    ["--stages 1s:0,1s:0", "use a level above 0"],
    ["--stages 0s:5", "use a time of 1ms or more"],
    [`--stages ${"1s:5,".repeat(1_000)}1s:5`, "at most 1000 stages"],
    ["--stages 1s:5/s -q 5", "contradict"],
    ["--stages 1s:5 --ramp-up 1s", "contradict"],
    ["--warm-up 2s -z 2s", "Cannot use '--warm-up': '--duration' includes it"],
    ["--warm-up 2s -z 3s --stages 1s:5", "Cannot use '--warm-up': '--stages' includes it"],
    ["--warm-up 2s --retry-failed -o out.ndjson", "contradict"],
    ["--stages 1s:5 -c 5", "'--stages' with numbers of requests in flight and '--concurrency'"],
  ]
) {
  Deno.test(`parseRun() rejects "${argv.slice(0, 60)}"`, async () => {
    const error = await assertRejects(() => parse(argv.split(" ")), UsageError);
    assertStringIncludes(error.message, message);
  });
}
