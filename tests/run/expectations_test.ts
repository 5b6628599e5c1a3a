import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

// Real processes whose answers are held against expectations, and captured.

// deno-lint-ignore no-explicit-any
type Json = any;

const numberOf = (request: string): number => Number(/^[A-Z]+ \/(\d+) /.exec(request)![1]);
const answer = (status: number, body = "", head = ""): string =>
  `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n${head}\r\n${body}`;

/** A server that answers by number. */
const serving = (answerOf: (i: number) => string): Promise<RawServer> =>
  RawServer.start(({ send, request }) => send(answerOf(numberOf(request))));

const recordsOf = async (path: string): Promise<Json[]> =>
  (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line))
    .toSorted((a, b) => a.i - b.i);

const jsonType = "Content-Type: application/json\r\n";

for (const engine of ["http1", "fetch"]) {
  Deno.test(`--expect-* exits with 0 when each response is as expected (${engine})`, async () => {
    await using server = await serving(() => answer(200, '{"ok":true}', jsonType));
    const { code, stdout, stderr } = await myriad([
      ...["-n", "20", "--engine", engine, server.url("/{}")],
      ...["--expect-status", "200,204", "--expect-status", "3xx"],
      ...["--expect-header", "Content-Type: ^application/json", "--expect-body", '"ok":true'],
      ...["--expect-latency", "1m"],
    ]);
    assertEquals([code, stderr], [0, ""]);
    assert(!stdout.includes("Errors"), stdout);
  });

  Deno.test(`--expect-* reports mismatches in records and by reason (${engine})`, async () => {
    await using server = await serving((i) =>
      i < 7
        ? answer(404, "gone", jsonType)
        : i < 9
        ? answer(200, "<p>", "Content-Type: text/\x1b[2J\r\n".replace("\x1b", "x"))
        : i < 10
        ? answer(200, '{"ok":false}', jsonType)
        : answer(200, '{"ok":true}', jsonType)
    );
    await using dir = await folder();
    const { code, stdout } = await myriad([
      // One after the other: reasons stand in the order in which they came up.
      ...[
        "-n",
        "20",
        "-c",
        "1",
        "--engine",
        engine,
        server.url("/{}"),
        "-o",
        dir.path("out.ndjson"),
      ],
      ...["--summary", dir.path("summary.json"), "--expect-status", "200"],
      ...["--expect-header", "content-type: ^application/json$", "--expect-body", '"ok":true'],
    ]);
    assertEquals(code, 1);
    const records = await recordsOf(dir.path("out.ndjson"));
    const told = ({ status, error, detail }: Json): unknown[] => [status, error, detail];
    assertEquals(told(records[0]), [404, "expect", "status 404, expected 200"]);
    assertEquals(told(records[7]), [
      ...[200, "expect"],
      "header content-type 'text/x[2J', expected /^application\\/json$/",
    ]);
    assertEquals(told(records[9]), [
      ...[200, "expect"],
      `body does not match /"ok":true/: begins '{"ok":false}'`,
    ]);
    assertEquals(told(records[10]), [200, undefined, undefined]);
    const summary = JSON.parse(await Deno.readTextFile(dir.path("summary.json")));
    assertEquals([summary.requests, summary.succeeded, summary.failed], [20, 10, 10]);
    assertEquals(summary.statuses, { 200: 13, 404: 7 });
    const { count, reasons } = summary.errors.expect;
    assertEquals(count, 10);
    assertEquals(
      new Map(reasons.map((it: Json) => [it.expectation, [it.count, it.examples.length]])),
      new Map([
        ["--expect-status 200", [7, 5]],
        ["--expect-header content-type: ^application/json$", [2, 2]],
        ['--expect-body "ok":true', [1, 1]],
      ]),
    );
    assertEquals(reasons[0].examples[0].detail, "status 404, expected 200");
    assertStringIncludes(stdout, "\n  expect ");
    assertMatch(
      stdout,
      /\n {4}--expect-status 200 +7 +35\.0 %\n {4}such as http:.*\n {12}status 404, expected 200\n/,
    );
    assertMatch(stdout, /\n {4}--expect-header content-type: .* +2 +10\.0 %\n/);
    assertMatch(stdout, /\n {4}--expect-body "ok":true +1 +5\.0 %\n/);
  });

  Deno.test(`a record's own 'expect' is checked, with a hash of the body (${engine})`, async () => {
    const body = "x".repeat(200_000);
    const digest = new Uint8Array(
      await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body)),
    ).toHex();
    await using server = await serving((i) =>
      i === 0 ? answer(404) : i === 3 ? answer(200, body.slice(1) + "y") : answer(200, body)
    );
    await using dir = await folder();
    const lines = [
      { url: "/0", expect: { status: 404 } },
      { url: "/1", expect: { status: ["3xx"] } },
      { url: "/2", expect: { sha256: digest } },
      { url: "/3", expect: { sha256: digest } },
      { url: "/4", expect: { body: "^x+$", headers: { "content-length": "^200000$" } } },
      { url: "/5", expect: { headers: { "content-length": "^1$", "x-token": "hunter2" } } },
      { url: "/6", expect: { body: "(" } },
      { url: "/7" },
      { url: "/8", expect: null },
      { url: "/9", expect: { latency: "1m" }, method: "POST", body: { a: 1 } },
    ];
    const input = await dir.write("in.jsonl", lines.map((it) => JSON.stringify(it)).join("\n"));
    const { code, stderr } = await myriad([
      ...["-i", input, "--engine", engine, server.url("/"), "-s", "-o", dir.path("out.ndjson")],
      ...["--expect-status", "200", "--failures", dir.path("failed.jsonl")],
    ]);
    assertEquals([code, stderr], [1, "myriad: 4 of 10 requests failed: 3 expect, 1 url\n"]);
    const records = await recordsOf(dir.path("out.ndjson"));
    assertEquals(records.map(({ error }) => error ?? null), [
      ...[null, "expect", null, "expect", null, "expect", "url", null, null, null],
    ]);
    assertEquals(records[1].detail, "status 200, expected 3xx");
    assertMatch(records[3].detail, new RegExp(`^sha256 [0-9a-f]{64}, expected ${digest}$`));
    assertEquals(records[5].detail, "header content-length '200000', expected /^1$/");
    assertEquals(
      records[6].detail,
      "line 7: 'expect.body' is not a regular expression: Unterminated group",
    );
    assert(!server.requests.some((request) => request.startsWith("GET /6")), "nothing was sent");
    const failed = (await Deno.readTextFile(dir.path("failed.jsonl"))).trimEnd().split("\n")
      .map((line) => JSON.parse(line)).toSorted((a, b) => a.url < b.url ? -1 : 1);
    assertEquals(failed.map(({ expect }) => expect), [
      { status: "3xx" },
      { sha256: digest },
      { headers: { "content-length": "^1$", "x-token": null } },
    ]);
    // Read again: what was left out is not taken for nothing.
    const again = await myriad([
      ...["-i", dir.path("failed.jsonl"), "--engine", engine, "-s", "-o", "-"],
    ]);
    const lines2 = again.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines2.map(({ error }) => error).sort(), ["expect", "expect", "url"]);
    assertStringIncludes(again.stdout, "was left out as a secret");
  });

  Deno.test(`--capture adds fields and columns, and defuses formulas (${engine})`, async () => {
    const body = '{"user":{"id":17,"name":"=1+1"},"list":[1,2]}';
    await using server = await serving((i) =>
      i === 0 ? answer(200, body, 'ETag: "x,y"\r\n') : answer(500, "@no\n\x1b[2J")
    );
    await using dir = await folder();
    const args = [
      ...["-n", "2", "--engine", engine, server.url("/{}"), "-s", "--expect-status", "200"],
      ...["--capture", "etag=header:ETag", "--capture", "id=json:/user/id"],
      ...["--capture", "name=json:/user/name", "--capture", "list=json:/list"],
      ...["--capture", "start=regex:^.[^]*"],
    ];
    await myriad([...args, "-o", dir.path("out.ndjson")]);
    const [first, second] = await recordsOf(dir.path("out.ndjson"));
    assertEquals(
      [first.etag, first.id, first.name, first.list, first.start],
      ['"x,y"', 17, "=1+1", "[1,2]", body],
    );
    assertEquals(
      [second.etag, second.id, second.name, second.list, second.start, second.error],
      [null, null, null, null, "@no\n\x1b[2J", "expect"],
    );
    await myriad([...args, "-c", "1", "-o", dir.path("out.csv")]);
    const csv = await Deno.readTextFile(dir.path("out.csv"));
    const [header, ...rows] = csv.split("\n");
    assertEquals(header, "i,url,status,ms,bytes,attempts,at,error,detail,etag,id,name,list,start");
    assert(rows[0].endsWith(`,"""x,y""",17,'=1+1,"[1,2]","${body.replaceAll('"', '""')}"`), csv);
    assert(csv.endsWith(`,expect,"status 500, expected 200",,,,,"'@no\n\x1b[2J"\n`), csv);
    const some = await myriad([
      ...[...args, "-c", "1", "-o", "-", "--format", "csv", "--fields", "id,i,etag,error"],
    ]);
    assertEquals(some.stdout, 'id,i,etag,error\n17,0,"""x,y""",\n,1,,expect\n');
  });

  Deno.test(`--expect-body and --save-bodies get the same body (${engine})`, async () => {
    await using server = await serving((i) => answer(i === 0 ? 500 : 200, `body ${i}`));
    await using dir = await folder();
    const { code } = await myriad([
      ...["-n", "3", "--engine", engine, server.url("/{}"), "-s", "-o", dir.path("out.ndjson")],
      ...["--expect-body", "[01]$", "--expect-status", "200", "--save-bodies", dir.path("b")],
      ...["--capture", "n=regex:\\d"],
    ]);
    assertEquals(code, 1);
    const records = await recordsOf(dir.path("out.ndjson"));
    assertEquals(records.map(({ n, error, body_file }) => [n, error, body_file]), [
      ["0", "expect", "0/0"],
      ["1", undefined, "0/1"],
      ["2", "expect", "0/2"],
    ]);
    assertEquals(await Deno.readTextFile(dir.path("b/0/0")), "body 0");
  });

  Deno.test(`--expect-* checks the final response, not redirects (${engine})`, async () => {
    await using server = await serving((i) =>
      i === 0
        ? answer(302, "moved", "Location: /7\r\nX-A: b\r\n")
        : answer(200, "here", "X-A: c\r\n")
    );
    const args = [
      "--engine",
      engine,
      server.url("/{}"),
      "-s",
      "-o",
      "-",
      "--capture",
      "a=header:x-a",
    ];
    const followed = await myriad([
      ...[...args, "--expect-status", "200", "--expect-header", "x-a: c"],
      ...["--expect-body", "^here$"],
    ]);
    assertEquals([followed.code, JSON.parse(followed.stdout).a], [0, "c"]);
    const kept = await myriad([
      ...[...args, "--redirects", "0", "--expect-status", "3xx"],
      ...["--expect-body", "^moved$"],
    ]);
    assertEquals([kept.code, JSON.parse(kept.stdout).a], [0, "b"]);
  });

  Deno.test(`--expect-body survives hostile bodies (${engine})`, async () => {
    const bodies = [
      "a".repeat(40) + "!",
      "\xff\xfe\0\xc3(".repeat(1_000),
      "x".repeat(3_000_000) + "ok",
      "a".repeat(1_500_000),
      "",
    ];
    await using server = await serving((i) => answer(200, bodies[i]));
    const records = (await myriad([
      ...["-n", "5", "-c", "1", "--engine", engine, server.url("/{}"), "-s", "-o", "-"],
      ...["--expect-body", "(a+)+$|ok$"],
    ])).stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(records.map(({ error }) => error), [
      "expect",
      "expect",
      "expect",
      undefined,
      "expect",
    ]);
    assertMatch(records[0].detail, /^body could not be matched within 1000 ms, expected /);
    assertMatch(records[1].detail, /^body does not match .*: begins '\ufffd\ufffd\\x00\ufffd\(/);
    assertMatch(records[2].detail, /^the first 1 MiB of the body (does not match|could not)/);
    assertMatch(records[4].detail, /^body is empty/);
    assert(records.every(({ detail = "" }) => detail.length <= 200));
  });

  Deno.test(`--expect-* and --capture show no secret of a response (${engine})`, async () => {
    await using server = await serving(() =>
      answer(200, "ok", "Set-Cookie: id=hunter2\r\nX-Api-Key: hunter2\r\n")
    );
    await using dir = await folder();
    for (const name of ["Set-Cookie", "X-Api-Key"]) {
      const { code, stdout, stderr } = await myriad([
        ...["-n", "2", "--engine", engine, server.url("/{}"), "-o", dir.path(`${name}.ndjson`)],
        ...["--expect-header", `${name}: ^hunter1$`, "--summary", dir.path(`${name}.json`)],
      ]);
      assertEquals(code, 1);
      const all = stdout + stderr + await Deno.readTextFile(dir.path(`${name}.json`)) +
        await Deno.readTextFile(dir.path(`${name}.ndjson`)) +
        await Deno.readTextFile(dir.path(`${name}.ndjson.myriad`));
      assertStringIncludes(all, `header ${name.toLowerCase()} does not match`);
      assert(!all.includes("hunter"), all);
    }
  });
}

