import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { formatFlags } from "../../lib/cli/format_flags.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { RUN_FLAGS } from "../../lib/options/table.ts";
import { folder } from "../fixtures/folder.ts";
import { readBody } from "../fixtures/read_body.ts";

const URL_ = "http://localhost/{}";

async function parse(...argv: string[]): Promise<RunOptions> {
  const options = await parseRun(argv, "1.2.3");
  if (typeof options === "string") throw new TypeError(options);
  return options;
}

Deno.test("parseRun() gives the defaults of the contract", async () => {
  const options = await parse(URL_);
  assertEquals(options, {
    url: URL_,
    flow: undefined,
    inputs: [],
    comments: false,
    defaultScheme: undefined,
    order: undefined,
    loop: false,
    start: 0,
    requests: 1,
    durationMs: undefined,
    shard: { index: 0, count: 1 },
    cluster: undefined,
    runName: undefined,
    slice: undefined,
    lostAfterMs: 30_000,
    holdBytes: 1024 ** 3,
    replicas: 1,
    engine: "auto",
    concurrency: 100,
    rate: undefined,
    rampUpMs: undefined,
    stages: undefined,
    iterationTimeoutMs: 600_000,
    warmUpMs: undefined,
    hostConcurrency: undefined,
    hostDelayMs: undefined,
    hostRate: undefined,
    think: undefined,
    hostGiveUpMs: 60_000,
    pauses: true,
    giveUpAfterMs: undefined,
    retry: {
      retries: 0,
      on: new Set([
        ...["dns", "refused", "reset", "connect", "body", "timeout", "429", "502", "503", "504"],
      ]),
      delayMs: 1_000,
      maxDelayMs: 60_000,
      unsafe: false,
      expected: undefined,
      failsOnStatus: false,
    },
    threads: 1,
    thresholds: [],
    top: undefined,
    abortOnThreshold: false,
    expect: {
      statuses: undefined,
      headers: undefined,
      bodies: undefined,
      latencyMs: undefined,
    },
    captures: [],
    cookieJar: undefined,
    proxy: undefined,
    unixSocket: undefined,
    resolve: [],
    connectTo: [],
    ipVersion: undefined,
    localEnd: undefined,
    disableKeepAlive: false,
    maxBytesPerSecond: undefined,
    variables: [],
    transport: "auto",
    connections: undefined,
    streams: undefined,
    saveBodies: undefined,
    archive: undefined,
    raw: false,
    method: "GET",
    headers: [["User-Agent", "myriad/1.2.3"], ["Accept-Encoding", "identity"]],
    body: undefined,
    form: undefined,
    templates: undefined,
    timeoutMs: 30_000,
    connectTimeoutMs: undefined,
    idleTimeoutMs: undefined,
    tls: { insecure: false, ca: undefined, cert: undefined, key: undefined },
    requestId: undefined,
    redirects: 10,
    maxBodyBytes: 64 * 1024 * 1024,
    output: undefined,
    resume: "no",
    retryFailed: false,
    overwrite: false,
    failures: undefined,
    failuresWithSecrets: false,
    sync: "interval",
    summaries: [],
    otlp: undefined,
    hdr: undefined,
    metrics: undefined,
    json: false,
    report: undefined,
    isStdoutTaken: false,
    details: false,
    verbose: undefined,
    dryRun: false,
    progress: "auto",
    silent: false,
  });
});

