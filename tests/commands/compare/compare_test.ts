import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatHelp } from "../../../lib/cli/format_help.ts";
import { COMPARE_HELP } from "../../../lib/commands/compare/options.ts";
import { STRATEGIES } from "../../../lib/commands/compare/strategies.ts";
import type { Trial } from "../../../lib/commands/compare/trial.ts";
import { folder } from "../../fixtures/folder.ts";
import { descendants, isRunning } from "../../fixtures/processes.ts";
import { finish, myriad, readUntil, start } from "../../fixtures/program.ts";
import { until } from "../../fixtures/until.ts";

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
  assertEquals([code, stdout], [0, formatHelp(COMPARE_HELP)]);
  for (const name of Object.keys(STRATEGIES)) assert(stdout.includes(`  ${name} `), name);
});
