import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv/parse";
import { gunzipSync, gzipSync } from "node:zlib";
import { formatWait } from "../lib/run/grace.ts";
import { folder } from "./fixtures/folder.ts";
import { Http2RawServer } from "./fixtures/http2_raw_server.ts";
import {
  bundle,
  finish,
  myriad as run,
  type Ran,
  readUntil,
  runBundle,
  start as startProgram,
  type StartOptions,
} from "./fixtures/program.ts";
import { ok, RawServer, refusedPort } from "./fixtures/raw_server.ts";
import { withThreads as test } from "./fixtures/threads.ts";
import { until } from "./fixtures/until.ts";

const LEAST = ["--allow-net=127.0.0.1"];
const FILES = [...LEAST, "--allow-read", "--allow-write"];

const start = (args: string[], options: StartOptions = {}): Deno.ChildProcess =>
  startProgram(args, { permissions: FILES, ...options });

const myriad = (
  args: string[],
  options: StartOptions & { input?: string | Uint8Array } = {},
): Promise<Ran> => run(args, { permissions: FILES, ...options });

/** As {@linkcode myriad}, with text or bytes on standard input. */
const piped = (input: string | Uint8Array, args: string[]): Promise<Ran> => myriad(args, { input });

/** As {@linkcode myriad}, under the limits of a shell. */
const limited = (limits: string, args: string[], permissions = FILES): Promise<Ran> =>
  myriad(args, { limits, permissions });

interface Record_ {
  i: number;
  url: string;
  status: number | null;
  ms: number;
  bytes: number;
  attempts: number;
  at: string;
  error?: string;
  detail?: string;
}

const records = (text: string): Record_[] =>
  text.trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));

const paths = (server: RawServer): string[] =>
  server.requests.map((request) => request.split(" ")[1]);

const answering = (): Promise<RawServer> =>
  RawServer.start(({ send }) => send(ok("Hello, World!")));

Deno.test("myriad makes each request once and writes a record for each", async () => {
  await using server = await answering();
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const ran = await myriad(["-n", "2k", "-c", "50", server.url("/{}"), "-o", out]);
  assertEquals([ran.code, ran.stderr], [0, ""]);
  assertStringIncludes(ran.stdout, "2,000");
  const all = records(await Deno.readTextFile(out));
  const numbers = Array.from({ length: 2000 }, (_, i) => i);
  assertEquals(all.map(({ i }) => i).sort((a, b) => a - b), numbers);
  assertEquals(paths(server).sort(), numbers.map((i) => `/${i}`).sort());
  assert(server.connections <= 50);
  for (const { i, url, status, bytes, attempts, ms, at } of all) {
    assertEquals([url, status, bytes, attempts], [server.url(`/${i}`), 200, 13, 1]);
    assert(ms > 0 && !Number.isNaN(Date.parse(at)));
  }
});

Deno.test("'myriad run' is the same command, and makes one request by default", async () => {
  await using server = await answering();
  const ran = await myriad(["run", server.url("/")], { permissions: LEAST });
  assertEquals([ran.code, ran.stderr, server.requests.length], [0, "", 1]);
  assertMatch(server.requests[0], /^user-agent: myriad\/\d+\.\d+\.\d+\r$/im);
});

Deno.test("--start and --shard choose the numbers", async () => {
  await using server = await answering();
  const ran = await myriad(["-n", "10", "--start", "5", "--shard", "1/3", server.url("/{}")]);
  assertEquals(ran.code, 0);
  assertEquals(paths(server).sort(), ["/10", "/13", "/7"]);
});

Deno.test("-z starts no request after its time", async () => {
  await using server = await answering();
  const ran = await myriad(["-z", "200ms", "-c", "5", server.url("/"), "--json"]);
  const summary = JSON.parse(ran.stdout);
  assertEquals([ran.code, summary.interrupted], [0, false]);
  assert(summary.requests > 0 && summary.seconds >= 0.2);
  assertEquals(summary.requests, server.requests.length);
});