Deno.test("--expect-latency fails a response whose whole time is longer", async () => {
  const held: (() => void)[] = [];
  await using server = await RawServer.start(({ send }) => {
    send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
    held.push(() => send("k"));
  });
  const args = ["-s", "-o", "-", server.url("/0"), "--expect-latency", "100ms"];
  await using child = start(args);
  await until(() => held.length === 1);
  setTimeout(held[0], 150);
  const { code, stdout } = await finish(child);
  const { error, detail, ms } = JSON.parse(stdout);
  assertEquals([code, error, detail], [1, "expect", `took ${ms} ms, expected at most 100 ms`]);
});

Deno.test("--expect-body and --capture look at decoded bodies, and with --raw say that they are not", async () => {
  const body = String.fromCharCode(...gzipSync("hello"));
  await using server = await serving(() => answer(200, body, "Content-Encoding: gzip\r\n"));
  const args = ["--compressed", server.url("/0"), "-s", "-o", "-"];
  const of = async (engine: string, ...more: string[]): Promise<Json> =>
    JSON.parse(
      (await myriad([
        ...args,
        ...more,
        "--engine",
        engine,
        "--expect-body",
        "^hello$",
        "--capture",
        "a=regex:l+",
      ]))
        .stdout,
    );
  for (const engine of ["http1", "fetch"]) {
    const decoded = await of(engine);
    assertEquals([decoded.error, decoded.a], [undefined, "ll"]);
    const raw = await of(engine, "--raw");
    assertEquals([raw.error, raw.a], ["expect", null]);
    assertMatch(raw.detail, /^body is encoded as gzip, and not decoded/);
  }
});

