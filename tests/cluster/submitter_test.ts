import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { jetstreamManager } from "@nats-io/jetstream";
import { Cluster, range } from "../fixtures/cluster.ts";
import { reservePort } from "../fixtures/reserved_port.ts";
import { until } from "../fixtures/until.ts";
import { myriad } from "../fixtures/program.ts";

const COUNT = 200;
const SLICE = 20;
const IN_FLIGHT = 5;

/** A run of which one request is held, and the workers that have done all others. */
async function begin(cluster: Cluster, more: readonly string[] = []) {
  const { target, dir } = cluster;
  target.hold((path) => path === "/7");
  const output = dir.path("out.ndjson");
  const args = [
    ...["-n", `${COUNT}`, "-c", `${IN_FLIGHT}`, "--slice", `${SLICE}`, ...more],
    ...[target.url("/{}"), "-o", output, "--json"],
  ];
  const run = cluster.submit(args);
  const name = await run.name();
  const worker = cluster.work([name]);
  await cluster.sees(COUNT);
  return { args, run, name, worker, output };
}

async function countStreams(cluster: Cluster): Promise<number> {
  const { nc } = await cluster.tap("none");
  const manager = await jetstreamManager(nc);
  return (await manager.streams.names().next()).length;
}

Deno.test("the summary says what was collected, and nothing is left on the bus", async () => {
  await using cluster = await Cluster.start();
  const { run, name, output } = await begin(cluster);
  cluster.target.release();
  const { code, stdout, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  const { requests, cluster: { parts_sha256, ...counts } } = JSON.parse(stdout);
  assertEquals(requests, COUNT);
  const slices = COUNT / SLICE;
  assertEquals(counts, { run: name, workers: 1, slices, redone: 0, records: COUNT });
  assertMatch(parts_sha256, /^[0-9a-f]{64}$/);
  await cluster.verify(output, { numbers: range(COUNT) });
  assertEquals(await countStreams(cluster), 0);
});

Deno.test("a run goes on without --cluster, and with it again", async () => {
  await using cluster = await Cluster.start();
  const { args, run, name, worker, output } = await begin(cluster);
  // A journal has all slices but that of the held request.
  await until(async () => (await Deno.readTextFile(output)).split("\n").length > COUNT - SLICE);
  run.kill("SIGINT");
  assertEquals((await run.ended).code, 130);
  await worker.ended;
  cluster.target.release();
  const records = (await Deno.readTextFile(output)).trimEnd().split("\n");
  const more = ["-n", `${COUNT}`, cluster.target.url("/{}"), "-o", output, "--json", "--resume"];
  const local = await myriad(more);
  assertEquals(local.code, 0, local.stderr);
  assertStringIncludes(local.stderr, `run '${name}' may still be on its bus`);
  const { requests, cluster: none } = JSON.parse(local.stdout);
  assertEquals([requests, none], [COUNT, null]);
  assert(records.length >= COUNT - SLICE && records.length < COUNT, `${records.length}`);
  // Nothing is left: neither a bus nor a worker is needed.
  const again = cluster.submit([...args, "--resume"]);
  const { code, stderr } = await again.ended;
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "nothing to resume");
  await cluster.verify(output, { numbers: range(COUNT), repeats: 1 });
});

Deno.test("a run that began without --cluster goes on with it", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  const output = dir.path("out.ndjson");
  const args = ["-n", `${COUNT}`, target.url("/{}"), "-o", output, "--json"];
  const part = await myriad([
    ...args,
    "-q",
    "100/s",
    "--threshold",
    "requests<50",
    "--abort-on-threshold",
  ]);
  assertEquals(part.code, 1, part.stderr);
  const before = JSON.parse(part.stdout).requests;
  const run = cluster.submit([...args, "--slice", `${SLICE}`, "--resume"]);
  cluster.work([await run.name()]);
  const { code, stdout, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  const { requests, cluster: { records } } = JSON.parse(stdout);
  assertEquals([requests, records], [COUNT, COUNT - before]);
  await cluster.verify(output, { numbers: range(COUNT) });
});

