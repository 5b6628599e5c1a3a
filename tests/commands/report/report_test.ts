import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { DelayServer } from "../../../lib/commands/serve/delay_server.ts";
import { parseStatuses } from "../../../lib/commands/serve/draw.ts";
import { type Folder, folder } from "../../fixtures/folder.ts";
import { myriad, type Ran } from "../../fixtures/program.ts";
import { refusedPort } from "../../fixtures/raw_server.ts";

// Real runs against real servers, and what is said of them afterwards.

const READ_ONLY = { permissions: ["--allow-read"] };

const report = (...args: string[]): Promise<Ran> => myriad(["report", ...args], READ_ONLY);

// deno-lint-ignore no-explicit-any -- what a summary has is what is tested
async function json(...args: string[]): Promise<any> {
  const { code, stdout, stderr } = await report("--json", ...args);
  assertEquals([code, stderr], [0, ""], stdout);
  return JSON.parse(stdout);
}

/** Makes requests of which some get no answer, and some another than was expected. */
// deno-lint-ignore no-explicit-any -- what a summary has is what is tested
async function run(dir: Folder, output: string, ...args: string[]): Promise<any> {
  await using server = await DelayServer.start({
    statuses: parseStatuses("200:80,503:10,404:10"),
    seed: 3,
    body: "ä".repeat(50),
  });
  const port = await refusedPort();
  const urls = Array.from({ length: 300 }, (_, i) => `${server.url}${i}?x="${i}",y`);
  urls.splice(7, 0, "no URL", `http://127.0.0.1:${port}/"a",b`);
  urls.splice(70, 0, `http://127.0.0.1:${port}/c`);
  const list = await dir.write("urls.txt", urls.join("\n"));
  const summary = dir.path(`${output}.summary`);
  const { code, stderr } = await myriad([
    ...["-i", list, "-s", "-o", dir.path(output), "--summary", summary],
    ...["--expect-status", "200,404", ...args],
  ]);
  await server.stop(5_000);
  assertEquals(code, 1);
  assertMatch(stderr, /^myriad: \d+ of \d+ requests failed: [^\n]+\n$/);
  return JSON.parse(await Deno.readTextFile(summary));
}

const ALL = ["errors", "statuses", "bytes", "latency_ms", "attempts", "histogram"];

for (
  const [output, fields, names] of [
    ["a.ndjson", undefined, ALL],
    ["a.csv", undefined, ALL],
    ["a.ndjson.gz", undefined, ALL],
    ["a.csv.gz", undefined, ALL],
    ["b.ndjson", "at,detail,error,ms,bytes,attempts,status,url,ttfb_ms", ALL],
    ["b.csv", "error,status,ms", ["statuses", "latency_ms", "histogram"]],
    ["c.ndjson", "error", []],
    ["d.csv", "status,bytes,error", ["statuses", "bytes"]],
  ] as const
) {
  const which = fields === undefined ? "" : `, fields ${fields}`;
  Deno.test(`report has the numbers of the run's own summary (${output}${which})`, async () => {
    await using dir = await folder();
    const args = fields === undefined ? [] : ["--fields", fields];
    const summary = await run(dir, output, ...args);
    // What was expected stands in no field of a record.
    delete summary.errors.expect.reasons;
    const reported = await json(dir.path(output));
    for (const name of ["requests", "succeeded", "failed", ...names]) {
      assertEquals(reported[name], summary[name], name);
    }
    const { requests, failed, errors } = reported;
    assert(failed > 10 && failed < requests, "some failed");
    const counts = (errors: Record<string, { count: number }>): Record<string, number> =>
      Object.fromEntries(Object.entries(errors).map(([kind, { count }]) => [kind, count]));
    assertEquals(counts(errors), counts(summary.errors));
    assertEquals(Object.keys(errors).sort(), ["expect", "refused", "url"]);
    // What records do not tell is in none of it.
    const has = (name: string): boolean => Object.hasOwn(reported, name);
    const unknown = ["cpu_seconds", "peak_rss_kb", "concurrency", "engine", "utilization"];
    assertEquals(unknown.filter(has), []);
    for (const name of ["statuses", "bytes", "latency_ms", "attempts", "histogram"] as const) {
      assertEquals(has(name), (names as readonly string[]).includes(name), name);
    }
    assertEquals(has("seconds"), fields === undefined || fields.includes("at,"));
  });
}