Deno.test("--retries repeats what --retry-on names: 'expect', or the status", async () => {
  const seen = new Map<number, number>();
  await using server = await serving((i) => {
    const nth = (seen.get(i) ?? 0) + 1;
    seen.set(i, nth);
    return nth > 1 ? ok("ok") : i === 0 ? answer(503, "busy") : ok("not yet");
  });
  const run = async (...more: string[]): Promise<[number, unknown[], Json]> => {
    seen.clear();
    const { code, stdout } = await myriad([
      ...["-n", "2", "-c", "1", server.url("/{}"), "-s", "-o", "-", "--retries", "2"],
      ...["--retry-delay", "1ms", "--expect-status", "200", "--expect-body", "^ok$", ...more],
    ]);
    const records = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    return [code, records.toSorted((a, b) => a.i - b.i).map(({ attempts }) => attempts), records];
  };
  assertEquals((await run()).slice(0, 2), [1, [2, 1]], "503 is in the default list");
  assertEquals((await run("--retry-on", "expect")).slice(0, 2), [0, [2, 2]]);
  assertEquals((await run("--retry-on", "timeout")).slice(0, 2), [1, [1, 1]]);
});

for (const format of ["ndjson", "csv"]) {
  Deno.test(`--retry-failed repeats mismatches and counts anew (${format})`, async () => {
    let isBroken = true;
    await using server = await serving((i) =>
      isBroken && i % 4 === 0
        ? answer(503, "down")
        : isBroken && i % 4 === 1
        ? ok("bad")
        : ok("good")
    );
    await using dir = await folder();
    const out = dir.path(`out.${format}`);
    const args = [
      ...["-n", "20", server.url("/{}"), "-o", out, "--json", "--progress", "none"],
      ...["--expect-status", "200", "--expect-body", "good", "--capture", "is=regex:\\w+"],
      ...["--fields", "i,status,error,is"],
    ];
    const first = await myriad(args);
    const before = JSON.parse(first.stdout);
    assertEquals([first.code, before.failed, before.statuses], [1, 10, { 200: 15, 503: 5 }]);
    isBroken = false;
    const { code, stdout, stderr } = await myriad([...args, "--retry-failed"]);
    const said = "myriad: made 10 failed requests again: 10 succeeded now, 0 failed again\n";
    assertEquals([code, stderr], [0, said]);
    const summary = JSON.parse(stdout);
    assertEquals([summary.requests, summary.succeeded, summary.errors], [20, 20, {}]);
    assertEquals([summary.statuses, summary.bytes], [{ 200: 20 }, 80]);
    assertEquals(server.requests.length, 30);
    const text = await Deno.readTextFile(out);
    assertEquals(text.match(/good/g)?.length, 20, text);
  });
}

