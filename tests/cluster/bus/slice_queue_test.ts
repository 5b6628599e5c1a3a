import { assertEquals } from "@std/assert";
import { NatsServer } from "../../fixtures/nats_server.ts";
import { until } from "../../fixtures/until.ts";
import { at, open, rejectsBus, STREAMS, test } from "../../fixtures/opened_bus.ts";

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

test("next() says that the bus is away when the server shuts down", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  const waiting = rejectsBus(() => run.queue.next());
  // The server has the question before it has this one.
  await run.queue.list();
  await nats.shutDown();
  const { trouble } = await waiting;
  assertEquals(trouble, "away");
});

test("next() lets 600 event loops wait for a slice", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  const leases = await Promise.all(Array.from({ length: 600 }, () => run.queue.next()));
  assertEquals(new Set(leases), new Set([undefined]));
});

test("next() says that the run is gone when it was deleted", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  const waiting = rejectsBus(() => run.queue.next());
  await run.queue.list();
  await one.bus.deleteRun("a");
  const { trouble } = await waiting;
  assertEquals(trouble, "gone");
});
