import { assert, assertEquals, assertRejects } from "@std/assert";
import { Meter } from "../../bench/meter.ts";
import { runInstant } from "../../bench/run_instant.ts";
import { folder } from "../fixtures/folder.ts";

/** The system may count processor time in ticks of 10 ms: what takes less can have taken none. */
const REQUESTS = 20_000;

Deno.test("runInstant() makes each request once without a network, whatever the threads", async () => {
  await using dir = await folder();
  const meter = await Meter.open(dir.path("time.txt"));
  for (const threads of ["1", "2"]) {
    const output = dir.path(`${threads}.ndjson`);
    const run = await runInstant({ meter }, [
      "-n",
      `${REQUESTS}`,
      "--threads",
      threads,
      "-o",
      output,
    ]);
    const records = (await Deno.readTextFile(output)).trimEnd().split("\n");
    const numbers = records.map((record) => JSON.parse(record).i).toSorted((a, b) => a - b);
    assertEquals(numbers, Array.from({ length: REQUESTS }, (_, k) => k));
    assertEquals([run.requests, run.workerSeconds > 0], [REQUESTS, threads === "2"]);
    assert(run.seconds > 0 && run.peakKilobytes > 0);
    // With two threads the main one only hands out numbers and writes.
    if (threads === "1") assert(run.mainSeconds > 0);
  }
});

Deno.test("runInstant() throws what the program said when it fails", async () => {
  await using dir = await folder();
  const meter = await Meter.open(dir.path("time.txt"));
  await assertRejects(() => runInstant({ meter }, ["--nothing"]), Error, "--nothing");
});
