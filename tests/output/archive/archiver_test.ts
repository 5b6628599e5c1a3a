import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { joinBytes } from "../../../lib/byte_buffer.ts";
import { Archiver } from "../../../lib/output/archive/archiver.ts";
import type { CutReason } from "../../../lib/engine/exchange.ts";
import type { Result } from "../../../lib/result.ts";
import { type ArchiveRecord, parseArchive, toDigest } from "../../fixtures/archive_records.ts";
import { folder } from "../../fixtures/folder.ts";
import { result } from "../../fixtures/result.ts";
import { target } from "../../fixtures/target.ts";

const encode = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

interface Told {
  url?: string;
  request?: string;
  head?: string;
  /** Pieces of the body, each with the content in it. */
  body?: readonly (readonly [wire: string, content: string])[];
  cut?: CutReason;
}

const HEAD = "HTTP/1.1 200 OK\r\nX-a: 1\r\nx-A:  2\r\n\r\n";
const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/** Tells of a request as an engine does. */
function tell(archiver: Archiver, i: number, exchanges: readonly Told[]): void {
  const tap = archiver.begin(target("", { i }));
  for (
    const { url = "http://host/", request = "GET / HTTP/1.1\r\n\r\n", head, body, cut } of exchanges
  ) {
    const sink = tap.onExchange({
      url,
      method: "GET",
      protocol: "http/1.1",
      address: "127.0.0.1",
      at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      head: encode(request),
    });
    if (head !== undefined) sink.onResponseHead(encode(head), 200);
    for (const [wire, content] of body ?? []) {
      sink.onContent(encode(content));
      sink.onResponseBody(encode(wire));
    }
    sink.onEnd({ cut: head === undefined ? "disconnect" : cut, isRequestWhole: true });
  }
}

/** The records that are packed, whose parts on the disk are put where they belong. */
function take(archiver: Archiver): ArchiveRecord[] {
  const { bytes, parts } = archiver.take()!;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let from = 0;
  for (const { at, path, length } of parts) {
    pieces.push(bytes.subarray(from, at), Deno.readFileSync(path));
    assertEquals(pieces.at(-1)!.length, length);
    Deno.removeSync(path);
    from = at;
  }
  pieces.push(bytes.subarray(from));
  return parseArchive(joinBytes(...pieces));
}

/** Runs a test with an archiver, which has to leave no file behind. */
async function archiving(
  use: (archiver: Archiver, add: (i: number, more?: Partial<Result>) => boolean) => void,
  dedupe = false,
): Promise<void> {
  await using dir = await folder();
  const path = dir.path("x.warc.gz");
  const archiver = new Archiver({ path, gzip: true, dedupe, cdx: false }, { run: "ab" });
  use(archiver, (i, more) => archiver.add(result(more, { i }), false));
  archiver.close();
  assertEquals([...Deno.readDirSync(dirname(path))], []);
}

const typesOf = (records: readonly ArchiveRecord[]): string[] => records.map(({ type }) => type);
const fieldOf = (record: ArchiveRecord, name: string) => record.fields.get(name);

Deno.test("Archiver packs request and response as they came, each naming the other", () =>
  archiving((archiver, add) => {
    tell(archiver, 7, [{
      url: "http://u:p@host/a",
      head: HEAD,
      body: [["he", "he"], ["llo", "llo"]],
    }]);
    assert(add(7, { ms: 12.3456, attempts: 2 }));
    const [request, response] = take(archiver);
    assertEquals([request.type, request.block], ["request", "GET / HTTP/1.1\r\n\r\n"]);
    assertEquals([response.type, response.block], ["response", `${HEAD}hello`]);
    assertEquals(fieldOf(request, "WARC-Concurrent-To"), fieldOf(response, "WARC-Record-ID"));
    assertEquals(fieldOf(response, "WARC-Concurrent-To"), fieldOf(request, "WARC-Record-ID"));
    for (const record of [request, response]) {
      assertMatch(fieldOf(record, "WARC-Record-ID")!, /^<urn:uuid:[0-9a-f-]{36}>$/);
      assertEquals(fieldOf(record, "WARC-Target-URI"), "http://host/a");
      assertEquals(fieldOf(record, "WARC-Date"), "2026-01-02T03:04:05.678Z");
      assertEquals(fieldOf(record, "WARC-IP-Address"), "127.0.0.1");
      assertEquals(fieldOf(record, "Content-Type"), `application/http;msgtype=${record.type}`);
      assertEquals(fieldOf(record, "WARC-Truncated"), undefined);
    }
    assertEquals(fieldOf(response, "WARC-Payload-Digest"), toDigest("hello"));
    const own = ["Myriad-Number", "Myriad-Ms", "Myriad-Attempts", "Myriad-Error"];
    assertEquals(own.map((name) => fieldOf(response, name)), ["7", "12.346", "2", undefined]);
  }));

Deno.test("Archiver gives the same body one payload digest, chunked and plain", () =>
  archiving((archiver, add) => {
    const long = "0123456789".repeat(40_000);
    for (const content of ["hello", "", long]) {
      tell(archiver, 0, [{ head: HEAD, body: [[content, content]] }]);
      tell(archiver, 1, [{
        head: CHUNKED,
        body: [[`${content.length.toString(16)}\r\n`, ""], [`${content}\r\n0\r\n\r\n`, content]],
      }]);
      add(0);
      add(1);
      const [, plain, , chunked] = take(archiver);
      assertEquals(fieldOf(plain, "WARC-Payload-Digest"), toDigest(content));
      assertEquals(fieldOf(chunked, "WARC-Payload-Digest"), toDigest(content));
      assert(chunked.block.endsWith(`${content}\r\n0\r\n\r\n`));
    }
  }));

