import { assert, assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import { readJournal, writeJournal } from "../../lib/checkpoint/journal.ts";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad, type Ran, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

// What comes in, by real processes: nothing is requested that the input does not say.

const answering = (): Promise<RawServer> => RawServer.start(({ send }) => send(ok()));

/** What was asked for, in order. */
const targetsAt = ({ requests }: RawServer): string[] =>
  requests.map((request) => request.split(" ")[1]);

/** Bytes of a text, each character one. */
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (it) => it.charCodeAt(0));

interface Record_ {
  i: number;
  url: string;
  status: number | null;
  attempts: number;
  error?: string;
  detail?: string;
}

const recordsOf = (text: string): Record_[] =>
  text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Record_)
    .sort((a, b) => a.i - b.i);

for (const engine of ["http1", "fetch"]) {
  const run = (args: string[]): Promise<Ran> =>
    myriad(["--engine", engine, "-c", "1", "-s", "-o", "-", ...args]);

  Deno.test(`-i requests exactly the URL of a line (${engine})`, async () => {
    await using server = await answering();
    await using dir = await folder();
    const url = (path: string): string => server.url(path);
    const list = [
      `${url("/0")}\r${url("/1")}\r\r${url("/2")}\n`,
      `${url("/a\t200")}\r\n`,
      `${url("/?\x0bx")}\n${url("/\x7f")}\n`,
      `${url("/caf\xe9")}\r\n`,
      // U+FFFD and é, as UTF-8 has them.
      `${url("/\xef\xbf\xbd/caf\xc3\xa9")}\r`,
      `\x00${url("/")}`,
    ].join("");
    const ran = await run(["-i", await dir.write("urls", bytes(list))]);
    assertEquals([ran.code, ran.stderr], [1, "myriad: 5 of 9 requests failed: 5 url\n"]);
    assertEquals(targetsAt(server), ["/0", "/1", "/2", "/%EF%BF%BD/caf%C3%A9"]);
    const records = recordsOf(ran.stdout);
    assertEquals(records.map(({ i, error, attempts }) => [i, error, attempts]), [
      ...[0, 1, 2].map((i) => [i, undefined, 1]),
      ...[3, 4, 5, 6].map((i) => [i, "url", 0]),
      [7, undefined, 1],
      [8, "url", 0],
    ]);
    assertEquals(records.slice(3, 7).map(({ detail }) => detail), [
      "line 5: a URL cannot hold a control character (here %09)",
      "line 6: a URL cannot hold a control character (here %0B)",
      "line 7: a URL cannot hold a control character (here %7F)",
      "line 8: not UTF-8: convert the input to UTF-8, or percent-encode such bytes of URLs",
    ]);
  });

  Deno.test(`-i sends exactly the text of a record (${engine})`, async () => {
    await using server = await answering();
    await using dir = await folder();
    const jsonl = await dir.write(
      "r.jsonl",
      bytes([
        '{"url":"/0","body":"caf\xe9"}',
        '{"url":"/1","body":"caf\xc3\xa9 \xef\xbf\xbd"}',
        '{"url":"/2","body":"\\ud800"}',
        '{"url":"/3","body":{"a":"\\ud800"}}',
        '{"url":"/\\ud83d"}',
        '{"url":"/\\ud83d\\ude00"}',
        '{"url":"/a\\tb"}',
      ].join("\n")),
    );
    const ran = await run(["-i", jsonl, server.url("/")]);
    assertEquals([ran.code, ran.stderr], [1, "myriad: 4 of 7 requests failed: 4 url\n"]);
    assertEquals(targetsAt(server), ["/1", "/3", "/%F0%9F%98%80"]);
    const bodies = server.requests.map((request) => request.split("\r\n\r\n")[1]);
    assertEquals(bodies, ["caf\xc3\xa9 \xef\xbf\xbd", '{"a":"\\ud800"}', ""]);
    assertEquals(recordsOf(ran.stdout).map(({ error }) => error ?? null), [
      ...["url", null, "url", null, "url", null, "url"],
    ]);
    // Other readers of JSON stop at a surrogate that stands alone.
    assert(!/\\ud[89ab]/i.test(ran.stdout), ran.stdout);

    server.requests.length = 0;
    const csv = await dir.write("r.csv", bytes('id,text\r\n1,"a\r\nb\rc\nd"\r\n2,caf\xe9\r\n'));
    const filled = await run(["-i", csv, "-d", "{text}", "-T", "text/plain", server.url("/{id}")]);
    assertEquals([filled.code, targetsAt(server)], [1, ["/1"]]);
    assertEquals(server.requests[0].split("\r\n\r\n")[1], "a\r\nb\rc\nd");
  });
}

