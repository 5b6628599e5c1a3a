import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { readJournal, writeJournal } from "../../lib/checkpoint/journal.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { type Outcome, Run } from "../../lib/run/run.ts";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";
import { RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

// Which answers are failures by their status: `--fail`, `--retry-on`, and what wins over them.

// deno-lint-ignore no-explicit-any
type Json = any;

const answer = (status: number, head = ""): string =>
  `HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n${head}\r\n..`;

/** Answers by the status in the path; `/to-404` redirects there. */
const serving = (): Promise<RawServer> =>
  RawServer.start(({ send, request }) => {
    const path = request.split(" ")[1];
    send(path === "/to-404" ? answer(302, "Location: /404\r\n") : answer(Number(path.slice(1, 4))));
  });

const recordsOf = async (path: string): Promise<Json[]> =>
  (await Deno.readTextFile(path)).split("\n").slice(0, -1).map((line) => JSON.parse(line))
    .toSorted((a, b) => a.i - b.i);

/** A run in this process. */
async function run(argv: readonly string[]): Promise<Outcome> {
  const opened = await Run.open(await parseRun(argv, "1") as RunOptions);
  return await opened.finish("1");
}

/** What is requested in each run of the table below. */
const LINES = [
  { url: "/200" },
  { url: "/202" },
  { url: "/404" },
  { url: "/404", expect: { status: 404 } },
  { url: "/to-404" },
  { url: "/500" },
  { url: "/503" },
  { url: "/503", expect: { status: [200, 503] } },
  { url: "/503", expect: { latency: "1m" } },
  { url: "/503", method: "POST" },
  { url: "/429" },
  { url: "/200", expect: { status: "503" } },
  { url: "/503", expect: { status: 503, headers: { "x-none": "." } } },
];

/** By flags, what becomes of each line: its attempts, with an `x` where it has failed. */
const TABLE: readonly (readonly [flags: string, outcomes: string])[] = [
  ["", "1 1 1 1 1 1 1 1 1 1 1 1x 1x"],
  ["--fail", "1 1 1x 1 1x 1x 1x 1 1x 1x 1x 1x 1x"],
  ["-f", "1 1 1x 1 1x 1x 1x 1 1x 1x 1x 1x 1x"],
  ["--expect-status 200,503", "1 1x 1x 1 1x 1x 1 1 1 1 1x 1x 1x"],
  ["--retries 2", "1 1 1 1 1 1 3x 1 3x 1x 3x 1x 1x"],
  ["--retries 2 --fail", "1 1 1x 1 1x 1x 3x 1 3x 1x 3x 1x 1x"],
  ["--retries 2 --retry-unsafe", "1 1 1 1 1 1 3x 1 3x 3x 3x 1x 1x"],
  ["--retries 1 --expect-status 200,503", "1 1x 1x 1 1x 1x 1 1 1 1 2x 1x 1x"],
  ["--retries 1 --retry-on 404,202", "1 2x 2x 1 2x 1 1 1 1 1 1 1x 1x"],
  // What `--fail` lets pass is not what the user waits for.
  ["--retries 1 --retry-on 202 --fail", "1 2x 1x 1 1x 1x 1x 1 1x 1x 1x 1x 1x"],
  ["--retries 1 --retry-on network", "1 1 1 1 1 1 1 1 1 1 1 1x 1x"],
  ["--retries 1 --retry-on expect --fail", "1 1 2x 1 2x 2x 2x 1 2x 1x 2x 2x 2x"],
  ["--retry-on 5xx", "1 1 1 1 1 1x 1x 1 1x 1x 1 1x 1x"],
];

for (const engine of ["http1", "fetch"]) {
  Deno.test(`--fail, --expect-status and records' own expectations combine (${engine})`, async () => {
    await using server = await serving();
    await using dir = await folder();
    const input = await dir.write("in.jsonl", LINES.map((it) => JSON.stringify(it)).join("\n"));
    const found = [];
    for (const [k, [flags]] of TABLE.entries()) {
      const out = dir.path(`${k}.ndjson`);
      const argv = ["-i", input, server.url(), "--engine", engine, "-o", out, "--no-pause"];
      if (flags.includes("--retries")) argv.push("--retry-delay", "1ms");
      if (flags !== "") argv.push(...flags.split(" "));
      const before = server.requests.length;
      const { snapshot, failure } = await run(argv);
      assertEquals(failure, undefined, flags);
      const records = await recordsOf(out);
      found.push([
        flags,
        records.map(({ attempts, error }) => error ? `${attempts}x` : `${attempts}`).join(" "),
      ]);
      for (const { status, error } of records) {
        assert(status !== null && (error === undefined || error === "expect"), flags);
      }
      const sent = records.reduce((sum, { attempts }) => sum + attempts, 0);
      // The redirect takes a request more each time.
      assertEquals(server.requests.length - before, sent + records[4].attempts, flags);
      const failed = records.filter(({ error }) => error !== undefined);
      const { reasons = [], count } = snapshot.errors.expect!;
      assertEquals([snapshot.failed, count], [failed.length, failed.length]);
      assertEquals(reasons.reduce((sum, { count }) => sum + count, 0), count, flags);
      // Those that the user has said nothing about, in no way.
      const isTold = /fail|-f|--expect-status/.test(flags);
      const tolerated = records.filter(({ i, status, error }) =>
        status >= 400 && error === undefined && LINES[i].expect?.status === undefined
      );
      assertEquals(snapshot.tolerated, isTold ? 0 : tolerated.length, flags);
      assertEquals(snapshot.latency.max > 0 && snapshot.histogram.count, snapshot.succeeded);
    }
    assertEquals(found, TABLE.map((row) => [...row]));
  });

  Deno.test(`--fail fails 4xx and 5xx responses, and names the status (${engine})`, async () => {
    await using server = await serving();
    await using dir = await folder();
    const [out, failures, summary] = ["out.ndjson", "failures", "summary"].map(dir.path);
    const input = await dir.write("in", ["/404", "/200", "/503", "/404", "/301"].join("\n"));
    const args = ["-i", input, server.url("{+}"), "--engine", engine, "-c", "1", "-o", out];
    const { code, stdout, stderr } = await myriad([
      ...[...args, "--fail", "--failures", failures, "--summary", summary, "--progress", "none"],
      ...["--retries", "1", "--retry-delay", "1ms", "--threshold", "failed<50%"],
    ]);
    assertEquals([code, stderr], [1, ""]);
    assertEquals(
      (await recordsOf(out)).map(({ status, error, detail, attempts }) =>
        error === undefined ? [status, attempts] : [status, attempts, error, detail]
      ),
      [
        [404, 1, "expect", "status 404, expected below 400"],
        [200, 1],
        [503, 2, "expect", "status 503, expected below 400"],
        [404, 1, "expect", "status 404, expected below 400"],
        [301, 1],
      ],
    );
    const { errors, statuses, retries } = JSON.parse(await Deno.readTextFile(summary));
    assertEquals(errors.expect.reasons.map((it: Json) => [it.expectation, it.count]), [
      ["--fail", 3],
    ]);
    assertEquals([statuses, retries], [{ 200: 1, 301: 1, 404: 2, 503: 1 }, { 503: 1 }]);
    assertEquals((await Deno.readTextFile(failures)).split("\n").length - 1, 3);
    assertMatch(stdout, /^ {2}succeeded +2\n {2}failed +3\n/m);
    assertMatch(stdout, /^ {4}--fail +3 +60\.0 %\n/m);
    assertMatch(stdout, /^ {2}failed<50% +failed +60\.0 %/m);
  });

  Deno.test(`--retry-on fails a response whose status remains (${engine})`, async () => {
    await using server = await serving();
    await using dir = await folder();
    const [out, summary] = ["out.csv", "summary"].map(dir.path);
    const requests = [{ url: "/503" }, { url: "/429" }, { url: "/503", method: "POST" }];
    const input = await dir.write("in.jsonl", requests.map((it) => JSON.stringify(it)).join("\n"));
    const args = ["-i", input, server.url(), "--engine", engine, "-c", "1", "-o", out];
    args.push("--summary", summary, "--retry-delay", "1ms", "--retry-max-delay", "2ms");
    const { code, stdout } = await myriad([...args, "--retries", "3", "--no-pause"]);
    assertEquals(code, 1);
    const lines = (await Deno.readTextFile(out)).split("\n").slice(1, -1);
    assertEquals(lines.map((line) => line.split(",http")[0] + line.replace(/.*Z,/, " ")).sort(), [
      "0 expect,status 503 after 4 attempts",
      "1 expect,status 429 after 4 attempts",
      '2 expect,"status 503 after 1 attempt, made again only with --retry-unsafe"',
    ]);
    const { failed, errors, retries, latency_ms } = JSON.parse(await Deno.readTextFile(summary));
    assertEquals(retries, { 429: 3, 503: 3 });
    assertEquals([failed, latency_ms.max], [3, 0]);
    assertEquals(
      new Map(errors.expect.reasons.map((it: Json) => [it.expectation, it.count])),
      new Map([["--retry-on 503", 2], ["--retry-on 429", 1]]),
    );
    assertMatch(stdout, /^ {4}--retry-on 503 +2 +66\.7 %\n/m);
  });
}

Deno.test("myriad reports 4xx and 5xx that succeeded, unless told what to expect", async () => {
  await using server = await serving();
  await using dir = await folder();
  const input = await dir.write("in", "/404\n/200\n/503\n/404\n/600\n");
  const [out, page, summary] = ["out.ndjson", "page.html", "summary"].map(dir.path);
  const args = ["-i", input, server.url("{+}"), "--progress", "none"];
  const plain = await myriad([...args, "-o", out, "--report", page, "--summary", summary]);
  assertEquals([plain.code, plain.stderr], [0, ""]);
  const line = /^ {2}succeeded +5\n {15}4 with status 4xx or 5xx: --fail counts them as failed\n/m;
  assertMatch(plain.stdout, line);
  const sentence = "4 responses have status 4xx or 5xx and succeeded";
  assertStringIncludes(await Deno.readTextFile(page), sentence);
  for (const file of [out, summary]) {
    const again = dir.path("again.html");
    assertMatch((await myriad(["report", file, "--report", again])).stdout, line);
    const hasSentence = (await Deno.readTextFile(again)).includes(sentence);
    assertEquals(hasSentence, true, file);
  }
  assert(!Object.hasOwn(JSON.parse(await Deno.readTextFile(summary)), "tolerated"));
  for (const [more, failed] of [[["--expect-status", "200,4xx,503"], 1], [["-f"], 4]] as const) {
    const { stdout, code } = await myriad([...args, ...more]);
    assertEquals([code, stdout.includes("4xx or 5xx")], [1, false]);
    assertMatch(stdout, new RegExp(`^  failed +${failed}$`, "m"));
  }
});

Deno.test("--resume counts successes with a 4xx as an uninterrupted run does", async () => {
  const held: (() => void)[] = [];
  let isHeld = true;
  await using server = await RawServer.start(({ send, request }) => {
    const go = (): unknown => send(answer(404));
    if (isHeld && Number(request.split(" ")[1].slice(1)) >= 10) held.push(go);
    else go();
  });
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const argv = ["-n", "20", "-c", "5", server.url("/{}"), "-o", out];
  const first = await Run.open(await parseRun(argv, "1") as RunOptions);
  const ended = first.finish("1");
  await until(() => held.length === 5);
  first.stop();
  isHeld = false;
  for (const go of held) go();
  const { snapshot } = await ended;
  assertEquals([snapshot.requests, snapshot.tolerated], [15, 15]);
  const { snapshot: { requests, succeeded, tolerated } } = await run([...argv, "--resume"]);
  assertEquals([requests, succeeded, tolerated], [20, 20, 20]);
  const refused = await myriad([...argv, "--resume", "--fail"]);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "'--fail' was not given and is given");
});

