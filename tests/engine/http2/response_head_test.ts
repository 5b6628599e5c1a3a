import { assert, assertEquals, assertThrows } from "@std/assert";
import { HeaderField } from "../../../lib/engine/http2/hpack_table.ts";
import { Http2Error } from "../../../lib/engine/http2/http2_error.ts";
import {
  checkTrailers,
  ResponseHead,
  ResponseHeadReader,
} from "../../../lib/engine/http2/response_head.ts";

const listOf = (status: string, ...fields: [string, string][]): HeaderField[] =>
  [[":status", status], ...fields].map(([name, value]) => new HeaderField(name, value));

const head = (status: string, ...fields: [string, string][]): ResponseHead =>
  new ResponseHead(listOf(status, ...fields), false);

Deno.test("ResponseHead has a location where the status gives it a meaning", () => {
  for (const [status, location] of [["201", "/a"], ["302", "/a"], ["200", null], ["404", null]]) {
    assertEquals(head(status!, ["location", "/a"]).location, location);
  }
  const two = head("302", ["location", "/a"], ["location", "/b"]);
  assertEquals([two.location, two.isAmbiguous], ["/a", true]);
  assertEquals(head("302", ["location", "/a"], ["location", "/a"]).isAmbiguous, false);
  assertEquals(head("302").location, null);
});

Deno.test("ResponseHead has Retry-After of 429 and 503, joined", () => {
  const fields: [string, string][] = [["retry-after", "1"], ["retry-after", "2"]];
  assertEquals(head("503", ...fields).retryAfter, "1, 2");
  assertEquals(head("429", fields[0]).retryAfter, "1");
  assertEquals(head("500", ...fields).retryAfter, null);
});

Deno.test("ResponseHead has the length of the body that follows", () => {
  const fields = listOf("200", ["content-length", "12"], ["content-length", "12"]);
  const both = [new ResponseHead(fields, false), new ResponseHead(fields, true)];
  assertEquals(both.map(({ length, bodyBytes }) => [length, bodyBytes]), [[12, 12], [0, 0]]);
  for (const status of ["204", "304"]) {
    assertEquals(head(status, ["content-length", "12"]).bodyBytes, 0);
  }
  assertEquals([head("200").length, head("200").bodyBytes], [0, -1]);
  assertEquals(head("200", ["content-length", "0"]).bodyBytes, 0);
});

Deno.test("ResponseHead.field() joins fields, and decodes UTF-8 where it is valid", () => {
  const read = head("200", ["x", "a"], ["y", "\xc3\xa4"], ["x", "b"], ["z", "\xe4"]);
  assertEquals(["x", "y", "z", "w"].map((name) => read.field(name)), ["a, b", "ä", "ä", null]);
  assertEquals([read.coding, read.clone().field("x")], [null, "a, b"]);
  assertEquals(head("200", ["content-encoding", "GZIP"]).coding, "gzip");
  assertEquals(head("200", ["content-encoding", "identity"]).coding, null);
});

Deno.test("ResponseHead.cookies has each Set-Cookie as it came", () => {
  assertEquals(head("200", ["set-cookie", "a=\xe4"], ["set-cookie", "b"]).cookies, ["a=\xe4", "b"]);
});

Deno.test("ResponseHead.isInterim is true for 1xx", () => {
  assert(head("100").isInterim && head("199").isInterim && !head("200").isInterim);
});

Deno.test("ResponseHead and checkTrailers() throw an error of the stream for what is malformed", () => {
  const error = assertThrows(() => head("200", ["X", "1"]), Http2Error);
  assertEquals(error.scope, "stream");
  assertThrows(() => checkTrailers(listOf("200")), Http2Error, "pseudo-header");
  checkTrailers([new HeaderField("x", "")]);
});

Deno.test("ResponseHeadReader.read() gives the same head for the same list, and another for HEAD", () => {
  const reader = new ResponseHeadReader();
  const lists = Array.from({ length: 20 }, (_, k) => listOf(`${400 + k}`, ["content-length", "7"]));
  for (const list of [...lists, ...lists]) {
    const first = reader.read(list, false);
    assert(reader.read(list, false) === first);
    assertEquals([`${first.status}`, first.length], [list[0].value, 7]);
    assertEquals(reader.read(list, true).length, 0);
    assert(reader.read(list, false) === first);
  }
});

Deno.test("ResponseHead.toHttp1() keeps order and doubled fields, with an empty reason phrase", () => {
  const bytes = head("404", ["x-b", "1"], ["x-a", "\xe9"], ["x-b", "1"], ["x-empty", ""]).toHttp1();
  assertEquals(
    String.fromCharCode(...bytes),
    "HTTP/1.1 404 \r\nx-b: 1\r\nx-a: \xe9\r\nx-b: 1\r\nx-empty: \r\n\r\n",
  );
});
