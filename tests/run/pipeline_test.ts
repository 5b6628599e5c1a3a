import { assert, assertEquals, assertRejects } from "@std/assert";
import { ResponseCheck } from "../../lib/check/response_check.ts";
import { StatusSet } from "../../lib/check/status_set.ts";
import { SocketEngine } from "../../lib/engine/sockets/socket_engine.ts";
import { PortableTransports } from "../../lib/engine/transport/portable.ts";
import type { Result } from "../../lib/result.ts";
import {
  addActivities,
  Pipeline,
  type PipelineHooks,
  type PipelineOptions,
  type PipelineParts,
  sumCounts,
} from "../../lib/run/pipeline.ts";
import { Stats } from "../../lib/stats/stats.ts";
import type { Source } from "../../lib/stream.ts";
import type { Target } from "../../lib/target.ts";
import { ENGINE_OPTIONS } from "../fixtures/engine_options.ts";
import { type Answer, ok, RawServer } from "../fixtures/raw_server.ts";
import { open } from "../fixtures/sources.ts";
import { target } from "../fixtures/target.ts";
import { until } from "../fixtures/until.ts";

const OPTIONS: PipelineOptions = {
  concurrency: 10,
  rate: undefined,
  rampUpMs: undefined,
  stages: undefined,
  hostConcurrency: undefined,
  hostDelayMs: undefined,
  hostRate: undefined,
  think: undefined,
  hostGiveUpMs: Infinity,
  pauses: true,
  giveUpAfterMs: undefined,
  retry: {
    retries: 0,
    on: new Set(["503"]),
    delayMs: 0,
    maxDelayMs: 0,
    unsafe: false,
    expected: undefined,
    failsOnStatus: true,
  },
  hasOneHost: true,
  isResumable: false,
};

/** A pipeline, and what its hooks were told. */
class Rig implements AsyncDisposable {
  readonly results: Result[] = [];
  /** All that were completed. */
  readonly completed: Result[] = [];
  readonly pipeline: Pipeline;

  constructor(
    source: Source<Target>,
    options: Partial<PipelineOptions> = {},
    parts: Partial<PipelineParts> = {},
    hooks: Partial<PipelineHooks> = {},
  ) {
    const { concurrency } = { ...OPTIONS, ...options };
    this.pipeline = new Pipeline(
      {
        source,
        engine: new SocketEngine(
          { ...ENGINE_OPTIONS, concurrency },
          "http1",
          new PortableTransports(),
        ),
        check: undefined,
        stats: new Stats({}),
        ...parts,
      },
      { ...OPTIONS, ...options },
      {
        onResult: (result) => void this.results.push(result),
        complete: (result) => {
          this.completed.push(result);
          return result;
        },
        onNotice: () => {},
        ...hooks,
      },
    );
  }

  /** Those that a later run makes again. */
  get unfinished(): Result[] {
    return this.completed.filter((result) => !this.results.includes(result));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.pipeline.close();
  }
}

const numbersOf = (results: readonly Result[]): number[] =>
  results.map(({ target }) => target.i).sort((a, b) => a - b);

/** Targets without end, each with a number of its own. */
function* targets(server: RawServer): Generator<Target, void, void> {
  for (let i = 0;; i++) yield target(server.url(`/${i}`), { i });
}

