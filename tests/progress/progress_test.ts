import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { isLarge, looksLong } from "../../lib/progress/auto_display.ts";
import { Progress, type ProgressOptions } from "../../lib/progress/progress.ts";
import type { Snapshot } from "../../lib/stats/snapshot.ts";
import { sceneOf, SNAPSHOT } from "../fixtures/live_scene.ts";
import { Terminal } from "../fixtures/terminal.ts";

/** A run in front of a terminal, in time that stands still until it is moved. */
class Stage {
  readonly terminal: Terminal;
  progress!: Progress;
  ms = 0;
  writes = 0;
  snapshot: Snapshot = { ...SNAPSHOT, requests: 0, failed: 0, total: 1000, errors: {} };
  /** What `write` gives; by default it is done at once. */
  answer: () => Promise<void> | void = () => {};

  static async start(
    mode: ProgressOptions["mode"],
    size = { columns: 80, rows: 24 },
    durationMs?: number,
  ): Promise<Stage> {
    const stage = new Stage(size);
    stage.progress = await Progress.open({
      mode,
      size: () => stage.terminal.size,
      color: true,
      durationMs,
      write: (bytes) => {
        stage.writes++;
        stage.type(new TextDecoder().decode(bytes));
        return stage.answer();
      },
      takeSnapshot: () => stage.snapshot,
      now: () => stage.ms,
      stuckMs: 1,
    });
    stage.progress.start();
    return stage;
  }

  private constructor(size: { columns: number; rows: number }) {
    this.terminal = new Terminal(size);
  }

  /** Writes as through a terminal's driver, which begins a line at its beginning. */
  type(text: string): void {
    this.terminal.write(text.replaceAll("\n", "\r\n"));
  }

  /** So much later, so many requests more. */
  async tick(ms: number, requests: number): Promise<void> {
    this.ms += ms;
    this.snapshot = { ...this.snapshot, requests: this.snapshot.requests + requests };
    this.progress.tick();
    await settled();
  }

  get isLive(): boolean {
    return this.terminal.screen.some((line) => line.startsWith("in flight"));
  }
}

