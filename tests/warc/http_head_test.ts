import { assertEquals } from "@std/assert";
import { findField, findMediaType, parseStatus } from "../../lib/warc/http_head.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const head = (...fields: string[]): Uint8Array =>
  encode(["HTTP/1.1 200 OK", ...fields, "", ""].join("\r\n"));

Deno.test("parseStatus() gives the status of a response, whatever its server makes of the line", () => {
  for (
    const [line, status] of [
      ["HTTP/1.1 200 OK\r\n", 200],
      ["HTTP/2 404\r\n", 404],
      ["HTTP/1.0 999 \r\n", 999],
      ["HTTP/1.1 099 X\r\n", undefined],
      ["HTTP/1.1 20\r\n", undefined],
      ["ICY 200 OK\r\n", undefined],
      ["", undefined],
    ] as const
  ) assertEquals(parseStatus(encode(line)), status, line);
});

Deno.test("findMediaType() gives the first type that a head names, without parameters", () => {
  for (
    const [fields, type] of [
      [["Content-Type: text/html; charset=utf-8"], "text/html"],
      [["X: 1", "CONTENT-type :\ttext/a,text/b", "Content-Type: text/c"], "text/a"],
      [["X-Content-Type: text/x", "Content-Types: text/y"], undefined],
      [["Content-Type"], undefined],
      [["Content-Type: ;"], undefined],
      [[], undefined],
    ] as const
  ) assertEquals(findMediaType(head(...fields)), type, fields.join());
  assertEquals(findMediaType(encode("HTTP/1.1 200 OK\ncontent-type: a/b")), "a/b");
});

Deno.test("findField() begins behind the colon of a field, not in the first line", () => {
  assertEquals(findField(encode("via: 1\r\nvia: 2"), encode("via")), 12);
  assertEquals(findField(encode("via: 1"), encode("via")), -1);
});