Deno.test("report prints a table of exactly what the records tell", async () => {
  await using dir = await folder();
  await run(dir, "a.csv", "--fields", "status,error");
  const { code, stdout, stderr } = await report(dir.path("a.csv"));
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^303 requests\n {2}succeeded +\d+\n {2}failed +\d+\n\nStatuses\n/);
  assertStringIncludes(stdout, "Errors\n");
  assertEquals(/memory|CPU|engine|bodies|Latency|rate/.exec(stdout), null);
});

Deno.test("report merges shards' summaries exactly, percentiles too", async () => {
  await using dir = await folder();
  const shards = [0, 1, 2].map((k) => `${k}.ndjson`);
  const began = Date.now();
  const starts: number[] = [];
  for (const [k, shard] of shards.entries()) {
    starts.push(Date.parse((await run(dir, shard, "--shard", `${k}/3`)).started));
  }
  assert(began <= starts[0] && starts[0] < starts[1] && starts[1] < starts[2], `${starts}`);
  const summaries = shards.map((shard) => dir.path(`${shard}.summary`));
  const merged = await json(...summaries);
  const whole = await json(...shards.map((shard) => dir.path(shard)));
  const reasons = merged.errors.expect.reasons;
  assertEquals(reasons[0].count, merged.errors.expect.count);
  const examples = merged.errors.expect.examples;
  assertEquals(examples.length, 5);
  delete merged.errors.expect.reasons;
  for (const name of ["requests", "succeeded", "failed", ...ALL]) {
    assertEquals(merged[name], whole[name], name);
  }
  assertEquals(merged.requests, 303);
  assertEquals(Date.parse(merged.started), starts[0]);
  assert(merged.seconds >= (starts[2] - starts[0]) / 1000, `${merged.seconds}`);
  assertEquals(typeof merged.cpu_seconds, "number");
  // What it wrote can be merged, too.
  const first = await dir.write("01.json", JSON.stringify(await json(...summaries.slice(0, 2))));
  const again = await json(first, summaries[2]);
  for (
    const name of ["requests", "latency_ms", "histogram", "statuses", "attempts", "cpu_seconds"]
  ) {
    assertEquals(again[name], merged[name], name);
  }
  const table = await report(...summaries);
  assertEquals([table.code, table.stderr], [0, ""]);
  assertMatch(table.stdout, /^303 requests in /);
});

Deno.test("report shows the merged own lateness of runs at a rate", async () => {
  await using dir = await folder();
  await using server = await DelayServer.start({});
  const files = ["a.json", "b.json"].map((name) => dir.path(name));
  for (const file of files) {
    const args = ["-n", "20", "-q", "1000", "-s", "--summary", file, server.url];
    assertEquals((await myriad(args)).code, 0);
  }
  await server.stop(5_000);
  const parts = await Promise.all(
    files.map(async (file) => JSON.parse(await Deno.readTextFile(file))),
  );
  const merged = await json(...files);
  assertEquals(merged.own_late_ms.max, Math.max(...parts.map((it) => it.own_late_ms.max)));
  const { stdout } = await report(...files);
  assertMatch(stdout, /\n +own lateness p50 \S+ \S+, p99 \S+ \S+, at most \S+ \S+\n/);
  // A file of another program is held against what a summary has.
  const broken = { ...parts[0], own_late_ms: { mean: "x" } };
  const { code, stderr } = await report(await dir.write("c.json", JSON.stringify(broken)));
  assertEquals(code, 2);
  assertStringIncludes(stderr, "its 'own_late_ms' is not what a summary has");
});

Deno.test("report names what an older summary lacks, and shows the rest", async () => {
  await using dir = await folder();
  const part = '{"requests":3,"succeeded":2,"failed":1,"bytes":7}\n';
  const files = [await dir.write("a.json", part), await dir.write("b.json", part)];
  const { code, stdout, stderr } = await report("--json", ...files);
  assertEquals([code, JSON.parse(stdout)], [0, {
    requests: 6,
    succeeded: 4,
    failed: 2,
    bytes: 14,
  }]);
  assertMatch(stderr, /^myriad: not every summary has a histogram.*\n$/);
});

