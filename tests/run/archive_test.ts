import { assert, assertEquals, assertMatch } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { countDone } from "../../lib/checkpoint/done_set.ts";
import { countLog } from "../../lib/checkpoint/log/count_log.ts";
import { readLog } from "../../lib/checkpoint/log/log_folder.ts";
import { type ArchiveRecord, readArchive, toDigest } from "../fixtures/archive_records.ts";
import { loadWarcio } from "../fixtures/archives.ts";
import { countJournaled, findJournal } from "../fixtures/count_journaled.ts";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad as run, type Ran, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

// `--save-bodies FILE.warc.gz` as a user has it: real processes, killed, resumed, with a full disk.

const FILES = ["--allow-net=127.0.0.1", "--allow-read", "--allow-write"];
const PRELOAD = new URL("../fixtures/fast_clock.ts", import.meta.url).pathname;
const FULL_DISK = new URL("../fixtures/fail_second_journal.ts", import.meta.url).pathname;

const myriad = (args: string[], limits?: string): Promise<Ran> =>
  run(args, { permissions: FILES, limits });

const numberOf = (request: string): number => Number(/\/(\d+) /.exec(request)![1]);

/** The files of a series, in their order. */
function listSeries(path: string): string[] {
  const [folder, name] = [path.replace(/[^/]*$/, ""), path.replace(/.*\//, "")];
  const start = name.replace(/\.warc\.gz$/, "");
  const later = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.startsWith(`${start}-`)).sort().map((name) => `${folder}${name}`);
  return [path, ...later];
}

/** The last response of each request, by its number. */
function responsesOf(records: readonly ArchiveRecord[]): Map<number, ArchiveRecord> {
  const found = new Map<number, ArchiveRecord>();
  for (const record of records) {
    const number = record.fields.get("Myriad-Number");
    if (number === undefined) continue;
    assert(!found.has(Number(number)), `${number} is there twice`);
    found.set(Number(number), record);
  }
  return found;
}

/** Bodies of three kinds: one that many have, one that stays on the disk first, one of its own. */
function bodyOf(i: number): string {
  return i % 3 === 0 ? "the same" : i % 100 === 1 ? `${i},`.repeat(150_000) : `body ${i}`;
}

// The exchanges of one thread are on another way than those of several. That a run with threads is
// killed is in cdx_test.ts.
Deno.test("--save-bodies x.warc.gz has each exchange once after kill -9, and --resume with threads", async () => {
  await using dir = await folder();
  const count = 400;
  let isHeld = true;
  const held: (() => void)[] = [];
  await using server = await RawServer.start(({ send, request }) => {
    const i = numberOf(request);
    const body = bodyOf(i);
    const framed = `${body.length.toString(16)}\r\n${body}\r\n0\r\nX-T: not content\r\n\r\n`;
    const answer = i % 7 > 0
      ? ok(body)
      : `HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\nX-i: ${i}\r\n\r\n${framed}`;
    if (isHeld && i >= count / 2) held.push(() => send(answer));
    else send(answer);
  });
  const archive = dir.path("x.warc.gz");
  const output = dir.path("o.ndjson");
  const args = ["-n", `${count}`, "-c", "30", server.url("/{}"), "-o", output, "-s", "--resume"];
  args.push("--save-bodies", archive, "--warc-size", "20k", "--dedupe");
  {
    await using child = start(args, { permissions: [...FILES, `--preload=${PRELOAD}`] });
    await until(async () => await countJournaled(output) >= count / 4);
    child.kill("SIGKILL");
    await finish(child);
  }
  const before = await countJournaled(output);
  assert(before >= count / 4 && before < count, `${before}`);
  isHeld = false;
  for (const answer of held) answer();
  args.push("--threads", "2");
  const ran = await myriad(args);
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const series = listSeries(archive);
  assert(series.length > 3, `${series}`);
  const records = await readArchive(...series);
  const responses = responsesOf(records);
  assertEquals(responses.size, count);
  const byId = new Map(records.map((record) => [record.fields.get("WARC-Record-ID"), record]));
  let revisits = 0;
  for (const [i, { type, fields, block }] of responses) {
    assertEquals(fields.get("WARC-Payload-Digest"), toDigest(bodyOf(i)));
    assertEquals(fields.get("WARC-Target-URI"), server.url(`/${i}`));
    if (type === "response") {
      assert(block.endsWith(i % 7 > 0 ? bodyOf(i) : "0\r\n\r\n"), `${i}`);
      continue;
    }
    revisits++;
    const first = byId.get(fields.get("WARC-Refers-To"))!;
    assertEquals(first.type, "response");
    assertEquals(first.fields.get("WARC-Target-URI"), fields.get("WARC-Refers-To-Target-URI"));
    assert(!block.includes("the same"));
  }
  // Each thread remembers its own, a resumed run none of before.
  assert(revisits >= count / 3 - 3, `${revisits}`);
  // Each record says where its response begins.
  const lines = (await Deno.readTextFile(output)).trimEnd().split("\n");
  assertEquals(lines.length, count);
  const files = new Map(series.map((path) => [path.split("/").at(-1), Deno.readFileSync(path)]));
  for (const line of lines.filter((_, k) => k % 40 === 0)) {
    const { i, body_file } = JSON.parse(line);
    const [file, offset] = body_file.split(":");
    const rest = gunzipSync(files.get(file)!.subarray(Number(offset)));
    assertMatch(new TextDecoder().decode(rest.subarray(0, 2_000)), /^WARC\/1\.1\r\nWARC-Type: re/);
    assert(new TextDecoder().decode(rest).includes(`\r\nMyriad-Number: ${i}\r\n`), body_file);
  }
  assertEquals(
    [...Deno.readDirSync(dir.path(""))].filter(({ name }) => name.endsWith(".part")),
    [],
  );
});

Deno.test("--save-bodies x.warc.gz can be read by warcio", async () => {
  await using dir = await folder();
  const ANSWERS = [
    ok("plain"),
    "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nchunk\r\n1;x=y\r\ns\r\n0\r\nT: r\r\n\r\n",
    "HTTP/1.1 204 No\r\nX-a: 1\r\nx-A:  2\r\n\r\n",
    'HTTP/1.1 304 No\r\nETag: "x"\r\n\r\n',
    "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\ncut short",
  ];
  await using server = await RawServer.start(({ send, request, end }) => {
    const i = numberOf(request);
    send(ANSWERS[i]);
    if (i === 4) end();
  });
  const path = dir.path("x.warc.gz");
  const ran = await myriad(["-n", "5", server.url("/{}"), "-s", "--save-bodies", path]);
  assertEquals(ran.code, 1);
  const { WARCParser } = await loadWarcio();
  const read = new Map<string, string>();
  for await (const record of new WARCParser((await Deno.open(path)).readable)) {
    if (record.warcType !== "response") continue;
    const { statusCode } = record.httpHeaders!;
    const content = new TextDecoder().decode(await record.readFully(true));
    read.set(record.warcTargetURI!.replace(/.*\//, ""), `${statusCode} ${content}`);
  }
  const expected = ["200 plain", "200 chunks", "204 ", "304 ", "200 cut short"];
  assertEquals(Object.fromEntries(read), { ...expected });
  const responses = responsesOf(await readArchive(path));
  assertEquals(responses.get(2)!.block, ANSWERS[2]);
  assertEquals(responses.get(4)!.fields.get("WARC-Truncated"), "disconnect");
});

Deno.test("--save-bodies x.warc.gz exits with one line on a full disk, and --resume continues", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send, request }) => {
    const random = crypto.getRandomValues(new Uint8Array(2_000)).toHex();
    send(ok(`${numberOf(request)} ${random}`));
  });
  const archive = dir.path("x.warc.gz");
  const args = ["-n", "400", "-c", "10", server.url("/{}"), "-o", dir.path("o.ndjson"), "-s"];
  args.push("--save-bodies", archive, "--resume", "--threads", "2");
  const full = await myriad(args, `ulimit -f 400; trap "" XFSZ`);
  assertEquals([full.code, full.stdout], [3, ""]);
  assertMatch(full.stderr, /^myriad: Cannot write ('--save-bodies|the log) [^\n]*: [^\n]*\n$/);
  // What is there can be read, to the last record.
  await readArchive(archive);
  assertEquals((await myriad(args)).code, 0);
  assertEquals(responsesOf(await readArchive(archive)).size, 400);
});

Deno.test("--save-bodies x.warc.gz keeps long responses that the log names where a run fails", async () => {
  await using dir = await folder();
  const count = 10;
  // Too long for the memory: each is in a file of its own until a journal has it.
  const body = crypto.getRandomValues(new Uint8Array(30_000)).toHex().repeat(5);
  let isHeld = true;
  await using server = await RawServer.start(({ send, request }) => {
    // Without the last one, the run is not over before its second journal.
    if (numberOf(request) < count - 1 || !isHeld) send(ok(body));
  });
  const archive = dir.path("x.warc.gz");
  const output = dir.path("o.ndjson");
  const args = ["-n", `${count}`, server.url("/{}"), "-o", output, "-s", "--resume"];
  args.push("--save-bodies", archive);
  const failed = await run(args, { permissions: [...FILES, `--preload=${FULL_DISK}`] });
  assertEquals(failed.code, 3, failed.stderr);
  const state = (await findJournal(output))!;
  const entries = readLog(`${output}.myriad.log`, state.log!);
  const numbers = { first: 0, step: 1 };
  const logged = countLog(state, entries, { numbers, failed: undefined, stats: {} }).state;
  const done = countDone(logged.done);
  assert(done > 0);
  const sent = server.requests.length;
  isHeld = false;
  const resumed = await myriad(args);
  assertEquals([resumed.code, resumed.stderr], [0, ""]);
  assertEquals(server.requests.length, sent + count - done);
  assertEquals(responsesOf(await readArchive(archive)).size, count);
  const names = [...Deno.readDirSync(dir.path())].map(({ name }) => name).sort();
  assertEquals(names, ["o.ndjson", "o.ndjson.myriad", "x.warc.gz"]);
});

Deno.test("--save-bodies x.warc.gz --sync always saves exchanges while sockets have run out", async () => {
  await using dir = await folder();
  // Too long for the memory: each is in a file of its own first, which is opened to be synced.
  const body = crypto.getRandomValues(new Uint8Array(30_000)).toHex().repeat(5);
  await using server = await RawServer.start(({ send, request }) =>
    send(ok(`${numberOf(request)} ${body}`))
  );
  const archive = dir.path("x.warc.gz");
  const args = ["-n", "120", "-c", "120", server.url("/{}"), "-o", dir.path("o.ndjson"), "-s"];
  args.push("--save-bodies", archive, "--warc-size", "1M", "--sync", "always", "--json");
  const { code, stdout, stderr } = await myriad(args, "ulimit -n 80");
  assertEquals([code, stderr], [0, ""]);
  assert(Object.keys(JSON.parse(stdout).shortages).length > 0, "there were too few");
  const files = listSeries(archive);
  assert(files.length > 1);
  assertEquals(responsesOf(await readArchive(...files)).size, 120);
});

Deno.test("--save-bodies x.warc.gz --retry-failed keeps what failed, and adds what came then", async () => {
  await using dir = await folder();
  let isMended = false;
  await using server = await RawServer.start(({ send, request }) =>
    send(
      numberOf(request) % 5 > 0 || isMended
        ? ok("good")
        : "HTTP/1.1 503 Busy\r\nContent-Length: 3\r\n\r\nbad",
    )
  );
  const archive = dir.path("x.warc.gz");
  const args = ["-n", "20", server.url("/{}"), "-o", dir.path("o.ndjson.gz"), "-s", "--fail"];
  args.push("--save-bodies", archive);
  assertEquals((await myriad(args)).code, 1);
  isMended = true;
  assertEquals((await myriad([...args, "--retry-failed", "--threads", "2"])).code, 0);
  const records = await readArchive(archive);
  const bodies = records.filter(({ type }) => type === "response")
    .map(({ block }) => block.slice(block.indexOf("\r\n\r\n") + 4));
  assertEquals(bodies.filter((body) => body === "bad").length, 4);
  assertEquals(bodies.filter((body) => body === "good").length, 20);
});