Deno.test("--retry-failed refuses records without the fields that tell failures", async () => {
  await using server = await serving(() => answer(404));
  await using dir = await folder();
  const args = [
    ...["-n", "3", server.url("/{}"), "-s", "-o", dir.path("out.csv")],
    ...["--expect-status", "200", "--fields", "i,status"],
  ];
  assertEquals((await myriad(args)).code, 1);
  const before = await Deno.readTextFile(dir.path("out.csv"));
  const { code, stderr } = await myriad([...args, "--retry-failed"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "its records have no field 'error'");
  assertEquals(await Deno.readTextFile(dir.path("out.csv")), before);
});

Deno.test("--resume keeps the counts by reason, and refuses other expectations", async () => {
  let isHeld = true;
  const held: (() => void)[] = [];
  await using server = await RawServer.start(({ send, request }) => {
    const i = numberOf(request);
    const go = (): void => send(i % 2 === 0 ? answer(404) : ok());
    if (isHeld && i >= 10) held.push(go);
    else go();
  });
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const args = [
    "-n",
    "20",
    "-c",
    "2",
    server.url("/{}"),
    "-o",
    out,
    "--json",
    "--progress",
    "none",
  ];
  const expected = ["--expect-status", "200", "--capture", "s=header:x-s"];
  await using child = start([...args, ...expected]);
  await until(() => held.length === 2);
  child.kill("SIGINT");
  child.kill("SIGKILL");
  await finish(child);
  isHeld = false;
  for (
    const [others, what] of [
      [
        ["--expect-status", "2xx", ...expected.slice(2)],
        "'--expect-status' was '200' and is '2xx'",
      ],
      [expected.slice(2), "'--expect-status' was '200' and is not given"],
      [[...expected, "--expect-body", "a"], "'--expect-body' is not what it was"],
      [[...expected, "--expect-header", "a: b"], "'--expect-header' is not what it was"],
      [[...expected, "--expect-latency", "1s"], "'--expect-latency' was not given and is '1000'"],
      [[...expected.slice(0, 2), "--capture", "s=header:y"], "'--capture' is not what it was"],
    ] as [string[], string][]
  ) {
    const { code, stderr } = await myriad([...args, ...others, "--resume"]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, what);
  }
  const { code, stdout } = await myriad([...args, ...expected, "--resume"]);
  const { requests, failed, errors, statuses } = JSON.parse(stdout);
  assertEquals([code, requests, failed, statuses], [1, 20, 10, { 200: 10, 404: 10 }]);
  assertEquals(
    errors.expect.reasons.map((it: Json) => [it.expectation, it.count, it.examples.length]),
    [["--expect-status 200", 10, 5]],
  );
  assertEquals((await recordsOf(out)).filter(({ error }) => error === "expect").length, 10);
});

Deno.test("--threshold counts responses that were not as expected", async () => {
  await using server = await serving((i) => i < 2 ? answer(404) : ok());
  const { code, stdout } = await myriad([
    ...["-n", "20", server.url("/{}"), "--expect-status", "200"],
    ...["--threshold", "errors.expect<=10%", "--threshold", "status.404<1"],
  ]);
  assertEquals(code, 1);
  assertMatch(
    stdout,
    /\n {2}errors.expect<=10% +passed {3}10.0 %\n {2}status.404<1 +failed {3}2\n$/,
  );
});

for (
  const [args, message] of [
    [
      ["--expect-status", "2000"],
      "Cannot read '--expect-status 2000': use a list like 200,204,3xx",
    ],
    [["--expect-header", "hunter2"], "Cannot read '--expect-header': use a name and a regular"],
    [["--expect-header", "a: ("], "Cannot read '--expect-header a: …': Unterminated group: use"],
    [["--expect-header", "a b: c"], "Cannot read '--expect-header': use a name"],
    [["--expect-body", "["], "Cannot read '--expect-body …': Unterminated character class: use"],
    [["--expect-latency", "5"], "Cannot read '--expect-latency 5': use a number with its unit"],
    [["--expect-latency", "0"], "Cannot use '--expect-latency 0': use more than 0"],
    [["--capture", "a=header:b"], "'--capture' needs '--output': add it"],
    [["-o", "-", "--capture", "a"], "Cannot read '--capture a': use a name and a place"],
    [["-o", "-", "--capture", "ms=header:b"], "Cannot capture 'ms': a field of the record has"],
    [
      ["-o", "-", "--capture", "a=header:b", "--capture", "a=json:"],
      "Cannot capture 'a': a field of the record has that name: use another",
    ],
    [["-o", "-", "--fields", "i,a"], "Unknown field 'a' in '--fields i,a': use some of"],
  ] as [string[], string][]
) {
  Deno.test(`myriad exits with 2 before any request when given ${args.join(" ")}`, async () => {
    await using server = await serving(() => ok());
    const { code, stdout, stderr } = await myriad([server.url("/0"), ...args]);
    assertEquals([code, stdout, server.requests.length], [2, "", 0]);
    assertStringIncludes(stderr, `myriad: ${message}`);
    assert(!stderr.includes("hunter2"));
  });
}
