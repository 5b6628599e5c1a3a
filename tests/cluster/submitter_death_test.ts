import { assert, assertEquals } from "@std/assert";
import { Cluster, range } from "../fixtures/cluster.ts";
import { countJournaled } from "../fixtures/count_journaled.ts";
import { Dice } from "../fixtures/dice.ts";
import { until } from "../fixtures/until.ts";

// A submitter that dies or is interrupted, and its run, which the same command goes on with. The
// moments come from seeds, of which `MYRIAD_TEST_LONG=1` has more.

const ENDINGS = [".ndjson", ".csv.gz"];
const SEEDS = Deno.env.get("MYRIAD_TEST_LONG") === undefined ? 2 : 30;

/** More slices than may be on the bus at once. */
const COUNT = 6_000;
/** How many requests the target answers in 5 ms. */
const ANSWERS = 20;
const SLICE = 20;
const LAST = `/${COUNT - 1}`;
const DEATHS = 4;
const WORKERS = 2;
/** A second goes by in 40 ms, so that there are many journals. */
const PRELOAD = new URL("../fixtures/fast_clock.ts", import.meta.url).pathname;

for (const seed of range(SEEDS)) {
  const ending = ENDINGS[seed % ENDINGS.length];
  Deno.test(`--resume has one record of each request when the submitter is killed (${ending}, seed ${seed})`, async () => {
    await using cluster = await Cluster.start({ answers: ANSWERS });
    const { target } = cluster;
    const output = cluster.dir.path(`out${ending}`);
    const dice = new Dice(seed);
    // The run is not over before the last death.
    target.hold((path) => path === LAST);
    const args = [
      ...["-n", `${COUNT}`, "-c", "5", "--slice", `${SLICE}`, target.url("/{}")],
      ...["-o", output, "--resume", "--json"],
    ];
    for (let death = 0; death < DEATHS; death++) {
      await using run = cluster.submit(args, {
        permissions: ["--allow-net", "--allow-read", "--allow-write", `--preload=${PRELOAD}`],
      });
      const name = await run.name();
      if (death === 0) { for (let k = 0; k < WORKERS; k++) cluster.work([name]); }
      // Each second one dies after a journal that speaks of more than the one before.
      const done = await countJournaled(output);
      if (death % 2 === 1) await until(async () => await countJournaled(output) > done);
      // Once a worker has begun, the run can be found again.
      const left = Math.min(COUNT - target.paths.length, COUNT / DEATHS);
      if (left > 0) await cluster.sees(target.paths.length + 1 + dice.below(left - 1));
      run.kill("SIGKILL");
      await run.ended;
    }
    target.release();
    const run = cluster.submit(args);
    const { code, stdout, stderr } = await run.ended;
    assertEquals(code, 0, stderr);
    assertEquals(JSON.parse(stdout).requests, COUNT);
    await cluster.verify(output, { numbers: range(COUNT) });
  });
}

Deno.test("--resume goes on with a run that Ctrl-C has ended, and repeats nothing", async () => {
  await using cluster = await Cluster.start();
  const { target } = cluster;
  const output = cluster.dir.path("out.ndjson");
  const args = [
    ...["-n", `${COUNT}`, "-c", "5", "--slice", `${SLICE}`, target.url("/{}"), "-o", output],
  ];
  target.hold((path) => Number(path.slice(1)) % SLICE === 7);
  const run = cluster.submit(args);
  const worker = await cluster.join(run);
  await cluster.sees(4 * SLICE + 8);
  run.kill("SIGINT");
  await run.says("interrupted");
  target.release();
  const interrupted = await run.ended;
  assertEquals(interrupted.code, 130, interrupted.stderr);
  assert(target.paths.length < COUNT, "the run is not over");
  await worker.ended;
  const resumed = cluster.submit([...args, "--resume"]);
  await cluster.join(resumed);
  const { code, stderr } = await resumed.ended;
  assertEquals(code, 0, stderr);
  await cluster.verify(output, { numbers: range(COUNT) });
});

/** A worker that nobody hears: it may not tell what it does. */
const MUTE = `authorization { users: [
  { user: all, password: all },
  { user: mute, password: mute, permissions: { publish: { deny: "myriad.*.live" } } } ] }
  no_auth_user: all`;

Deno.test("Ctrl-C collects what a worker commits one after the other, also if nobody hears the worker", async () => {
  await using cluster = await Cluster.start({ config: MUTE });
  const { target, nats: { host, port } } = cluster;
  const output = cluster.dir.path("out.ndjson");
  const args = ["-n", "100", "-c", "2", "--slice", "20", target.url("/{}"), "-o", output];
  // One of each of the first two slices.
  target.hold((path) => path === "/7" || path === "/27");
  const run = cluster.submit(args);
  const worker = cluster.work([await run.name()], { url: `nats://mute:mute@${host}:${port}` });
  await until(() => target.held === 2);
  const { messages } = await cluster.tap("$KV.*.commit.*");
  run.kill("SIGINT");
  await run.says("interrupted");
  target.releaseSome((path) => path === "/7");
  // The submitter marks what it has collected.
  await until(() => messages.some(({ data }) => new TextDecoder().decode(data) === "closed"));
  target.release();
  const interrupted = await run.ended;
  assertEquals(interrupted.code, 130, interrupted.stderr);
  await worker.ended;
  const resumed = cluster.submit([...args, "--resume"]);
  await cluster.join(resumed);
  const { code, stderr } = await resumed.ended;
  assertEquals(code, 0, stderr);
  await cluster.verify(output, { numbers: range(100) });
});
