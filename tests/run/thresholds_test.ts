import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { every } from "../fixtures/every.ts";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad, readUntil, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

// Real processes that are held to thresholds.

const BROKEN = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
const GARBAGE = "no answer\r\n\r\n";

const numberOf = (request: string): number => Number(/^GET \/(\d+) /.exec(request)![1]);

/** A server that answers all with 200, but for the numbers that something else is sent for. */
const serving = (others: (i: number) => string | undefined = () => undefined): Promise<RawServer> =>
  RawServer.start(({ send, request }) => send(others(numberOf(request)) ?? ok()));

const thresholds = (...list: string[]): string[] => list.flatMap((it) => ["--threshold", it]);

const linesOf = async (path: string): Promise<{ i: number; error?: string }[]> =>
  (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));

Deno.test("--threshold reports each passed threshold, and exits with 0", async () => {
  await using server = await serving();
  const list = thresholds("p99 < 1m", "failed<1%", "requests>=20", "status.2xx>=100%");
  const { code, stdout, stderr } = await myriad(["-n", "20", server.url("/{}"), ...list]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(
    stdout,
    /\nThresholds\n {2}p99<1m +passed {3}[\d.]+ (us|ms|s)\n {2}failed<1% +passed {3}0.0 %\n {2}requests>=20 +passed {3}20\n {2}status.2xx>=100% +passed {3}100.0 %\n$/,
  );
});

Deno.test("--threshold exits with 1 when one fails and all requests succeed", async () => {
  await using server = await serving((i) => i < 3 ? BROKEN : undefined);
  const list = thresholds("status.5xx<10%", "status.500<5");
  const { code, stdout } = await myriad(["-n", "20", server.url("/{}"), ...list]);
  assertEquals(code, 1);
  assertMatch(stdout, /\n {2}status.5xx<10% +failed {3}15.0 %\n {2}status.500<5 +passed {3}3\n$/);
});

Deno.test("--threshold exits with 1 when a request fails and all thresholds pass", async () => {
  await using server = await serving((i) => i === 7 ? GARBAGE : undefined);
  const { code, stdout } = await myriad([
    ...["-n", "20", server.url("/{}")],
    ...thresholds("failed<10%", "errors.protocol<=1"),
  ]);
  assertEquals(code, 1);
  assertMatch(stdout, /\n {2}failed<10% +passed {3}5.0 %\n {2}errors.protocol<=1 +passed {3}1\n$/);
});

Deno.test("--threshold fails a latency without any response", async () => {
  await using server = await serving(() => GARBAGE);
  const { code, stdout } = await myriad(["-n", "5", server.url("/{}"), ...thresholds("p99<1m")]);
  assertEquals(code, 1);
  assertMatch(stdout, /\n {2}p99<1m +failed {3}nothing was measured\n$/);
});

Deno.test("--json and --summary have the result of each threshold", async () => {
  await using server = await serving((i) => i < 2 ? BROKEN : undefined);
  await using dir = await folder();
  const { code, stdout, stderr } = await myriad([
    ...["-n", "20", "--json", "--summary", dir.path("s.json"), "--progress", "none"],
    ...[server.url("/{}"), ...thresholds("status.5xx<10%", "requests>10", "errors.dns<=0")],
  ]);
  assertEquals([code, stderr], [
    1,
    "myriad: the threshold 'status.5xx<10%' does not hold: 10.0 %\n",
  ]);
  const expected = [
    { threshold: "status.5xx<10%", value: 10, bound: 10, unit: "%", passed: false },
    { threshold: "requests>10", value: 20, bound: 10, unit: "count", passed: true },
    { threshold: "errors.dns<=0", value: 0, bound: 0, unit: "count", passed: true },
  ];
  const file = await Deno.readTextFile(dir.path("s.json"));
  for (const summary of [JSON.parse(stdout), JSON.parse(file)]) {
    assertEquals([summary.thresholds, summary.aborted], [expected, null]);
  }
});

Deno.test("-s prints one line for each failed threshold", async () => {
  await using server = await serving();
  const args = ["-n", "5", "-s", server.url("/{}"), ...thresholds("requests>=5")];
  assertEquals(await myriad(args), { code: 0, stdout: "", stderr: "" });
  assertEquals(await myriad([...args, ...thresholds("requests>5", "succeeded > 1k")]), {
    code: 1,
    stdout: "",
    stderr: "myriad: the threshold 'requests>5' does not hold: 5\n" +
      "myriad: the threshold 'succeeded>1k' does not hold: 5\n",
  });
});

Deno.test("--threshold is refused before the first request when it is invalid", async () => {
  await using server = await serving();
  for (
    const [text, line] of [
      ["p99<500", /^myriad: Cannot read '--threshold p99<500': for p99 use a duration .*\n$/],
      ["\x1b[2J<5", /^myriad: Cannot read '--threshold \\x1b\[2J<5': use a name, .*\n$/],
    ] as const
  ) {
    const { code, stdout, stderr } = await myriad([server.url("/0"), ...thresholds(text)]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, line);
  }
  assertEquals(server.requests.length, 0);
});

Deno.test("--config can hold thresholds", async () => {
  await using server = await serving();
  await using dir = await folder();
  const config = await dir.write(
    "c.json",
    JSON.stringify({
      url: server.url("/{}"),
      threshold: ["requests>5"],
      "abort-on-threshold": true,
    }),
  );
  const { code, stderr } = await myriad(["--config", config, "-n", "5", "-s"]);
  assertEquals([code, stderr], [1, "myriad: the threshold 'requests>5' does not hold: 5\n"]);
});

Deno.test("SIGINT exits with 130 for any thresholds", async () => {
  const held: (() => void)[] = [];
  await using server = await RawServer.start(({ send }) => void held.push(() => send(ok())));
  const args = ["-n", "1M", "-c", "5", "-s", "--json", server.url("/{}")];
  await using child = start([...args, ...thresholds("requests>1k", "seconds<1h")]);
  await until(() => held.length === 5);
  child.kill("SIGINT");
  // Answered one after the other until it ends: nothing depends on when the signal is taken.
  using _answers = every(20, () => held.shift()?.());
  const { code, stdout, stderr } = await finish(child);
  assertEquals([code, stderr], [130, ""]);
  const { interrupted, aborted, thresholds: all } = JSON.parse(stdout);
  assertEquals([interrupted, aborted], [true, null]);
  assertEquals(all.map(({ passed }: { passed: boolean }) => passed), [false, true]);
});

Deno.test("myriad exits with 3 when the run cannot continue, for any thresholds", async () => {
  await using server = await serving();
  await using dir = await folder();
  // It breaks off in the middle.
  const input = await dir.write("in.gz", Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 75]));
  const list = thresholds("requests>1k", "seconds<1h");
  const { code, stderr } = await myriad(["-i", input, server.url("/{}"), "-s", ...list]);
  assertEquals(code, 3);
  assert(!stderr.includes("threshold"), stderr);
});

