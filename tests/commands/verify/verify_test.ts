import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { Nginx } from "../../../bench/nginx.ts";
import { DelayServer } from "../../../lib/commands/serve/delay_server.ts";
import { parseDelay, parseStatuses } from "../../../lib/commands/serve/draw.ts";
import { type Folder, folder } from "../../fixtures/folder.ts";
import { isInstalled } from "../../fixtures/installed.ts";
import { finish, myriad, type Ran, start } from "../../fixtures/program.ts";
import { ok, RawServer, refusedPort } from "../../fixtures/raw_server.ts";
import { until } from "../../fixtures/until.ts";

// Real runs against real servers, and what their own logs say of them.

const verify = (...args: string[]): Promise<Ran> => myriad(["verify", ...args]);

const COUNT = 400;

/** Makes requests to a delay server, and leaves the records and the server's log in files. */
async function run(
  dir: Folder,
  output: string,
  { status = "200", args = [] as string[], path = "{}" } = {},
): Promise<{ results: string; log: string }> {
  const log = dir.path(`${output}.log`);
  const results = dir.path(output);
  const statuses = parseStatuses(status);
  await using server = await DelayServer.start({ accessLog: log, statuses, seed: 1 });
  const { code, stderr } = await myriad([
    ...["-n", `${COUNT}`, "-s", "-o", results],
    ...args,
    `${server.url}${path}`,
  ]);
  await server.stop(5_000);
  assertEquals([code, stderr], [0, ""]);
  return { results, log };
}

const RETRIES = ["--retries", "30", "--retry-delay", "1ms", "--no-pause"];
const SOME_FAIL = { status: "200:60,503:30,404:10", args: RETRIES };

for (
  const [output, path, fields] of [
    ["a.ndjson", "{}", undefined],
    ["a.csv", "x?id={}&y=%20z", undefined],
    ["a.ndjson.gz", "a/{}/b", "attempts,ms,error,url,detail,status"],
    ["a.csv.gz", "{}'|é/../{}", "status,detail,url,attempts,i"],
    ["b.ndjson", "the/same", undefined],
  ] as const
) {
  Deno.test(`verify agrees with a run that retried (${output}, ${path})`, async () => {
    await using dir = await folder();
    const args = fields === undefined ? RETRIES : [...RETRIES, "--fields", fields];
    const { results, log } = await run(dir, output, { ...SOME_FAIL, path, args });
    const { code, stdout, stderr } = await verify(results, "--against", log, "--json");
    const { agree, results: counts, log: logged } = JSON.parse(stdout);
    assertEquals([code, stderr, agree], [0, "", true], stdout);
    assertEquals([counts.records, counts.answered], [COUNT, COUNT]);
    assert(counts.attempts > COUNT, stdout);
    assertEquals(logged, { requests: counts.attempts, unreadable: 0 });
  });
}

Deno.test("verify agrees with a run of a list of URLs with both engines", async () => {
  await using dir = await folder();
  const log = dir.path("access.log");
  await using server = await DelayServer.start({ accessLog: log });
  const paths = ["", "?", "a b", "a|b?c='d'", "%7e", "é", "x?y=%22#z", "a/./b/../c", "q\\r", "1"];
  const list = await dir.write("urls.txt", paths.map((path) => `${server.url}${path}\n`).join(""));
  const outputs = ["http1", "fetch"].map((engine) => ({ engine, file: dir.path(engine) }));
  for (const { engine, file } of outputs) {
    const { code } = await myriad(["-i", list, "--engine", engine, "-s", "-o", file]);
    assertEquals(code, 0);
  }
  await server.stop(5_000);
  const files = outputs.map(({ file }) => file);
  const { code, stdout } = await verify(...files, "--against", log, "--json");
  assertEquals([code, JSON.parse(stdout).log.requests], [0, 2 * paths.length], stdout);
  assertEquals((await verify(files[0], "--against", log)).code, 1);
});

let copies = 0;

/** A copy of a file in which the one line that holds a text becomes others, or none. */
async function changed(
  file: string,
  text: string,
  change: (line: string) => string[],
): Promise<string> {
  const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
  assertEquals(lines.filter((line) => line.includes(text)).length, 1, text);
  const all = lines.flatMap((line) => line.includes(text) ? change(line) : [line]);
  const copy = `${file}.${copies++}`;
  await Deno.writeTextFile(copy, all.join("\n") + "\n");
  return copy;
}