Deno.test("report --compare shows the differences of records or summaries", async () => {
  await using dir = await folder();
  const before = await run(dir, "a.ndjson");
  const after = await run(dir, "b.csv", "-c", "3");
  const [a, b] = [dir.path("a.ndjson.summary"), dir.path("b.csv.summary")];
  const all = await json("--compare", a, b);
  assertEquals([all.a, all.b], [a, b]);
  assertEquals(all.requests, { a: 303, b: 303, difference: 0, percent: 0 });
  const p99 = all.latency_ms.p99;
  assertEquals([p99.a, p99.b], [before.latency_ms.p99, after.latency_ms.p99]);
  assertEquals(p99.difference, Math.round((p99.b - p99.a) * 1000) / 1000);
  const rough = (after.latency_ms.p99 / before.latency_ms.p99 - 1) * 100;
  assert(Math.abs(p99.percent - rough) < 0.001, `${p99.percent} of ${rough}`);
  assertEquals([all.peak_rss_kb.a, all.peak_rss_kb.b], [before.peak_rss_kb, after.peak_rss_kb]);
  assertEquals(all.statuses["503"].a, before.statuses["503"]);
  assertEquals(all.errors.refused, { a: 2, b: 2, difference: 0, percent: 0 });
  const ofRecords = await json("--compare", dir.path("a.ndjson"), b);
  assertEquals(ofRecords.latency_ms, all.latency_ms);
  const known = { a: null, b: after.peak_rss_kb, difference: null, percent: null };
  assertEquals(ofRecords.peak_rss_kb, known);
  const table = await report("--compare", a, b);
  assertEquals([table.code, table.stderr], [0, ""]);
  assertMatch(table.stdout, /\nrequests +303 +303 +0\n/);
  assertMatch(table.stdout, /\n {2}p99 +[\d.]+ [mu]?s +[\d.]+ [mu]?s +[+-]?[\d.]+/);
  for (const line of table.stdout.split("\n")) assert(line.length <= 80, line);
});

/** Two runs of which everything is known, and records of a third, of which little is. */
const BEFORE = {
  requests: 1000,
  succeeded: 990,
  failed: 10,
  seconds: 10,
  rate: 100,
  bytes: 13_000,
  attempts: 1000,
  peak_rss_kb: 65_536,
  cpu_seconds: 0.5,
  latency_ms: {
    ...{ min: 1, mean: 2, p50: 2, p75: 3, p90: 4, p95: 5 },
    ...{ p99: 6, p999: 7, p9999: 8, max: 9, stddev: 1 },
  },
  statuses: { "200": 990, "503": 4 },
  errors: { expect: { count: 4, examples: [] }, timeout: { count: 6, examples: [] } },
};

const AFTER = {
  requests: 2000,
  succeeded: 2000,
  failed: 0,
  seconds: 16,
  rate: 125,
  bytes: 26_000,
  attempts: 2100,
  peak_rss_kb: 65_536,
  cpu_seconds: 0.9,
  latency_ms: {
    ...{ min: 0.5, mean: 3, p50: 2, p75: 3.3, p90: 4, p95: 5 },
    ...{ p99: 66, p999: 700, p9999: 1800, max: 2900, stddev: 1.5 },
  },
  statuses: { "200": 2000 },
  errors: {},
};

