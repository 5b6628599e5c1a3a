import { jetstreamManager } from "@nats-io/jetstream";
import { assertEquals, assertMatch } from "@std/assert";
import { Cluster, range } from "../fixtures/cluster.ts";
import { until } from "../fixtures/until.ts";

// What becomes of parts in the store of the NATS server while the submitter sleeps.

const COUNT = 400;
const SLICE = 20;
const SLICES = COUNT / SLICE;

/** Starts a run whose submitter sleeps once all slices are on the bus, and then a worker. */
async function begin(cluster: Cluster, flags: readonly string[] = []) {
  const output = cluster.dir.path("out.ndjson");
  const { messages, nc } = await cluster.tap("myriad.>");
  const count = (pattern: RegExp): number =>
    messages.filter(({ subject }) => pattern.test(subject)).length;
  const run = cluster.submit([
    ...["-n", `${COUNT}`, "-c", "5", "--slice", `${SLICE}`, cluster.target.url("/{}")],
    ...["-o", output, ...flags],
  ]);
  await until(() => count(/\.slice$/) === SLICES);
  const name = await run.name();
  run.kill("SIGSTOP");
  const worker = cluster.work([name]);
  return { run, worker, output, messages, nc, count };
}

Deno.test("workers wait while the store is full, and repeat nothing", async () => {
  await using cluster = await Cluster.start();
  const { run, worker, output, messages } = await begin(cluster, ["--cluster-hold", "8k"]);
  // What does not fit is sent again, under the same name.
  const parts = (): string[] =>
    messages.map(({ subject }) => subject).filter((subject) => /\.store\.part\./.test(subject));
  await until(() => new Set(parts()).size < parts().length, () => `${parts().length} parts`);
  run.kill("SIGCONT");
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  const worked = await worker.ended;
  assertEquals(worked.code, 0, worked.stderr);
  await cluster.verify(output, { numbers: range(COUNT) });
});

Deno.test("a part that is damaged in the store is made again", async () => {
  await using cluster = await Cluster.start();
  const { run, output, nc, count } = await begin(cluster);
  await cluster.sees(COUNT);
  await until(() => count(/\.store\.part\./) === SLICES);
  const manager = await jetstreamManager(nc);
  const [{ config: { name } }] = await manager.streams.list("myriad.*.store.>").next();
  const { state: { last_seq } } = await manager.streams.info(name);
  await manager.streams.deleteMessage(name, last_seq);
  run.kill("SIGCONT");
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /slice '[^']+' is damaged: it is done again/);
  await cluster.verify(output, { numbers: range(COUNT), repeats: SLICE });
  assertEquals(cluster.target.paths.length, COUNT + SLICE);
});

Deno.test("of two workers that have the same slice, the first commit stands", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  const output = dir.path("out.ndjson");
  const { messages, nc } = await cluster.tap("myriad.*.slice");
  // As many slices as a worker holds at most: it asks for no others.
  const length = COUNT / 8;
  const run = cluster.submit([
    ...["-n", `${COUNT}`, "-c", `${COUNT}`, "--slice", `${length}`, target.url("/{}")],
    // The second worker takes what the first one may still have only after this time.
    ...["-o", output, "--json", "--lost-after", "5s"],
  ]);
  await until(() => messages.length === 8);
  target.hold(() => true);
  const first = await cluster.join(run);
  await cluster.sees(COUNT);
  // Somebody puts the slices in the queue once more.
  for (const { subject, data } of messages.slice(0, 8)) nc.publish(subject, data);
  await nc.flush();
  const workers = [first, await cluster.join(run)];
  await cluster.sees(2 * COUNT);
  target.release();
  const { code, stdout, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  assertEquals(JSON.parse(stdout).requests, COUNT);
  for (const worker of workers) {
    const { code, stderr } = await worker.ended;
    assertEquals(code, 0, stderr);
  }
  await cluster.verify(output, { numbers: range(COUNT), repeats: COUNT });
});