for (
  const [argv, expected] of [
    [["-n", "10k"], { requests: 10_000 }],
    [["-n1M"], { requests: 1_000_000 }],
    [["--requests=1e8"], { requests: 100_000_000 }],
    [["-n", "0.3M"], { requests: 300_000 }],
    [["-n", "1.0"], { requests: 1 }],
    [["-n", "1.50k"], { requests: 1_500 }],
    [["-n", "1.5e3"], { requests: 1_500 }],
    [["-n", "0.000001G"], { requests: 1_000 }],
    [["-n", "9007199254740991"], { requests: 9_007_199_254_740_991 }],
    [["-n", "9007199254.740991M"], { requests: 9_007_199_254_740_991 }],
    [["-n", "1", "--start", "9007199254740990"], { start: 9_007_199_254_740_990 }],
    [["-i", "x", "--loop", "-n", "5"], { loop: true, requests: 5 }],
    [["-i", "x", "--loop", "-z", "5s"], { loop: true, requests: Infinity }],
    [["-z", "90s"], { durationMs: 90_000, requests: Infinity }],
    [["-z", "1.5h", "-n", "5"], { durationMs: 5_400_000, requests: 5 }],
    [["--start", "7"], { start: 7 }],
    [["--shard", "2/3"], { shard: { index: 2, count: 3 } }],
    [["-c", "1k"], { concurrency: 1000 }],
    [["--engine", "http1"], { engine: "http1" }],
    [["-o", "x", "--resume"], { resume: "yes" }],
    [["-o", "x", "--resume=force"], { resume: "force" }],
    [["-o", "x", "--overwrite"], { resume: "no", overwrite: true }],
    [["-o", "x", "--retry-failed"], { resume: "no", retryFailed: true }],
    [["--engine", "auto"], { engine: "auto" }],
    [["-k"], { engine: "auto" }],
    [["--connect-timeout", "2s", "--idle-timeout", "500ms"], {
      engine: "auto",
      connectTimeoutMs: 2_000,
      idleTimeoutMs: 500,
    }],
    [["-t", "250ms", "--redirects", "0", "--max-body", "10k"], {
      timeoutMs: 250,
      redirects: 0,
      maxBodyBytes: 10_240,
    }],
    [["-i", "a.csv.gz"], { inputs: [{ path: "a.csv.gz", format: "csv" }], requests: Infinity }],
    [["-i", "https://h/map.xml.gz?x=.csv", "--default-scheme", "https", "--comments"], {
      inputs: [{ path: "https://h/map.xml.gz?x=.csv", format: "sitemap" }],
      defaultScheme: "https",
      comments: true,
    }],
    [["-i", "a", "--shuffle", "-n", "9"], {
      order: { isShuffled: true, share: undefined, seed: 0, first: 0, count: 9 },
      requests: 9,
    }],
    [["-n", "1k", "--start", "5", "--sample", "10%", "--seed", "3"], {
      order: { isShuffled: false, share: 0.1, seed: 3, first: 5, count: 100 },
      requests: 100,
    }],
    [["-i", "a", "-n", "1k", "--sample", "0.5"], {
      order: { isShuffled: false, share: 0.5, seed: 0, first: 0, count: 1_000 },
      requests: 1_000,
    }],
    [["-z", "1s", "--sample", "100%"], { requests: Infinity }],
    [["-i", "a", "--input", "b.csv"], {
      inputs: [{ path: "a", format: "lines" }, { path: "b.csv", format: "csv" }],
    }],
    [["-i", "b.csv.zst", "-i", "c.jsonl.BZ2", "-i", "zst"], {
      inputs: [
        { path: "b.csv.zst", format: "csv" },
        { path: "c.jsonl.BZ2", format: "jsonl" },
        { path: "zst", format: "lines" },
      ],
    }],
    [["-i", "A.JSONL"], { inputs: [{ path: "A.JSONL", format: "jsonl" }] }],
    [["-i", "a.ndjson"], { inputs: [{ path: "a.ndjson", format: "jsonl" }] }],
    [["--input", "-"], { inputs: [{ path: "-", format: "lines" }] }],
    [["-i", "-", "--input-format", "csv"], { inputs: [{ path: "-", format: "csv" }] }],
    [["-o", "a.ndjson"], {
      output: { path: "a.ndjson", format: "ndjson", gzip: false, fields: undefined },
    }],
    [["-o", "-", "--fields", "url,status"], {
      isStdoutTaken: true,
      output: { path: "-", format: "ndjson", gzip: false, fields: ["url", "status"] },
    }],
    [["-o", "a.csv.gz", "--fields", "i"], {
      output: { path: "a.csv.gz", format: "csv", gzip: true, fields: ["i"] },
    }],
    [["-o", "a.txt", "--format", "csv", "--fields", "i"], {
      output: { path: "a.txt", format: "csv", gzip: false, fields: ["i"] },
    }],
    [["-s"], { silent: true, progress: "none" }],
    [["-v"], { verbose: "first", progress: "log" }],
    [["-v", "-s"], { verbose: "first", progress: "none" }],
    [["-v", "--progress", "none"], { verbose: "first", progress: "none" }],
    [["-v", "--progress", "log"], { verbose: "first", progress: "log" }],
    [["-vv"], { verbose: "all" }],
    [["-svv"], { verbose: "all", silent: true }],
    [["--verbose=all"], { verbose: "all" }],
    [["--dry-run"], { dryRun: true }],
    [["--json", "--summary", "s.json", "--failures", "f.jsonl"], {
      json: true,
      summaries: [{ path: "s.json", format: "json" }],
      failures: "f.jsonl",
    }],
    [["-m", "delete"], { method: "DELETE" }],
    [["-m", "PURGE"], { method: "PURGE" }],
  ] as [string[], Partial<RunOptions>][]
) {
  Deno.test(`parseRun() reads ${argv.join(" ")}`, async () => {
    const options = await parse(...argv, URL_);
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(options[name as keyof RunOptions], value, name);
    }
  });
}