Deno.test("-o - writes records to stdout and the table to stderr", async () => {
  await using server = await answering();
  const ran = await myriad(["-n", "20", server.url("/{}"), "-o", "-"], { permissions: LEAST });
  assertEquals([ran.code, records(ran.stdout).length], [0, 20]);
  assertMatch(ran.stderr, /requests/i);
});

Deno.test("--json prints only the summary of the contract", async () => {
  await using server = await RawServer.start(({ send, request }) =>
    send(request.startsWith("GET /3 ") ? "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n" : ok())
  );
  const port = await refusedPort();
  const list = `${server.url("/1")}\n${server.url("/3")}\nhttp://127.0.0.1:${port}/\nnonsense\n`;
  const ran = await piped(list, ["-i", "-", "--json", "-s"]);
  assertEquals([ran.code, ran.stderr], [1, ""]);
  const summary = JSON.parse(ran.stdout);
  assertEquals([summary.requests, summary.succeeded, summary.failed], [4, 2, 2]);
  assertEquals(summary.statuses, { "200": 1, "404": 1 });
  assertEquals(Object.keys(summary.errors).sort(), ["refused", "url"]);
  assertEquals(summary.errors.refused.count, 1);
  assertEquals(summary.errors.refused.examples[0].url, `http://127.0.0.1:${port}/`);
  for (
    const name of [
      "seconds",
      "rate",
      "bytes",
      "concurrency",
      "attempts",
      "peak_rss_kb",
      "cpu_seconds",
    ]
  ) {
    assert(summary[name] > 0, name);
  }
  assertEquals(
    ["min", "mean", "p50", "p75", "p90", "p95", "p99", "p999", "p9999", "max", "stddev"]
      .filter((name) => typeof summary.latency_ms[name] !== "number"),
    [],
  );
  assertEquals([summary.engine, summary.resumed, summary.interrupted], ["http1", false, false]);
  assertEquals(summary.thresholds, []);
  assertMatch(summary.version, /^\d+\.\d+\.\d+$/);
});

Deno.test("--summary writes the same to a file, and -s prints nothing", async () => {
  await using server = await answering();
  await using dir = await folder();
  const ran = await myriad(["-n", "5", "-s", "--summary", dir.path("s.json"), server.url("/")]);
  assertEquals(ran, { code: 0, stdout: "", stderr: "" });
  assertEquals(JSON.parse(await Deno.readTextFile(dir.path("s.json"))).requests, 5);
});

Deno.test("-i reads lines with CRLF, a BOM, blank lines and no final newline", async () => {
  await using server = await answering();
  await using dir = await folder();
  const list = `\ufeff${server.url("/a")}\r\n\r\n   \n${server.url("/b")}\n${server.url("/c?d=e")}`;
  await Deno.writeTextFile(dir.path("urls.txt"), list);
  const ran = await myriad(["-i", dir.path("urls.txt"), "-o", "-", "-s"]);
  assertEquals(ran.code, 0);
  assertEquals(paths(server).sort(), ["/a", "/b", "/c?d=e"]);
  assertEquals(records(ran.stdout).map(({ i }) => i).sort(), [0, 1, 2]);
});

Deno.test("-i - reads lines from a pipe", async () => {
  await using server = await answering();
  await using dir = await folder();
  const list = Array.from({ length: 3000 }, (_, i) => `${server.url(`/${i}`)}\n`).join("");
  const ran = await piped(list, ["-i", "-", "-c", "200", "-o", dir.path("out.csv")]);
  assertEquals(ran.code, 0);
  const rows = parse(await Deno.readTextFile(dir.path("out.csv")), {
    skipFirstRow: true,
  }) as Record<string, string>[];
  assertEquals(rows.length, 3000);
  assertEquals(new Set(rows.map(({ url }) => url)).size, 3000);
  assertEquals(new Set(rows.map(({ status }) => status)), new Set(["200"]));
});