Deno.test("--abort-on-threshold ends a run when errors begin, and --resume continues", async () => {
  let isBroken = true;
  await using server = await serving((i) => isBroken && i >= 2_000 ? GARBAGE : undefined);
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const args = ["-n", "20k", "-c", "5", "--no-pause", server.url("/{}"), "-o", out];
  const list = thresholds("requests>=20k", "failed<1%");
  // Slow enough that it is still on its way when that is seen.
  const slowly = ["-q", "2k/s", "--progress", "none", "--abort-on-threshold"];
  const first = await myriad([...args, ...list, ...slowly]);
  assertEquals(first.code, 1);
  assertMatch(first.stdout, /^[\d,]+ requests in .*, aborted by failed<1%\n/);
  assertMatch(first.stdout, /\n {2}requests>=20k +failed .*\n {2}failed<1% +failed .*\n$/);
  // On a busy machine five places are few for the rate, and the run says that, too.
  assertMatch(
    first.stderr,
    /^myriad: aborting: 'failed<1%' can no longer hold(; waiting up to 5 s for \d requests? in flight)?\n(myriad: [\d.]+ % of the starts were late, .*\n)?myriad: to continue, .* --resume, without --abort-on-threshold\n$/,
  );
  const before = await linesOf(out);
  assert(before.length > 2_000 && before.length < 20_000, `${before.length}`);
  assertEquals(server.requests.length, before.length, "nothing was given up");

  isBroken = false;
  const { code, stdout } = await myriad([...args, ...list, "--json", "--resume"]);
  const summary = JSON.parse(stdout);
  const all = await linesOf(out);
  assertEquals(new Set(all.map(({ i }) => i)).size, 20_000);
  assertEquals([all.length, summary.requests, server.requests.length], [20_000, 20_000, 20_000]);
  assertEquals([summary.aborted, summary.resumed, summary.interrupted], [null, true, false]);
  // Over the whole run: what failed before counts.
  const failed = all.filter(({ error }) => error !== undefined).length;
  assertEquals([summary.failed, failed], [failed, before.filter(({ error }) => error).length]);
  assertEquals(code, 1);
  assertEquals(summary.thresholds[0], {
    threshold: "requests>=20k",
    value: 20_000,
    bound: 20_000,
    unit: "count",
    passed: true,
  });
  assertEquals(summary.thresholds[1].value, failed / 200);
});

