import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { RunBus } from "../../../lib/cluster/bus/run_bus.ts";
import { UsageError } from "../../../lib/errors.ts";
import { NatsServer } from "../../fixtures/nats_server.ts";
import { at, describe, open, rejectsBus, STREAMS, test } from "../../fixtures/opened_bus.ts";

test("Bus says what a server without JetStream lacks", async () => {
  await using nats = await NatsServer.start({
    config: `accounts { A { users: [{ user: u, password: p }] } }`,
  });
  await using one = await open(at(nats, { login: { user: "u", password: "p" } }));
  for (const act of [() => one.bus.listRuns(), () => one.bus.createRun("a", STREAMS)]) {
    assertMatch((await rejectsBus(act)).message, /no JetStream: start nats-server with -js/);
  }
});

test("createRun() makes a run once, and lists it", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  await using other = await open(at(nats));
  assertEquals(await one.bus.listAll(), []);
  const run = await one.bus.createRun("a", STREAMS);
  assertEquals(await run.isSealed(), undefined);
  await describe(run);
  const error = await assertRejects(() => other.bus.createRun("a", STREAMS), UsageError);
  assertStringIncludes(error.message, "A run 'a' is on the bus already");
  assertEquals(await other.bus.listRuns(), ["a"]);
  const both = await Promise.allSettled(
    [one, other].map(({ bus }) => bus.createRun("b", STREAMS)),
  );
  assert(both.some(({ status }) => status === "fulfilled"), JSON.stringify(both));
  await describe(await one.bus.openRun("b") as RunBus);
  assertEquals(await one.bus.listRuns(), ["a", "b"]);
  assertEquals(await one.bus.deleteRun("a"), [
    "MYRIAD_a_SLICES",
    "MYRIAD_a_STORE",
    "MYRIAD_a_RATE",
    "KV_MYRIAD_a",
  ]);
  assertEquals(await one.bus.deleteRun("a"), []);
  assertEquals(await one.bus.openRun("a"), undefined);
  assertEquals(await one.bus.openRun("A.b"), undefined);
});

test("createRun() leaves nothing if a stream cannot be made", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const copies = await rejectsBus(() => one.bus.createRun("a", { ...STREAMS, replicas: 3 }));
  assertStringIncludes(copies.message, "not part of a cluster: leave out --cluster-replicas");
  assertEquals(await one.bus.listAll(), []);
  const holdBytes = 2 ** 50;
  const large = await rejectsBus(() => one.bus.createRun("a", { ...STREAMS, holdBytes }));
  assertStringIncludes(large.message, "less room than the run reserves: use a smaller --cluster-h");
  assertEquals([large.trouble, await one.bus.listAll()], ["full", []]);
});