for (const path of ["{}", "{}/{}"]) {
  Deno.test(`verify finds one missing, extra or changed line (${path})`, async () => {
    await using dir = await folder();
    const { results, log } = await run(dir, "a.ndjson", { path });
    const shown = `/${path.replaceAll("{}", "17")}`;
    const ofLog = `"path":"${shown}"`;
    const ofRecord = '"i":17,';
    const cases = [
      {
        files: [results, await changed(log, ofLog, () => [])],
        kind: "missing",
        count: 1,
        example: { path: shown, status: 200 },
      },
      {
        files: [await changed(results, ofRecord, () => []), log],
        kind: "unknown",
        count: 1,
        example: { path: shown, logged: 200 },
      },
      {
        files: [results, await changed(log, ofLog, (line) => [line, line, line])],
        kind: "repeated",
        count: 2,
        example: { path: shown, beyond: 2 },
      },
      {
        files: [
          results,
          await changed(log, ofLog, (line) => [line.replace('"status":200', '"status":500')]),
        ],
        kind: "other_status",
        count: 1,
        example: { path: shown, status: 200, logged: 500 },
      },
    ];
    for (const { files: [results, log], kind, count, example } of cases) {
      const { code, stdout } = await verify(results, "--against", log, "--json");
      const found = JSON.parse(stdout);
      assertEquals([code, found.agree], [1, false], kind);
      for (const name of ["missing", "unknown", "repeated", "other_status"]) {
        assertEquals(found[name].count, name === kind ? count : 0, `${name} of ${kind}`);
        assertEquals(found[name].examples, name === kind ? [example] : []);
      }
    }
  });
}

