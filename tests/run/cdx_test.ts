import { assert, assertEquals } from "@std/assert";
import { indexArchive } from "../../lib/output/cdx/index_archive.ts";
import { replayWithWarcio } from "../fixtures/archives.ts";
import { countJournaled } from "../fixtures/count_journaled.ts";
import { folder } from "../fixtures/folder.ts";
import { finish, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

// `--cdx` as a user has it: processes, one of which is killed.

const PRELOAD = new URL("../fixtures/fast_clock.ts", import.meta.url).pathname;
const COUNT = 300;

const bodyOf = (i: number): string => `body ${i} `.repeat(1 + i % 90);

/** A response with a body in chunks; a trailer would be a part of the body to warcio. */
const chunked = (body: string): string =>
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/html\r\n\r\n" +
  `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

Deno.test("--cdx indexes a series of files, over threads that are killed and resumed", async () => {
  await using dir = await folder();
  let isHeld = true;
  const held: (() => void)[] = [];
  await using server = await RawServer.start(({ request, send }) => {
    const i = Number(/\/(\d+)/.exec(request)![1]);
    const answer = (): void => {
      if (i % 10 === 5 && !request.includes("moved")) {
        send(`HTTP/1.1 302 X\r\nLocation: /${i}?moved\r\nContent-Length: 0\r\n\r\n`);
      } else send(i % 2 === 0 ? ok(bodyOf(i)) : chunked(bodyOf(i)));
    };
    if (isHeld && i >= COUNT / 2) held.push(answer);
    else answer();
  });
  const output = dir.path("x.ndjson");
  const args = [
    "-n",
    `${COUNT}`,
    "-c",
    "20",
    "--threads",
    "2",
    server.url("/{}"),
    "-s",
    "--resume",
  ];
  args.push("-o", output, "--save-bodies", dir.path("x.warc.gz"), "--warc-size", "20k", "--cdx");
  const permissions = ["--allow-net=127.0.0.1", "--allow-read", "--allow-write"];
  {
    await using first = start(args, { permissions: [...permissions, `--preload=${PRELOAD}`] });
    await until(async () => await countJournaled(output) >= 50);
    first.kill("SIGKILL");
    await first.status;
  }
  assert(await countJournaled(output) < COUNT);
  isHeld = false;
  for (const answer of held) answer();
  const ran = await finish(start(args, { permissions }));
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const files = [...Deno.readDirSync(dir.path(""))].map(({ name }) => name).sort();
  const archives = files.filter((name) => name.endsWith(".warc.gz"));
  assert(archives.length > 2);
  assertEquals(
    files.filter((name) => !name.endsWith(".warc.gz")),
    ["x.cdxj", "x.ndjson", "x.ndjson.myriad"],
  );
  const text = await Deno.readTextFile(dir.path("x.cdxj"));
  const expected: string[] = [];
  const bytes = new Map<string, Uint8Array>();
  for (const name of archives) {
    const path = dir.path(name);
    bytes.set(name, await Deno.readFile(path));
    const part = { path, start: 0, end: bytes.get(name)!.length };
    for await (const { line } of indexArchive(part)) expected.push(line);
  }
  assertEquals(text, expected.sort().join(""), "the archive as it is, sorted");
  const lines = text.trimEnd().split("\n");
  assertEquals(lines.length, COUNT + COUNT / 10, "each response, of redirects too");
  for (const line of lines) {
    const { url, filename, status, mime } = JSON.parse(line.slice(line.indexOf("{")));
    const i = Number(/\/(\d+)(?:\?|$)/.exec(url)![1]);
    const isMoved = status === "302";
    if (i % 2 === 1 && !isMoved) assertEquals(mime, "text/html");
    assertEquals(await replayWithWarcio(bytes.get(filename)!, line), isMoved ? "" : bodyOf(i));
  }
});