/** Answers numbers: of each four one by 404, one by 503; until it is mended. */
async function ailing(): Promise<RawServer & { isMended: boolean }> {
  const server = await RawServer.start(({ send, request }) => {
    const i = Number(/\d+/.exec(request)![0]);
    send(answer(ailing.isMended || i % 4 > 1 ? 200 : i % 4 === 0 ? 404 : 503));
  });
  const ailing = Object.assign(server, { isMended: false });
  return ailing;
}

for (const file of ["out.ndjson", "out.csv", "out.ndjson.gz"]) {
  Deno.test(`--retry-failed applies new expectations of statuses to old records (${file})`, async () => {
    await using server = await ailing();
    await using dir = await folder();
    const [out, failures] = [file, "failures"].map(dir.path);
    const args = ["-n", "20", server.url("/{}"), "-o", out, "--failures", failures];
    args.push("--progress", "none");
    const first = await run(args);
    assertEquals([first.snapshot.failed, first.snapshot.tolerated], [0, 10]);
    // By the same command nothing has failed.
    const none = await myriad([...args, "--retry-failed", "--json"]);
    assertEquals([none.code, server.requests.length], [0, 20]);
    assertEquals(none.stderr, `myriad: nothing to retry: no request of '${out}' has failed\n`);
    const [{ seconds, cpu_seconds: cpu }, next] = [
      none,
      await myriad([...args, "--retry-failed", "--json"]),
    ].map(({ stdout }) => JSON.parse(stdout));
    assertEquals([next.seconds, next.cpu_seconds], [seconds, cpu], "nothing was done");
    const { code, stdout, stderr } = await myriad([...args, "--retry-failed", "--fail"]);
    assertEquals([code, server.requests.length], [1, 30]);
    assertEquals(
      stderr,
      "myriad: made 10 failed requests again: 0 succeeded now, 10 failed again\n",
    );
    assertMatch(stdout, /^20 requests in .*\n {2}succeeded +10\n {2}failed +10\n/);
    // Now it is the run with --fail.
    const refused = await myriad([...args, "--resume"]);
    assertEquals(refused.code, 2);
    assertMatch(
      refused.stderr,
      /'--fail' was given and is not given: use the same one, --retry-failed to make again/,
    );
    server.isMended = true;
    const { snapshot, madeAgain } = await run([
      ...args,
      "--retry-failed",
      "--expect-status",
      "503",
    ]);
    // The 404 and 503 have an error, whatever is expected now; 200 is none of what is.
    assertEquals(server.requests.length, 50);
    assertEquals(madeAgain, { wanted: 20, count: 20, failed: 20 });
    assertEquals([snapshot.requests, snapshot.failed, snapshot.statuses], [20, 20, { 200: 20 }]);
    const last = await run([...args, "--retry-failed"]);
    assertEquals([last.snapshot.succeeded, last.snapshot.failed], [20, 0]);
    assertEquals(await Deno.readTextFile(failures), "");
    assertEquals(
      [...Deno.readDirSync(dir.path("."))].map(({ name }) => name).sort(),
      ["failures", file, `${file}.myriad`].sort(),
    );
    const numbers = JSON.parse((await myriad(["report", "--json", out])).stdout);
    assertEquals([numbers.requests, numbers.statuses], [20, { 200: 20 }]);
  });
}