Deno.test("-i reads gzip, and -o writes it", async () => {
  await using server = await answering();
  await using dir = await folder();
  const half = (from: number): Uint8Array =>
    gzipSync(Array.from({ length: 500 }, (_, i) => `${from + i}\n`).join(""));
  // Two members: a file of several is one, too.
  await Deno.writeFile(dir.path("ids.gz"), new Uint8Array([...half(0), ...half(500)]));
  const out = dir.path("out.ndjson.gz");
  const ran = await myriad(["-i", dir.path("ids.gz"), server.url("/id/{}"), "-o", out, "-s"]);
  assertEquals([ran.code, ran.stderr], [0, ""]);
  assertEquals(records(gunzipSync(await Deno.readFile(out)).toString()).length, 1000);
  assertEquals(new Set(paths(server)).size, 1000);
});

Deno.test("-i requests.jsonl makes each request as its record says", async () => {
  await using server = await answering();
  await using dir = await folder();
  await Deno.writeTextFile(
    dir.path("requests.jsonl"),
    [
      { url: "/one", method: "POST", headers: { "X-A": "1" }, body: "text" },
      { url: "/two", body: { a: [1] }, method: "PUT" },
      {},
      { url: server.url("/whole") },
    ].map((record) => JSON.stringify(record)).join("\n") + "\nnot json\n",
  );
  const ran = await myriad([
    "-i",
    dir.path("requests.jsonl"),
    server.url(),
    "-o",
    "-",
    "-s",
    "-c",
    "1",
  ]);
  assertEquals(ran.code, 1);
  const [one, two, three, four] = server.requests;
  assertMatch(one, /^POST \/one HTTP\/1.1\r\n[^]*x-a: 1\r\n[^]*\r\n\r\ntext$/i);
  assertMatch(two, /^PUT \/two HTTP\/1.1\r\n[^]*application\/json\r\n[^]*\r\n\r\n\{"a":\[1\]\}$/i);
  assertMatch(three, /^GET \/ HTTP/);
  assertMatch(four, /^GET \/whole HTTP/);
  const failed = records(ran.stdout).filter(({ error }) => error !== undefined);
  assertEquals(failed.map(({ i, error, attempts }) => [i, error, attempts]), [[4, "url", 0]]);
});

Deno.test("-i table.csv fills the template", async () => {
  await using server = await answering();
  await using dir = await folder();
  await Deno.writeTextFile(
    dir.path("t.csv"),
    '\ufeffid,name\r\n1,"a ""b"",\r\nc"\r\n2,Tom & Jerry\r\n',
  );
  const ran = await myriad(["-i", dir.path("t.csv"), server.url("/{id}?name={name}"), "-c", "1"]);
  assertEquals(ran.code, 0);
  assertEquals(paths(server), ["/1?name=a%20%22b%22%2C%0D%0Ac", "/2?name=Tom%20%26%20Jerry"]);
});

Deno.test("-i records error 'url' for an invalid line, and continues", async () => {
  await using server = await answering();
  const long = `http://127.0.0.1/${"x".repeat(2 * 1024 * 1024)}`;
  const list = `nonsense\n${long}\nftp://x/\n${server.url("/ok")}\nhttp://a:b:c/\n`;
  const ran = await piped(list, ["-i", "-", "-o", "-", "-s"]);
  assertEquals([ran.code, ran.stderr], [1, "myriad: 4 of 5 requests failed: 4 url\n"]);
  const all = records(ran.stdout).sort((a, b) => a.i - b.i);
  assertEquals(all.map(({ i, error }) => [i, error]), [
    [0, "url"],
    [1, "url"],
    [2, "url"],
    [3, undefined],
    [4, "url"],
  ]);
  assertEquals(all[0].url, "nonsense");
  assert(all[1].url.length <= 1000, "a long line is not repeated whole");
  assertMatch(all[1].detail!, /1 MiB/);
});

