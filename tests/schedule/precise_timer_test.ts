import { assert, assertEquals } from "@std/assert";
import { MAX_LEAD_MS, PreciseTimer } from "../../lib/schedule/precise_timer.ts";
import { myriad } from "../fixtures/program.ts";

const ROOT = new URL("../..", import.meta.url).href;

/** Waits for a timer. */
function wait(timer: PreciseTimer, ms: number): Promise<void> {
  return new Promise((resolve) => void timer.after(ms, resolve));
}

Deno.test("PreciseTimer.after() calls back in time before and after its worker starts", async () => {
  const timer = new PreciseTimer();
  try {
    for (const ms of [5, 50, 3, 0.3, 0, 20]) {
      const startMs = performance.now();
      await wait(timer, ms);
      const tookMs = performance.now() - startMs;
      assert(tookMs >= ms - MAX_LEAD_MS, `${tookMs} of ${ms}`);
    }
  } finally {
    timer.close();
  }
});

Deno.test("PreciseTimer.after() loses no call when waits are cancelled at any time", async () => {
  const timer = new PreciseTimer();
  await wait(timer, 50);
  let calls = 0;
  for (let k = 0; k < 500; k++) {
    timer.after(k % 7 / 50, () => calls += 1_000)();
    // Some of those that are taken back have rung by then.
    if (k % 3 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, k % 5 / 50);
    timer.after(1_000, () => calls += 1_000)();
    await wait(timer, k % 11 / 50);
    calls++;
  }
  assertEquals(calls, 500);
  timer.close();
});

Deno.test("PreciseTimer.close() makes no call, and leaves nothing that keeps the process", async () => {
  const code = `
    import { PreciseTimer } from "${ROOT}lib/schedule/precise_timer.ts";
    for (const isReady of [false, true]) {
      const timer = new PreciseTimer();
      if (isReady) await new Promise((resolve) => timer.after(100, resolve));
      const cancel = timer.after(200, () => console.log("called back"));
      cancel();
      timer.close();
      timer.after(1, () => console.log("called back"));
    }
  `;
  const script = `data:application/typescript,${encodeURIComponent(code)}`;
  const ran = await myriad([], { script, permissions: [] });
  assertEquals(ran, { code: 0, stdout: "", stderr: "" });
});

Deno.test("PreciseTimer.after() calls back when its worker fails", async () => {
  const workers: FailingWorker[] = [];
  class FailingWorker {
    onmessage = (): void => {};
    onerror = (_: { preventDefault(): void }): void => {};
    constructor() {
      workers.push(this);
    }
    postMessage(): void {
      this.onmessage();
    }
    terminate(): void {}
  }
  const { Worker } = globalThis;
  Object.assign(globalThis, { Worker: FailingWorker });
  try {
    const timer = new PreciseTimer();
    const first = wait(timer, 1);
    let isPrevented = false;
    workers[0].onerror({ preventDefault: () => isPrevented = true });
    await first;
    await wait(timer, 1);
    assertEquals([isPrevented, workers.length], [true, 1]);
    timer.close();
  } finally {
    Object.assign(globalThis, { Worker });
  }
});

Deno.test("PreciseTimer.open() gives a timer that sets no other one, or whose worker has failed", async () => {
  const timer = await PreciseTimer.open();
  const { setTimeout, Worker } = globalThis;
  Object.assign(globalThis, { setTimeout: () => assert(false, "a timer that is late") });
  try {
    await wait(timer, 1);
  } finally {
    Object.assign(globalThis, { setTimeout });
    timer.close();
  }
  class FailingWorker {
    onerror = (_: { preventDefault(): void }): void => {};
    postMessage(): void {
      queueMicrotask(() => this.onerror({ preventDefault() {} }));
    }
    terminate(): void {}
  }
  Object.assign(globalThis, { Worker: FailingWorker });
  try {
    const failed = await PreciseTimer.open();
    await wait(failed, 1);
    failed.close();
  } finally {
    Object.assign(globalThis, { Worker });
  }
});
