import { jetstreamManager } from "@nats-io/jetstream";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Cluster, range, type Watched } from "../fixtures/cluster.ts";
import { HAS_NATS } from "../fixtures/nats_server.ts";
import { refusedPort } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

/** A test that needs a NATS server. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !HAS_NATS, fn });
}

const COUNT = 40;
/** In so many deaths, a slice ends the run. */
const MAX_DEATHS = 4;

test("a worker that can reach nothing leaves, and what it found is in no output", async () => {
  await using cluster = await Cluster.start();
  const output = cluster.dir.path("out.ndjson");
  const url = `http://127.0.0.1:${await refusedPort()}/{}`;
  const run = cluster.submit(["-n", "1000", "-c", "4", "--slice", "20", url, "-o", output]);
  const worker = await cluster.join(run);
  const left = await worker.ended;
  assertEquals(left.code, 3, left.stderr);
  assertMatch(left.stderr, /first 50 requests failed, and 127\.0\.0\.1:\d+ is the only host/);
  const { code, stderr } = await run.ended;
  assertEquals(code, 3, stderr);
  assertMatch(stderr, /first 50 requests failed, and 127\.0\.0\.1:\d+ is the only host/);
  assertEquals(await Deno.readTextFile(output), "");
});

test("a worker that may not connect to the target gives its slices to others", async () => {
  await using cluster = await Cluster.start();
  const { target, dir, nats } = cluster;
  const output = dir.path("out.ndjson");
  const run = cluster.submit(["-n", `${COUNT}`, "--slice", "5", target.url("/{}"), "-o", output]);
  const first = await cluster.join(run, { permissions: [`--allow-net=127.0.0.1:${nats.port}`] });
  const left = await first.ended;
  assertEquals(left.code, 2, left.stderr);
  assertStringIncludes(left.stderr, "no permission: run with --allow-net=127.0.0.1:");
  assertEquals(target.paths, []);
  await cluster.join(run);
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  await cluster.verify(output, { numbers: range(COUNT) });
});

test("the second signal ends a worker at once, and others do what it held", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  const output = dir.path("out.ndjson");
  target.hold(() => true);
  const run = cluster.submit([
    ...["-n", `${COUNT}`, "-c", "1", "--lost-after", "1s", target.url("/{}"), "-o", output],
  ]);
  const first = await cluster.join(run);
  await cluster.sees(1);
  first.kill("SIGINT");
  await first.says("waiting up to 5 s for 1 request in flight; press Ctrl-C again to quit now");
  first.kill("SIGINT");
  assertEquals((await first.ended).code, 130);
  target.release();
  await cluster.join(run);
  assertEquals((await run.ended).code, 0);
  await cluster.verify(output, { numbers: range(COUNT), repeats: 1 });
});

test("a request that does not end in 5 s is left to others by a worker that leaves", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  const output = dir.path("out.ndjson");
  target.hold((path) => path === "/7");
  const run = cluster.submit([
    ...["-n", `${COUNT}`, "-c", "1", "--slice", "20", target.url("/{}"), "-o", output],
  ]);
  const first = await cluster.join(run);
  await cluster.sees(8);
  first.kill("SIGTERM");
  const left = await first.ended;
  assertEquals(left.code, 143, left.stderr);
  assertMatch(left.stderr, /left run '\w+': 7 requests of 1 slice were made here/);
  target.release();
  await cluster.join(run);
  assertEquals((await run.ended).code, 0);
  // The request that was cut off, and nothing else, is made again.
  await cluster.verify(output, { numbers: range(COUNT), repeats: 1 });
  assertEquals(target.paths.filter((path) => path === "/7").length, 2);
});

test("a slice that comes again to the worker that holds it is not done twice", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  const output = dir.path("out.ndjson");
  const { messages, nc } = await cluster.tap("myriad.*.slice");
  target.hold(() => true);
  const run = cluster.submit([
    ...["-n", `${COUNT}`, "-c", "5", "--slice", `${COUNT}`, target.url("/{}"), "-o", output],
  ]);
  const worker = await cluster.join(run);
  await cluster.sees(5);
  const [{ subject, data }] = messages;
  nc.publish(subject, data);
  await nc.flush();
  const manager = await jetstreamManager(nc);
  const queue = `MYRIAD_${await run.name()}_SLICES`;
  await until(async () => {
    const { num_pending, delivered } = await manager.consumers.info(queue, "slices");
    return num_pending === 0 && delivered.stream_seq === 2;
  });
  target.release();
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  const worked = await worker.ended;
  assertEquals(worked.code, 0, worked.stderr);
  assertMatch(worked.stderr, /at the end of run '\w+': 40 requests of 1 slice /);
  await cluster.verify(output, { numbers: range(COUNT) });
  assertEquals(target.paths.length, COUNT);
});

test("a slice in which workers die again and again ends the run, which names it", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  target.hold(() => true);
  const run = cluster.submit([
    ...["-n", "10", "-c", "1", "--slice", "10", "--lost-after", "1s"],
    ...[target.url("/{}"), "-o", dir.path("out.ndjson")],
  ]);
  let hasEnded = false;
  void run.ended.then(() => hasEnded = true);
  const workers: Watched[] = [];
  while (!hasEnded && workers.length < 2 * MAX_DEATHS) {
    const worker = await cluster.join(run);
    workers.push(worker);
    await until(() => hasEnded || target.paths.length === workers.length);
    if (!hasEnded) worker.kill("SIGKILL");
    await worker.ended;
  }
  const { code, stderr } = await run.ended;
  assertEquals(code, 3, stderr);
  assertMatch(stderr, /nobody can do slice '\w+-0' \(requests 0 to 9\): too many of its workers/);
  const last = await workers.at(-1)!.ended;
  assertEquals(last.code, 0, last.stderr);
  assertEquals(target.paths, Array(MAX_DEATHS).fill("/0"));
});

test("a slice that workers give back does not count as one in which they die", async () => {
  await using cluster = await Cluster.start();
  const { target, dir, nats } = cluster;
  const output = dir.path("out.ndjson");
  const run = cluster.submit(["-n", "10", "--slice", "10", target.url("/{}"), "-o", output]);
  for (let times = 0; times < 6; times++) {
    const worker = await cluster.join(run, { permissions: [`--allow-net=127.0.0.1:${nats.port}`] });
    assertEquals((await worker.ended).code, 2);
  }
  await cluster.join(run);
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  assert(target.paths.length === 10);
});