Deno.test("--failures writes failed requests in a form that --input reads", async () => {
  await using dir = await folder();
  let broken = true;
  await using server = await RawServer.start(({ send, reset, request }) =>
    broken && request.startsWith("POST /bad") ? reset() : send(ok())
  );
  await Deno.writeTextFile(
    dir.path("r.jsonl"),
    `{"url":"/good"}\n{"url":"/bad1","method":"POST","body":"b1","headers":{"X-A":"1","Cookie":"secret"}}\n{"url":"/bad2","method":"POST","body":"b2"}\n`,
  );
  const failures = dir.path("failed.jsonl");
  const first = await myriad([
    "-i",
    dir.path("r.jsonl"),
    server.url(),
    "--failures",
    failures,
    "-s",
    "-c",
    "1",
  ]);
  assertEquals(first.code, 1);
  assert(!(await Deno.readTextFile(failures)).includes("secret"));
  broken = false;
  server.requests.length = 0;
  const second = await myriad(["-i", failures, "-s", "-c", "1"]);
  assertEquals(second.code, 0);
  assertEquals(paths(server), ["/bad1", "/bad2"]);
  assertMatch(server.requests[0], /^POST [^]*x-a: 1\r\n[^]*\r\n\r\nb1$/i);
});

for (const engine of ["fetch", "http1"]) {
  Deno.test(`--engine ${engine} needs permission for the URL's host only`, async () => {
    await using server = await answering();
    for (const host of ["localhost", "127.0.0.1"]) {
      const url = `http://${host}:${server.port}/`;
      const ran = await myriad(["--engine", engine, "-n", "3", url, "--json"], {
        permissions: [`--allow-net=${host}:${server.port}`],
      });
      assertEquals([ran.code, ran.stderr], [0, ""]);
      assertEquals(JSON.parse(ran.stdout).statuses, { "200": 3 });
      assertEquals(JSON.parse(ran.stdout).engine, engine);
    }
  });

  Deno.test(`--engine ${engine} records error 'url' for a host without permission`, async () => {
    // No permission can name the last host; both a record and a redirect can lead there.
    await using server = await RawServer.start(({ request, send }) =>
      send(
        request.startsWith("GET /away ")
          ? "HTTP/1.1 302 X\r\nLocation: http://$(id);/\r\nContent-Length: 0\r\n\r\n"
          : ok(),
      )
    );
    const others = [`http://localhost:${server.port}/`, "http://$(id);/", server.url("/away")];
    const ran = await myriad(["--engine", engine, "-i", "-", "-o", "-", "-s"], {
      permissions: LEAST,
      input: `${[server.url("/"), ...others].join("\n")}\n`,
    });
    const all = records(ran.stdout).sort((a, b) => a.i - b.i);
    assertEquals(all.map(({ error }) => error), [undefined, "url", "url", "url"]);
    for (const { detail } of all.slice(1)) assertMatch(detail!, /--allow-net/);
    assertEquals(all.map(({ attempts }) => attempts), [1, 0, 0, 1]);
  });
}

// Interruption.

test("SIGINT starts no more requests, finishes those in flight, and exits with 130", async (threads) => {
  const held: (() => void)[] = [];
  await using server = await RawServer.start(({ send }) => void held.push(() => send(ok())));
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  await using child = start(["-n", "1M", "-c", "10", server.url("/{}"), "-o", out, "--json"]);
  await until(() => held.length === 10);
  for (const answer of held.splice(0, 5)) answer();
  await until(() => held.length === 10);
  child.kill("SIGINT");
  // What is in flight is answered only after the signal was taken; nothing new comes of it.
  await readUntil(child.stderr, "10 requests in flight");
  for (const answer of held) answer();
  const ran = await finish(child);
  assertEquals([ran.code, server.requests.length], [130, 15]);
  const all = records(await Deno.readTextFile(out));
  const made = all.map(({ i }) => i).sort((a, b) => a - b);
  // Several threads make the requests of several blocks of numbers at a time.
  if (threads === 1) assertEquals(made, Array.from({ length: 15 }, (_, i) => i));
  assertEquals(new Set(made).size, 15);
  assert(all.every(({ error }) => error === undefined));
  const summary = JSON.parse(ran.stdout);
  assertEquals([summary.interrupted, summary.requests, summary.succeeded], [true, 15, 15]);
});

