import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { COMPARE_HELP, parseCompare } from "../../../lib/commands/compare/options.ts";
import { formatComparisonPage, plotComparison } from "../../../lib/commands/compare/plot.ts";
import {
  formatComparison,
  formatComparisonJson,
  formatTrial,
} from "../../../lib/commands/compare/report.ts";
import { Semaphore } from "../../../lib/commands/compare/semaphore.ts";
import { findSkipReason } from "../../../lib/commands/compare/skip_reason.ts";
import { STRATEGIES } from "../../../lib/commands/compare/strategies.ts";
import type { StrategyResult } from "../../../lib/commands/compare/strategy.ts";
import type { Conditions, Trial } from "../../../lib/commands/compare/trial.ts";
import { DelayServer } from "../../../lib/commands/serve/delay_server.ts";
import { UsageError } from "../../../lib/errors.ts";
import { folder } from "../../fixtures/folder.ts";
import { descendants, isRunning } from "../../fixtures/processes.ts";
import { finish, myriad, readUntil, start } from "../../fixtures/program.ts";
import { turn } from "../../fixtures/turn.ts";
import { until } from "../../fixtures/until.ts";

/** What a strategy did to a source and to requests that end when they are told to. */
class Watched {
  pulled = 0;
  readonly taken: number[] = [];
  mostInFlight = 0;
  /** The most that were pulled and not taken. */
  mostHeld = 0;
  readonly #inFlight = new Map<number, (answer: StrategyResult) => void>();

  async run(name: string, requests: number, concurrency: number): Promise<void> {
    const strategy = await STRATEGIES[name].load();
    const done = strategy({
      urls: this.#urls(requests),
      concurrency,
      request: (url) => this.#request(Number(url)),
      onResult: ({ status }) => {
        this.taken.push(status!);
      },
    });
    let isOver = false;
    done.finally(() => isOver = true);
    while (!isOver) {
      // The newest first, so that nothing can lean on the order.
      const newest = [...this.#inFlight.keys()].at(-1);
      if (newest !== undefined) {
        const answer = this.#inFlight.get(newest)!;
        this.#inFlight.delete(newest);
        answer({ status: newest });
      }
      await turn();
    }
    await done;
  }

  *#urls(requests: number): Generator<string> {
    for (let number = 0; number < requests; number++) {
      this.pulled++;
      this.mostHeld = Math.max(this.mostHeld, this.pulled - this.taken.length);
      yield `${number}`;
    }
  }

  #request(number: number): Promise<StrategyResult> {
    const { promise, resolve } = Promise.withResolvers<StrategyResult>();
    this.#inFlight.set(number, resolve);
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight.size);
    return promise;
  }
}

const OVER_FETCH = Object.keys(STRATEGIES).filter((name) => name !== "http1");

for (const name of OVER_FETCH) {
  Deno.test(`strategy ${name} takes each response once, within its concurrency`, async () => {
    const watched = new Watched();
    await watched.run(name, 40, 7);
    assertEquals(watched.taken.toSorted((a, b) => a - b), Array.from({ length: 40 }, (_, k) => k));
    assertEquals(watched.mostInFlight, name === "sync" ? 1 : 7);
  });

  Deno.test(`strategy ${name} ends when there are fewer requests than its concurrency`, async () => {
    for (const requests of [0, 1, 3]) {
      const watched = new Watched();
      await watched.run(name, requests, 7);
      assertEquals(watched.taken.length, requests);
    }
  });
}

Deno.test("only semaphore creates all promises first; only pooled-map holds results back", async () => {
  const held: Record<string, number> = {};
  for (const name of OVER_FETCH) {
    const watched = new Watched();
    await watched.run(name, 40, 7);
    held[name] = watched.mostHeld;
  }
  assertEquals(held.semaphore, 40);
  // The oldest is answered last.
  assert(held["pooled-map"] > 20, `${held["pooled-map"]}`);
  for (const name of ["sync", "semaphore-first", "batches", "race", "workers", "as-completed"]) {
    assert(held[name] <= 8, `${name}: ${held[name]}`);
  }
});

Deno.test("strategy http1 takes each response once, with an engine of its own", async () => {
  await using server = await DelayServer.start({});
  const statuses: (number | null)[] = [];
  const run = await STRATEGIES.http1.load();
  await run({
    urls: Array.from({ length: 50 }, (_, k) => `${server.url}${k}`),
    concurrency: 5,
    request: () => Promise.reject(new Error("it has an engine of its own")),
    onResult: ({ status }) => {
      statuses.push(status);
    },
  });
  assertEquals(statuses, Array.from({ length: 50 }, () => 200));
});

Deno.test("Semaphore grants permits in the order of the requests", async () => {
  const permits = new Semaphore(2);
  const order: number[] = [];
  const holders = [0, 1, 2, 3, 4].map(async (k) => {
    await permits.acquire();
    order.push(k);
  });
  await Promise.all(holders.slice(0, 2));
  assertEquals(order, [0, 1]);
  permits.release();
  await holders[2];
  permits.release();
  permits.release();
  await Promise.all(holders);
  assertEquals(order, [0, 1, 2, 3, 4]);
  for (let k = 0; k < 2; k++) permits.release();
  await permits.acquire();
  await permits.acquire();
  let isThird = false;
  const third = permits.acquire().then(() => isThird = true);
  await Promise.resolve();
  assertEquals(isThird, false);
  permits.release();
  await third;
});

