import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { joinBytes } from "../../../lib/byte_buffer.ts";
import { InputError } from "../../../lib/errors.ts";
import { indexArchive } from "../../../lib/output/cdx/index_archive.ts";
import {
  indexWithWarcio,
  replayWithWarcio,
  toRecord,
  toResponse,
  zipEach,
} from "../../fixtures/archives.ts";
import { folder } from "../../fixtures/folder.ts";

const response = (uri: string, body: string, head: readonly string[] = []) =>
  toRecord("response", toResponse(body, head), { uri, more: ["WARC-Payload-Digest: sha1:ABC"] });

/** More than is decompressed at once, and than a block of a file has. */
const LONG = Array.from({ length: 40_000 }, (_, k) => `${k * 7919 % 65_537}`).join();

const RECORDS = [
  toRecord("warcinfo", "software: x\r\n", { contentType: "application/warc-fields" }),
  toRecord("request", "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", {
    uri: "http://h.example/a",
    contentType: "application/http;msgtype=request",
  }),
  response("http://h.example/a", "first"),
  response("http://h.example/long?b=2&a=1", LONG),
  response("http://h.example/chunked", "3\r\nabc\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"]),
  toRecord("response", "HTTP/1.1 304 Not Modified\r\n\r\n", { uri: "http://h.example/304" }),
  toRecord("revisit", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", {
    uri: "http://h.example/a",
  }),
  toRecord("metadata", "via: x\r\n", { contentType: "application/warc-fields" }),
];

async function index(path: string): Promise<string[]> {
  const { size } = await Deno.stat(path);
  const lines = [];
  let before = 0;
  for await (const { line, end } of indexArchive({ path, start: 0, end: size })) {
    assert(end > before && end <= size);
    before = end;
    lines.push(line);
  }
  return lines;
}

Deno.test("indexArchive() gives the lines that warcio gives", async () => {
  await using dir = await folder();
  for (
    const [name, bytes] of [["x.warc", joinBytes(...RECORDS)], [
      "x.warc.gz",
      zipEach(RECORDS),
    ]] as const
  ) {
    await Deno.writeFile(dir.path(name), bytes);
    const lines = await index(dir.path(name));
    assertEquals(lines.length, 5);
    const parse = (line: string) => {
      const [key, time, ...json] = line.split(" ");
      return { key, time, ...JSON.parse(json.join(" ")) };
    };
    const theirs = (await indexWithWarcio(bytes, name)).map(parse);
    for (const [k, line] of lines.entries()) {
      const ours = parse(line);
      // What pywb says where a response tells no type; warcio says nothing.
      if (ours.mime === "unk") delete ours.mime;
      // Without compression, warcio leaves out two or four of the bytes behind the block.
      if (name === "x.warc") assert(ours.length - theirs[k].length <= 4);
      assertEquals(ours, name === "x.warc" ? { ...theirs[k], length: ours.length } : theirs[k]);
    }
    assertEquals(theirs.length, lines.length);
    const bodies = [];
    for (const line of lines) bodies.push(await replayWithWarcio(bytes, line));
    assertEquals(bodies, ["first", LONG, "abc", "", ""]);
  }
});

Deno.test("indexArchive() begins where a record begins, also in the midst of a file", async () => {
  await using dir = await folder();
  const path = dir.path("x.warc.gz");
  const [before, behind] = [zipEach(RECORDS.slice(0, 3)), zipEach(RECORDS.slice(3))];
  await Deno.writeFile(path, joinBytes(before, behind, gzipSync("not WARC")));
  const lines = [];
  const part = { path, start: before.length, end: before.length + behind.length };
  for await (const { line } of indexArchive(part)) lines.push(JSON.parse(line.split(" ")[2]));
  assertEquals(lines[0].offset, `${before.length}`);
  assertEquals(lines.length, 4);
});

Deno.test("indexArchive() refuses what is not WARC", async () => {
  await using dir = await folder();
  const path = dir.path("x.warc.gz");
  await Deno.writeFile(path, zipEach([new TextEncoder().encode("{}")]));
  await assertRejects(() => index(path), InputError);
});
