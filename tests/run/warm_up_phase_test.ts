import { assert, assertEquals } from "@std/assert";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { type Outcome, Run } from "../../lib/run/run.ts";
import { folder } from "../fixtures/folder.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

const COUNT = 30;
const REFUSAL = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";

async function make(argv: readonly string[]): Promise<Outcome & { notices: string[] }> {
  const options = await parseRun(argv, "1") as RunOptions;
  const notices: string[] = [];
  const run = await Run.open(options, (text) => notices.push(text));
  return { ...await run.finish("1"), notices };
}

for (const threads of [1, 2]) {
  Deno.test(`--warm-up leaves its requests out of the figures, and a retry makes those that failed again (${threads} threads)`, async () => {
    await using dir = await folder();
    let isBroken = true;
    await using server = await RawServer.start(({ send, request }) =>
      send(isBroken && Number(/\d+/.exec(request)![0]) % 3 === 0 ? REFUSAL : ok())
    );
    const output = dir.path("out.ndjson");
    const common = ["-n", `${COUNT}`, "--fail", "-o", output, server.url("/{}")];
    const flags = ["-q", "20/s", "--no-pause", "--threads", `${threads}`];
    const first = await make([...flags, "--warm-up", "1s", ...common]);
    const { requests, warmUp = 0, seconds, failed, thresholds } = first.snapshot;
    assertEquals([first.failure, warmUp + requests, thresholds], [undefined, COUNT, []]);
    // Start 0 is in it, and start 29 is due 1,450 ms after that.
    assert(warmUp > 0 && requests > 0, `${warmUp} ${requests}`);
    assert(failed < COUNT / 3 && seconds > 0, `${failed} ${seconds}`);
    assertEquals(first.notices, ["the warm-up is over: from now on, requests are counted"]);
    isBroken = false;
    const { madeAgain, snapshot } = await make([...common, "--retry-failed"]);
    assertEquals(madeAgain, { wanted: COUNT / 3, count: COUNT / 3, failed: 0 });
    assertEquals(snapshot.requests + snapshot.warmUp!, COUNT);
    const lines = (await Deno.readTextFile(output)).trimEnd().split("\n");
    assertEquals(new Set(lines.map((line) => JSON.parse(line).i)).size, COUNT);
  });
}

Deno.test("--warm-up says so where the run ended before it", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const { snapshot, notices } = await make(["-n", "3", "--warm-up", "1h", server.url("/{}")]);
  assertEquals([snapshot.requests, snapshot.warmUp, snapshot.seconds], [0, 3, 0]);
  assertEquals(notices, ["the run ended within its warm-up of 3600 s: no request is counted"]);
});

Deno.test("--warm-up with --threads ends when it is stopped before its threads have begun", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const argv = ["-n", "100k", "-c", "4", "--threads", "2", "--warm-up", "100ms", server.url("/{}")];
  const run = await Run.open(await parseRun(argv, "1") as RunOptions);
  const outcome = run.finish("1");
  // Of the modules that a warm-up needs, none is loaded yet.
  void run.stop();
  const { snapshot, failure } = await outcome;
  assertEquals([snapshot.requests < 100_000, failure], [true, undefined]);
});