Deno.test("--abort-on-threshold names the threshold in the summary, and in a line with -s", async () => {
  await using server = await serving();
  await using dir = await folder();
  const { code, stdout, stderr } = await myriad([
    ...["-z", "1h", "-c", "2", "-q", "100", server.url("/{}"), "-s", "--summary", dir.path("s")],
    ...thresholds("failed<1", "requests < 10", "rate>1k"),
    "--abort-on-threshold",
  ]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(
    stderr,
    /^myriad: the threshold 'requests<10' ended the run: \d+\nmyriad: the threshold 'rate>1k' does not hold: .*\/s\n$/,
  );
  const summary = JSON.parse(await Deno.readTextFile(dir.path("s")));
  assertEquals([summary.aborted, summary.interrupted], ["requests<10", false]);
});

Deno.test("--abort-on-threshold waits 5 s for requests in flight, and --resume repeats them", async () => {
  let isStuck = true;
  await using server = await RawServer.start(({ send, request }) => {
    if (!(isStuck && numberOf(request) === 3)) send(ok());
  });
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const args = ["-z", "1h", "-n", "400", "-c", "2", server.url("/{}"), "-o", out, "--json"];
  const { code, stdout } = await myriad([
    ...[...args, "-q", "50", ...thresholds("requests<20"), "--abort-on-threshold"],
  ]);
  const summary = JSON.parse(stdout);
  assertEquals([code, summary.aborted, summary.failed], [1, "requests<20", 0]);
  assert(summary.seconds >= 5, "the grace");
  const before = await linesOf(out);
  assert(!before.some(({ i }) => i === 3), "it is no result yet");
  isStuck = false;
  assertEquals((await myriad([...args, "--resume"])).code, 0);
  const all = (await linesOf(out)).map(({ i }) => i).sort((a, b) => a - b);
  assertEquals(all, Array.from({ length: 400 }, (_, i) => i));
});

Deno.test("--abort-on-threshold ends a run that waits for retries, and --resume makes them", async () => {
  let isBroken = true;
  await using server = await RawServer.start(({ send }) => send(isBroken ? BROKEN : ok()));
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const args = ["-n", "30", "-c", "10", server.url("/{}"), "-o", out, "--json", "--no-pause"];
  const { code, stdout } = await myriad([
    ...[...args, "--retries", "5", "--retry-on", "500", "--retry-delay", "1000h"],
    ...[...thresholds("retries<10"), "--abort-on-threshold"],
  ]);
  const { aborted, requests, retries } = JSON.parse(stdout);
  assertEquals([code, aborted, requests], [1, "retries<10", 0]);
  // At most twice as many wait as may be in flight.
  assert(retries["500"] >= 10 && retries["500"] <= 20, JSON.stringify(retries));
  isBroken = false;
  // Over the whole run: what was lost stays so.
  const resumed = await myriad([...args, "--resume", ...thresholds("retries<10", "retries<90%")]);
  assertEquals(resumed.code, 1);
  assertEquals(
    JSON.parse(resumed.stdout).thresholds.map(({ passed }: { passed: boolean }) => passed),
    [
      false,
      true,
    ],
  );
  assertEquals((await linesOf(out)).length, 30);
});

Deno.test("--abort-on-threshold ends a resumed run again while the threshold stays lost", async () => {
  await using server = await serving();
  await using dir = await folder();
  const args = ["-n", "1M", "-q", "100", server.url("/{}"), "-o", dir.path("out.csv"), "--json"];
  const list = [...thresholds("requests<10"), "--abort-on-threshold"];
  const first = await myriad([...args, ...list]);
  const second = await myriad([...args, ...list, "--resume"]);
  assertEquals([first.code, second.code], [1, 1]);
  const [before, after] = [first, second].map(({ stdout }) => JSON.parse(stdout));
  assertEquals([before.aborted, after.aborted], ["requests<10", "requests<10"]);
  assert(before.requests <= after.requests && after.requests < 1e6);
});

Deno.test("--abort-on-threshold exits with a signal's code when one comes in the grace", async () => {
  // Twenty are answered, and both places wait for good before the first look, whenever it comes.
  await using server = await RawServer.start(({ send, request }) => {
    const number = numberOf(request);
    if (number !== 3 && number <= 20) send(ok());
  });
  await using child = start([
    ...["-z", "1h", "-c", "2", server.url("/{}"), "--progress", "none"],
    ...[...thresholds("requests<20"), "--abort-on-threshold"],
  ]);
  assertStringIncludes(
    await readUntil(child.stderr, "in flight"),
    "aborting: 'requests<20' can no longer hold; waiting up to 5 s for 2 requests in flight",
  );
  child.kill("SIGTERM");
  await readUntil(child.stderr, "interrupted");
  child.kill("SIGTERM");
  assertEquals((await finish(child)).code, 143);
});

Deno.test("--abort-on-threshold does not end a run that keeps its thresholds", async () => {
  await using server = await serving();
  const { code, stdout } = await myriad([
    ...["-n", "150", "-q", "100", server.url("/{}"), "--json", "--abort-on-threshold"],
    ...thresholds("requests>=150", "failed<1", "rate>1", "succeeded>=100%", "max<1m"),
  ]);
  const summary = JSON.parse(stdout);
  assertEquals([code, summary.requests, summary.aborted], [0, 150, null]);
});