Deno.test("report --compare prints known differences, absolute and in percent", async () => {
  await using dir = await folder();
  await dir.write("before.json", JSON.stringify(BEFORE));
  await dir.write("after.json", JSON.stringify(AFTER, null, 2));
  await dir.write(
    "less.ndjson",
    '{"status":200,"ms":1.5}\n{"status":null,"error":"reset","ms":2}\n',
  );
  const compare = async (a: string, b: string): Promise<string> => {
    const args = ["report", "--compare", a, b];
    const { code, stdout, stderr } = await myriad(args, { ...READ_ONLY, cwd: dir.path(".") });
    assertEquals([code, stderr], [0, ""]);
    return stdout;
  };
  assertEquals(
    await compare("before.json", "after.json"),
    `\
                          before.json     after.json     difference
requests                        1,000          2,000         +1,000   +100.0 %
succeeded                         990          2,000         +1,010   +102.0 %
failed                             10              0            -10   -100.0 %
failed, share                   1.0 %          0.0 %         -1.0 %   -100.0 %
time                           10.0 s         16.0 s        +6.00 s    +60.0 %
requests/s                        100            125          +25.0    +25.0 %
bodies                        13.0 kB        26.0 kB       +13.0 kB   +100.0 %
attempts                        1,000          2,100         +1,100   +110.0 %
memory at most                67.1 MB        67.1 MB              0
CPU                            500 ms         900 ms        +400 ms    +80.0 %
CPU a request                  500 us         450 us         -50 us    -10.0 %
latency
  min                         1.00 ms         500 us        -500 us    -50.0 %
  mean                        2.00 ms        3.00 ms       +1.00 ms    +50.0 %
  p50                         2.00 ms        2.00 ms              0
  p75                         3.00 ms        3.30 ms        +300 us    +10.0 %
  p90                         4.00 ms        4.00 ms              0
  p95                         5.00 ms        5.00 ms              0
  p99                         6.00 ms        66.0 ms       +60.0 ms   +1,000 %
  p99.9                       7.00 ms         700 ms        +693 ms   +9,900 %
  p99.99                      8.00 ms         1.80 s        +1.79 s  +22,400 %
  max                         9.00 ms         2.90 s        +2.89 s  +32,122 %
  stddev                      1.00 ms        1.50 ms        +500 us    +50.0 %
statuses
  200                             990          2,000         +1,010   +102.0 %
  503                               4              0             -4   -100.0 %
errors
  timeout                           6              0             -6   -100.0 %
  expect                            4              0             -4   -100.0 %
`,
  );
  const rest = (await compare("less.ndjson", "before.json")).split("\n");
  assertEquals(rest.slice(0, 13), [
    "                          less.ndjson    before.json     difference",
    "requests                            2          1,000           +998  +49,900 %",
    "succeeded                           1            990           +989  +98,900 %",
    "failed                              1             10             +9   +900.0 %",
    "failed, share                  50.0 %          1.0 %        -49.0 %    -98.0 %",
    "time                                –         10.0 s",
    "requests/s                          –            100",
    "bodies                              –        13.0 kB",
    "attempts                            –          1,000",
    "memory at most                      –        67.1 MB",
    "CPU                                 –         500 ms",
    "CPU a request                       –         500 us",
    "latency",
  ]);
});

Deno.test("report --report writes a page with hosts, slowest responses and plots", async () => {
  await using dir = await folder();
  await run(dir, "a.ndjson");
  const page = dir.path("page.html");
  const writes = { permissions: ["--allow-read", "--allow-write"] };
  const args = ["report", dir.path("a.ndjson"), "--report", page];
  const { code, stderr } = await myriad(args, writes);
  assertEquals([code, stderr], [0, ""]);
  const text = await Deno.readTextFile(page);
  for (const title of ["Over time", "Hosts", "Slowest responses", "Errors", "In flight"]) {
    assertStringIncludes(text, `>${title}<`);
  }
  for (const unknown of ["Peak memory", ">Memory<", "engine"]) {
    assert(!text.split("<footer")[0].includes(unknown), unknown);
  }
  const [, data] = /id="data">([^<]*)</.exec(text)!;
  const { columns, histogram } = JSON.parse(data);
  assert(columns.rate.length > 0 && columns.rate.length <= 400);
  assert(histogram.length > 0);
  // Of what cannot be read there is no page.
  const wrong = dir.path("none.html");
  const failed = await myriad(["report", dir.path("none"), "--report", wrong], writes);
  assertEquals(failed.code, 2);
  assertEquals(await Deno.stat(wrong).catch(() => "none"), "none");
  const refused = await report(dir.path("a.ndjson"), "--report", dir.path("other.html"));
  assertEquals(refused.code, 2);
});

// deno-lint-ignore no-control-regex
const RAW = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/u;

const EVIL = "\x1b[2J\x07\x00\x9b1m\u202e</script><img src=x onerror=alert(1)>=1+1";

const RECORD =
  '{"i":1,"url":"http://h/1","status":200,"ms":1.5,"bytes":3,"attempts":1,"at":"2026-01-01T00:00:00.000Z"}';