Deno.test("parseRun() reads fields of the request", async () => {
  const { headers } = await parse(
    ...["-H", "X-A:  1 ", "-H", "x-a: 2", "-H", "X-Empty:", "-H", "Accept-Encoding: gzip"],
    ...["-u", "me:pä:ss", "-b", "a=b", "-b", "c=d", "--user-agent", "me/1", URL_],
  );
  assertEquals(headers, [
    ["X-A", "1"],
    ["x-a", "2"],
    ["X-Empty", ""],
    ["Accept-Encoding", "gzip"],
    ["Authorization", "Basic bWU6cMOkOnNz"],
    ["Cookie", "a=b; c=d"],
    ["User-Agent", "me/1"],
  ]);
});

Deno.test("parseRun() reads -H @FILE with any line breaks", async () => {
  await using dir = await folder();
  for (const end of ["\n", "\r\n", "\r"]) {
    const fields = await dir.write("fields", ["A: 1", "", "B: 2", ""].join(end));
    const { headers } = await parse("-H", `@${fields}`, URL_);
    assertEquals(headers.slice(0, 2), [["A", "1"], ["B", "2"]]);
    const user = await dir.write("user", `me:pw${end}`);
    const { headers: [field] } = await parse("-u", `@${user}`, URL_);
    assertEquals(field, ["Authorization", "Basic bWU6cHc="]);
  }
});

Deno.test("parseRun() reads a body as curl does", async () => {
  await using dir = await folder();
  const path = await dir.write("body", "from a file");
  const text = (body: RunOptions["body"]): string => new TextDecoder().decode(readBody(body));
  const form = await parse("-d", "a=ä", URL_);
  assertEquals([form.method, text(form.body)], ["POST", "a=ä"]);
  assert(form.headers.some(([, value]) => value === "application/x-www-form-urlencoded"));
  const file = await parse("-d", `@${path}`, "-T", "text/plain", "-m", "PUT", URL_);
  assertEquals([file.method, text(file.body)], ["PUT", "from a file"]);
  assertEquals(file.headers.filter(([name]) => name === "Content-Type"), [[
    "Content-Type",
    "text/plain",
  ]]);
  assertEquals(text((await parse("-d", "", URL_)).body), "");
});

