import { assertEquals } from "@std/assert";
import { parseHead } from "../../lib/metrics/request_head.ts";

Deno.test("parseHead() accepts valid requests only", () => {
  const head = parseHead("GET /metrics?name[]=x HTTP/1.1\r\nhOsT: \t localhost:1 \r\nA: b")!;
  assertEquals(head, { method: "GET", path: "/metrics", host: "localhost:1" });
  assertEquals(parseHead("GET / HTTP/1.0")!.host, undefined);
  for (
    const text of [
      "",
      "GET",
      "GET / HTTP/1.1",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b",
      "GET /\u0001 HTTP/1.0",
      "GET http://a/ HTTP/1.0",
      "PRI * HTTP/2.0",
    ]
  ) {
    assertEquals(parseHead(text), undefined, text);
  }
});