Deno.test("report counts invalid lines, says so, and escapes hostile text", async () => {
  await using dir = await folder();
  const failed = (more: object): string =>
    JSON.stringify({ ...JSON.parse(RECORD), status: null, error: "protocol", ...more });
  const bad = [
    "",
    "x".repeat(5 * 1024 * 1024),
    `{"i":${"[".repeat(100_000)}`,
    `{"x":${"[".repeat(100_000)}${"]".repeat(100_000)},"status":[200]}`,
    '{"status":"200"}',
    '{"status":99,"ms":1}',
    '{"status":1000}',
    '{"status":200,"ms":"1"}',
    '{"status":200,"ms":-1}',
    '{"status":200,"ms":1e300}',
    '{"status":200,"bytes":1.5}',
    '{"status":200,"at":"yesterday"}',
    '{"status":200,"at":7}',
    '{"status":null,"error":"no such kind"}',
    '{"status":null,"error":7}',
    '{"ms":1}',
    "[]",
    "null",
    "\0\0\0",
    RECORD.slice(0, -5),
  ];
  const good = [RECORD, failed({ detail: EVIL, url: `http://${EVIL}/` }), failed({ i: 3 })];
  const file = await dir.write("a.ndjson", [...good, ...bad].join("\n"));
  const page = dir.path("page.html");
  const both = await myriad(["report", file, "--report", page]);
  const plain = await report("--json", file);
  for (const { code, stdout, stderr } of [both, plain]) {
    assertEquals(code, 0, stderr);
    assertEquals(stderr, `myriad: 19 lines are not records and were left out: look at '${file}'\n`);
    assertEquals(RAW.exec(stdout), null);
  }
  const { requests, failed: count, errors } = JSON.parse(plain.stdout);
  assertEquals([requests, count, errors.protocol.count], [3, 2, 2]);
  assertEquals(errors.protocol.examples[0].detail, EVIL);
  const text = await Deno.readTextFile(page);
  assert(!text.includes("<img src=x"));
  assert(!text.includes("\x1b") && !text.includes("\u202e"));
});

/** What a page shows under a heading. */
function sectionOf(page: string, title: string): string {
  const [, section] = page.split(`>${title}<`);
  assert(section !== undefined, title);
  return section.slice(0, section.indexOf("</table>"));
}

Deno.test("report --report shows the same errors and statuses as the run's own page", async () => {
  await using dir = await folder();
  const [own, later] = [dir.path("own.html"), dir.path("later.html")];
  await run(dir, "a.csv.gz", "--report", own);
  const ran = await myriad(["report", dir.path("a.csv.gz"), "--report", later]);
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const [a, b] = [await Deno.readTextFile(own), await Deno.readTextFile(later)];
  for (const title of ["Errors", "Statuses"]) {
    assertEquals(sectionOf(b, title), sectionOf(a, title), title);
  }
});

Deno.test("report never overwrites an input, nor reads a file twice under two names", async () => {
  await using dir = await folder();
  const records = await dir.write("a.ndjson", `${RECORD}\n`);
  const other = await dir.write("b.ndjson", `${RECORD}\n`);
  await Deno.symlink(records, dir.path("link.html"));
  await Deno.link(records, dir.path("hard.html"));
  const spelled = records.replace(/\/a\.ndjson$/, "/./a.ndjson");
  for (const page of [records, spelled, dir.path("link.html"), dir.path("hard.html")]) {
    const { code, stdout, stderr } = await myriad(["report", other, records, "--report", page]);
    assertEquals([code, stdout], [2, ""], page);
    assertMatch(stderr, /^myriad: Cannot write '--report .*': it is read, too: .*\n$/);
    assertEquals(await Deno.readTextFile(records), `${RECORD}\n`);
    if (page === records) continue;
    const twice = await report(records, page);
    assertEquals([twice.code, twice.stdout], [2, ""], page);
    assertMatch(twice.stderr, /^myriad: Cannot read '.*' twice: .*\n$/);
  }
  // Not there before, and not there again.
  const none = dir.path("none.html");
  assertEquals((await myriad(["report", none, "--report", none])).code, 2);
  assertEquals(await Deno.stat(none).catch(() => "none"), "none");
});