Deno.test("--retry-failed makes again what has failed, on several machines", async () => {
  let isWell = false;
  await using cluster = await Cluster.start({
    status: (path) => isWell || Number(path.slice(1)) % 7 > 0 ? 200 : 503,
  });
  const { target, dir } = cluster;
  const output = dir.path("out.ndjson");
  const args = [
    ...["-n", `${COUNT}`, "--slice", `${SLICE}`, "--fail", "--no-pause", target.url("/{}")],
    ...["-o", output, "--json"],
  ];
  const failed = Math.ceil(COUNT / 7);
  for (const [more, made] of [[[], COUNT], [["--retry-failed"], failed]] as const) {
    const run = cluster.submit([...args, ...more]);
    cluster.work([await run.name()]);
    const { code, stdout, stderr } = await run.ended;
    assertEquals(code, isWell ? 0 : 1, stderr);
    const { requests, failed: rest, cluster: { records } } = JSON.parse(stdout);
    assertEquals([requests, rest, records], [COUNT, isWell ? 0 : failed, made]);
    isWell = true;
  }
  await cluster.verify(output, { numbers: range(COUNT), repeats: failed });
});

Deno.test("a slice that the bus has lost is published again", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  const output = dir.path("out.ndjson");
  const run = cluster.submit([
    ...["-n", `${COUNT}`, "--slice", `${SLICE}`, "--lost-after", "1s", target.url("/{}")],
    ...["-o", output, "--json"],
  ]);
  const name = await run.name();
  const { nc } = await cluster.tap("none");
  const { streams } = await jetstreamManager(nc);
  const queue = `MYRIAD_${name}_SLICES`;
  await until(async () => (await streams.info(queue)).state.messages === COUNT / SLICE);
  await streams.purge(queue);
  await run.says("was lost by the bus: it is done again");
  cluster.work([name]);
  const { code, stdout, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  assertEquals(JSON.parse(stdout).cluster.redone, COUNT / SLICE);
  await cluster.verify(output, { numbers: range(COUNT) });
});

Deno.test("myriad runs --stop ends a run, which --resume goes on with", async () => {
  await using cluster = await Cluster.start();
  const { args, run, name, output } = await begin(cluster);
  const stopped = await myriad(["runs", cluster.nats.url, name, "--stop"]);
  assertEquals(stopped.code, 0, stopped.stderr);
  const { code, stderr } = await run.ended;
  assertEquals(code, 3, stderr);
  assertStringIncludes(stderr, "the run was stopped by 'myriad runs'");
  assertStringIncludes(stderr, "to continue, run the same command with --resume");
  assertEquals(await countStreams(cluster), 0);
  cluster.target.release();
  const again = cluster.submit([...args, "--resume"]);
  cluster.work([await again.name()]);
  const { code: last, stdout, stderr: said } = await again.ended;
  assertEquals(last, 0, said);
  assertEquals(JSON.parse(stdout).requests, COUNT);
  await cluster.verify(output, { numbers: range(COUNT), repeats: 1 });
});

Deno.test("a run ends if its workers cannot reach anything", async () => {
  await using cluster = await Cluster.start();
  using port = reservePort();
  const output = cluster.dir.path("out.ndjson");
  const args = ["-n", `${COUNT}`, "--give-up-after", "1s", "-o", output];
  const run = cluster.submit([...args, `http://127.0.0.1:${port.port}/{}`]);
  const worker = cluster.work([await run.name()]);
  assertEquals((await worker.ended).code, 3);
  const { code, stderr } = await run.ended;
  assertEquals(code, 3, stderr);
  assertStringIncludes(stderr, "Cannot go on: ");
  assertStringIncludes(stderr, "to continue, run the same command with --resume");
});

Deno.test("-z ends a run on all machines, and what was done counts", async () => {
  await using cluster = await Cluster.start();
  const output = cluster.dir.path("out.ndjson");
  // The time counts from the start of the submitter: the worker is there before.
  const worker = cluster.work();
  await worker.says("waiting for runs");
  const run = cluster.submit(
    ["-z", "2s", "-c", "2", cluster.target.url("/{}"), "-o", output, "--json"],
  );
  const { code, stdout, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  await worker.says("at the end of run");
  const { requests, interrupted } = JSON.parse(stdout);
  assertEquals([requests, interrupted], [cluster.target.paths.length, false]);
});
