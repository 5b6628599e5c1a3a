import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
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
    [one, other].map(async ({ bus }) => describe(await bus.createRun("b", STREAMS))),
  );
  const refused = both.filter(({ status }) => status === "rejected");
  assertEquals(refused.length, 1, Deno.inspect(both));
  assertMatch(
    `${(refused[0] as PromiseRejectedResult).reason}`,
    /Another process makes the run 'b'|on the bus already/,
  );
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

test("createRun() removes what a submitter that died has left, and of two at most one has it", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  await using other = await open(at(nats));
  for (const name of ["a", "b"]) {
    const left = await one.bus.createRun(name, STREAMS);
    await left.queue.publish({ id: "old", count: 1, runs: [0, 1], block: undefined });
  }
  const [made, ...both] = await Promise.allSettled([
    one.bus.createRun("a", STREAMS),
    ...[one, other].map(({ bus }) => bus.createRun("b", STREAMS)),
  ]);
  assertEquals(made.status, "fulfilled", Deno.inspect(made));
  // The server may fail for both.
  const having = both.filter(({ status }) => status === "fulfilled").length;
  assert(having <= 1, Deno.inspect(both));
  const slices = new Map((await one.bus.listAll()).map(({ run, slices }) => [run, slices]));
  assertEquals(slices.get("a"), 0);
  if (having === 1) assertEquals(slices.get("b"), 0);
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
