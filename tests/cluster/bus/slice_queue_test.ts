import { assertEquals } from "@std/assert";
import { NatsServer } from "../../fixtures/nats_server.ts";
import { until } from "../../fixtures/until.ts";
import { at, open, STREAMS, test } from "../../fixtures/opened_bus.ts";

test("next() gives each slice to one worker, and again when it is given back", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  const waiting = run.queue.next();
  await run.queue.publish({ id: "t-0", count: 1, runs: [0, 1], block: undefined });
  await run.queue.publish({ id: "t-0", count: 1, runs: [0, 1], block: undefined });
  const lease = (await waiting)!;
  assertEquals(lease.slice.id, "t-0");
  assertEquals(await run.queue.countHeld(), 1);
  lease.giveBack();
  const again = (await run.queue.next())!;
  assertEquals(again.slice.id, "t-0");
  again.acknowledge();
  await until(async () => (await run.queue.list()).length === 0);
});