const finished = (strategy: string, requests: number, more: Partial<Trial> = {}): Trial => ({
  strategy,
  requests,
  outcome: "finished",
  answered: requests,
  failed: 0,
  seconds: 17.86,
  cpuSeconds: 6.79,
  peakKb: 46_780,
  ...more,
} as Trial);

Deno.test("findSkipReason() skips only trials that are far beyond a limit", () => {
  const limits = { concurrency: 1000, timeLimitMs: 600_000 };
  const sync = { ...limits, concurrency: 1 };
  const before = (requests: number, seconds: number): Trial[] => [
    finished("x", requests, { seconds }),
  ];
  // Nothing is known.
  assertEquals(findSkipReason(1e9, [], limits), undefined);
  // 10 and 10,000 are one and ten rounds of a pool.
  assertEquals(findSkipReason(10_000, before(10, 3), limits), undefined);
  // One by one, 150 s for 100 are over four hours for 10,000.
  assertMatch(findSkipReason(10_000, before(100, 150), sync)!, /time limit/);
  // Up to twice the limit it is tried, since nobody knows.
  assertEquals(findSkipReason(800, before(100, 150), sync), undefined);
  assertMatch(findSkipReason(801, before(100, 150), sync)!, /time limit/);
  const stopped: Trial = {
    ...{ strategy: "x", requests: 10_000, outcome: "stopped" },
    ...{ limit: "memory", seconds: 9, peakKb: 9e6 },
  };
  assertEquals(
    findSkipReason(1e6, [...before(10, 3), stopped], limits),
    "did not get through 10,000",
  );
});

const TRIALS: Trial[] = [
  finished("sync", 10, { peakKb: 40_000, seconds: 15.5, cpuSeconds: 0.1 }),
  finished("http1", 10, { peakKb: 41_000, seconds: 3.02, cpuSeconds: 0.08 }),
  { strategy: "sync", requests: 10_000, outcome: "not run", why: "would take far longer" },
  {
    ...{ strategy: "semaphore", requests: 10_000, outcome: "stopped" },
    ...{ limit: "memory", seconds: 93.4, peakKb: 12_582_912 },
  },
  {
    ...{ strategy: "race", requests: 10_000, outcome: "broken" },
    ...{ seconds: 1, why: "\x1b[2Jerror </pre><script>" },
  },
  finished("http1", 10_000, { failed: 3, answered: 9_997 }),
];

const CONDITIONS: Conditions = {
  concurrency: 1000,
  delay: "0-3s",
  memoryLimitBytes: 12 * 2 ** 30,
  timeLimitMs: 600_000,
};

Deno.test("formatTrial() shows memory and time in the experiment's units", () => {
  assertEquals(TRIALS.map(formatTrial), [
    "sync                     10  Memory usage: 41.0 MB  Time: 15.50 seconds  CPU usage: 1%",
    "http1                    10  Memory usage: 42.0 MB  Time: 3.02 seconds  CPU usage: 3%",
    "sync                 10,000  not run: would take far longer",
    "semaphore            10,000  stopped at the memory limit, after 93.40 s, at 12.9 GB",
    "race                 10,000  broke off after 1.00 s: \\x1b[2Jerror </pre><script>",
    "http1                10,000  Memory usage: 47.9 MB  Time: 17.86 seconds  CPU usage: 38%" +
    "  3 failed",
  ]);
});

Deno.test("formatComparison() marks the best strategies of those with all responses", () => {
  const text = formatComparison(TRIALS, { color: false });
  assertEquals(
    text,
    `10 requests
  strategy          peak memory         time         CPU   of a CPU    failed
  sync                  41.0 MB *    15.50 s      0.10 s        1 %         0
  http1                 42.0 MB       3.02 s *    0.08 s *      3 %         0

10,000 requests
  strategy          peak memory         time         CPU   of a CPU    failed
  sync               not run: would take far longer
  semaphore          stopped at the memory limit, after 93.40 s, at 12.9 GB
  race               broke off after 1.00 s: \\x1b[2Jerror </pre><script>
  http1                 47.9 MB      17.86 s      6.79 s       38 %         3

* the best of the column
`,
  );
  assertEquals(Math.max(...text.split("\n").map((line) => line.length)) <= 80, true);
  assert(formatComparison(TRIALS, { color: true }).includes("\x1b[32m"));
});

Deno.test("formatComparisonJson() has every trial, without values that were not measured", () => {
  const { trials, ...rest } = JSON.parse(formatComparisonJson(TRIALS, CONDITIONS, "1.2.3"));
  assertEquals(rest.concurrency, 1000);
  assertEquals(rest.cores, navigator.hardwareConcurrency);
  assertEquals(trials[1], {
    ...{ strategy: "http1", requests: 10, outcome: "finished", answered: 10, failed: 0 },
    ...{ seconds: 3.02, cpu_seconds: 0.08, cpu_share: 0.026, peak_rss_kb: 41_000 },
  });
  assertEquals(trials[2], {
    ...{ strategy: "sync", requests: 10_000, outcome: "not run", why: "would take far longer" },
  });
  assertEquals(trials[3].limit, "memory");
});

