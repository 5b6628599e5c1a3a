import { assert, assertEquals } from "@std/assert";
import { Cluster, range, readOutput } from "../fixtures/cluster.ts";

const RATE = 500;
const COUNT = 1_500;
const SLICE = 50;
/** How many starts a turn has: 5 ms of that rate. */
const TURN = 3;
/** How far the clocks that are compared, each of them read in a process, can be apart. */
const CLOCKS_MS = 100;

// A busy machine makes starts late, so nothing is said about that here. None may be early, and each
// needs a turn.

Deno.test("workers that die and join keep one rate together", async () => {
  await using cluster = await Cluster.start();
  const { target } = cluster;
  const output = cluster.dir.path("out.ndjson");
  const flags = ["-n", `${COUNT}`, "-q", `${RATE}/s`, "-c", "50", "--slice", `${SLICE}`];
  const run = cluster.submit([
    ...flags,
    ...["--lost-after", "2s", "-o", output, "--fields", "i,url,status,attempts,at"],
    target.url("/{}"),
  ]);
  const turns = await cluster.tap("myriad.*.rate");
  const origins = await cluster.tap("$KV.*.origin");
  const [first] = await Promise.all(range(3).map(() => cluster.join(run)));
  await cluster.sees(COUNT / 3);
  first.kill("SIGKILL");
  await cluster.join(run);
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  await cluster.verify(output, { numbers: range(COUNT), repeats: target.paths.length - COUNT });

  const messages = origins.messages.map(({ data }) => JSON.parse(new TextDecoder().decode(data)));
  const originMs = Math.min(...messages.map(({ atMs }) => atMs));
  const starts = (await readOutput(output)).trim().split("\n")
    .map((line) => Date.parse(JSON.parse(line).at)).sort((a, b) => a - b);
  const early = starts.map((ms, k) => originMs + 1_000 * k / RATE - ms);
  assert(Math.max(...early) < CLOCKS_MS, `${Math.max(...early)} ms early`);
  const slots = turns.messages.length * TURN;
  assert(slots >= target.paths.length, `${slots} slots, ${target.paths.length} starts`);
});

Deno.test("workers make exactly the starts of the stages together, and the run ends with the last", async () => {
  await using cluster = await Cluster.start();
  const { target } = cluster;
  const output = cluster.dir.path("out.ndjson");
  // The most of them come behind the third second: workers are late by less.
  const stages = "4s:25/s,800ms:0";
  const run = cluster.submit([
    ...[
      "--stages",
      stages,
      "-c",
      "50",
      "--slice",
      "10",
      "-o",
      output,
      "--fields",
      "i,url,status,attempts",
    ],
    target.url("/{}"),
  ]);
  await Promise.all(range(2).map(() => cluster.join(run)));
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  // The stages have 60 starts; a worker that is late makes fewer.
  const count = (await readOutput(output)).trim().split("\n").length;
  assertEquals(count, target.paths.length);
  assert(count <= 60 && count > 30, `${count}`);
});

Deno.test("a run with a rate goes on after the NATS server was killed", async () => {
  await using cluster = await Cluster.start();
  const { target } = cluster;
  const output = cluster.dir.path("out.ndjson");
  const run = cluster.submit([
    ...["-n", "600", "-q", `${RATE}/s`, "-c", "50", "--slice", `${SLICE}`, "-o", output],
    target.url("/{}"),
  ]);
  await cluster.join(run);
  await cluster.join(run);
  await cluster.sees(100);
  await cluster.nats.restart();
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  await cluster.verify(output, { numbers: range(600) });
});
