import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { Cluster, range, type Tapped } from "../fixtures/cluster.ts";
import { until } from "../fixtures/until.ts";

// A worker that dies, sleeps or leaves in its slices. The target holds one request of each slice, so
// that it stops at a place that is known: with five requests in flight, in its fifth slice.

const COUNT = 400;
const SLICE = 20;
const IN_FLIGHT = 5;
/** How many requests the slices of such a worker have, with the one that it begins next. */
const HELD = (IN_FLIGHT + 1) * SLICE;
/** How many requests a worker makes until all that it has in flight are held. */
const MADE = (IN_FLIGHT - 1) * SLICE + 8;
const isHeld = (path: string): boolean => Number(path.slice(1)) % SLICE === 7;
const isLast = (path: string): boolean => path === `/${COUNT - 1}`;

/** Starts a run, and a worker of it that is in the midst of five slices. */
async function begin(cluster: Cluster, flags: readonly string[] = []) {
  const { target } = cluster;
  const output = cluster.dir.path("out.ndjson");
  target.hold(isHeld);
  const url = target.url("/{}");
  const run = cluster.submit([
    ...["-n", `${COUNT}`, "-c", `${IN_FLIGHT}`, "--slice", `${SLICE}`, url, "-o", output, "--json"],
    ...flags,
  ]);
  const first = await cluster.join(run);
  await cluster.sees(MADE);
  return { run, first, output, numbers: range(COUNT) };
}

Deno.test("the slices of a worker that is killed go to another, which repeats what it held", async () => {
  await using cluster = await Cluster.start();
  const { run, first, output, numbers } = await begin(cluster, ["--lost-after", "2s"]);
  first.kill("SIGKILL");
  await first.ended;
  cluster.target.release();
  await cluster.join(run);
  const { code, stdout, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  assertEquals(JSON.parse(stdout).requests, COUNT);
  await cluster.verify(output, { numbers, repeats: MADE });
  assertEquals(cluster.target.paths.length, COUNT + MADE);
});

Deno.test("a slice of which the server forgot that a worker has it is left alone by the next worker", async () => {
  await using cluster = await Cluster.start();
  const { target } = cluster;
  const output = cluster.dir.path("out.ndjson");
  target.hold((path) => path === "/7");
  const run = cluster.submit([
    ...["-n", `${SLICE}`, "-c", "1", "--slice", `${SLICE}`],
    ...[target.url("/{}"), "-o", output],
  ]);
  await cluster.join(run);
  await cluster.sees(8);
  await cluster.nats.restart({ hasDeliveries: false });
  const { messages } = await cluster.tap("$JS.API.STREAM.MSG.GET.>");
  await cluster.join(run);
  const asksForTries = ({ data }: Tapped): boolean =>
    new TextDecoder().decode(data).includes(".tries.");
  await until(() => messages.some(asksForTries), () => `${target.paths.length} requests`);
  target.release();
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  await cluster.verify(output, { numbers: range(SLICE) });
});

Deno.test("the commits of a worker that was stopped for too long lose", async () => {
  await using cluster = await Cluster.start();
  const { target } = cluster;
  const { run, first, output, numbers } = await begin(cluster, ["--lost-after", "2s"]);
  first.kill("SIGSTOP");
  // What the worker has asked for is answered, and waits for it.
  target.release();
  target.hold(isLast);
  const parts = await cluster.tap("myriad.*.store.part.>");
  const second = await cluster.join(run);
  await cluster.sees(COUNT + MADE);
  await until(() => target.held === 1);
  const before = parts.messages.length;
  first.kill("SIGCONT");
  await until(() => parts.messages.length >= before + IN_FLIGHT);
  target.release();
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  for (const worker of [first, second]) {
    const { code, stderr } = await worker.ended;
    assertEquals(code, 0, stderr);
  }
  await cluster.verify(output, { numbers, repeats: HELD });
});

Deno.test("a worker that leaves commits what it did, and nothing is repeated", async () => {
  await using cluster = await Cluster.start();
  const { run, first, output, numbers } = await begin(cluster);
  first.kill("SIGTERM");
  cluster.target.release();
  const left = await first.ended;
  assertEquals(left.code, 143, left.stderr);
  assert(cluster.target.paths.length < COUNT, "the run is not over");
  // It joins while nobody works on the run.
  const second = await cluster.join(run);
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  assertEquals((await second.ended).code, 0);
  await cluster.verify(output, { numbers });
});

Deno.test("a worker of another version refuses the run", async () => {
  await using cluster = await Cluster.start();
  const { dir, target } = cluster;
  const run = cluster.submit(["-n", "10", target.url("/{}"), "-o", dir.path("out.ndjson")]);
  const other = await dir.write("deno.json", JSON.stringify({ ...config, version: "0.0.9" }));
  const map = {
    imports: { ...config.imports, [new URL("../../deno.json", import.meta.url).href]: other },
  };
  const file = await dir.write("map.json", JSON.stringify(map));
  const worker = await cluster.join(run, { permissions: ["--allow-net", `--import-map=${file}`] });
  const { code, stderr } = await worker.ended;
  assertEquals(code, 2, stderr);
  assertMatch(stderr, /submitted by myriad .+, and this is myriad 0\.0\.9: use the same version/);
  assertEquals(target.paths, []);
  await cluster.join(run);
  assertEquals((await run.ended).code, 0);
});
