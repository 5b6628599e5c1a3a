import { assert, assertEquals, assertRejects } from "@std/assert";
import { review } from "../../lib/commands/report/read_run.ts";
import { verify } from "../../lib/commands/verify/command.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { toSummary } from "../../lib/report/json.ts";
import { Run } from "../../lib/run/run.ts";
import type { Summary } from "../../lib/stats/summary.ts";
import { findJournal } from "../fixtures/count_journaled.ts";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { query } from "../fixtures/sqlite_file.ts";
import { until } from "../fixtures/until.ts";

// Runs whose output is a database, `-o FILE.sqlite`.

const DIE_AT_WRITE = `--preload=${new URL("../fixtures/die_at_write.ts", import.meta.url)}`;

const open = async (argv: readonly string[]): Promise<Run> =>
  await Run.open(await parseRun(argv, "1") as RunOptions);

async function finish(run: Run): Promise<Summary> {
  const { snapshot, failure } = await run.finish("1");
  assertEquals(failure, undefined);
  return toSummary(snapshot, { version: "1" });
}

const ALL = Array.from({ length: 60 }, (_, i) => i);
const fails = (i: number): boolean => i % 9 === 4;

Deno.test("-o FILE.sqlite has one record of each request after --resume and --retry-failed", async () => {
  await using dir = await folder();
  const path = dir.path("out.sqlite");
  const log: string[] = [];
  let isMended = false;
  let held: (() => void)[] | undefined = [];
  await using server = await RawServer.start(({ request, send, reset }) => {
    const i = Number(/ \/(\d+) /.exec(request)![1]);
    const hasFailed = fails(i) && !isMended;
    if (!hasFailed) log.push(`{"path":"/${i}","status":200}\n`);
    const answer = (): void => hasFailed ? reset() : send(ok());
    if (held !== undefined && (i >= 30 || isMended)) held.push(answer);
    else answer();
  });
  const args = [server.url("/{}"), "-n", `${ALL.length}`, "-c", "5", "--no-pause", "-o", path];
  const failures = dir.path("failed.jsonl");
  args.push("--failures", failures);
  const numbersOf = (where = "true"): unknown[] =>
    query(path, `SELECT i FROM records WHERE ${where} ORDER BY i`).map(({ i }) => i);
  const countFailures = async (): Promise<number> =>
    (await Deno.readTextFile(failures)).split("\n").length - 1;

  const first = await open(args);
  const ended = finish(first);
  await until(() => held!.length === 5);
  await first.stop();
  for (const answer of held) answer();
  held = undefined;
  const { requests } = await ended;
  assertEquals([numbersOf(), requests], [ALL.slice(0, 35), 35]);
  const { done, complete } = (await findJournal(path))!;
  assertEquals([done.low, complete], [35, false]);

  await finish(await open([...args, "--resume", "--threads", "2"]));
  assertEquals(numbersOf(), ALL);
  assertEquals([numbersOf("error = 'reset'"), await countFailures()], [ALL.filter(fails), 7]);
  // Nothing is left to do, and nothing changes.
  const before = await Deno.readFile(path);
  await finish(await open([...args, "--resume"]));
  assertEquals(await Deno.readFile(path), before);

  // A retry goes on with what is left of it.
  isMended = true;
  held = [];
  const retry = await open([...args, "--retry-failed"]);
  const retried = finish(retry);
  await until(() => held!.length === 5);
  await retry.stop();
  for (const answer of held) answer();
  held = undefined;
  await retried;
  assertEquals(numbersOf("error IS NULL").length, 58);
  assertEquals([numbersOf().length, query(path, "SELECT name FROM run").length], [58, 2]);
  const early = open([...args, "--resume"]);
  await assertRejects(() => early, UsageError, "use --retry-failed to go on with that");
  const again = await finish(await open([...args, "--retry-failed"]));
  assertEquals([again.requests, again.failed, await countFailures()], [60, 0, 0]);
  assertEquals([numbersOf(), numbersOf("error IS NOT NULL")], [ALL, []]);
  assertEquals(query(path, "SELECT name FROM run"), [{ name: "journal" }]);
  assertEquals((await review([path])).summary.statuses, { 200: 60 });
  const access = await dir.write("access.log", log.join(""));
  assertEquals((await verify([path, "--against", access])).code, 0);

  await assertRejects(() => open(args), UsageError, "bytes already: use --resume to go on with it");
  await finish(await open([...args, "--fields", "status,url", "--overwrite"]));
  assertEquals(query(path, "SELECT DISTINCT status, count(*) AS n FROM records"), [
    { status: 200, n: 60 },
  ]);
  const resumed = open([...args, "--resume"]);
  await assertRejects(() => resumed, UsageError, "'--fields' was 'status,url' and is");
});

Deno.test("-o FILE.sqlite has its journal before an archive is written, so that a run goes on from there", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  await using dir = await folder();
  const path = dir.path("out.sqlite");
  const args = [server.url("/{}"), "-n", "10", "-o", path, "-s", "--resume"];
  args.push("--save-bodies", dir.path("a.warc.gz"));
  const died = await myriad(args, {
    permissions: ["--allow-net=127.0.0.1", "--allow-read", "--allow-write", DIE_AT_WRITE],
  });
  assertEquals([died.code, server.requests.length], [137, 0], died.stderr);
  assert((await Deno.stat(dir.path("a.warc.gz"))).size > 0);
  const resumed = await myriad(args);
  assertEquals([resumed.code, resumed.stderr], [0, ""]);
  assertEquals(query(path, "SELECT count(*) AS n FROM records"), [{ n: 10 }]);
});

Deno.test("-o FILE.sqlite is gone again when the run cannot begin", async () => {
  await using dir = await folder();
  const path = dir.path("out.sqlite");
  const args = ["http://127.0.0.1:9/", "-o", path, "--failures", dir.path("none/x")];
  await assertRejects(() => open(args), UsageError, "no such folder");
  assertEquals([...Deno.readDirSync(dir.path("."))], []);
});
