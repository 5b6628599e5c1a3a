import { assertEquals } from "@std/assert";
import { Cluster, range } from "../fixtures/cluster.ts";
import { until } from "../fixtures/until.ts";

// A NATS server that dies while workers are in the midst of slices. The target holds one request of
// each slice, so that no slice can be done before.

const COUNT = 600;
const SLICE = 20;
const IN_FLIGHT = 5;
const WORKERS = 3;
/** How many requests the workers make until all that they have in flight are held. */
const MADE = WORKERS * ((IN_FLIGHT - 1) * SLICE + 8);
/** Longer than a request to the server may take. */
const OUTAGE_MS = 5_500;

/** Starts a run whose workers are in the midst of slices. */
async function begin(cluster: Cluster) {
  const { target } = cluster;
  const output = cluster.dir.path("out.ndjson");
  target.hold((path) => Number(path.slice(1)) % SLICE === 7);
  const args = [
    ...["-n", `${COUNT}`, "-c", `${IN_FLIGHT}`, "--slice", `${SLICE}`],
    ...[target.url("/{}"), "-o", output],
  ];
  const run = cluster.submit(args);
  const workers = await Promise.all(range(WORKERS).map(() => cluster.join(run)));
  await cluster.sees(MADE);
  return { args, run, workers, output };
}

Deno.test("a server that is killed and comes back costs no request", async () => {
  await using cluster = await Cluster.start();
  const { run, workers, output } = await begin(cluster);
  await cluster.nats.kill();
  cluster.target.release();
  await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
  await cluster.nats.restart();
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  for (const worker of workers) {
    const { code, stderr } = await worker.ended;
    assertEquals(code, 0, stderr);
  }
  await cluster.verify(output, { numbers: range(COUNT) });
});

Deno.test("a server that is shut down and comes back ends no worker that waits for a slice", async () => {
  await using cluster = await Cluster.start();
  const { target } = cluster;
  const output = cluster.dir.path("out.ndjson");
  target.hold(() => true);
  const { messages } = await cluster.tap("$JS.API.CONSUMER.MSG.NEXT.>");
  const run = cluster.submit([
    ...["-n", `${SLICE}`, "-c", `${SLICE}`, "--slice", `${SLICE}`],
    ...[target.url("/{}"), "-o", output],
  ]);
  const workers = await Promise.all(range(WORKERS).map(() => cluster.join(run)));
  // One worker has the only slice.
  await cluster.sees(SLICE);
  for (const worker of workers) await worker.says("working on run");
  await until(() => messages.length > WORKERS);
  await cluster.nats.shutDown();
  await cluster.nats.restart();
  target.release();
  for (const { ended } of [...workers, run]) {
    const { code, stderr } = await ended;
    assertEquals(code, 0, stderr);
  }
  await cluster.verify(output, { numbers: range(SLICE) });
});

Deno.test("a worker that leaves while the server is away waits for it", async () => {
  await using cluster = await Cluster.start();
  const { run, workers: [first, ...others], output } = await begin(cluster);
  await cluster.nats.kill();
  first.kill("SIGTERM");
  cluster.target.release();
  await first.says("waiting up to 20 s to commit what is done; the next signal ends it at once");
  await cluster.nats.restart();
  const left = await first.ended;
  assertEquals(left.code, 143, left.stderr);
  for (const { ended } of [run, ...others]) {
    const { code, stderr } = await ended;
    assertEquals(code, 0, stderr);
  }
  await cluster.verify(output, { numbers: range(COUNT) });
});

Deno.test("--resume goes on after the server has lost its store", async () => {
  await using cluster = await Cluster.start();
  const { args, run, workers, output } = await begin(cluster);
  await cluster.nats.kill();
  await cluster.nats.restart({ hasStore: false });
  const lost = await run.ended;
  assertEquals(lost.code, 3, lost.stderr);
  await run.says("the run is not on the bus any more: its store is lost");
  await run.says("to continue, run the same command with --resume");
  for (const worker of workers) await worker[Symbol.asyncDispose]();
  cluster.target.release();
  const resumed = cluster.submit([...args, "--resume"]);
  await cluster.join(resumed);
  const { code, stderr } = await resumed.ended;
  assertEquals(code, 0, stderr);
  await cluster.verify(output, { numbers: range(COUNT), repeats: MADE });
});
