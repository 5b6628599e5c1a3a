import { assert, assertEquals, assertMatch } from "@std/assert";
import { Cluster } from "../fixtures/cluster.ts";
import { Exposition } from "../fixtures/exposition.ts";
import { LoggingTarget } from "../fixtures/logging_target.ts";
import { until } from "../fixtures/until.ts";

Deno.test("metrics of a run on several machines have what is open, and no counter falls at a death", async () => {
  await using cluster = await Cluster.start();
  const slice = 1_000;
  const summary = cluster.dir.path("summary.json");
  const run = cluster.submit([
    cluster.target.url("/{}"),
    ...["-n", "4000", "-q", "500/s", "--slice", `${slice}`, "--lost-after", "4s"],
    ...["--metrics", "127.0.0.1:0", "--summary", summary, "-o", cluster.dir.path("o.ndjson")],
  ]);
  const [, , third] = await Promise.all([1, 2, 3].map(() => cluster.join(run)));
  await run.says(/metrics at (\S+)/);
  const [, url] = /metrics at (\S+)/.exec(run.said.stderr)!;
  const seen: number[] = [];
  /** Waits until the metrics are as they should, and takes note of the requests of each look. */
  const metrics = async (isRight: (exposition: Exposition) => boolean): Promise<void> => {
    let text = "";
    await until(async () => {
      text = await (await fetch(url)).text();
      const exposition = new Exposition(text);
      seen.push(exposition.by("myriad_requests_total").succeeded);
      return isRight(exposition);
    }, () => text);
  };
  const workers = (exposition: Exposition) => exposition.by("myriad_workers");
  await metrics((exposition) => workers(exposition).busy === 3 && seen.at(-1)! > 0);
  assert(seen.at(-1)! < slice, "it was told of before it was committed");
  third.kill("SIGKILL");
  await metrics((exposition) => workers(exposition).silent === 1);
  await metrics((exposition) => workers(exposition).gone === 1);
  assertEquals(seen, seen.toSorted((a, b) => a - b));
  await run.says(/worker [\w-]+ is gone: nothing was heard of it for \d+ s/);
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  const { requests, succeeded, threads } = JSON.parse(await Deno.readTextFile(summary));
  assertEquals({ requests, succeeded, threads }, {
    requests: 4_000,
    succeeded: 4_000,
    threads: 3,
  });
});

Deno.test("notices of workers come to the terminal of the submitter, once each", async () => {
  await using cluster = await Cluster.start();
  const target = await LoggingTarget.start();
  const run = cluster.submit([
    target.url("/{}"),
    ...["-n", "100000", "-q", "200/s", "--slice", "100"],
  ]);
  await Promise.all([1, 2].map(() => cluster.join(run)));
  await until(() => target.paths.length >= 400);
  await target[Symbol.asyncDispose]();
  await run.says(/worker [\w-]+: pausing 127\.0\.0\.1/);
  run.kill("SIGINT");
  const { stderr } = await run.ended;
  assertEquals(stderr.match(/: pausing /g)?.length, 1, stderr);
});

Deno.test("the submitter says that no worker has come, and that one came with a key it has not", async () => {
  await using cluster = await Cluster.start();
  const key = await cluster.dir.write("key", "0".repeat(64));
  const run = cluster.submit([cluster.target.url("/{}"), "-n", "10"]);
  const name = await run.name();
  const misfit = await cluster.work([name, "--cluster-key", key], {
    permissions: ["--allow-net", "--allow-read"],
  }).ended;
  assertEquals(misfit.code, 2, misfit.stderr);
  await run.says("a worker has come without the key of this run");
  await run.says(`no worker has come yet: start workers by 'myriad work ${cluster.nats.url}`);
  await cluster.join(run);
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /no worker has come yet[^]*$/);
});
