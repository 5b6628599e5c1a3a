import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { NatsServer } from "../../fixtures/nats_server.ts";
import { until } from "../../fixtures/until.ts";
import { at, describe, open, rejectsBus, STREAMS, test } from "../../fixtures/opened_bus.ts";

test("a full store says so, and takes more when something was dropped", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", { ...STREAMS, holdBytes: 3 * 1024 ** 2 });
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const part = new Uint8Array(2 * 1024 ** 2).map((_, k) => bytes[k % bytes.length]);
  const first = await run.store.write("part.a", part);
  assertEquals(await run.store.read(first), part);
  const error = await rejectsBus(() => run.store.write("part.b", part));
  assertEquals(error.trouble, "full");
  assertStringIncludes(error.message, "the store of the run is full");
  await run.store.drop(first);
  await run.store.dropName("part.b");
  const second = await run.store.write("part.c", part);
  assertEquals(await run.store.read(second), part);
});

test("write() sends pieces that the server takes, and none twice", async () => {
  await using nats = await NatsServer.start({ config: "max_payload: 65536" });
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  const part = new Uint8Array(1_000_000).map((_, k) => k % 251);
  const stored = await run.store.write("part.a", part);
  assert(stored.seqs.length >= 1_000_000 / 65_536, `${stored.seqs.length} pieces`);
  assertEquals(await run.store.read(stored), part);
  assertEquals(await run.store.write("part.a", part), stored);
});

test("write() that is tried again in smaller pieces leaves what can be read", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  const part = new Uint8Array(1_000_000).map((_, k) => k % 251);
  await run.store.write("part.a", part);
  const back = Promise.withResolvers<void>();
  const stop = run.onReconnect(back.resolve);
  await nats.restart({ config: "max_payload: 65536" });
  await back.promise;
  stop();
  const stored = await run.store.write("part.a", part);
  assert(stored.seqs.length >= 1_000_000 / 65_536, `${stored.seqs.length} pieces`);
  assertEquals(await run.store.read(stored), part);
});

test("100 parts leave no consumers behind", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  await describe(run);
  const commits: string[] = [];
  const stop = await run.commits.watch({ onCommit: ({ id }) => commits.push(id) });
  const stopControl = await run.control.watch(() => {});
  for (let k = 0; k < 100; k++) {
    await run.queue.publish({ id: `t-${k}`, count: 1, runs: [k, 1], block: undefined });
    const lease = (await run.queue.next())!;
    const part = await run.store.write(`part.t-${k}.x`, new Uint8Array(10));
    const commit = { id: lease.slice.id, worker: "w", tries: 1, count: 1, part };
    assert(await run.commits.create(commit));
    lease.acknowledge();
    await run.store.read(part);
    await run.store.dropName(`part.t-${k}.x`);
    // The mark takes the place of the commit: a watch that is late would not have it.
    await until(() => commits.at(-1) === lease.slice.id);
    await run.commits.close(lease.slice.id);
  }
  assertEquals(commits.length, 100);
  stop();
  stopControl();
  const nc = await connect({ servers: `${nats.host}:${nats.port}` });
  const jsm = await jetstreamManager(nc);
  const counts: Record<string, number> = {};
  for await (const { config: { name }, state } of jsm.streams.list()) {
    counts[name] = state.consumer_count;
  }
  await nc.close();
  // That of the queue, and at most the one of the watch.
  assertEquals([counts.MYRIAD_a_SLICES, counts.MYRIAD_a_STORE], [1, 0]);
  assert(counts.KV_MYRIAD_a <= 1, JSON.stringify(counts));
});