test("SIGTERM gives up requests in flight after 5 s, with a record for each", async () => {
  await using server = await RawServer.start(() => {});
  await using child = start(["-n", "100", "-c", "10", server.url("/{}"), "-o", "-"], {
    permissions: LEAST,
  });
  await until(() => server.requests.length === 10);
  child.kill("SIGTERM");
  const ran = await finish(child);
  assertEquals(ran.code, 143);
  assertEquals(records(ran.stdout).map(({ error }) => error), Array(10).fill("cancelled"));
  const wait = "waiting up to 5 s for 10 requests in flight; send SIGTERM again to quit now";
  assertStringIncludes(ran.stderr, `myriad: interrupted: ${wait}\n`);
});

Deno.test("formatWait() names what is in flight, and is empty when nothing is", () => {
  assertEquals([0, 1, 1_200].map(formatWait), [
    "",
    "waiting up to 5 s for 1 request in flight",
    "waiting up to 5 s for 1,200 requests in flight",
  ]);
});

test("a second SIGINT ends the run at once", async () => {
  await using server = await RawServer.start(() => {});
  await using child = start(["-n", "100", "-c", "10", server.url("/{}"), "-o", "-"], {
    permissions: LEAST,
  });
  await until(() => server.requests.length === 10);
  child.kill("SIGINT");
  await readUntil(child.stderr, "10 requests in flight");
  child.kill("SIGINT");
  // At the end of the 5 s of the first, each that is in flight would have a record.
  const { code, stdout } = await finish(child);
  assertEquals([code, stdout], [130, ""]);
});