Deno.test("--retry-failed applies a new latency to old records, and writes failures to another file", async () => {
  let isSlow = true;
  await using server = await RawServer.start(async ({ send, request }) => {
    const i = Number(/\d+/.exec(request)![0]);
    if (isSlow && i % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 60));
    await send(answer(i % 4 === 1 ? 404 : 200));
  });
  await using dir = await folder();
  const [out, first, second] = ["out.ndjson", "first", "second"].map(dir.path);
  const args = ["-n", "12", server.url("/{}"), "-o", out];
  await run([...args, "--fail", "--failures", first]);
  const slow = (await recordsOf(out)).filter(({ ms, status }) => status === 200 && ms > 50).length;
  assertEquals([slow >= 3, (await Deno.readTextFile(first)).split("\n").length - 1], [true, 3]);
  isSlow = false;
  const retry = [...args, "--fail", "--expect-latency", "50ms", "--failures", second];
  const { madeAgain } = await run([...retry, "--retry-failed"]);
  assertEquals(madeAgain?.count, slow + 3);
  // Those that are refused, and any that this machine was too slow for.
  const left = (await Deno.readTextFile(second)).split("\n").length - 1;
  assertEquals([left >= 3, left], [true, madeAgain?.failed]);
  // The file of the run before is left as it was, and the retry is the run from now on.
  assertEquals((await Deno.readTextFile(first)).split("\n").length - 1, 3);
  await run([...args, "--fail", "--expect-latency", "50ms", "--retry-failed"]);
  const options = await parseRun([...args, "--failures", first, "--resume"], "1") as RunOptions;
  const { message } = await assertRejects(() => Run.open(options), UsageError);
  assertStringIncludes(
    message,
    "'--fail' was given and is not given: use the same one, --retry-failed",
  );
});

