import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";

const parse = async (argv: string[]): Promise<RunOptions> =>
  await parseRun([...argv, "http://localhost/"], "1") as RunOptions;

for (
  const [text, expected] of [
    ["500", 500],
    ["500/s", 500],
    ["30/m", 0.5],
    ["1/h", 1 / 3_600],
    ["2/ms", 2_000],
    ["0.5", 0.5],
    ["10k/s", 10_000],
    ["100000/s", 100_000],
  ] as const
) {
  Deno.test(`parseRun() reads --rate ${text}`, async () => {
    assertEquals((await parse(["-q", text])).rate, expected);
  });
}

Deno.test("parseRun() reads the flags that hold requests back", async () => {
  const argv = "--host-concurrency 2 --host-delay 1s --ramp-up 10s --give-up-after 1h";
  const options = await parse(argv.split(" "));
  const { hostConcurrency, hostDelayMs, rampUpMs, pauses, giveUpAfterMs } = options;
  assertEquals([hostConcurrency, hostDelayMs, rampUpMs], [2, 1_000, 10_000]);
  assertEquals([pauses, giveUpAfterMs], [true, 3_600_000]);
  assertEquals((await parse(["--no-pause"])).pauses, false);
  assertEquals(options.hostGiveUpMs, 60_000);
  assertEquals((await parse(["--host-give-up", "5s"])).hostGiveUpMs, 5_000);
  assertEquals((await parse(["--host-give-up", "never", "--no-pause"])).hostGiveUpMs, Infinity);
});

Deno.test("parseRun() reads --host-rate, which is a time between two starts, and --think", async () => {
  const { hostRate, hostDelayMs } = await parse(["--host-rate", "30/m"]);
  assertEquals([hostRate, hostDelayMs], [0.5, 2_000]);
  for (
    const [text, minMs, maxMs] of [
      ["500ms", 500, 500],
      ["1-3s", 1_000, 3_000],
      ["0-1.5m", 0, 90_000],
      ["500ms-2s", 500, 2_000],
    ] as const
  ) {
    assertEquals((await parse(["--think", text])).think, { minMs, maxMs }, text);
  }
});

Deno.test("parseRun() reads --threads, and says what it takes", async () => {
  assertEquals((await parse(["--threads", "3"])).threads, 3);
  const { threads } = await parse(["--threads", "auto"]);
  assertEquals(threads, Math.max(1, navigator.hardwareConcurrency - 1));
  for (const text of ["0", "257", "1.5", "all"]) {
    const error = await assertRejects(() => parse(["--threads", text]), UsageError);
    const expected = `Cannot read '--threads ${text}': use a whole number from 1 to 256, or auto`;
    assertEquals(error.message, expected);
  }
});

Deno.test("parseRun() reads the flags of retries", async () => {
  const argv = "--retries 3 --retry-on tls,5xx,429 --retry-delay 2m --retry-unsafe";
  const { retry } = await parse(argv.split(" "));
  const { retries, delayMs, maxDelayMs, unsafe } = retry;
  // The longest wait is never below the first.
  assertEquals([retries, delayMs, maxDelayMs, unsafe], [3, 120_000, 120_000, true]);
  assertEquals([...retry.on].sort(), [
    "429",
    ...Array.from({ length: 100 }, (_, k) => String(500 + k)),
    "tls",
  ]);
});

Deno.test("parseRun() makes retried statuses fail when retries are on", async () => {
  for (
    const [argv, failsOnStatus, expected] of [
      ["-n 1", false, undefined],
      ["--retries 0", false, undefined],
      ["--retries 1", true, undefined],
      ["--retry-on 503", true, undefined],
      ["--retries 1 --expect-status 2xx,503", true, "2xx,503"],
      // It names failures, not what the user waits for.
      ["--retries 1 --fail", true, undefined],
    ] as const
  ) {
    const { retry } = await parse(argv.split(" "));
    assertEquals([retry.failsOnStatus, retry.expected?.text], [failsOnStatus, expected], argv);
  }
});

for (
  const [argv, message] of [
    ["-q fast", "--rate fast"],
    ["-q 0", "above 0"],
    ["-q 5/d", "500/s"],
    ["-q 2000000", "--rate"],
    ["--retries -1", "--retries"],
    ["--retries 1 --retry-on 50x", "'50x'"],
    ["--retries 1 --retry-on url", "'url'"],
    ["--retry-delay 1s", "needs '--retries'"],
    ["--retry-unsafe", "needs '--retries'"],
    ["--host-concurrency 0", "from 1"],
    ["--host-delay 10", "unit"],
    ["--ramp-up 0", "1ms or more"],
    ["--no-pause --give-up-after 1s", "contradict"],
    ["--host-rate 0", "above 0"],
    ["--host-rate 5 --host-delay 1s", "contradict"],
    ["--think 3-1s", "begin with the shorter time"],
    ["--think 1-3", "use a number with its unit"],
    ["--think 0s", "use 1ms or more"],
    ["--think 0s-0s", "use 1ms or more"],
    ["--think 1s -q 5", "contradict"],
    ["--think 1s --stages 1s:5/s", "a rate does not wait for places"],
  ]
) {
  Deno.test(`parseRun() rejects "${argv}"`, async () => {
    const error = await assertRejects(() => parse(argv.split(" ")), UsageError);
    assertStringIncludes(error.message, message);
  });
}
