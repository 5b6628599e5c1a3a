import { assert, assertEquals } from "@std/assert";
import { runCommand } from "../../bench/meter.ts";
import { projectPath } from "../../bench/root.ts";
import { folder } from "../fixtures/folder.ts";
import { DENO_RUN } from "../fixtures/program.ts";

Deno.test("late_timers.ts tells how late timers were while the program held the event loop", async () => {
  await using dir = await folder();
  const script = await dir.write(
    "hold.ts",
    `setTimeout(() => { const end = performance.now() + 200; while (performance.now() < end); }, 1);
     setTimeout(() => Deno.exit(0), 300);`,
  );
  const preload = `--preload=${projectPath("bench/late_timers.ts")}`;
  const run = (await runCommand([...DENO_RUN, preload, script]))!;
  const { timers, p50, p99, max } = JSON.parse(run.stderr);
  assertEquals(run.code, 0);
  assert(timers > 0 && p50 <= p99 && p99 <= max);
  // The timer of 10 ms was due at most 10 ms after the loop was held.
  assert(max > 180, `${max}`);
});