Deno.test("--retry-failed counts kept records as if the others never existed", async () => {
  let isMended = false;
  await using server = await RawServer.start(({ send, request }) => {
    const i = Number(/\d+/.exec(request)![0]);
    if (isMended || i % 3 > 0) send(answer(200));
    else send(`HTTP/1.1 404 X\r\nContent-Length: ${i}\r\n\r\n${"x".repeat(i)}`);
  });
  await using dir = await folder();
  const args = ["-n", "60", server.url("/{}"), "-o", dir.path("out.ndjson")];
  await run(args);
  isMended = true;
  const { snapshot } = await run([...args, "--retry-failed", "--fail"]);
  const { requests, succeeded, bytes, attempts, statuses, histogram } = snapshot;
  assertEquals([requests, succeeded, bytes, attempts, statuses], [60, 60, 120, 60, { 200: 60 }]);
  const records = await recordsOf(dir.path("out.ndjson"));
  const ms = records.map(({ ms }) => ms);
  // Exactly those of the records; the least and the greatest are whole microseconds in both.
  assertEquals(histogram.count, 60);
  assertEquals([histogram.min, histogram.max], [Math.min(...ms), Math.max(...ms)].map(toMicros));
  assertEquals(histogram.sum, ms.reduce((sum, ms) => sum + toMicros(ms), 0));
  assertAlmostEquals(snapshot.meanInFlightMs * 60, ms.reduce((sum, ms) => sum + ms, 0), 0.1);
});