test("SIGINT ends a run that waits for standard input", async () => {
  await using server = await answering();
  await using child = start(["-i", "-", "-o", "-"], { permissions: LEAST });
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${server.url("/")}\n`));
  writer.releaseLock();
  await until(() => server.requests.length === 1);
  child.kill("SIGINT");
  // Its input has not ended.
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  assertEquals([code, records(decoder.decode(stdout)).length], [130, 1]);
  assertMatch(decoder.decode(stderr), /^myriad: interrupted(: waiting .*)?$/m);
});

// What goes wrong.

test("-o - ends quietly when its reader closes the pipe", async () => {
  await using server = await answering();
  await using child = start(["-n", "1M", "-c", "50", server.url("/{}"), "-o", "-"], {
    permissions: LEAST,
  });
  await readUntil(child.stdout, "\n");
  await child.stdout.cancel();
  const stderr = await new Response(child.stderr).text();
  assertEquals([stderr, (await child.status).code], ["", 3]);
  assert(server.requests.length < 1_000_000);
});

test("-o exits with 3 when the disk is full", async () => {
  await using server = await answering();
  const ran = await myriad(["-n", "5000", server.url("/{}"), "-o", "/dev/full"], {
    // Deno gives a device to nobody else.
    permissions: ["--allow-all"],
  });
  assertEquals(ran.code, 3);
  assertMatch(ran.stderr, /^myriad: Cannot write '--output \/dev\/full': no space left on device/m);
});

test("-o keeps whole lines when the output cannot grow", async () => {
  await using server = await answering();
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  // A limit on the file's size, as good as a full disk; the signal of it is ignored.
  const ran = await limited('ulimit -f 100; trap "" XFSZ', [
    ...["-n", "20k", "-c", "50", server.url("/{}"), "-o", out],
    // A log would come to the limit before the output.
  ], [...FILES, `--deny-write=${out}.myriad.log`]);
  assertEquals(ran.code, 3);
  assertMatch(ran.stderr, /^myriad: Cannot write '--output [^\n]*\n$/m);
  const text = await Deno.readTextFile(out);
  assert(text.length > 50_000 && text.length <= 100 * 1024);
  assert(text.endsWith("}\n"));
  assertEquals(new Set(records(text).map(({ i }) => i)).size, records(text).length);
  assert(server.requests.length < 20_000);
});

for (const saves of [false, true]) {
  const what = saves ? "sockets beside the files of bodies" : "sockets";
  Deno.test(`-c exits with 2 before any request when there are too few ${what}`, async () => {
    await using dir = await folder();
    await using server = await answering();
    const args = ["-n", "1k", server.url("/{}"), "--json"];
    if (saves) args.push("-o", dir.path("x.ndjson"), "--save-bodies", dir.path("bodies"));
    const ran = await limited("ulimit -n 300", [...args, "-c", "1k"]);
    assertEquals(ran.code, 2);
    const message = /^myriad: Cannot have 1000 requests in flight, .*: use '--concurrency (\d+)'/;
    assertMatch(ran.stderr, message);
    assertEquals(server.requests.length, 0);
    const most = message.exec(ran.stderr)![1];
    assert(Number(most) > 200 && Number(most) < 300, most);
    const again = await limited("ulimit -n 300", [...args, "-c", most]);
    assertEquals([again.code, JSON.parse(again.stdout).shortages], [0, {}], again.stderr);
  });
}

for (const flags of [["--http2"], ["--engine", "http2"], ["--http2", "--connections", "10"]]) {
  Deno.test(`-c may be more than there are sockets with ${flags.join(" ")}`, async () => {
    await using server = await Http2RawServer.start(({ send }) => send(ok()));
    const args = [...flags, "-n", "2k", "-c", "1k", server.url("/{}"), "--json"];
    const ran = await limited("ulimit -n 256", args);
    assertEquals(ran.code, 0, ran.stderr + ran.stdout);
    const { succeeded, shortages } = JSON.parse(ran.stdout);
    assertEquals([succeeded, shortages], [2000, {}]);
    assert(server.connections <= 10, `${server.connections}`);
  });
}

for (const engine of ["http1", "fetch"]) {
  Deno.test(`--engine ${engine} waits when sockets run out, and says so`, async () => {
    // Native fetch opens a socket for each at once. http1 opens some, and has more only where answers
    // take their time: as many as these have their sockets to the end.
    const pinned = engine === "http1" ? 80 : 0;
    const held: (() => void)[] = [];
    await using server = await RawServer.start(({ send }) => {
      if (server.requests.length <= pinned) held.push(() => send(ok()));
      else send(ok());
      if (server.requests.length === 2_000) { for (const answer of held) answer(); }
    });
    const args = ["--engine", engine, "-n", "2k", "-c", "500", server.url("/{}"), "--json"];
    // Without the permission to read, it cannot look before.
    const ran = await limited("ulimit -n 150", args, LEAST);
    assertEquals(ran.code, 0, ran.stderr + ran.stdout);
    const { succeeded, shortages } = JSON.parse(ran.stdout);
    assertEquals([succeeded, Object.keys(shortages)], [2000, ["too many open files"]]);
    assertEquals(new Set(paths(server)).size, 2000);
  });
}

Deno.test("-i exits with 3 when the input breaks off, after its complete lines", async () => {
  await using server = await answering();
  await using dir = await folder();
  let list = "";
  for (let i = 0; i < 5_000; i++) list += `${server.url(`/${i * 7919 % 20_011}`)}\n`;
  const packed = gzipSync(list);
  await Deno.writeFile(dir.path("urls.gz"), packed.subarray(0, packed.length - 1000));
  const ran = await myriad([
    "-i",
    dir.path("urls.gz"),
    "-o",
    dir.path("out.ndjson"),
    "--progress",
    "none",
  ]);
  assertEquals(ran.code, 3);
  assertMatch(ran.stderr, /^myriad: [^\n]*--input [^\n]*urls\.gz[^\n]*\n$/);
  const all = records(await Deno.readTextFile(dir.path("out.ndjson")));
  assertEquals(all.length, server.requests.length);
  assert(all.length > 1000);
});

for (
  const [what, args, permissions, message] of [
    [
      "an input file is missing",
      ["-i", "/does/not/exist"],
      FILES,
      /--input \/does\/not\/exist': no such file/,
    ],
    ["an input file is a folder", ["-i", "/tmp"], FILES, /--input \/tmp'/],
    ["the permission to read is missing", ["-i", "/etc/hostname"], LEAST, /--allow-read/],
    ["the permission to write is missing", ["URL", "-o", "out"], LEAST, /--allow-write=out/],
    ["the permission for the network is missing", ["URL"], [], /--allow-net=127\.0\.0\.1:\d+/],
    ["the output's folder is missing", ["URL", "-o", "/does/not/exist"], FILES, /no such folder/],
    ["the URL is none", ["nonsense"], FILES, /nonsense/],
    ["the scheme is another", ["ftp://127.0.0.1/"], FILES, /ftp/],
    ["a field of the template is unknown", ["URL/{name}"], FILES, /name/],
    ["a brace of the template is open", ["URL/{"], FILES, /\{/],
    ["an argument has control characters", ["URL", "-c", "\x1b[31m"], FILES, /-c.* \\x1b\[31m'/],
    ["the URL has control characters", ["URL/\x1b[31m"], FILES, /a control character \(here %1B\)/],
    ["an expectation is none", ["URL", "--expect-status", "2000"], FILES, /use a list like/],
    [
      "compare may not start processes",
      ["compare", "--memory-limit", "1G"],
      FILES,
      /--allow-run$/m,
    ],
  ] as [string, string[], string[], RegExp][]
) {
  Deno.test(`myriad exits with 2, one line and no request when ${what}`, async () => {
    await using server = await answering();
    await using dir = await folder();
    const ran = await myriad(args.map((arg) => arg.replace("URL", server.url().slice(0, -1))), {
      permissions,
      cwd: dir.path(),
    });
    assertEquals([ran.code, ran.stdout, server.requests.length], [2, "", 0], ran.stderr);
    assertMatch(ran.stderr, /^myriad: [^\n]+\n$/);
    assertMatch(ran.stderr, message);
  });
}

Deno.test("myriad shows no secret in any output", async () => {
  await using server = await RawServer.start(({ reset }) => reset());
  await using dir = await folder();
  const withUser = server.url("/{}").replace("http://", "http://user:hunter2@");
  const list = `${
    server.url("/").replace("http://", "http://user:hunter2@")
  }\nhttp://u:hunter2@:x/\n`;
  const flags = [
    ...["-H", "X-Api-Key: hunter2", "-H", "Cookie: a=hunter2"],
    ...[
      "--overwrite",
      "-o",
      dir.path("o"),
      "--summary",
      dir.path("s"),
      "--failures",
      dir.path("f"),
      "--progress",
      "log",
    ],
  ];
  const one = await myriad([withUser, ...flags]);
  const two = await piped(list, ["-i", "-", ...flags]);
  const three = await myriad(["http://u:hunter2@:x/"]);
  assertEquals([one.code, two.code, three.code], [1, 1, 2]);
  assertMatch(server.requests[0], /^authorization: basic dXNlcjpodW50ZXIy\r$/im);
  let all = one.stdout + one.stderr + two.stdout + two.stderr + three.stdout + three.stderr;
  for (const name of ["o", "o.myriad", "s", "f"]) all += await Deno.readTextFile(dir.path(name));
  assert(!/hunter2|dXNlcjpodW50ZXIy/.test(all), all);
});