for (
  const [argv, message] of [
    [[], "No URL is given"],
    [["-n", URL_], `Cannot read '--requests ${URL_}': use a whole number`],
    [["-c", URL_], `Cannot read '--concurrency ${URL_}': use a whole number`],
    [["-t", URL_], `Cannot read '--timeout ${URL_}': use a number with its unit`],
    [["--nope", URL_], "Unknown option '--nope'"],
    [[URL_, "http://b/"], "more than one URL", "use --input for a file of URLs"],
    [["-i", "a.warc.gz", "b.warc.gz"], "write '--input' in front of each file"],
    [["-i", "a.warc.gz", "b.warc.gz", "c.warc.gz"], "write '--input' in front of each file"],
    [["-n"], "'-n' has no value: add one; write '-nVALUE' if it begins with '-'"],
    [["-n", "ten", URL_], "Cannot read '--requests ten': use a whole number from 1"],
    [["-n", "0", URL_], "--requests 0"],
    [["--start", "-5", URL_], "'--start' has no value: add one; write '--start=VALUE'"],
    [["-n", "1.5", URL_], "--requests 1.5"],
    [["-n", "9e20", URL_], "--requests 9e20"],
    [["-n", "1e17", URL_], "use a whole number from 1 to 9007199254740991"],
    [["-n", "9007199254740992", URL_], "from 1 to 9007199254740991"],
    [["-n", "9007199254740991.4", URL_], "--requests 9007199254740991.4"],
    [["-n", "9007199254740.9921k", URL_], "--requests 9007199254740.9921k"],
    [["-n", "9007199254.7409911M", URL_], "--requests 9007199254.7409911M"],
    [["-n", "9.1e15", URL_], "from 1 to 9007199254740991"],
    [["-n", "10000000G", URL_], "from 1 to 9007199254740991"],
    [["--start", "9007199254740990", "-n", "5", URL_], "the numbers end at 9007199254740991"],
    [["--start", "9007199254740991", URL_], "the numbers end at 9007199254740991"],
    [["--start", "9007199.25474G", "-n", "992", "--shard", "1/2", URL_], "the numbers end at"],
    [["-i", "x", "--start", "9007199254740990", "-n", "5"], "the numbers end at"],
    [["--loop", "-n", "5", URL_], "'--loop' needs '--input': add it, or leave '--loop' out"],
    [
      ["--loop", "-i", "x"],
      "'--loop' needs '--requests' or '--duration' or '--stages': add one of them",
    ],
    [
      ["--loop", "-i", "-", "-n", "5"],
      "'--loop' needs a file: use '--input FILE' instead of '--input -'",
    ],
    [["-d", "caf\ufffd", URL_], "Cannot send '--data': it is not UTF-8, or has U+FFFD in it"],
    [["-u", "me:\ufffd", URL_], "Cannot send '--user': it is not UTF-8, or has U+FFFD in it"],
    [["-c", "0", URL_], "Cannot read '--concurrency 0': use a whole number from 1 to 1000000"],
    [["-c", "5", "-c", "6", URL_], "'--concurrency' is given 2 times"],
    [["-t", "5", URL_], "Cannot read '--timeout 5': use a number with its unit"],
    [["-t", "0", URL_], "Cannot use '--timeout 0'"],
    [["-z", "1 day", URL_], "--duration 1 day"],
    [
      ["-q", "200/d", URL_],
      "'--rate 200/d': use a number above 0, a second or with a unit of time, like 500, 500/s or 30/m",
    ],
    [["--shard", "3/3", URL_], "Cannot read '--shard 3/3': use I/N"],
    [["--shard", "x", URL_], "--shard x"],
    [["--max-body", "lots", URL_], "--max-body lots"],
    [["--shuffle", "-z", "1s", URL_], "'--shuffle' needs '--input' or '--requests': add one"],
    [["--sample", "1%", URL_], "'--sample' needs '--input' or '--requests' or '--duration' or"],
    [
      ["--sample", "1%", "-n", "3", URL_],
      "Cannot take '--sample 1%' of 3 requests: that is less than one: use a larger share",
    ],
    [["--seed", "1", "-n", "3", URL_], "'--seed' needs '--shuffle' or '--sample'"],
    [["-i", "-", "-i", "-"], "both want stdin"],
    [["--default-scheme", "ftp", URL_], "use one of http, https"],
    ...["0", "101%", "1.5", "10 %", "-1", "x", "%"].map((share): [string[], string] => [
      [`--sample=${share}`, "-n", "3", URL_],
      `Cannot read '--sample ${share}': use more than 0 and at most 100%, like 10% or 0.1`,
    ]),
    [["--input-format", "csv", URL_], "needs '--input'"],
    [["-i", "x", "--input-format", "xml"], "use one of lines, jsonl, csv"],
    [["--format", "csv", URL_], "needs '--output'"],
    [["--fields", "i", URL_], "needs '--output'"],
    [["-o", "x", "--format", "xml", URL_], "use one of ndjson"],
    [["-o", "x", "--fields", "i,nope", URL_], "Unknown field 'nope'"],
    [["-o", "x", "--fields", "i,i", URL_], "names a field twice"],
    [["-o", "-", "--json", URL_], "'--output' and '--json' both want standard output"],
    [["-o", "x", "--failures", "x", URL_], "both want the file 'x'"],
    [["--summary", "-", "--json", URL_], "both want standard output"],
    [["-i", "x", "-o", "./x"], "'--input' and '--output' both want the file 'x'"],
    [["-s", "--progress", "bar", URL_], "contradict"],
    [["-v", "--progress", "live", URL_], "contradict"],
    [["--verbose=most", URL_], "use '--verbose=all', or '--verbose' alone"],
    [["--dry-run", "--retry-failed", "-o", "x", URL_], "contradict"],
    [["--progress", "fancy", URL_], "use one of auto, live, bar, log, none"],
    [["-H", "no colon", URL_], "without a colon"],
    [["-H", "Na me: x", URL_], "is not a token"],
    [["-H", ": x", URL_], "is not a token: use 'Name: value'"],
    [["-H", "A: x\r\nB: y", URL_], "control characters"],
    [["-H", "A: x\0", URL_], "or characters above U+00FF: remove them"],
    [["-H", "A: 世", URL_], "above U+00FF"],
    [["-H", "transfer-encoding: chunked", URL_], "the engine sets this field itself"],
    [["-H", "Content-Length: 5", URL_], "the engine sets this field itself"],
    [["--user-agent", "a\nb", URL_], "or characters above U+00FF: remove them"],
    [["-u", "", URL_], "Cannot read '--user': the name is empty: use '-u NAME:PASSWORD'"],
    [["-u", "me", URL_], "use '-u NAME:PASSWORD' or '-u @FILE'"],
    [
      ["-u", "me:pw", "-H", "authorization: x", URL_],
      "'--user' and '--header Authorization' contradict",
    ],
    [["-m", "G ET", URL_], "--method G ET"],
    [["-m", "CONNECT", URL_], "forbids"],
    [["-m", "GET", "-d", "x", URL_], "'--method GET': it cannot have a body"],
    [["-d", "@/does/not/exist", URL_], "no such file"],
    [["-d", "@-", "-i", "-", URL_], "both want stdin"],
    [["--engine", "curl", URL_], "use one of auto, http1, http2, fetch"],
    [["--engine", "fetch", "-k", URL_], "that engine does not have it"],
    [["--engine", "fetch", "--connect-timeout", "1s", URL_], "that engine does not have it"],
    [
      ["--engine", "fetch", "--save-bodies", "a.warc.gz", URL_],
      "'--save-bodies a.warc.gz' with '--engine fetch': that engine does not have it: use",
    ],
    [["--connect-timeout", "0", URL_], "use 1ms or more"],
    [["--key", "x", URL_], "needs '--cert'"],
    [["--cacert", "/does/not/exist", URL_], "'--cacert /does/not/exist': no such file"],
    [["--cacert", "README.md", URL_], "'--cacert README.md': it has no certificate in PEM: use"],
    [
      ["--cert", "tests/fixtures/server.crt", URL_],
      "'--cert tests/fixtures/server.crt': it has no key in PEM: add '--key FILE'",
    ],
    [
      ["--cert", "tests/fixtures/client.crt", "--key", "tests/fixtures/server.crt", URL_],
      "'--key tests/fixtures/server.crt': it has no key in PEM: use another file",
    ],
    [
      ["--cert", "tests/fixtures/client.crt", "--key", "tests/fixtures/self_signed.key", URL_],
      "'--key tests/fixtures/self_signed.key': its key is not that of the client certificate",
    ],
    [["--cert", "README.md", URL_], "'--cert README.md': it has no certificate in PEM"],
    [["--resume", URL_], "needs '--output'"],
    [["--overwrite", URL_], "needs '--output'"],
    [["--retry-failed", URL_], "needs '--output'"],
    [
      ["-o", "x", "--failures", "./x.myriad", URL_],
      "'--failures x.myriad' is the name of a file that '--output x' makes by itself",
    ],
    [["-o", "./x", "--summary", "x.myriad.tmp", URL_], "makes by itself: use another name"],
    [["-o", "a-00001.warc.gz", "--format", "csv", "--save-bodies", "a.warc.gz", URL_], "by itself"],
    [["-i", "a-00001.warc", "--save-bodies", "a.warc", URL_], "by itself"],
    [["-o", "a.sqlite", "--failures", "a.sqlite-wal", URL_], "by itself"],
    [["-o", "a.ndjson", "--failures", "a.ndjson.retry", URL_], "by itself"],
    [["--cookie-jar=a", "--failures", "a.tmp", URL_], "by itself"],
    [["--retry-failed", "--overwrite", "-o", "x", URL_], "contradict"],
    [["--resume", "-o", "-", URL_], "'--resume' needs a file: use '--output FILE'"],
    [["--resume", "--overwrite", "-o", "x", URL_], "contradict"],
    [["--resume=hard", "-o", "x", URL_], "Cannot read '--resume=hard': use '--resume=force'"],
    [["--engine", "fetch", "-x", "http://localhost:1", URL_], "that engine does not have it"],
    [
      ["--fail", "--expect-status", "200", URL_],
      "'--fail' and '--expect-status' contradict each other",
    ],
    [["--threshold", "p99<1", URL_], "for p99 use a duration with its unit (us, ms, s, m)"],
    [["--threshold", "speed<1", URL_], "use one of the names requests, succeeded, failed"],
    [["--abort-on-threshold", URL_], "needs '--threshold'"],
    [["--json=yes", URL_], "'--json' takes no value"],
  ] as [string[], string][]
) {
  Deno.test(`parseRun() rejects ${JSON.stringify(argv.join(" "))}`, async () => {
    const error = await assertRejects(() => parseRun(argv, "1"), UsageError);
    assertStringIncludes(error.message, message);
    assert(!error.message.includes("\n"), "one line");
    assert(error.message.includes(": "), "what is wrong, and how to mend it");
  });
}