Deno.test("two pipelines in one process make the requests of two shards, and their counts add up", async () => {
  const waiting: (() => void)[] = [];
  let isHeld = true;
  await using server = await RawServer.start(({ request, send }) => {
    const [, path] = request.split(" ");
    const status = Number(path.slice(1)) % 5 === 0 ? "404 Not Found" : "200 OK";
    const respond = () => send(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\nok`);
    if (isHeld) waiting.push(respond);
    else respond();
  });
  const rigs = await Promise.all([0, 1].map(async (index) => {
    const source = await open({
      template: server.url("/{}"),
      count: 1_000,
      shard: { index, count: 2 },
    });
    const statuses = StatusSet.parse("2xx");
    const check = new ResponseCheck({
      expect: { statuses },
      captures: [],
      hasTargetExpectations: false,
    });
    return new Rig(source, { concurrency: 10 + index }, { check });
  }));
  await using _first = rigs[0];
  await using _second = rigs[1];
  const runs = rigs.map(({ pipeline }) => pipeline.run());
  await until(() => waiting.length === 21);
  const [a, b] = rigs.map(({ pipeline }) => pipeline.activity);
  assertEquals([a.inFlight, b.inFlight], [10, 11]);
  assertEquals(
    addActivities({ ...a, paused: 2, shortages: { sockets: 1, ports: 2 } }, {
      ...b,
      paused: 1,
      shortages: { sockets: 3 },
    }),
    {
      inFlight: 21,
      retrying: 0,
      held: 0,
      paused: 2,
      shortages: { sockets: 4, ports: 2 },
    },
  );
  isHeld = false;
  for (const respond of waiting.splice(0)) respond();
  await Promise.all(runs);

  const numbers = Array.from({ length: 1_000 }, (_, i) => i);
  assertEquals(numbersOf(rigs.flatMap(({ results }) => results)), numbers);
  assertEquals(server.requests.length, 1_000);
  const total = new Stats({});
  for (const { results, pipeline: { stats } } of rigs) {
    assertEquals([stats.requests, stats.failed], [500, 100]);
    assertEquals(results.filter(({ error }) => error === "expect").length, 100);
    total.add(stats.take());
  }
  const { requests, failed, statuses } = total.toJSON();
  assertEquals([requests, failed, statuses], [1_000, 200, { "200": 800, "404": 200 }]);
});

Deno.test("Pipeline.stop() finishes requests in flight, and starts no more", async () => {
  const waiting: (() => void)[] = [];
  await using server = await RawServer.start(({ send }) => void waiting.push(() => send(ok())));
  await using rig = new Rig(targets(server));
  const { pipeline, results } = rig;
  const run = pipeline.run();
  await until(() => waiting.length === 10);
  assert(!pipeline.isShut && !pipeline.isCutShort);
  pipeline.stop();
  assert(pipeline.isShut && pipeline.isCutShort);
  for (const respond of waiting) respond();
  await run;
  assertEquals([results.length, pipeline.stats.requests, server.requests.length], [10, 10, 10]);
  assertEquals(pipeline.activity.inFlight, 0);
});

for (const isResumable of [false, true]) {
  Deno.test(`Pipeline.cancel() ends requests in flight, ${isResumable ? "for a later run" : "as failed"}`, async () => {
    await using server = await RawServer.start(() => {});
    await using rig = new Rig(targets(server), { isResumable });
    const { pipeline, results } = rig;
    const run = pipeline.run();
    await until(() => server.requests.length === 10);
    pipeline.stop();
    pipeline.cancel();
    await run;
    const { unfinished } = rig;
    const [kept, dropped] = isResumable ? [0, 10] : [10, 0];
    assertEquals([results.length, unfinished.length], [kept, dropped]);
    assertEquals([pipeline.stats.requests, pipeline.stats.failed], [kept, kept]);
    for (const { error } of [...results, ...unfinished]) assertEquals(error, "cancelled");
  });
}

Deno.test("Pipeline.run() keeps requests that wait for a retry when it is stopped", async () => {
  const answer: Answer = ({ send }) =>
    send("HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n");
  await using server = await RawServer.start(answer);
  const source = Array.from({ length: 3 }, (_, i) => target(server.url(`/${i}`), { i }));
  const retry = { ...OPTIONS.retry, retries: 2 };
  await using rig = new Rig(source[Symbol.iterator](), { retry, concurrency: 1 });
  const { pipeline, results } = rig;
  const run = pipeline.run();
  await until(() => pipeline.activity.retrying === 1);
  pipeline.stop();
  await run;
  assertEquals(results.map(({ error, target }) => [error, target.i]), [["cancelled", 0]]);
});

Deno.test("Pipeline.run() does not count a result that cannot be completed", async () => {
  await using server = await RawServer.start(({ send }) => send(ok("ok")));
  const failure = new Error("its body cannot be removed");
  const complete = (result: Result): Result => {
    if (result.target.i === 5) throw failure;
    return result;
  };
  await using rig = new Rig(targets(server), { concurrency: 1 }, {}, { complete });
  const { pipeline, results } = rig;
  assertEquals(await pipeline.run().catch((error) => error), failure);
  // A journal can be written before the run ends.
  assertEquals([pipeline.stats.requests, numbersOf(results)], [5, [0, 1, 2, 3, 4]]);
});

Deno.test("Pipeline.fail() ends it at once, and run() throws the reason", async () => {
  await using server = await RawServer.start(() => {});
  await using rig = new Rig(targets(server));
  const { pipeline, results } = rig;
  const run = pipeline.run();
  await until(() => server.requests.length === 10);
  pipeline.fail(new Error("the disk is full"));
  pipeline.fail(new Error("and again"));
  await assertRejects(() => run, Error, "the disk is full");
  assertEquals([results, pipeline.stats.requests], [[], 0]);
});

Deno.test("Pipeline.run() throws a hook's error", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const fail = (): never => {
    throw new Error("not so");
  };
  let asked = 0;
  const hooks = [
    { beforeFirst: fail },
    { onResult: fail },
    { onResult: () => Promise.reject(new Error("not so")) },
    { beforeFirst: () => asked++ },
  ];
  for (const hook of hooks) {
    const source = [target(server.url()), target(server.url(), { i: 1 })];
    await using rig = new Rig(source[Symbol.iterator](), { concurrency: 1 }, {}, hook);
    if (hook === hooks.at(-1)) await rig.pipeline.run();
    else await assertRejects(() => rig.pipeline.run(), Error, "not so");
  }
  assertEquals(asked, 1);
});

Deno.test("Pipeline.run() finishes the source's targets before it throws the source's error", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const failure = new Error("line 3 is too long");
  const source = (function* (): Generator<Target, void, void> {
    yield target(server.url(), { i: 0 });
    yield target("", { i: 1, invalid: "not a URL" });
    throw failure;
  })();
  await using rig = new Rig(source);
  const { pipeline, results } = rig;
  await pipeline.run();
  assertEquals(numbersOf(results), [0, 1]);
  assertEquals(results.find(({ target }) => target.i === 1)!.detail, "not a URL");
  assertEquals([pipeline.sourceFailure, pipeline.isCutShort], [failure, true]);
});

Deno.test("Pipeline.run() makes no request when no time is left", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  await using rig = new Rig(targets(server), { durationMs: 0 });
  await rig.pipeline.run();
  assertEquals([rig.results, server.requests, rig.pipeline.isCutShort], [[], [], false]);
});

Deno.test("sumCounts() adds counts of any name", () => {
  // As JSON has them: a member of its own.
  const counts = JSON.parse('{"constructor":1,"__proto__":2,"x":3}');
  const sums = sumCounts(counts, sumCounts({}, counts));
  assertEquals(JSON.stringify(sums), '{"constructor":2,"__proto__":4,"x":6}');
});
