import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { InputError, NoProgressError, OutputError, UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { openSource } from "../../lib/source/open.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { Pipelines, type PipelinesHooks } from "../../lib/threads/pipelines.ts";

// The workers are scripts here, which do what workers should not do, or do seldom.

const STATE = {
  activity: { inFlight: 0, retrying: 0, held: 0, paused: 0, shortages: {} },
  isShut: false,
  loopBusy: 0,
  engine: "http1",
  hasResponses: false,
  transport: "portable",
};
const READY = `postMessage({ type: "ready", state: ${JSON.stringify(STATE)} });`;
const DONE = `postMessage({ type: "done" });`;

/** A worker's script. @param on what it does with messages, by type */
function script(on: Record<string, string>): string {
  const cases = { open: READY, close: DONE, ...on };
  return `onmessage = async ({ data }) => { switch (data.type) {
    ${Object.entries(cases).map(([type, act]) => `case "${type}": ${act} break;`).join("\n")}
  } };`;
}

const open = async (code: string, count = 2): Promise<[Pipelines, RunOptions]> => {
  const options = await parseRun(["http://127.0.0.1/{}", "-n", "10"], "0.0.0") as RunOptions;
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  const findCode = () => Promise.resolve({ url });
  return [await Pipelines.open(options, count, { columns: [], seed: "", findCode }), options];
};

/** Runs scripted workers to their end. @returns how the run failed; undefined if it did not */
async function run(
  code: string,
  hooks: Partial<PipelinesHooks> = {},
): Promise<{ failure: unknown; pipelines: Pipelines }> {
  const [pipelines, options] = await open(code);
  const { url: template, start, requests: count } = options;
  const source = await openSource({ ...options, template, seed: "", start, count });
  pipelines.begin(options, {
    source,
    pending: source.items,
    total: 10,
    ids: undefined,
    isResumable: false,
    bodiesRun: undefined,
    durationMs: undefined,
    stats: new Stats(),
  }, { beforeFirst: undefined, onResults: () => {}, onNotice: () => {}, ...hooks });
  let failure: unknown;
  try {
    await pipelines.run();
  } catch (error) {
    failure = error;
  }
  await pipelines.close();
  return { failure, pipelines };
}

Deno.test("Pipelines.open() says why a worker does not start", async () => {
  const error = await assertRejects(() => open("throw new Error('no way')"), UsageError);
  assertEquals(
    error.message,
    "Cannot use '--threads': a thread does not start: Uncaught (in promise) Error: no way",
  );
});

Deno.test("Pipelines.open() fails as the engine of a worker does, and ends the others", async () => {
  const failed = `postMessage({ type: "failed", error: { name: "UsageError", message: "why" } });`;
  await assertRejects(
    () => open(script({ open: `data.setup.index === 1 ? ${failed.slice(0, -1)} : ${READY}` })),
    UsageError,
    "why",
  );
});

Deno.test("Pipelines.run() settles once every worker is done", async () => {
  const { failure, pipelines } = await run(script({ begin: DONE }));
  assertEquals([failure, pipelines.isCutShort, pipelines.sourceFailure], [
    undefined,
    false,
    undefined,
  ]);
});

Deno.test("Pipelines.run() fails with an error of the class that a worker had", async () => {
  for (const Failure of [UsageError, InputError, OutputError, NoProgressError]) {
    const error = JSON.stringify({ name: Failure.name, message: "why" });
    const { failure } = await run(
      script({ begin: `postMessage({ type: "failed", error: ${error} });` }),
    );
    assertInstanceOf(failure, Failure);
    assertEquals((failure as Error).message, "why");
  }
});

Deno.test("Pipelines takes no results once the run has failed", async () => {
  let taken = 0;
  const results = "postMessage({ type: 'results', results: {}, state: STATE });".replace(
    "STATE",
    JSON.stringify(STATE),
  );
  const { failure } = await run(
    script({
      begin: "if (data.shared.index === 0) postMessage({ type: 'notice', text: '' });",
      close: results + DONE,
    }),
    {
      onNotice: () => {
        throw new OutputError("gone");
      },
      onResults: () => void taken++,
    },
  );
  assertInstanceOf(failure, OutputError);
  assertEquals(taken, 0);
});

Deno.test("Pipelines ends a worker that does not close, and one that is busy forever", async () => {
  const { failure } = await run(
    script({
      begin: `if (data.shared.index === 0) postMessage({ type: "failed", error: { name: "Error", ` +
        `message: "why" } }); else for (;;);`,
    }),
  );
  assertEquals((failure as Error).message, "why");
});

Deno.test("Pipelines asks before the first target is dealt whether it may be requested", async () => {
  const urls: string[] = [];
  const { failure } = await run(script({ begin: 'postMessage({ type: "wants" });' }), {
    beforeFirst: ({ url }) => {
      urls.push(url);
      throw new UsageError("no permission");
    },
  });
  assertInstanceOf(failure, UsageError);
  assertEquals(urls, ["http://127.0.0.1/0"]);
});
