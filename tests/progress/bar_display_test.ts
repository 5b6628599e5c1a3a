import { assert, assertEquals, assertMatch } from "@std/assert";
import { Progress, type ProgressOptions } from "../../lib/progress/progress.ts";
import { every } from "../fixtures/every.ts";
import { SNAPSHOT } from "../fixtures/report_snapshots.ts";

/** A terminal that takes nothing before it is told to. */
class FakeTerminal {
  readonly written: string[] = [];
  columns = 40;
  ms = 0;
  requests = 0;
  snapshots = 0;
  /** What `write` gives; by default it is done at once. */
  answer: () => Promise<void> | void = () => {};

  progress(options: Partial<ProgressOptions> = {}): Promise<Progress> {
    return Progress.open({
      mode: "bar",
      size: () => ({ columns: this.columns, rows: 24 }),
      color: false,
      write: (bytes) => {
        this.written.push(new TextDecoder().decode(bytes));
        return this.answer();
      },
      takeSnapshot: () => {
        this.snapshots++;
        return { ...SNAPSHOT, total: 1000, requests: this.requests };
      },
      now: () => this.ms,
      ...options,
    });
  }
}

/** Lets everything go on that waits for nothing but promises. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

Deno.test("Progress draws in place, over what it drew before", async () => {
  const terminal = new FakeTerminal();
  const progress = await terminal.progress();
  progress.start();
  terminal.ms = 1000;
  terminal.requests = 100;
  progress.tick();
  await settled();
  terminal.ms = 2000;
  terminal.requests = 300;
  progress.tick();
  await progress.stop();
  assertEquals(terminal.written, [
    "\r100/1,000  10 %  100/s  2 errors\x1b[K",
    "\r300/1,000  30 %  150/s  2 errors\x1b[K",
    "\r\x1b[K",
  ]);
});

Deno.test("Progress asks for the width each time", async () => {
  const terminal = new FakeTerminal();
  const progress = await terminal.progress();
  for (const columns of [200, 10, 80]) {
    terminal.columns = columns;
    progress.tick();
    await settled();
    const cells = terminal.written.at(-1)!.length - "\r\x1b[K".length;
    assert(cells > 0 && cells < columns, `${columns}: ${cells}`);
  }
  await progress.stop();
});

Deno.test("Progress writes nothing while a write is pending", async () => {
  const terminal = new FakeTerminal();
  const { promise, resolve } = Promise.withResolvers<void>();
  terminal.answer = () => promise;
  const progress = await terminal.progress();
  for (let i = 0; i < 100; i++) {
    progress.tick();
    await settled();
  }
  assertEquals([terminal.written.length, terminal.snapshots], [1, 1]);
  resolve();
  await settled();
  progress.tick();
  await progress.stop();
  assertEquals(terminal.written.length, 3);
});

Deno.test("Progress.stop() waits for the pending write, then removes the bar", async () => {
  const terminal = new FakeTerminal();
  const { promise, resolve } = Promise.withResolvers<void>();
  terminal.answer = () => promise;
  const progress = await terminal.progress();
  progress.tick();
  const stopped = progress.stop();
  await settled();
  assertEquals(terminal.written.length, 1);
  resolve();
  await stopped;
  assertEquals(terminal.written.slice(1), ["\r\x1b[K"]);
});

Deno.test("Progress.stop() gives up a stuck terminal", async () => {
  const terminal = new FakeTerminal();
  terminal.answer = () => new Promise(() => {});
  const progress = await terminal.progress({ stuckMs: 1 });
  progress.start();
  progress.tick();
  await progress.stop();
  assertEquals(terminal.written.length, 1);
});

Deno.test("Progress.stop() writes nothing when nothing was drawn, and once when called twice", async () => {
  const terminal = new FakeTerminal();
  const progress = await terminal.progress();
  progress.start();
  await progress.stop();
  assertEquals(terminal.written, []);
  progress.tick();
  await progress.stop();
  await progress.stop();
  assertEquals(terminal.written.length, 2);
});

for (
  const [how, answer] of [
    ["throws", () => {
      throw new Deno.errors.BrokenPipe("EPIPE");
    }],
    ["rejects", () => Promise.reject(new Deno.errors.BrokenPipe("EPIPE"))],
  ] as const
) {
  Deno.test(`Progress continues when its write ${how}`, async () => {
    const terminal = new FakeTerminal();
    terminal.answer = answer;
    const progress = await terminal.progress();
    progress.start();
    progress.tick();
    await settled();
    progress.tick();
    await progress.stop();
    assertEquals(terminal.written.length, 3);
  });
}

Deno.test("Progress prints whole lines and erases nothing in log mode", async () => {
  const terminal = new FakeTerminal();
  const progress = await terminal.progress({ mode: "log" });
  progress.start();
  for (const [ms, requests] of [[10_000, 100], [20_000, 400]]) {
    [terminal.ms, terminal.requests] = [ms, requests];
    progress.tick();
    await settled();
  }
  await progress.stop();
  assertEquals(terminal.written.map((line) => line.replace(/ errors.*[^\n]/, "")), [
    "myriad: 100/1,000, 10 %, 10.0/s, 2\n",
    "myriad: 400/1,000, 40 %, 30.0/s, 2\n",
  ]);
});

Deno.test("Progress does nothing in mode 'none'", async () => {
  const terminal = new FakeTerminal();
  const progress = await terminal.progress({ mode: "none" });
  progress.start();
  await progress.stop();
  assertEquals([terminal.written, terminal.snapshots], [[], 0]);
});

Deno.test("Progress draws by itself after start()", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const terminal = new FakeTerminal();
  terminal.answer = resolve;
  const progress = await terminal.progress();
  progress.start();
  // Its timer keeps no process alive, so something else has to.
  using _alive = every(1_000, () => {});
  await promise;
  await progress.stop();
  assertMatch(terminal.written[0], /^\r0\/1,000/);
});
