import { assert, assertEquals } from "@std/assert";
import type { BusError } from "../../../lib/errors.ts";
import { NatsServer } from "../../fixtures/nats_server.ts";
import { at, describe, open, rejectsBus, STREAMS, test } from "../../fixtures/opened_bus.ts";

test("readSpec() waits for a description that is not written yet", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  await using other = await open(at(nats));
  const made = await one.bus.createRun("a", STREAMS);
  const reading = (await other.bus.openRun("a"))!.readSpec("1");
  await describe(made);
  assertEquals((await reading)?.columns, [["a"]]);
});

test("a run that is deleted is over to its workers", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  await describe(run);
  const waiting = run.queue.next().catch((error) => error);
  await one.bus.deleteRun("a");
  const ended = await waiting;
  assert(ended === undefined || (ended as BusError).trouble === "gone", `${ended}`);
  assertEquals(await run.control.read(), "over");
  assertEquals(await run.exists(), false);
  assertEquals((await rejectsBus(() => run.isSealed())).trouble, "gone");
});