Deno.test("-i writes no lone surrogate of a record to any output", async () => {
  await using server = await answering();
  await using dir = await folder();
  const input = await dir.write("r.jsonl", '{"url":"\\udc00nonsense"}\n{"url":"/\\ud800"}\n');
  const files = [dir.path("summary"), dir.path("failures")];
  const ran = await myriad([
    ...["-i", input, server.url("/"), "-o", "-", "--fields", "url,detail"],
    ...["--summary", files[0], "--failures", files[1]],
  ]);
  assertEquals([ran.code, server.requests.length], [1, 0]);
  const written = await Promise.all(files.map((path) => Deno.readTextFile(path)));
  for (const text of [ran.stdout, ran.stderr, ...written]) {
    assert(!/\\u(d[89a-f]|\{d[89a-f])/i.test(text), text);
  }
  assertEquals(ran.stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line).url), [
    "\ufffdnonsense",
    "/\ufffd",
  ]);
});

Deno.test("myriad refuses a URL that parsing would change", async () => {
  await using server = await answering();
  const tab = await myriad([server.url("/a\t{}")]);
  assertEquals([tab.code, tab.stdout], [2, ""]);
  assertMatch(
    tab.stderr,
    /^myriad: Cannot use the URL: a URL cannot hold a control[^\n]*%09[^\n]*\n$/,
  );
  // Deno gives such a byte as U+FFFD.
  const byte = await myriad(["-n", "3"], { limits: `set -- "$@" $'${server.url("/caf\\xe9")}'` });
  assertEquals([byte.code, byte.stdout], [2, ""]);
  assertMatch(byte.stderr, /^myriad: Cannot use the URL: it is not UTF-8[^\n]*\n$/);
  const beyond = await myriad(["--start", "9007199254740990", "-n", "5", server.url("/{}")]);
  assertEquals([beyond.code, beyond.stdout], [2, ""]);
  assertMatch(
    beyond.stderr,
    /^myriad: Cannot count 5 requests from '--start 9007199254740990' on: /,
  );
  assertEquals(server.requests.length, 0);
  const last = await myriad(["--start", "9007199254740986", "-n", "5", "-s", server.url("/{}")]);
  assertEquals([last.code, targetsAt(server).length], [0, 5]);
  assert(targetsAt(server).includes("/9007199254740990"));
});

for (
  const [what, spoil, why] of [
    ["a wrong checksum", (gz) => gz.with(-6, gz.at(-6)! ^ 1), "the gzip checksum is wrong"],
    ["bytes behind it", (gz) => new Uint8Array([...gz, 1, 2]), "something that is not gzip"],
    ["its last bytes missing", (gz) => gz.subarray(0, -5), "its gzip data is cut short"],
  ] as [string, (packed: Uint8Array) => Uint8Array, string][]
) {
  Deno.test(`-i requests all lines of a gzip with ${what}, and then reports it`, async () => {
    await using server = await answering();
    await using dir = await folder();
    const ids = Array.from({ length: 2000 }, (_, i) => `${i * 7919 % 2003}`);
    const packed = spoil(new Uint8Array(gzipSync(ids.map((id) => `${id}\n`).join(""))));
    const path = await dir.write("ids.gz", packed);
    const ran = await myriad(["-i", path, server.url("/{}"), "-s"]);
    assertEquals([ran.code, ran.stdout], [3, ""]);
    assertMatch(ran.stderr, /^myriad: Cannot read '--input [^\n]*ids\.gz' to its end: [^\n]*\n$/);
    assert(ran.stderr.includes(why), ran.stderr);
    assertEquals(targetsAt(server).sort(), ids.map((id) => `/${id}`).sort());
  });
}

