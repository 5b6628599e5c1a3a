import { assert, assertEquals } from "@std/assert";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { toSummary } from "../../lib/report/json.ts";
import { Run } from "../../lib/run/run.ts";
import type { Summary } from "../../lib/stats/summary.ts";
import { folder } from "../fixtures/folder.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

// Which hosts were asked, and which responses were slow: of the whole run, however often it ended.

const open = async (argv: readonly string[]): Promise<Run> =>
  await Run.open(await parseRun(argv, "1") as RunOptions);

async function finish(run: Run): Promise<Summary> {
  const { snapshot, failure } = await run.finish("1");
  assertEquals(failure, undefined);
  return toSummary(snapshot, { version: "1" });
}

const ALL = Array.from({ length: 40 }, (_, i) => i);
/** Those that get no answer until the server is mended. */
const WRONG = ALL.filter((i) => i % 8 === 3);

Deno.test("--top has the hosts and slow responses of the whole run after --resume and --retry-failed", async () => {
  await using dir = await folder();
  let isMended = false;
  let held: (() => void)[] | undefined = [];
  await using server = await RawServer.start(({ request, send, reset }) => {
    const i = Number(/ \/(\d+) /.exec(request)![1]);
    const answer = (): void => !isMended && WRONG.includes(i) ? reset() : send(ok());
    if (held !== undefined && i >= 20) held.push(answer);
    else answer();
  });
  const args = [server.url("/{}"), "-n", "40", "-c", "4", "--top", "100", "--no-pause"];
  args.push("-o", dir.path("out.ndjson"));

  const first = await open(args);
  const ended = finish(first);
  await until(() => held!.length === 4);
  await first.stop();
  for (const answer of held) answer();
  held = undefined;
  const beginning = await ended;
  const done = numbersOf(beginning);
  assertEquals(done, ALL.filter((i) => i < 24 && !WRONG.includes(i)));

  const resumed = await finish(await open([...args, "--resume"]));
  const host = `127.0.0.1:${server.port}`;
  const [{ requests, failed, max_ms }] = resumed.hosts!;
  assertEquals([resumed.hosts!.length, resumed.hosts![0].host], [1, host]);
  assertEquals([requests, failed], [40, WRONG.length]);
  assertEquals(numbersOf(resumed), ALL.filter((i) => !WRONG.includes(i)));
  assertEquals(resumed.slowest![0].ms, max_ms);
  assertEquals(resumed.slowest!.filter(({ i }) => done.includes(i)), beginning.slowest!);
  isMended = true;

  const again = await finish(await open([...args, "--retry-failed"]));
  assertEquals([again.hosts![0].requests, again.hosts![0].failed], [40, 0]);
  assertEquals(numbersOf(again), ALL);
  assert(again.slowest!.every(({ ms }, k, all) => k === 0 || ms <= all[k - 1].ms));
});

function numbersOf({ slowest }: Summary): number[] {
  return slowest!.map(({ i }) => i).sort((a, b) => a - b);
}
