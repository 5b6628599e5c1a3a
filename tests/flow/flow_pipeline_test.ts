import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { Run } from "../../lib/run/run.ts";
import { FlowPipeline } from "../../lib/flow/flow_pipeline.ts";
import { openIterations } from "../../lib/flow/iterations.ts";
import { ParquetFile } from "../../lib/output/parquet/parquet_file.ts";
import { Targets } from "../../lib/source/targets.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { countJournaled } from "../fixtures/count_journaled.ts";
import { type FlowRecord, flowScene, readRecords } from "../fixtures/flow_run.ts";
import { folder } from "../fixtures/folder.ts";
import { start } from "../fixtures/program.ts";
import { reservePort } from "../fixtures/reserved_port.ts";
import { until } from "../fixtures/until.ts";

/** Two requests an iteration, of which the second tells that the first has its response. */
const PAIR = `export default async (i, client) => {
  const first = await client.get("/first/" + i, { step: "first" });
  await client.get(first.text(), { step: "second" });
};`;

const answer = (_: Request, path: string): Response =>
  new Response(path.replace("/first/", "/second/"));

/** Whether each of some iterations has both of its records, once. */
function assertPairs(records: readonly FlowRecord[], count: number): void {
  const pairs = records.map(({ i, step, error }) => `${i} ${step} ${error}`);
  const all = Array.from({ length: count }, (_, i) => [`${i} first null`, `${i} second null`]);
  assertEquals(pairs.toSorted(), all.flat().sort());
}

Deno.test("FlowPipeline resumes a run that was killed: each iteration is there once", async () => {
  const { promise: isKilled, resolve: release } = Promise.withResolvers<void>();
  await using scene = await flowScene(async (request, path) => {
    if (Number(path.slice("/second/".length)) >= 100) await isKilled;
    return answer(request, path);
  });
  const module = await scene.dir.write("flow.ts", PAIR);
  const output = scene.dir.path("out.ndjson");
  const args = ["run", module, scene.url, "-n", "200", "-c", "8", "-o", output, "-s"];
  {
    await using child = start(args);
    await until(async () => await countJournaled(output) >= 90);
    child.kill("SIGKILL");
    await child.status;
  }
  release();
  const before = scene.asked.length;
  const options = await parseRun([...args.slice(1), "--resume"], "1") as RunOptions;
  const { snapshot, failure } = await (await Run.open(options)).finish("1");
  assertEquals(failure, undefined);
  assertPairs(await readRecords(output), 200);
  assert(scene.asked.length - before <= 2 * 110);
  assertEquals([snapshot.requests, snapshot.flow!.iterations, snapshot.resumed], [400, 200, true]);
  assertEquals(snapshot.flow!.steps.map(({ step, requests }) => [step, requests]), [
    ["first", 200],
    ["second", 200],
  ]);
});

for (const isResumable of [true, false]) {
  const what = isResumable ? "leaves iterations to a later run" : "has records of iterations";
  Deno.test(`FlowPipeline ${what} when they are cancelled`, async () => {
    const { promise: areHeld, resolve: hold } = Promise.withResolvers<void>();
    const { promise: isReleased, resolve: release } = Promise.withResolvers<void>();
    let held = 0;
    await using scene = await flowScene(async (request, path) => {
      if (Number(path.slice("/second/".length)) < 5) return answer(request, path);
      if (path.startsWith("/second/")) {
        if (++held === 2) hold();
        await isReleased;
      }
      return answer(request, path);
    });
    const module = await scene.dir.write("flow.ts", PAIR);
    const argv = [module, scene.url, "-n", "9", "-c", "2"];
    const options = await parseRun(argv, "1") as RunOptions;
    const pipeline = await FlowPipeline.open(options, {});
    const { items, make } = openIterations({ ...options, count: 9, seed: "" });
    const stats = new Stats(options);
    const source = new Targets(items, make);
    const ended: [i: number, errors: unknown[]][] = [];
    pipeline.begin({ source, stats, recorder: stats, timer: undefined, isResumable }, {
      onIteration: (results, i) => void ended.push([i, results.map(({ error }) => error)]),
      onNotice: () => {},
    });
    const running = pipeline.run();
    await areHeld;
    pipeline.stop();
    pipeline.cancel();
    await running;
    release();
    await pipeline.close();
    assertEquals(pipeline.isCutShort, true);
    const whole = [0, 1, 2, 3, 4].map((i) => [i, [undefined, undefined]]);
    const cut = [5, 6].map((i) => [i, [undefined, "cancelled"]]);
    assertEquals<unknown>(ended.toSorted(), isResumable ? whole : [...whole, ...cut]);
  });
}

Deno.test("FlowPipeline goes on when a timer of the flow throws, and says so once", async () => {
  await using scene = await flowScene(answer);
  const { records, flow, notices } = await scene.run(
    `export default async (i, client) => {
      await new Promise((resolve) => setTimeout(() => { resolve(); throw new Error("late"); }, 1));
      await client.get("/");
    };`,
    ...["-n", "3", "-c", "3"],
  );
  assertEquals([records.length, flow.iterations, flow.failed], [3, 3, 0]);
  assertEquals(notices.length, 1);
  assertMatch(notices[0], /^the flow has thrown .* Error: late/);
});