Deno.test("myriad escapes what servers and inputs send before it reaches the terminal", async () => {
  await using dir = await folder();
  await Deno.writeTextFile(dir.path("urls"), "http://\x1b[31mred\x07/\n\x1b]0;title\x07\n");
  const ran = await myriad(["-i", dir.path("urls"), "--progress", "bar"]);
  assertEquals(ran.code, 1);
  // deno-lint-ignore no-control-regex
  const raw = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/;
  assert(!raw.test(ran.stdout), JSON.stringify(ran.stdout));
  assert(
    !raw.test(ran.stderr.replaceAll("\r", "").replaceAll("\x1b[K", "")),
    JSON.stringify(ran.stderr),
  );
});

Deno.test("myriad makes other requests while the first one is slow", async () => {
  let rest = 0;
  let last = (): void => {};
  await using server = await RawServer.start(({ request, send }) => {
    if (request.startsWith("GET /0 ")) last = () => send(ok());
    else {
      send(ok());
      if (++rest === 1999) last();
    }
  });
  const ran = await myriad(["-n", "2000", "-c", "2", server.url("/{}"), "-o", "-", "-s"], {
    permissions: LEAST,
  });
  assertEquals(ran.code, 0);
  assertEquals(records(ran.stdout).at(-1)!.i, 0);
});