Deno.test("-n reports an input with fewer lines, and exits with 0", async () => {
  await using server = await answering();
  await using dir = await folder();
  const ids = await dir.write("ids", "1\n2\n\n3\n");
  const empty = await dir.write("empty", "");
  for (
    const [args, line] of [
      [["-i", ids, "-n", "10"], "has 3 lines, fewer than '--requests 10' asks for: --loop starts"],
      [["-i", ids, "-z", "1m"], "ended before '--duration' was over: --loop starts it again"],
      [["-i", ids, "--start", "3"], "has 3 lines, and '--start 3' begins behind them"],
      [["-i", empty], "nothing was requested: '--input "],
      [["-i", ids, "-n", "3"], undefined],
      [["-i", ids], undefined],
      [["-i", ids, "-n", "10", "-s"], undefined],
    ] as [string[], string | undefined][]
  ) {
    const ran = await myriad([...args, server.url("/{}")]);
    assertEquals(ran.code, 0, args.join(" "));
    if (line === undefined) assertEquals(ran.stderr, "");
    else {
      assertMatch(ran.stderr, /^myriad: [^\n]*\n$/);
      assert(ran.stderr.includes(line), ran.stderr);
    }
  }
  assertEquals(server.requests.length, 5 * 3);
});

Deno.test("--loop repeats an input until -n or -z, and stops for an empty one", async () => {
  await using server = await answering();
  await using dir = await folder();
  const csv = await dir.write("a.csv", 'id\n1\n"2"\n');
  const base = ["--loop", "-c", "1", "-s", "-o", "-", "-i"];
  const ran = await myriad([...base, csv, "-n", "5", server.url("/{id}")]);
  assertEquals([ran.code, ran.stderr], [0, ""]);
  assertEquals(targetsAt(server), ["/1", "/2", "/1", "/2", "/1"]);
  assertEquals(recordsOf(ran.stdout).map(({ i }) => i), [0, 1, 2, 3, 4]);
  const timed = await myriad([...base, csv, "-z", "2s", server.url("/{id}")]);
  assertEquals([timed.code, timed.stderr], [0, ""]);
  assert(recordsOf(timed.stdout).length > 2);

  server.requests.length = 0;
  for (const [name, content] of [["e.txt", " \n"], ["e.csv", "id\n"], ["e.jsonl", ""]]) {
    const path = await dir.write(name, content);
    const url = server.url(name === "e.txt" ? "/{}" : "/{id}");
    const empty = await myriad([...base, path, "-z", "1h", url]);
    assertEquals([empty.code, empty.stdout], [2, ""]);
    assertMatch(empty.stderr, /^myriad: Cannot use '--loop' with '--input [^\n]*': it is empty: /);
  }
  const piped = await myriad([...base, "-", "-n", "5", server.url("/{}")], { input: "1\n" });
  assertEquals([piped.code, piped.stdout], [2, ""]);
  assertMatch(
    piped.stderr,
    /^myriad: '--loop' needs a file: use '--input FILE' instead of '--input -'\n$/,
  );
  assertEquals(server.requests.length, 0);
});

/** Runs until some requests are done, of which a journal tells, and ends it. */
async function interrupted(server: RawServer, args: string[], output: string): Promise<void> {
  await using child = start([...args, "-o", output]);
  const ended = finish(child);
  const isTold = async (): Promise<boolean> => {
    const text = await Deno.readTextFile(`${output}.myriad`).catch(() => "");
    return /"low":[1-9]/.test(text);
  };
  await until(() => server.requests.length > 200);
  await until(isTold);
  child.kill("SIGKILL");
  await ended;
}