Deno.test("parseRun() shows no secret in its errors", async () => {
  for (
    const argv of [["-u", "secret"], ["-H", "Authorization secret"], [
      "-H",
      "Authorization: secret\0",
    ]]
  ) {
    const error = await assertRejects(() => parseRun([...argv, URL_], "1"), UsageError);
    assert(!error.message.includes("secret"), error.message);
  }
});

Deno.test("formatFlags() lists each flag in 80 columns", () => {
  const help = formatFlags(RUN_FLAGS);
  for (const flag of RUN_FLAGS) assertStringIncludes(help, `--${flag.name}`);
  for (const line of help.split("\n")) assert(line.length <= 80, line);
});

Deno.test("parseRun() reads each form of a --metrics address", async () => {
  const places: [text: string, hostname: string, port: number][] = [
    ["9464", "127.0.0.1", 9464],
    [":9464", "127.0.0.1", 9464],
    ["0", "127.0.0.1", 0],
    ["0.0.0.0:65535", "0.0.0.0", 65535],
    ["localhost:1", "localhost", 1],
    ["[::1]:9464", "::1", 9464],
    ["[::]:0", "::", 0],
  ];
  for (const [text, hostname, port] of places) {
    assertEquals((await parse("http://localhost/", "--metrics", text)).metrics, { hostname, port });
  }
});