Deno.test("report needs permission for its inputs and its page only", async () => {
  await using dir = await folder();
  const records = await dir.write("a.ndjson", `${RECORD}\n`);
  const page = dir.path("a.html");
  const permissions = [`--allow-read=${records}`, `--allow-write=${page}`];
  const { code, stderr } = await myriad(["report", records, "--report", page], { permissions });
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(await Deno.readTextFile(page), ">Slowest responses<");
  const piped = await myriad(["report", "-"], { permissions: [], input: `${RECORD}\n` });
  assertEquals([piped.code, piped.stderr], [0, ""]);
  assertMatch(piped.stdout, /^1 request in /);
});

Deno.test("report shows no password of a record's URL", async () => {
  await using dir = await folder();
  const url = "http://user:sesame@h/1";
  const answered = { ...JSON.parse(RECORD), url };
  const failed = { ...answered, status: null, error: "reset", detail: "gone" };
  const lines = [answered, failed].map((record) => JSON.stringify(record));
  const file = await dir.write("a.ndjson", lines.join("\n"));
  const page = dir.path("a.html");
  const table = await myriad(["report", file, "--report", page]);
  const all = [table.stdout, (await report("--json", file)).stdout, await Deno.readTextFile(page)];
  for (const text of all) assert(text.includes("http://h/1") && !text.includes("sesame"), text);
});

Deno.test("report escapes a hostile summary in its page, table and JSON", async () => {
  await using dir = await folder();
  const example = { url: EVIL, detail: EVIL };
  const reasons = [{ expectation: EVIL, count: 1, examples: [example] }];
  const evil = {
    ...BEFORE,
    errors: { expect: { count: 10, examples: [example], reasons } },
    retries: { [EVIL]: 1 },
    shortages: { [EVIL]: 1 },
    engine: EVIL,
    version: EVIL,
    aborted: EVIL,
    thresholds: [{ threshold: EVIL, value: 1, unit: "ms", passed: false }],
    "</script>": EVIL,
  };
  const name = `<img src=x>'"&.json`;
  const files = [name, `b${name}`];
  for (const file of files) await dir.write(file, JSON.stringify(evil));
  const here = { cwd: dir.path(".") };
  for (const given of [files.slice(0, 1), files]) {
    const ran = await myriad(["report", ...given, "--report", "page.html"], here);
    assertEquals(ran.code, 0, ran.stderr);
    const text = await Deno.readTextFile(dir.path("page.html"));
    for (const raw of ["<img", "\x1b", "\u202e"]) assert(!text.includes(raw), raw);
    assertEquals(text.match(/<\/script>/g)?.length, 3);
    for (const shown of [ran.stdout, ran.stderr]) assertEquals(RAW.exec(shown), null);
  }
  for (const flags of [["--json"], ["--compare"], ["--compare", "--json"]]) {
    const { code, stdout, stderr } = await myriad(["report", ...flags, ...files], here);
    assertEquals([code, RAW.exec(stdout), RAW.exec(stderr)], [0, null, null]);
  }
});

Deno.test("report reads CSV records of several lines, and restores formulas", async () => {
  await using dir = await folder();
  const file = await dir.write(
    "a.csv",
    'error,detail,status,url\n,,200,http://h/1\ndns,"\'=1+1\n""x"", y",,http://h/2\ndns,7,,3\ndns,"open,,4\n',
  );
  const { stdout, stderr } = await report("--json", file);
  assertEquals(stderr, `myriad: 1 line is not a record and was left out: look at '${file}'\n`);
  const { requests, errors } = JSON.parse(stdout);
  assertEquals([requests, errors.dns.examples], [3, [
    { url: "http://h/2", detail: '=1+1\n"x", y' },
    { url: "3", detail: "7" },
  ]]);
});

Deno.test("report reads milliseconds with any number of digits", async () => {
  await using dir = await folder();
  const ms = ["1.0030000000000001", "0.1", "12.345678901234567"];
  const csv = ["status,ms", ...ms.map((ms) => `200,${ms}`)].join("\n");
  const ndjson = ms.map((ms) => `{"status":200,"ms":${ms}}`).join("\n");
  for (const [name, text] of [["a.csv", csv], ["a.ndjson", ndjson]]) {
    const { requests, histogram } = await json(await dir.write(name, text));
    assertEquals([requests, histogram.min, histogram.sum], [3, 100, 13_449], name);
  }
});

