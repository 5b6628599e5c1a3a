import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseRun, type RunOptions } from "../lib/options.ts";
import { Run } from "../lib/run.ts";
import { myriad } from "./fixtures/program.ts";
import { folder } from "./fixtures/sources.ts";
import { until } from "./fixtures/until.ts";
import { RawServer } from "./raw_server.ts";

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
  Deno.test(`statuses, flags and records' own expectations decide together (${engine})`, async () => {
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
      const run = await Run.open(await parseRun(argv, "1") as RunOptions);
      const { snapshot, failure } = await run.finish("1");
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

  Deno.test(`myriad --fail takes a 4xx or 5xx for a failure, and says which (${engine})`, async () => {
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

  Deno.test(`a status that --retry-on names and that is left has failed (${engine})`, async () => {
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

Deno.test("the table and the page say how many 4xx and 5xx succeeded, unless the user said what to expect", async () => {
  await using server = await serving();
  await using dir = await folder();
  const input = await dir.write("in", "/404\n/200\n/503\n/404\n/600\n");
  const [out, page, summary] = ["out.ndjson", "page.html", "summary"].map(dir.path);
  const args = ["-i", input, server.url("{+}"), "--progress", "none"];
  const plain = await myriad([...args, "-o", out, "--report", page, "--summary", summary]);
  assertEquals([plain.code, plain.stderr], [0, ""]);
  const line = /^ {2}succeeded +5\n {15}4 with status 4xx or 5xx: --fail counts them as failed\n/m;
  assertMatch(plain.stdout, line);
  const sentence = "4 answers have status 4xx or 5xx and succeeded";
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

Deno.test("a run that is gone on with counts what succeeded with a 4xx as one that was not", async () => {
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
  const again = await Run.open(await parseRun([...argv, "--resume"], "1") as RunOptions);
  const { snapshot: { requests, succeeded, tolerated } } = await again.finish("1");
  assertEquals([requests, succeeded, tolerated], [20, 20, 20]);
  const refused = await myriad([...argv, "--resume", "--fail"]);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "'--fail' was not given and is given");
});
