import { assert, assertEquals, assertRejects } from "@std/assert";
import { Meter } from "../../bench/meter.ts";
import { runMyriad } from "../../bench/run.ts";
import { Servers } from "../../bench/servers.ts";

Deno.test("runMyriad() gives the summary, and what the run cost", async () => {
  await using servers = await Servers.open();
  const meter = await Meter.open(servers.file("time.txt"));
  const url = await servers.delayServer("0");
  const run = await runMyriad({ servers, meter }, ["-n", "20", "-c", "2", `${url}{}`]);
  assertEquals([run.requests, run.succeeded], [20, 20]);
  assert(run.rate > 0);
  if (meter.hasTime) assert(run.cpuMicros! > 0 && run.peakKilobytes! > 0);
});

Deno.test("runMyriad() throws what the program said when it ends without a summary", async () => {
  await using servers = await Servers.open();
  const meter = await Meter.open(servers.file("time.txt"));
  await assertRejects(
    () => runMyriad({ servers, meter }, ["--nothing"]),
    Error,
    "ended without a summary; it said 'myriad: ",
  );
});