Deno.test("plotComparison() draws a line for each strategy, and a cross where it was stopped", () => {
  const svg = plotComparison(TRIALS);
  assertEquals(svg.match(/<g /g)?.length, 2);
  for (const name of ["sync", "semaphore", "http1"]) assert(svg.includes(`>${name}</text>`), name);
  assert(!svg.includes(">race<"));
  assertEquals(svg.match(/m-5 -5l10 10/g)?.length, 2);
  assert(!/NaN|Infinity|undefined/.test(svg));
});

Deno.test("formatComparisonPage() escapes what a client printed", () => {
  const page = formatComparisonPage(TRIALS, { ...CONDITIONS, delay: "<b>" });
  assert(!page.includes("<script>"));
  assert(!page.includes("<b>"));
  assert(page.includes("\\x1b[2Jerror &lt;/pre&gt;&lt;script&gt;"));
});

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

const PERMISSIONS = ["--allow-run", "--allow-write", "--allow-sys=systemMemoryInfo"];

Deno.test("compare measures each strategy in its own process, and prints JSON", async () => {
  await using dir = await folder();
  const plot = dir.path("plot.svg");
  const args = ["compare", "-n", "3,12", "-c", "4", "--delay", "0", "--json", "--plot", plot];
  const { code, stdout, stderr } = await myriad(args, { permissions: PERMISSIONS });
  assertEquals(code, 0, stderr);
  const { trials } = JSON.parse(stdout);
  const names = Object.keys(STRATEGIES);
  assertEquals(
    trials.map(({ strategy, requests }: Trial) => [strategy, requests]),
    [3, 12].flatMap((requests) => names.map((name) => [name, requests])),
  );
  for (const trial of trials) {
    assertEquals([trial.outcome, trial.answered], ["finished", trial.requests], trial.strategy);
    assert(trial.peak_rss_kb > 20_000, `${trial.peak_rss_kb}`);
    assert(trial.cpu_seconds > 0 && trial.seconds > 0);
  }
  assertEquals(stderr.trim().split("\n").length, 2 * names.length);
  assert((await Deno.readTextFile(plot)).startsWith("<svg "));
});

Deno.test("compare stops a strategy beyond a limit, and skips its larger counts", async () => {
  const args = ["compare", "-n", "1,10", "-c", "4", "--delay", "60s", "--strategies", "workers"];
  for (const limit of [["--time-limit", "600ms"], ["--memory-limit", "20M"]]) {
    const { code, stdout } = await myriad([...args, ...limit], { permissions: PERMISSIONS });
    assertEquals(code, 0);
    const what = limit[0] === "--time-limit" ? "time" : "memory";
    assertMatch(stdout, new RegExp(`workers +1  stopped at the ${what} limit, after`));
    assertMatch(stdout, /workers +10 {2}not run: did not get through 1\n/);
  }
});

Deno.test("compare fails before its first trial when a permission is missing", async () => {
  const { code, stderr } = await myriad(["compare"], { permissions: [] });
  assertEquals([code, stderr.includes("--allow-sys=systemMemoryInfo")], [2, true], stderr);
  const limited = await myriad(["compare", "--memory-limit", "1G"], { permissions: [] });
  assertEquals(limited.code, 2);
  assert(limited.stderr.includes("run with --allow-run"), limited.stderr);
  const unwritable = await myriad(["compare", "--plot", "/nonexistent/x.svg"], {
    permissions: PERMISSIONS,
  });
  assertEquals(unwritable.code, 2, unwritable.stderr);
  assert(unwritable.stderr.includes("Cannot write '--plot /nonexistent/x.svg'"));
});

for (const to of ["it alone", "all that it has started, as Ctrl-C is"]) {
  Deno.test(`compare leaves no process behind when a signal is sent to ${to}`, async () => {
    await using child = start(
      ["compare", "-n", "1,2,3,4,5", "-c", "4", "--delay", "2s", "--strategies", "workers,race"],
      { permissions: PERMISSIONS, detached: true },
    );
    const seen = await readUntil(child.stdout, "workers");
    let children: number[] = [];
    // A server and a client, each with its shell.
    await until(async () => (children = await descendants(child.pid)).length === 4);
    Deno.kill(to === "it alone" ? child.pid : -child.pid, "SIGINT");
    const { code, stdout } = await finish(child);
    assertEquals(code, 130);
    assertMatch(seen + stdout, /1 request\n.*\n {2}workers/);
    for (const pid of children) await until(async () => !(await isRunning(pid)));
  });
}

Deno.test("compare --help names every strategy", async () => {
  const { code, stdout } = await myriad(["compare", "--help"], { permissions: [] });
  assertEquals([code, stdout], [0, COMPARE_HELP]);
  for (const name of Object.keys(STRATEGIES)) assert(stdout.includes(`  ${name} `), name);
});