Deno.test("verify prints a table with at most five examples", async () => {
  await using dir = await folder();
  const { results, log } = await run(dir, "a.ndjson");
  const lines = (await Deno.readTextFile(log)).split("\n");
  const short = await dir.write("short.log", lines.slice(0, 390).join("\n"));
  const { code, stdout, stderr } = await verify(results, "--against", short);
  assertEquals([code, stderr], [1, ""]);
  assertMatch(stdout, /^answered, but not in the server's log +10$/m);
  assertEquals(stdout.match(/^ {2}\/\d+: 200 in the results$/gm)?.length, 5);
  assertMatch(stdout, /The logs differ\.\n$/);
  assertMatch((await verify(results, "--against", log)).stdout, /The logs agree\.\n$/);
});

Deno.test("verify reads several results and logs, compressed or not", async () => {
  await using dir = await folder();
  const log = dir.path("a.log");
  await using server = await DelayServer.start({ accessLog: log });
  const results = [0, 1].map((k) => dir.path(`part${k}.ndjson`));
  for (const [k, file] of results.entries()) {
    await myriad(["-n", "300", "--shard", `${k}/2`, "-s", "-o", file, `${server.url}{}`]);
  }
  await server.stop(5_000);
  const lines = (await Deno.readTextFile(log)).trimEnd().split("\n");
  const old = await dir.write("a.log.1.gz", gzipSync(lines.slice(0, 200).join("\n") + "\n"));
  const fresh = await dir.write("a.log.0", lines.slice(200).join("\n"));
  const both = ["--against", old, "--against", fresh];
  assertEquals((await verify(...results, ...both)).code, 0);
  assertEquals((await verify(...results, "--against", fresh)).code, 1);
  assertEquals((await verify(results[0], ...both)).code, 1);
});

Deno.test("verify reads results from standard input, without examples for lists", async () => {
  await using dir = await folder();
  const record = (path: string): string => `{"url":"http://h/${path}","status":200,"attempts":1}\n`;
  const log = await dir.write("access.log", '{"path":"/a","status":200}\n');
  const args = ["verify", "-", "--against", log, "--json"];
  assertEquals((await myriad(args, { input: record("a") })).code, 0);
  const { code, stdout } = await myriad(args, { input: record("a") + record("b/c") });
  assertEquals([code, JSON.parse(stdout).missing], [1, { count: 1, examples: [] }]);
  const numbers = await myriad(args, { input: record("1") + record("2") });
  assertEquals(JSON.parse(numbers.stdout).missing.examples.length, 2);
});

Deno.test("verify obeys --only, --ignore and --allow-repeats", async () => {
  await using dir = await folder();
  const { results, log } = await run(dir, "a.ndjson", { path: "api/{}" });
  const more = ["/health", "/api/live", "/api/17"]
    .map((path) => `- - - [x] "GET ${path} HTTP/1.1" 200 1\n`).join("");
  await Deno.writeTextFile(log, more, { append: true });
  const counts = async (...flags: string[]): Promise<unknown[]> => {
    const { code, stdout } = await verify(results, "--against", log, "--json", ...flags);
    const { unknown, repeated, left_out } = JSON.parse(stdout);
    return [code, unknown.count, repeated.count, left_out];
  };
  assertEquals(await counts(), [1, 2, 1, 0]);
  assertEquals(await counts("--only", "/api/"), [1, 1, 1, 1]);
  assertEquals(await counts("--only", "/api/", "--ignore", "/api/live"), [1, 0, 1, 2]);
  const both = ["--ignore", "/health", "--ignore", "/api/live"];
  assertEquals(await counts(...both), [1, 0, 1, 2]);
  assertEquals(await counts(...both, "--allow-repeats", "1"), [0, 0, 1, 2]);
});

Deno.test("verify does not agree when nothing is compared", async () => {
  await using dir = await folder();
  const results = await dir.write("r", '{"url":"http://h/a","status":200,"attempts":1}\n');
  const log = await dir.write("access.log", '{"path":"/a","status":200}\n');
  const empty = await dir.write("empty", "");
  const other = await dir.write("other.log", '{"path":"/b","status":200}\n');
  for (
    const [args, message] of [
      [[results, "--against", log, "--only", "/typo/"], "leave out all 2 requests"],
      [[results, "--against", log, "--ignore", "/"], "leave out all 2 requests"],
      [[results, "--against", empty, "--ignore", "/a"], "leave out the one request"],
      [[empty, "--against", `${dir.path(".")}/empty`], "neither the results nor the log"],
    ] as const
  ) {
    for (const flags of [[], ["--json"]]) {
      const ran = await verify(...args, ...flags);
      assertEquals([ran.code, ran.stdout], [2, ""], ran.stderr);
      assertMatch(ran.stderr, /^myriad: Nothing to compare: [^\n]+\n$/);
      assertStringIncludes(ran.stderr, message);
    }
  }
  // Where one side is left, they differ.
  assertEquals((await verify(results, "--against", other, "--only", "/a")).code, 1);
  assertEquals((await verify(results, "--against", other, "--only", "/b")).code, 1);
  assertEquals((await verify(results, "--against", empty)).code, 1);
});

Deno.test("verify finds nothing lost after kill -9 and --resume, and each repeat", async () => {
  await using dir = await folder();
  const log = dir.path("access.log");
  const results = dir.path("out.ndjson");
  await using server = await DelayServer.start({ accessLog: log, delay: parseDelay("0-20ms") });
  const args = ["-n", "10000", "-c", "50", "-s", "-o", results, `${server.url}{}`];
  await using child = start(args);
  const size = (): number => {
    try {
      return Deno.statSync(results).size;
    } catch {
      return 0;
    }
  };
  await until(() => size() > 20_000);
  child.kill("SIGKILL");
  await finish(child);
  assertEquals((await myriad([...args, "--resume"])).code, 0);
  await server.stop(5_000);
  const { stdout } = await verify(results, "--against", log, "--json");
  const { results: counts, missing, unknown, other_status, repeated, log: logged } = JSON.parse(
    stdout,
  );
  assertEquals([counts.records, counts.answered], [10_000, 10_000]);
  assertEquals([missing.count, unknown.count, other_status.count], [0, 0, 0]);
  assertEquals(repeated.count, logged.requests - counts.attempts);
  const allowed = ["--allow-repeats", `${repeated.count}`];
  assertEquals((await verify(results, "--against", log, ...allowed)).code, 0);
});

for (
  const [engine, args] of [
    ["http1", []],
    ["http1", ["-m", "PUT", "-d", "x"]],
    ["fetch", ["-m", "PUT", "-d", "x"]],
  ] as const
) {
  Deno.test(`verify agrees with requests resent after dead connections (${engine} ${args.join(" ")})`, async () => {
    await using dir = await folder();
    let log = "";
    // It takes the third request of a connection, and ends that without an answer.
    await using server = await RawServer.start(({ request, nth, send, end }) => {
      log += `{"path":"${request.split(" ")[1]}","status":200}\n`;
      if (nth % 3 === 0) end();
      else send(ok());
    });
    const results = dir.path("out.ndjson");
    const flags = ["-n", "100", "-c", "4", "-s", "-o", results, "--engine", engine];
    const { code, stderr } = await myriad([...flags, ...args, server.url("/{}")]);
    assertEquals([code, stderr], [0, ""]);
    const { code: verdict, stdout } = await verify(
      ...[results, "--against", await dir.write("log", log), "--json"],
    );
    const { results: counts, log: logged, repeated } = JSON.parse(stdout);
    assertEquals([verdict, repeated.count, repeated.allowed], [0, 0, 0], stdout);
    assert(logged.requests > 100);
    assertEquals(counts.attempts, logged.requests);
  });
}

const WITHOUT_NGINX = { ignore: !isInstalled("nginx", "nginx-light") };

Deno.test("verify agrees with the combined log of nginx", WITHOUT_NGINX, async () => {
  await using dir = await folder();
  const nginx = await Nginx.start({
    directory: dir.path("."),
    accessLog: dir.path("access.log"),
  });
  if (nginx === undefined) throw new Error("nginx does not start");
  const results = dir.path("out.ndjson");
  const odd = ['a"b', "a%22b", "a\\b", "é", "%C3%A9", "a b", "a'b?c='d'&e=%20", "{}"];
  const list = await dir.write(
    "urls.txt",
    [...odd, ...Array.from({ length: 300 }, (_, k) => `n/${k}?x=1`)]
      .map((path) => `${nginx.url}${path}\n`).join(""),
  );
  const ran = await myriad(["-i", list, "-s", "-o", results]);
  await nginx.stop();
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const log = dir.path("access.log");
  const lines = (await Deno.readTextFile(log)).trimEnd().split("\n");
  assertMatch(lines[0], /^127\.0\.0\.1 - - \[.*\] "GET \/\S* HTTP\/1\.1" 200 13 "-" "myriad\//);
  for (const format of [[], ["--log-format", "combined"], ["--log-format", "common"]]) {
    const { code, stdout } = await verify(results, "--against", log, "--json", ...format);
    assertEquals([code, JSON.parse(stdout).log], [0, { requests: 308, unreadable: 0 }], stdout);
  }
  const fewer = await dir.write("fewer.log", lines.slice(0, -1).join("\n"));
  assertEquals((await verify(results, "--against", fewer)).code, 1);
});

Deno.test("verify agrees with redirects, except for their targets", async () => {
  await using dir = await folder();
  const log = dir.path("access.log");
  const lines: string[] = [];
  const server = Deno.serve({ port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    const status = pathname.startsWith("/old") ? 302 : 200;
    lines.push(`- "GET ${pathname} HTTP/1.1" ${status} 0\n`);
    return new Response(null, {
      status,
      headers: { location: pathname.replace("old", "new") },
    });
  });
  const url = `http://127.0.0.1:${server.addr.port}/old/{}`;
  const results = dir.path("out.ndjson");
  assertEquals((await myriad(["-n", "20", "-s", "-o", results, url])).code, 0);
  await server.shutdown();
  await Deno.writeTextFile(log, lines.join(""));
  assertEquals((await verify(results, "--against", log, "--ignore", "/new/")).code, 0);
  const { stdout } = await verify(results, "--against", log, "--json");
  assertEquals(JSON.parse(stdout).unknown.count, 20);
});

Deno.test("verify accepts requests that failed or were never sent", async () => {
  await using dir = await folder();
  const log = await dir.write("access.log", '{"path":"/","status":200}\n');
  const port = await refusedPort();
  const list = await dir.write("urls.txt", `http://127.0.0.1:${port}/a\nno URL\n`);
  const results = dir.path("out.ndjson");
  await myriad(["-i", list, "-s", "-o", results]);
  const { code, stdout } = await verify(results, "--against", log, "--only", "/a", "--json");
  assertEquals(code, 0, stdout);
  const all = JSON.parse((await verify(results, "--against", log, "--json")).stdout);
  assertEquals(all.results, {
    ...{ records: 2, answered: 0, failed: 1, unsent: 1, attempts: 1, unreadable: 0 },
  });
  assertEquals([all.missing.count, all.unknown.count], [0, 1]);
});

Deno.test("verify escapes hostile log lines in table and JSON", async () => {
  await using dir = await folder();
  const results = await dir.write("r", '{"url":"http://h/a","status":200,"attempts":1}\n');
  const log = await dir.write(
    "access.log",
    `- "GET /a HTTP/1.1" 200 1\n${JSON.stringify({ path: "/\u001b[2J\u202e", status: 200 })}\n` +
      `- "GET /\x1b]0;x\x07 HTTP/1.1" 200 1\n- "GET /${"b".repeat(100_000)} HTTP/1.1" 200 1\n` +
      `\x00\xff\x1b[2J\n${"x".repeat(10 * 1024 * 1024)}\n`,
  );
  for (const flags of [[], ["--json"]]) {
    const { code, stdout, stderr } = await verify(results, "--against", log, ...flags);
    assertEquals([code, stderr], [1, ""]);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(stdout), stdout);
    assert(stdout.length < 4_000);
  }
  const { unknown, log: counts } = JSON.parse(
    (await verify(results, "--against", log, "--json")).stdout,
  );
  assertEquals([unknown.count, counts], [3, { requests: 4, unreadable: 2 }]);
});

Deno.test("verify shows no value of a secret query field", async () => {
  await using dir = await folder();
  const record = (path: string) => `{"url":"http://h${path}","status":200,"attempts":1}\n`;
  const results = await dir.write("r", record("/a?token=SECRET") + record("/b?a=1"));
  const line = (path: string, status = 200) => `{"path":"${path}","status":${status}}\n`;
  const log = await dir.write(
    "access.log",
    line("/c?access_token=SECRET") + line("/b?a=1") + line("/d?sig=SECRET").repeat(2),
  );
  for (const flags of [[], ["--json"]]) {
    const { stdout } = await verify(results, "--against", log, ...flags);
    assertEquals(stdout.includes("SECRET"), false, stdout);
    for (const path of ["/a?token=…", "/c?access_token=…"]) assertStringIncludes(stdout, path);
  }
});

Deno.test("verify exits with 1 when a record cannot be read", async () => {
  await using dir = await folder();
  const good = '{"url":"http://h/a","status":200,"attempts":1}\n';
  const results = await dir.write("r", good + good.slice(0, 20));
  const log = await dir.write("access.log", '{"path":"/a","status":200}\n');
  const { code, stdout } = await verify(results, "--against", log);
  assertEquals(code, 1);
  assertMatch(stdout, /^lines of the results that are not records +1$/m);
});

Deno.test("verify exits with 2 for a wrong file, and with 3 for one that breaks off", async () => {
  await using dir = await folder();
  const results = await dir.write("r", '{"url":"http://h/a","status":200,"attempts":1}\n');
  const log = await dir.write("access.log", '{"path":"/a","status":200}\n');
  const whole = gzipSync(`${'{"path":"/a","status":200}\n'.repeat(1_000)}`);
  const cut = await dir.write("cut.gz", whole.subarray(0, whole.length - 20));
  const none = await dir.write("no.log", "no request\n");
  for (
    const [args, code, message] of [
      [[], 2, "No results are given"],
      [[results], 2, "No log is given"],
      [[results, "--against", dir.path("none")], 2, "no such file"],
      [[dir.path("none"), "--against", log], 2, "no such file"],
      [[results, "--against", dir.path(".")], 2, "it is a folder"],
      [[results, "--against", results], 2, "twice"],
      [[results, "--against", log, "--against", log], 2, "twice"],
      [[log, "--against", results], 2, "its records have no 'url'"],
      [[results, "--against", log, "--log-format", "xml"], 2, "envoy, combined, common, haproxy"],
      [[results, "--against", log, "--log-format", "combined"], 2, "none of its 1 lines"],
      [[results, "--against", none], 2, "envoy, combined, common, haproxy"],
      [[results, "--against", log, "--only", "a"], 2, "--only a"],
      [[results, "--against", log, "--allow-repeats", "x"], 2, "--allow-repeats x"],
      [[results, "--against", log, "--wrong"], 2, "see 'myriad verify --help'"],
      [[results, "--against", cut], 3, "broke off"],
      [[cut, "--against", log], 2, "no 'url'"],
    ] as const
  ) {
    const ran = await verify(...args);
    assertEquals([ran.code, ran.stdout], [code, ""], ran.stderr);
    assertStringIncludes(ran.stderr, message);
    assertMatch(ran.stderr, /^myriad: [^\n]+\n$/);
  }
  const { code, stdout } = await verify("--help");
  assertEquals(code, 0);
  assertStringIncludes(stdout, "--allow-repeats");
});

Deno.test("verify needs permission for its files only", async () => {
  await using dir = await folder();
  const results = await dir.write("r", '{"url":"http://h/a","status":200,"attempts":1}\n');
  const log = await dir.write("access.log", '{"path":"/a","status":200}\n');
  const args = ["verify", results, "--against", log];
  const permissions = [`--allow-read=${results},${log}`];
  assertEquals((await myriad(args, { permissions })).code, 0);
  const { code, stderr } = await myriad(args, { permissions: [`--allow-read=${results}`] });
  assertEquals(code, 2);
  assertStringIncludes(stderr, `no permission: run with --allow-read=${log}`);
});
