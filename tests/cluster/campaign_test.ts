import { assertEquals } from "@std/assert";
import { Cluster, range, type Watched } from "../fixtures/cluster.ts";
import { Dice } from "../fixtures/dice.ts";

// Runs whose workers, server and submitter are killed at moments that come from a seed.
// `MYRIAD_TEST_LONG=1` has 30 of them.

const SEEDS = Deno.env.get("MYRIAD_TEST_LONG") === undefined ? [15] : range(30);
const COUNT = 6_000;
/** How many requests the target answers in 5 ms. */
const ANSWERS = 20;
const SLICE = 20;
const DEATHS = 6;
const WORKERS = 3;
const LAST = `/${COUNT - 1}`;
/** How many slices a worker has at most. */
const MAX_HELD = 8;

for (const seed of SEEDS) {
  Deno.test(`whoever dies, each request has one record (seed ${seed})`, async () => {
    await using cluster = await Cluster.start({ answers: ANSWERS });
    const { target, nats } = cluster;
    const dice = new Dice(seed);
    const output = cluster.dir.path(dice.of(["out.ndjson", "out.csv", "out.ndjson.gz"]));
    const args = [
      ...["-n", `${COUNT}`, "-c", "8", "--slice", `${SLICE}`, "--lost-after", "3s", "--resume"],
      ...[target.url("/{}"), "-o", output, "--json"],
    ];
    // The run is not over before the last death.
    target.hold((path) => path === LAST);
    let submitter = cluster.submit(args);
    const name = await submitter.name();
    const workers: Watched[] = range(WORKERS).map(() => cluster.work([name]));
    /** How often a worker has lost what it held. */
    let lost = 0;
    for (let death = 0; death < DEATHS; death++) {
      const seen = target.paths.length;
      if (seen < COUNT) await cluster.sees(seen + 1 + dice.below((COUNT - seen - 1) / DEATHS));
      const who = dice.of(["worker", "worker", "server", "submitter"]);
      if (who === "worker") {
        const victim = workers.splice(dice.below(workers.length), 1)[0];
        await victim[Symbol.asyncDispose]();
        lost++;
        const next = cluster.work([name]);
        await next.says("working on");
        workers.push(next);
      } else if (who === "server") {
        await nats.kill();
        await new Promise((resolve) => setTimeout(resolve, dice.below(1_000)));
        await nats.restart();
        // It forgets what it has handed out in the moment before.
        lost += WORKERS;
      } else {
        await submitter[Symbol.asyncDispose]();
        submitter = cluster.submit(args);
        await submitter.name();
      }
    }
    target.release();
    const { code, stdout, stderr } = await submitter.ended;
    assertEquals(code, 0, stderr);
    assertEquals(JSON.parse(stdout).requests, COUNT);
    for (const worker of workers) await worker.ended;
    await cluster.verify(output, { numbers: range(COUNT), repeats: lost * MAX_HELD * SLICE });
  });
}