const toMicros = (ms: number): number => Math.round(ms * 1000);

Deno.test("--retry-failed refuses expectations that records cannot tell, and changes nothing", async () => {
  await using server = await ailing();
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const base = ["-n", "8", server.url("/{}"), "-o", out];
  for (
    const [made, more, message] of [
      ["i,status,bytes,attempts", ["--fail"], "no field 'ms'"],
      ["i,status,ms,attempts", ["--fail"], "no field 'bytes'"],
      ["i,status,ms,bytes", ["--fail"], "no field 'attempts'"],
      ["i,error,ms,bytes,attempts", ["--expect-status", "200"], "no field 'status'"],
      [undefined, ["--expect-header", "a: b"], "'--expect-header' is not what it was"],
      [undefined, ["--expect-body", "a"], "'--expect-body' is not what it was"],
      ["i,status,bytes,attempts", ["--expect-latency", "1s"], "no field 'ms'"],
      // What matters more is told first.
      [undefined, ["--fail", "-m", "HEAD"], "'--method' was 'GET' and is 'HEAD'"],
    ] as const
  ) {
    const args = made === undefined ? base : [...base, "--fields", made];
    await run([...args, "--overwrite"]);
    const before = [await Deno.readTextFile(out), await Deno.readTextFile(`${out}.myriad`)];
    const error = await assertRejects(() => run([...args, "--retry-failed", ...more]));
    assertStringIncludes((error as Error).message, message);
    const after = [await Deno.readTextFile(out), await Deno.readTextFile(`${out}.myriad`)];
    assertEquals(after, before);
    assertEquals([...Deno.readDirSync(dir.path("."))].length, 2);
  }
  // Fields that are not needed where nothing is refuted.
  const few = [...base, "--fields", "i,status"];
  await run([...few, "--overwrite"]);
  const { madeAgain } = await run([...few, "--retry-failed", "--expect-status", "200,404,503"]);
  assertEquals(madeAgain, { wanted: 0, count: 0, failed: 0 });
});

