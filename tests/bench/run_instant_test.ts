import { assert, assertEquals, assertRejects } from "@std/assert";
import { Meter } from "../../bench/meter.ts";
import { runInstant } from "../../bench/run_instant.ts";
import { folder } from "../fixtures/folder.ts";

Deno.test("runInstant() makes each request once without a network, whatever the threads", async () => {
  await using dir = await folder();
  const meter = await Meter.open(dir.path("time.txt"));
  for (const threads of ["1", "2"]) {
    const output = dir.path(`${threads}.ndjson`);
    const run = await runInstant({ meter }, ["-n", "500", "--threads", threads, "-o", output]);
    const records = (await Deno.readTextFile(output)).trimEnd().split("\n");
    const numbers = records.map((record) => JSON.parse(record).i).toSorted((a, b) => a - b);
    assertEquals(numbers, Array.from({ length: 500 }, (_, k) => k));
    assertEquals([run.requests, run.workerSeconds > 0], [500, threads === "2"]);
    assert(run.seconds > 0 && run.mainSeconds > 0 && run.peakKilobytes > 0);
  }
});

Deno.test("runInstant() throws what the program said when it fails", async () => {
  await using dir = await folder();
  const meter = await Meter.open(dir.path("time.txt"));
  await assertRejects(() => runInstant({ meter }, ["--nothing"]), Error, "--nothing");
});
