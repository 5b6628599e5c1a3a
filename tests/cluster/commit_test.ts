import { assertEquals } from "@std/assert";
import { BusRelay } from "../fixtures/bus_relay.ts";
import { Cluster, range } from "../fixtures/cluster.ts";
import { until } from "../fixtures/until.ts";

// Workers that die, or lose their connection, at one of the messages that make a slice done: a relay
// between them and the NATS server stops there.

const SLICE = 20;
const COUNT = 2 * SLICE;
/** In the second slice: the request that the target holds. */
const HELD = 27;

const COMMIT = /H?PUB \$KV\.\w+\.commit\./;
const ACK = /PUB \$JS\.ACK\.[^\r\n]+\r\n\+ACK/;

/** Starts a run of two slices, and a worker behind a relay that stops at a message. */
async function begin(cluster: Cluster, at: RegExp, { passes }: { passes: boolean }) {
  const { nats, target, dir } = cluster;
  const relay = cluster.use(await BusRelay.start(nats));
  const stopped = relay.stopAt(at, { passes });
  const output = dir.path("out.ndjson");
  // The first slice does not end before the worker has both: the message would stop the second one.
  target.hold((path) => path === "/0");
  const run = cluster.submit([
    ...["-n", `${COUNT}`, "-c", "1", "--slice", `${SLICE}`, "--lost-after", "5s"],
    ...[target.url("/{}"), "-o", output],
  ]);
  const worker = cluster.work([await run.name()], { url: relay.url });
  await until(
    () => target.held === 1 && relay.deliveries === COUNT / SLICE,
    () => `${target.held} requests held, ${relay.deliveries} slices delivered`,
  );
  target.release();
  target.hold((path) => path === `/${HELD}`);
  await stopped;
  await cluster.sees(HELD + 1);
  return { relay, run, worker, output };
}

for (
  const [name, message, passes, isDone] of [
    ["before its commit", COMMIT, false, false],
    ["after its commit, without an answer", COMMIT, true, true],
    ["after its commit, before the acknowledgement", ACK, false, true],
  ] as const
) {
  Deno.test(`a slice is ${isDone ? "done" : "not done"} if its worker dies ${name}`, async () => {
    await using cluster = await Cluster.start();
    const { run, worker, output } = await begin(cluster, message, { passes });
    await worker[Symbol.asyncDispose]();
    cluster.target.release();
    await cluster.join(run);
    const { code, stderr } = await run.ended;
    assertEquals(code, 0, stderr);
    const made = HELD + 1 - (isDone ? SLICE : 0);
    assertEquals(cluster.target.paths.length, COUNT + made);
    await cluster.verify(output, { numbers: range(COUNT), repeats: made });
  });
}

Deno.test("a worker that does not hear the answer to its commit finds that it is its own", async () => {
  await using cluster = await Cluster.start();
  const { relay, run, worker, output } = await begin(cluster, COMMIT, { passes: true });
  relay.reconnect();
  cluster.target.release();
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  const worked = await worker.ended;
  assertEquals(worked.code, 0, worked.stderr);
  await cluster.verify(output, { numbers: range(COUNT) });
});