Deno.test("--help lists flags and exit codes, and --version prints the version", async () => {
  const help = await myriad(["--help"], { permissions: [] });
  assertEquals([help.code, help.stderr], [0, ""]);
  for (const flag of ["--requests", "--concurrency", "--output", "myriad serve"]) {
    assertStringIncludes(help.stdout, flag);
  }
  assertMatch(
    help.stdout,
    /3 the run could not go on [^;]*only\s+host refuses connections, [^;]*--give-up-after\)[^;]*;/,
  );
  const version = await myriad(["--version"], { permissions: [] });
  assertMatch(version.stdout, /^myriad \d+\.\d+\.\d+\n$/);
  const all = await myriad(["-V", "--json"], { permissions: [] });
  assertEquals(JSON.parse(all.stdout), {
    name: "myriad",
    version: version.stdout.trim().split(" ")[1],
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    target: Deno.build.target,
    standalone: false,
  });
});

Deno.test("the program runs as one bundled file from an empty folder", async () => {
  await using dir = await folder();
  await using server = await answering();
  await bundle(dir.path("build/myriad.js"));
  await Deno.mkdir(dir.path("empty"));
  const ids = await dir.write("ids.csv", 'id\n"1"\n2\n');
  const permissions = [
    ...LEAST,
    `--allow-read=${ids},${dir.path("o.ndjson.gz.myriad.tmp")}`,
    // The output, its journal, and what the journal is replaced by.
    `--allow-write=${["", ".myriad", ".myriad.tmp"].map((end) => dir.path(`o.ndjson.gz${end}`))}`,
  ];
  const run = (...args: string[]): Promise<Ran> =>
    runBundle(dir.path("build/myriad.js"), args, {
      permissions,
      cache: dir.path("cache"),
      cwd: dir.path("empty"),
    });
  const ran = await run("-i", ids, server.url("/{id}"), "-o", dir.path("o.ndjson.gz"));
  assertEquals([ran.code, ran.stderr, paths(server).sort()], [0, "", ["/1", "/2"]]);
  const threads = await runBundle(dir.path("build/myriad.js"), [
    ...["-n", "9", "--threads", "3", "--json", "-s", server.url("/{}")],
  ], { permissions: LEAST, cache: dir.path("cache"), cwd: dir.path("empty") });
  assertEquals([threads.code, threads.stderr], [0, ""]);
  const summary = JSON.parse(threads.stdout);
  assertEquals([summary.requests, summary.threads, server.requests.length], [9, 3, 11]);
  const serve = await run("serve", "--help");
  assertEquals([serve.code, serve.stderr], [0, ""]);
  assertStringIncludes(serve.stdout, "--delay");
});

Deno.test("-s prints one line when the exit code is 1, and nothing when it is 0", async () => {
  await using server = await RawServer.start(({ request, send }) =>
    send(/^GET \/(0|10) /.test(request) ? ok("x").replace("200 OK", "404 Not Found") : ok("x"))
  );
  const run = (...args: string[]): Promise<Ran> =>
    myriad(["-s", "-n", "11", server.url("/{}"), ...args]);
  assertEquals(await run(), { code: 0, stdout: "", stderr: "" });
  assertEquals(await run("--expect-status", "200"), {
    code: 1,
    stdout: "",
    stderr: "myriad: 2 of 11 requests failed: 2 expect\n",
  });
  const both = await run("--expect-status", "200", "--threshold", "failed<1%");
  assertEquals(both.code, 1);
  assertMatch(
    both.stderr,
    /^myriad: 2 of 11 requests failed: 2 expect\nmyriad: the threshold 'failed<1%' does not hold: 18\.2 %\n$/,
  );
  // The summary says it.
  const { code, stderr } = await run("--expect-status", "200", "--json");
  assertEquals([code, stderr], [1, ""]);
  const refused = `http://127.0.0.1:${await refusedPort()}/`;
  const one = await myriad(["-s", "--no-pause", refused]);
  assertEquals([one.code, one.stderr], [1, "myriad: 1 of 1 request failed: 1 refused\n"]);
});