Deno.test("Archiver stores trailers as named fields, and no byte of a body with them", () =>
  archiving((archiver, add) => {
    const chunks = "2\r\nok\r\n0\r\n";
    tell(archiver, 0, [{ head: CHUNKED, body: [[`${chunks}X-T: a\x07b\r\nY: 2\r\n\r\n`, "ok"]] }]);
    add(0);
    const [, response] = take(archiver);
    assertEquals(response.block, `${CHUNKED}${chunks}\r\n`);
    assertEquals(fieldOf(response, "Myriad-Trailer"), "Y: 2");
    // A head can promise framing that the engine does not know of.
    tell(archiver, 1, [{ head: CHUNKED, body: [[chunks, chunks], ["rest", "rest"]] }]);
    add(1);
    assertEquals(take(archiver)[1].block, `${CHUNKED}${chunks}rest`);
  }));

Deno.test("Archiver keeps a long body on the disk, whatever its pieces", () =>
  archiving((archiver, add) => {
    const piece = "some bytes of a long body ".repeat(5_000);
    for (const count of [3, 8]) {
      const pieces = Array.from({ length: count }, () => [piece, piece] as const);
      tell(archiver, 0, [{ head: HEAD, body: pieces }]);
      add(0);
      const [, response] = take(archiver);
      assert(response.block === HEAD + piece.repeat(count));
      assertEquals(fieldOf(response, "WARC-Payload-Digest"), toDigest(piece.repeat(count)));
    }
  }));

Deno.test("Archiver says why a response is cut short", () =>
  archiving((archiver, add) => {
    for (const cut of ["length", "time", "disconnect", "unspecified"] as const) {
      tell(archiver, 0, [{ head: HEAD, body: [["hel", "hel"]], cut }]);
      add(0, { status: null, error: "body" });
      const [, response] = take(archiver);
      assertEquals(fieldOf(response, "WARC-Truncated"), cut);
      assertEquals(fieldOf(response, "WARC-Payload-Digest"), toDigest("hel"));
      assertEquals(fieldOf(response, "Myriad-Error"), "body");
    }
  }));

Deno.test("Archiver keeps redirects, and drops attempts without a response or made again", () =>
  archiving((archiver, add) => {
    const moved = "HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n";
    const long = "x".repeat(300_000);
    tell(archiver, 0, [{ head: HEAD, body: [[long, long]] }]);
    tell(archiver, 0, [{ url: "http://host/a", head: moved }, {}, {
      url: "http://host/b",
      head: HEAD,
    }]);
    add(0);
    const records = take(archiver);
    assertEquals(typesOf(records), ["request", "response", "request", "response"]);
    assertEquals(records.map((it) => fieldOf(it, "WARC-Target-URI")), [
      "http://host/a",
      "http://host/a",
      "http://host/b",
      "http://host/b",
    ]);
    assertEquals(records.map((it) => fieldOf(it, "Myriad-Number")), [
      undefined,
      undefined,
      undefined,
      "0",
    ]);
    // No response, a request that no engine made after an attempt, and one that is made again.
    tell(archiver, 1, [{}]);
    assertEquals(add(1, { status: null, error: "reset" }), false);
    tell(archiver, 2, [{ head: HEAD, body: [[long, long]] }]);
    assertEquals(add(2, { engine: null, status: null, error: "refused" }), false);
    tell(archiver, 3, [{ head: HEAD, body: [[long, long]] }]);
    assertEquals(archiver.add(result({ error: "cancelled" }, { i: 3 }), true), false);
    // In flight at the end.
    tell(archiver, 4, [{ head: HEAD, body: [[long, long]] }]);
    assertEquals(archiver.take(), undefined);
  }));

Deno.test("Archiver stores a body once with dedupe, and refers to it", () =>
  archiving((archiver, add) => {
    const long = "x".repeat(300_000);
    for (const content of ["same", long]) {
      for (const [i, url] of ["http://host/1", "http://host/2"].entries()) {
        tell(archiver, i, [{ url, head: HEAD, body: [[content, content]] }]);
        add(i);
      }
      const [, first, , again] = take(archiver);
      assertEquals([first.type, again.type, again.block], ["response", "revisit", HEAD]);
      const fields = [...again.fields].filter(([name]) =>
        /Profile|Refers|Trunc|Payload/.test(name)
      );
      assertEquals(Object.fromEntries(fields), {
        "WARC-Payload-Digest": toDigest(content),
        "WARC-Profile": "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
        "WARC-Refers-To": fieldOf(first, "WARC-Record-ID"),
        "WARC-Refers-To-Target-URI": "http://host/1",
        "WARC-Refers-To-Date": "2026-01-02T03:04:05.678Z",
        "WARC-Truncated": "length",
      });
      assertEquals(fieldOf(again, "Myriad-Number"), "1");
    }
    // Neither is worth a reference: an empty body, and one that was cut short.
    for (
      const told of [{ head: HEAD }, {
        head: HEAD,
        body: [["same", "same"]],
        cut: "time",
      }] as Told[]
    ) {
      for (const i of [0, 1]) {
        tell(archiver, i, [told]);
        add(i);
      }
      assertEquals(typesOf(take(archiver)), ["request", "response", "request", "response"]);
    }
  }, true));