Deno.test("FlowPipeline goes on when the program refuses what a timer of the flow gives it", async () => {
  await using scene = await flowScene(answer);
  const { flow, notices } = await scene.run(
    `export default async (i, client) => {
      await new Promise((resolve) => setTimeout(() => { resolve(); client.check(7, true); }, 1));
      await client.get("/");
    };`,
  );
  assertEquals([flow.iterations, flow.failed], [1, 0]);
  assertMatch(notices.join(), /^the flow has thrown .* TypeError: Cannot count a check/);
});

Deno.test("FlowPipeline starts iterations at the rate, and as many at once as the concurrency", async () => {
  await using scene = await flowScene(answer);
  const { flow, snapshot } = await scene.run(
    `let open = 0;
    const users = new Set();
    export default async (i, client) => {
      users.add(client.user);
      client.check("few", ++open <= 4 && users.size <= 4 && client.user < 4);
      await Promise.all([client.get("/"), client.get("/"), client.think(1)]);
      open--;
    };`,
    ...["-n", "60", "-q", "1000", "-c", "4"],
  );
  assertEquals([flow.iterations, snapshot.requests], [60, 120]);
  assertEquals(flow.checks, [{ check: "few", passed: 60, failed: 0 }]);
  assertEquals([snapshot.ownLateHistogram!.count, snapshot.targetRate], [60, undefined]);
});

Deno.test("FlowPipeline keeps a warm-up out of the figures", async () => {
  await using scene = await flowScene(answer);
  const { flow, snapshot, records } = await scene.run(
    `export default async (i, client) => { client.check("a", true); await client.get("/"); };`,
    ...["-n", "3", "--warm-up", "1h"],
  );
  assertEquals([records.length, snapshot.requests, snapshot.warmUp], [3, 0, 3]);
  assertEquals([flow.iterations, flow.checks], [0, []]);
});

Deno.test("FlowPipeline ends with the run's own failure when no host answers", async () => {
  await using scene = await flowScene(answer);
  // The listener is closed before the run begins.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  const { failure, records } = await scene.run(
    `export default async (i, client) => { await client.get("${url}/"); };`,
    ...["-n", "100k", "-c", "10", "--give-up-after", "50ms"],
  );
  assertMatch(String(failure), /every request has failed/);
  assertEquals(records.every(({ error }) => error === "refused"), true);
});

Deno.test("FlowPipeline leaves whole outputs when hosts can be reached no more", async () => {
  await using scene = await flowScene(answer);
  using port = reservePort();
  const module = await scene.dir.write(
    "flow.ts",
    `export default async (i, client) => {
      await client.get(i < 30 ? "${scene.url}/" : "http://127.0.0.1:${port.port}/");
    };`,
  );
  const output = scene.dir.path("out.parquet");
  const argv = [module, "-n", "100k", "-c", "4", "--give-up-after", "300ms", "-o", output];
  const run = await Run.open(await parseRun(argv, "1") as RunOptions);
  const { failure, snapshot } = await run.finish("1");
  assertMatch(String(failure), /every request has failed/);
  const file = await ParquetFile.open(output);
  assertEquals(file.rows, snapshot.requests);
  file.close();
});

Deno.test("FlowPipeline ends at once when the host of the command line refuses all", async () => {
  await using dir = await folder();
  using port = reservePort();
  const module = await dir.write("flow.ts", PAIR);
  const argv = [module, `http://127.0.0.1:${port.port}`, "-n", "100k", "-c", "10"];
  const run = await Run.open(await parseRun(argv, "1") as RunOptions);
  const { failure } = await run.finish("1");
  assertMatch(String(failure), /refuses connections|connection refused/);
});

Deno.test("FlowPipeline writes every record before its run reports that the disk is full", async () => {
  await using scene = await flowScene(answer);
  const module = await scene.dir.write("flow.ts", PAIR);
  const argv = [module, scene.url, "-n", "3", "-o", "/dev/full"];
  await assertRejects(
    async () => {
      const run = await Run.open(await parseRun(argv, "1") as RunOptions);
      throw (await run.finish("1")).failure;
    },
    Error,
    "no space left",
  );
});

Deno.test("FlowPipeline refuses a module before any file is changed", async () => {
  await using scene = await flowScene(answer);
  const output = await scene.dir.write("out.ndjson", "kept\n");
  for (
    const [code, message] of [
      ["export default 5;", "exports no function by default"],
      ["export const run = 5;", "exports no function by default"],
      ["export default (i { };", "(flow.ts:1:"],
      ["throw new Error('not today');", "not today (flow.ts:1:7): mend it"],
      ["import './none.ts';", 'none.ts" (flow.ts:1:8)'],
    ]
  ) {
    const dir = await Deno.makeTempDir({ dir: scene.dir.path() });
    await Deno.writeTextFile(`${dir}/flow.ts`, code);
    const argv = [`${dir}/flow.ts`, scene.url, "-o", output, "--overwrite"];
    const options = await parseRun(argv, "1") as RunOptions;
    const error = await assertRejects(() => Run.open(options), UsageError);
    assertMatch(error.message, /^Cannot (load|run) the flow '.*': [^\n]+: [^\n]+$/);
    assertEquals(error.message.includes(message.replace("(", `(${dir}/`)), true, error.message);
  }
  assertEquals(await Deno.readTextFile(output), "kept\n");
  assertEquals(scene.asked, []);
});