for (
  const [what, name, content, template] of [
    ["lines", "ids", "a\n\nb\r\nc\n", "/{}"],
    ["CSV of gzip", "ids.csv.gz", gzipSync('id\na\n"b"\nc\n'), "/{id}"],
  ] as [string, string, string | Uint8Array, string][]
) {
  Deno.test(`--resume continues in the same round of --loop (${what})`, async () => {
    // Half of a run is answered, so that each part of it is long enough to be told.
    let isHeld = false;
    const most = 300;
    await using server = await RawServer.start(({ send }) => {
      if (!isHeld || server.requests.length <= most) send(ok());
    });
    await using dir = await folder();
    const input = await dir.write(name, content);
    const output = dir.path("o.ndjson");
    const count = 1_000;
    const args = [
      ...["-i", input, "--loop", "-n", `${count}`, "--shard", "1/2", "-c", "20", "-s"],
      server.url(template),
    ];
    isHeld = true;
    await interrupted(server, args, output);
    isHeld = false;
    const other = await myriad([
      ...args.filter((arg) => arg !== "--loop"),
      ...["-o", output, "--resume"],
    ]);
    assertEquals(other.code, 2);
    assertMatch(other.stderr, /'--loop' was 'on' and is not given/);
    const ran = await myriad([...args, "-o", output, "--resume"]);
    assertEquals([ran.code, ran.stderr], [0, ""]);
    const records = recordsOf(await Deno.readTextFile(output));
    assertEquals(
      records.map(({ i, url }) => [i, url]),
      Array.from({ length: count / 2 }, (_, k) => 2 * k + 1)
        .map((i) => [i, server.url(`/${"abc"[i % 3]}`)]),
    );
    assert(server.requests.length < count, "what was done is not requested again");
  });
}

Deno.test("--resume keeps the numbering of an older version, where CR ended no line", async () => {
  let isHeld = true;
  await using server = await RawServer.start(({ send }) => {
    if (!isHeld || server.requests.length <= 300) send(ok());
  });
  await using dir = await folder();
  const ids = Array.from({ length: 500 }, (_, i) => `${i}\n`).join("");
  const input = await dir.write("ids", `${ids}x\ry\nlast\r\n`);
  const output = dir.path("o.ndjson");
  const args = ["-i", input, "-c", "20", "-s", server.url("/{}")];
  await interrupted(server, args, output);
  isHeld = false;
  const journal = await readJournal(`${output}.myriad`);
  assertEquals(journal.crEndsLines, true);
  await writeJournal(`${output}.myriad`, { ...journal, crEndsLines: false });
  const ran = await myriad([...args, "-o", output, "--resume"]);
  assertEquals([ran.code, ran.stderr], [1, "myriad: 1 of 502 requests failed: 1 url\n"]);
  const records = recordsOf(await Deno.readTextFile(output));
  assertEquals(records.map(({ i }) => i), Array.from({ length: 502 }, (_, i) => i));
  const [both, last] = records.slice(-2);
  assertEquals([both.error, both.detail], [
    "url",
    "line 501: a URL cannot hold a control character (here %0D)",
  ]);
  assertEquals(last.url, server.url("/last"));
  assertEquals((await readJournal(`${output}.myriad`)).crEndsLines, false);
});

for (const engine of ["http1", "fetch"]) {
  Deno.test(`--loop ends after -z when no line can be requested (${engine})`, async () => {
    await using dir = await folder();
    // Long enough for a request on a busy machine.
    // Nothing can listen at port 0, and native fetch fails by promise for it.
    const input = await dir.write("list", "no URL\nhttp://127.0.0.1:0/\n");
    const args = ["-i", input, "--loop", "-z", "1s", "--no-pause", "-s", "--engine", engine];
    const { code, stderr } = await myriad(args);
    assertEquals(code, 1);
    assertMatch(stderr, /^myriad: [\d,]+ of [\d,]+ requests failed: [\d,]+ url\n$/);
  });
}