Deno.test("--retry-failed obeys a record's own expectation first", async () => {
  await using server = await serving();
  await using dir = await folder();
  const lines = [{ url: "/404", expect: { status: 404 } }, { url: "/404" }, { url: "/200" }];
  const input = await dir.write("in.jsonl", lines.map((it) => JSON.stringify(it)).join("\n"));
  const args = ["-i", input, server.url(), "-o", dir.path("out.ndjson")];
  await run(args);
  // The output does not tell the record's own: it is made again, and held against that.
  const again = await run([...args, "--retry-failed", "--fail"]);
  assertEquals(again.madeAgain, { wanted: 2, count: 2, failed: 1 });
  const [own, other] = await recordsOf(dir.path("out.ndjson"));
  assertEquals([own.error, other.error], [undefined, "expect"]);
  // Nothing new is expected: the records' own verdicts stand.
  assertEquals((await run([...args, "--retry-failed", "--fail"])).madeAgain?.wanted, 1);
});

Deno.test("--retry-failed continues an interrupted retry with the same expectations", async () => {
  const held: (() => void)[] = [];
  let isHeld = false;
  await using server = await RawServer.start(({ send, request }) => {
    const i = Number(/\d+/.exec(request)![0]);
    const go = (): unknown => send(answer(isHeld || i % 2 > 0 ? 200 : 404));
    if (isHeld && i >= 10) held.push(go);
    else go();
  });
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const args = ["-n", "40", "-c", "4", server.url("/{}"), "-o", out];
  await run(args);
  isHeld = true;
  const retry = await Run.open(
    await parseRun([...args, "--retry-failed", "-f"], "1") as RunOptions,
  );
  const ended = retry.finish("1");
  await until(() => held.length === 4);
  retry.stop();
  for (const go of held) go();
  const { madeAgain, snapshot } = await ended;
  assertEquals(madeAgain, { wanted: 20, count: 9, failed: 0 });
  assertEquals([snapshot.requests, snapshot.total], [29, 40]);
  isHeld = false;
  for (const more of [[], ["--expect-status", "200"]]) {
    const error = await assertRejects(() => run([...args, "--retry-failed", ...more]));
    assertStringIncludes((error as Error).message, "end the retry that was interrupted");
  }
  const last = await run([...args, "--retry-failed", "--fail"]);
  assertEquals(last.madeAgain, { wanted: 20, count: 20, failed: 11 });
  assertEquals([last.snapshot.requests, last.snapshot.succeeded], [40, 29]);
});

Deno.test("--resume keeps what the machine ran out of in the summary", async () => {
  await using server = await serving();
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const args = ["-n", "3", server.url("/200"), "-o", out];
  await run(args);
  const journal = await readJournal(`${out}.myriad`);
  assertEquals(journal.shortages, {});
  const shortages = { "too many open files": 2 };
  await writeJournal(`${out}.myriad`, { ...journal, complete: false, shortages });
  const { snapshot } = await run([...args, "--resume"]);
  assertEquals([snapshot.shortages, snapshot.requests], [shortages, 3]);
  assertEquals((await readJournal(`${out}.myriad`)).shortages, shortages);
});
