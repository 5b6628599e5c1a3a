import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Cluster, range } from "../../fixtures/cluster.ts";
import { HAS_NATS } from "../../fixtures/nats_server.ts";
import { bundle, myriad } from "../../fixtures/program.ts";

/** A test that needs a NATS server. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !HAS_NATS, fn });
}

Deno.test("myriad work says what is wrong with its command line", async () => {
  const cases: readonly [args: readonly string[], words: string][] = [
    [[], "No URL is given"],
    [["nats://127.0.0.1:1", "a", "b"], "'b' is one argument too many"],
    [["http://127.0.0.1:1"], "unknown scheme: use [nats|tls]://"],
    [["nats://127.0.0.1:1", "--threads", "2"], "--threads"],
  ];
  for (const [args, words] of cases) {
    const { code, stderr } = await myriad(["work", ...args]);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, words);
  }
  const { code, stdout } = await myriad(["work", "--help"]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "Usage: myriad work [OPTIONS] URL [RUN]");
});

test("myriad work waits for runs, works on one after the other, and ends by a signal", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  const worker = cluster.work();
  await worker.says("waiting for runs on 127.0.0.1:");
  for (const name of ["one", "two"]) {
    const output = dir.path(`${name}.ndjson`);
    const run = cluster.submit([
      ...["-n", "50", "--cluster-run", name, target.url("/{}"), "-o", output],
    ]);
    const { code, stderr } = await run.ended;
    assertEquals(code, 0, stderr);
    await worker.says(`at the end of run '${name}': 50 requests`);
  }
  worker.kill("SIGTERM");
  const { code, stderr } = await worker.ended;
  assertEquals(code, 143, stderr);
  assertStringIncludes(stderr, "interrupted");
});

test("myriad work waits for a run of a name, for as long as --wait says", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  const late = await cluster.work(["late", "--wait", "1ms"]).ended;
  assertEquals(late.code, 2);
  assertStringIncludes(late.stderr, "There is no run 'late' on the bus");
  const worker = cluster.work(["late", "--wait", "1m"]);
  const run = cluster.submit([
    ...["-n", "50", "--cluster-run", "late", target.url("/{}"), "-o", dir.path("out.ndjson")],
  ]);
  const submitted = await run.ended;
  assertEquals(submitted.code, 0, submitted.stderr);
  const { code, stderr } = await worker.ended;
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /working on run 'late'/);
});

test("myriad work leaves out runs that it does not fit, and says why", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  const key = await dir.write("key", "k".repeat(32));
  const worker = cluster.work();
  const flags = (name: string): string[] => [
    ...["-n", "50", "--cluster-run", name, target.url("/{}"), "-o", dir.path(`${name}.ndjson`)],
  ];
  const sealed = cluster.submit([...flags("sealed"), "--cluster-key", key]);
  await sealed.name();
  await worker.says("left out: Cannot work on run 'sealed': it is sealed: add --cluster-key");
  assertEquals((await cluster.submit(flags("open")).ended).code, 0);
  const other = cluster.work(["sealed", "--cluster-key", key], {
    permissions: ["--allow-net", `--allow-read=${key}`],
  });
  assertEquals((await sealed.ended).code, 0);
  assertEquals((await other.ended).code, 0);
});

test("a bundle works in as many threads as the run asks for, with --allow-net alone", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  const script = dir.path("myriad.js");
  await bundle(script);
  const output = dir.path("out.ndjson.gz");
  target.hold(() => true);
  const run = cluster.submit([
    ...["-n", "200", "-c", "9", "--slice", "20", "--threads", "2", target.url("/{}")],
    ...["-o", output, "--json"],
  ]);
  const worker = cluster.work([await run.name()], { script });
  // Both threads have their share of the requests in flight.
  await cluster.sees(9);
  target.release();
  const { code, stdout, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  assertEquals(JSON.parse(stdout).requests, 200);
  const ended = await worker.ended;
  assertEquals(ended.code, 0, ended.stderr);
  assertMatch(ended.stderr, /at the end of run '\w+': 200 requests of 10 slices were made here/);
  await cluster.verify(output, { numbers: range(200) });
});

test("a worker of several threads that leaves commits what all of them did", async () => {
  await using cluster = await Cluster.start();
  const { target, dir } = cluster;
  const output = dir.path("out.ndjson");
  target.hold((path) => Number(path.slice(1)) % 20 === 7);
  const run = cluster.submit([
    ...["-n", "400", "-c", "4", "--slice", "20", "--threads", "2", target.url("/{}"), "-o", output],
  ]);
  const permissions = ["--allow-net", "--allow-read"];
  const worker = await cluster.join(run, { permissions });
  await cluster.sees(4 * 8);
  worker.kill("SIGTERM");
  await worker.says("interrupted");
  target.release();
  const left = await worker.ended;
  assertEquals(left.code, 143, left.stderr);
  await cluster.join(run, { permissions });
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  await cluster.verify(output, { numbers: range(400) });
});