/** Lets everything go on that waits for nothing but promises. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

Deno.test("Progress leaves the last live view on the terminal when it stops", async () => {
  const stage = await Stage.start("live");
  await stage.tick(200, 10);
  await stage.tick(200, 10);
  const last = { ...stage.snapshot, requests: 1000, succeeded: 1000 };
  await stage.progress.stop(last);
  stage.type("next\n");
  const { everything } = stage.terminal;
  assertMatch(everything[0], /^\[#{20}\] 1,000\/1,000 {2}100 % /);
  assertEquals(everything.filter((line) => line.startsWith("[")).length, 1);
  assertEquals(everything.slice(-2), ["", "next"]);
  await stage.progress.stop(last);
  assertEquals(stage.terminal.everything, everything);
});

Deno.test("Progress writes nothing when no live view was drawn", async () => {
  const stage = await Stage.start("live");
  await stage.progress.stop(SNAPSHOT);
  assertEquals(stage.writes, 0);
});

Deno.test("Progress writes nothing when the view stays the same", async () => {
  const stage = await Stage.start("live");
  await stage.tick(200, 0);
  await stage.tick(0, 0);
  assertEquals(stage.writes, 1);
  await stage.tick(200, 5);
  assertEquals(stage.writes, 2);
  await stage.progress.stop();
});

Deno.test("Progress.say() leaves a line above the live view, and above a bar", async () => {
  for (const mode of ["live", "bar"] as const) {
    const stage = await Stage.start(mode);
    stage.progress.say("before");
    await settled();
    await stage.tick(200, 10);
    stage.progress.say("in the middle");
    await settled();
    await stage.tick(200, 10);
    const { everything } = stage.terminal;
    assertEquals(everything.slice(0, 2), ["before", "in the middle"], mode);
    assertMatch(everything[2], /20\/1,000/);
    assertEquals(everything.filter((line) => line.includes("/1,000")).length, 1);
    // Which is out of sight, above a view as high as the terminal.
    assertEquals(
      stage.terminal.screen.filter((line) => /before|in the middle/.test(line)),
      mode === "live"
        ? ["notice     before", "           in the middle"]
        : ["before", "in the middle"],
    );
    await stage.progress.stop();
  }
});

Deno.test("Progress.say() waits for a stuck terminal, and keeps at most 64 KiB", async () => {
  const stage = await Stage.start("live");
  const { promise, resolve } = Promise.withResolvers<void>();
  stage.answer = () => promise;
  await stage.tick(200, 10);
  for (let k = 0; k < 10_000; k++) stage.progress.say(`line ${k} ${"x".repeat(60)}`);
  await settled();
  assertEquals(stage.writes, 1);
  stage.answer = () => {};
  resolve();
  await settled();
  assertEquals(stage.writes, 2);
  const lines = stage.terminal.everything.filter((line) => line.startsWith("line "));
  assert(lines.length > 100 && lines.length < 1000, `${lines.length}`);
  assert(lines[0].startsWith("line 0 "));
  await stage.progress.stop();
});

Deno.test("Progress.abandon() leaves the cursor at the beginning of an empty line", async () => {
  for (const mode of ["live", "bar", "log", "none"] as const) {
    const stage = await Stage.start(mode);
    await stage.tick(200, 10);
    stage.terminal.write("^C");
    stage.terminal.write(stage.progress.abandon());
    const { cursor, screen } = stage.terminal;
    if (mode === "live" || mode === "bar") assertEquals(cursor.column, 0, mode);
    if (mode === "live") assertEquals(screen[cursor.row] ?? "", "");
  }
});

Deno.test("Progress.abandon() gives nothing for a stuck terminal", async () => {
  const stage = await Stage.start("live");
  stage.answer = () => new Promise(() => {});
  await stage.tick(200, 10);
  assertEquals(stage.progress.abandon(), "");
});

Deno.test("Progress.forget() draws below after a shell had the terminal", async () => {
  const stage = await Stage.start("live", { columns: 80, rows: 60 });
  await stage.tick(200, 10);
  stage.type("^Z\n[1]+  Stopped\n$ fg\n");
  stage.progress.forget();
  await stage.tick(200, 10);
  const bars = stage.terminal.everything.filter((line) => line.includes("/1,000"));
  assertEquals(bars.length, 2);
  assertStringIncludes(stage.terminal.everything.join("\n"), "^Z\n[1]+  Stopped\n$ fg\n[");
  await stage.progress.stop();
});

Deno.test("Progress is a bar, and a live view when the run looks longer than 10 s", async () => {
  const stage = await Stage.start("auto");
  stage.progress.say("before");
  await settled();
  // 1,000 requests at 50 a second.
  for (let k = 0; k < 19; k++) await stage.tick(100, 5);
  assertEquals([stage.isLive, stage.terminal.screen.length], [false, 2]);
  await stage.tick(100, 5);
  assertEquals(stage.isLive, true);
  assertEquals(stage.terminal.everything[0], "before");
  assertMatch(stage.terminal.everything[1], /^\[#*\.+\] 100\/1,000 /);
  assert(stage.terminal.screen.includes("notice     before"));
  await stage.progress.stop();
});

Deno.test("Progress stays a bar when the run looks shorter than 10 s, and removes it", async () => {
  const stage = await Stage.start("auto");
  // 1,000 requests at 125 a second.
  for (let k = 0; k < 50; k++) await stage.tick(160, 20);
  assertEquals(stage.isLive, false);
  await stage.progress.stop(stage.snapshot);
  assertEquals(stage.terminal.everything, []);
});

Deno.test("Progress stays a bar when the terminal is too small, until it is not", async () => {
  const stage = await Stage.start("auto", { columns: 79, rows: 24 });
  for (let k = 0; k < 30; k++) await stage.tick(100, 1);
  assertEquals(stage.isLive, false);
  stage.terminal.resize({ columns: 80, rows: 24 });
  await stage.tick(100, 1);
  assertEquals(stage.isLive, true);
  await stage.progress.stop();
});

Deno.test("isLarge() asks for 80 columns and 24 rows", () => {
  const sizes: [number, number][] = [[80, 24], [79, 24], [80, 23], [200, 50]];
  assertEquals(sizes.map(([columns, rows]) => isLarge({ columns, rows })), [
    true,
    false,
    false,
    true,
  ]);
});

const size = { columns: 80, rows: 24 };
const unknown = { total: undefined };
const LOOKS: [string, Partial<Snapshot>, number, number, number | undefined, boolean][] = [
  ["nobody has looked for two seconds", { total: 1e9 }, 1, 1_999, undefined, false],
  ["much is left to do", { requests: 100, total: 1000 }, 50, 2_000, undefined, true],
  ["little is left to do", { requests: 100, total: 500 }, 50, 2_000, undefined, false],
  ["nothing has come yet", { requests: 0, total: 500 }, 0, 9_999, undefined, false],
  ["nothing has come for ten seconds", { requests: 0, total: 500 }, 0, 10_001, undefined, true],
  ["its duration is long", unknown, 50, 2_000, 60_000, true],
  ["its duration is short", unknown, 50, 2_000, 10_000, false],
  ["its duration ends it before much is done", { total: 1e9 }, 50, 2_000, 10_000, false],
  ["it is done long before its duration", { requests: 1, total: 2 }, 50, 2_000, 60_000, false],
  ["nobody knows its end", unknown, 50, 9_999, undefined, false],
  ["nobody knows its end, and it has taken ten seconds", unknown, 50, 10_001, undefined, true],
];
for (const [what, more, rate, elapsedMs, durationMs, expected] of LOOKS) {
  Deno.test(`looksLong() is ${expected} when ${what}`, () => {
    const limit = durationMs === undefined ? undefined : { durationMs, elapsedMs };
    const moment = { ...sceneOf(more), rate, elapsedMs, limit, size };
    assertEquals(looksLong(moment), expected);
  });
}