Deno.test("report leaves out what only some records tell", async () => {
  await using dir = await folder();
  const file = await dir.write("a.ndjson", `${RECORD}\n{"status":200}\n{"status":null}\n`);
  const { summary: _, ...all } = await json(file);
  assertEquals(all, { requests: 3, succeeded: 2, failed: 1, statuses: { "200": 2 } });
});

Deno.test("report recognizes a summary on one line among records", async () => {
  await using dir = await folder();
  const one = '\n {"succeeded":1,"failed":0,"requests":1}\n';
  assertEquals((await json(await dir.write("a.x", one))).requests, 1);
  assertEquals((await json(await dir.write("b.x", `\ufeff\n${RECORD}`))).requests, 1);
  assertEquals(
    (await json(await dir.write("c.x", `{\n"requests":1,"succeeded":0,"failed":1}`))).failed,
    1,
  );
});

Deno.test("report exits with 2 for a wrong file, and with 3 for one that breaks off", async () => {
  await using dir = await folder();
  const records = await dir.write("a.ndjson", `${RECORD}\n`);
  const summary = await dir.write("a.json", '{"requests":1,"succeeded":1,"failed":0}');
  const whole = gzipSync(`${RECORD}\n`.repeat(1_000));
  await Deno.writeFile(dir.path("cut.gz"), whole.subarray(0, whole.length - 9));
  const wrong = async (text: string): Promise<string> => await dir.write("wrong", text);
  const summaryOf = (figures: object): string =>
    JSON.stringify({ requests: 1, succeeded: 1, failed: 0, ...figures });
  const histogram = (counts: unknown): string =>
    summaryOf({ histogram: { min: 1, max: 1, sum: 1, sumOfSquares: 1, counts } });
  for (
    const [code, args, message] of [
      [2, [], /No file is given: /],
      [2, [dir.path("none")], /no such file/],
      [2, [records, records], /twice: /],
      [2, [records, summary], /one is a summary, the other records: /],
      [2, [summary, records], /one is a summary, the other records: /],
      [2, ["--compare", records], /Cannot compare 1 file: /],
      [
        2,
        ["--compare", records, summary, "--report", "x.html"],
        /'--compare' and '--report' contradict each other/,
      ],
      [2, ["--nothing", records], /--help/],
      [2, [records, "--report", records], /it is read, too: /],
      [2, [await wrong("hello\nthere\n")], /its first line is not a record: /],
      [2, [await dir.write("w1", '{"a":1}\n{"a":2}\n')], /none of its 2 lines is a record: /],
      [2, [await dir.write("w2", '{"url":"x","ms":2}\n')], /neither 'status' nor 'error': /],
      [2, [await dir.write("w3", "url,ms\nx,2\n")], /neither 'status' nor 'error': /],
      [2, [await dir.write("w4", '{\n"requests": 1\n}')], /not a summary of a run, as it has no /],
      [2, [await dir.write("w5", "{\n")], /not a whole JSON document: /],
      [2, [await dir.write("w6", histogram([[3840, 1]]))], /its 'histogram' is not /],
      [2, [await dir.write("w7", histogram([[2, 1], [2, 1]]))], /its 'histogram' is not /],
      [2, [await dir.write("w8", histogram([[2, -1]]))], /its 'histogram' is not /],
      // In a smaller unit it would be infinite.
      [2, [await dir.write("w10", summaryOf({ seconds: 1e307 }))], /its 'seconds' is not /],
      [2, [await dir.write("w11", summaryOf({ bytes: 1e308 }))], /its 'bytes' is not /],
      [2, [await dir.write("w9", '{"requests":2,"succeeded":1,"failed":0}')], /not the sum /],
      [3, [dir.path("cut.gz")], /broke off/],
    ] as [number, string[], RegExp][]
  ) {
    const ran = await report(...args);
    assertEquals([ran.code, ran.stdout], [code, ""], ran.stderr);
    assertMatch(ran.stderr, message);
    assertMatch(ran.stderr, /^myriad: [^\n]+\n$/);
  }
});

Deno.test("report reads an empty file as a run without requests", async () => {
  await using dir = await folder();
  const { requests, failed } = await json(await dir.write("a.ndjson", ""));
  assertEquals([requests, failed], [0, 0]);
});
