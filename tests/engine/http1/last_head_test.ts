import { assertEquals } from "@std/assert";
import { parseHead } from "../../../lib/engine/http1/head.ts";
import { LastHead } from "../../../lib/engine/http1/last_head.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const HEAD = "HTTP/1.1 200 OK\r\nDate: Sat, 28 Nov 2026 10:22:45 GMT\r\nContent-Length: 5\r\n\r\n";

for (
  const [name, text, isHeadRequest, expected] of [
    ["the same head", HEAD, false, true],
    ["the same head with a body", `${HEAD}Hello`, false, true],
    ["the same head after a HEAD", HEAD, true, false],
    ["a part of it", HEAD.slice(0, -1), false, false],
    ["a head with another date", HEAD.replace("45", "46"), false, false],
    ["a head with one more field", HEAD.replace("\r\n\r\n", "\r\nA: b\r\n\r\n"), false, false],
  ] as const
) {
  Deno.test(`LastHead.isAt() is ${expected} at ${name}`, () => {
    const last = new LastHead();
    const bytes = bytesOf(`-${HEAD}-`);
    const head = parseHead(bytes, 1, bytes.length - 1, false);
    last.keep(head, bytes, 1, bytes.length - 1, false);
    bytes.fill(0);
    const read = bytesOf(text);
    assertEquals(last.isAt(read, read.length, isHeadRequest), expected);
    assertEquals([last.head, last.length], [head, HEAD.length]);
  });
}

Deno.test("LastHead has no head before one was kept, and keeps none that is long", () => {
  const last = new LastHead();
  assertEquals(last.isAt(new Uint8Array(10), 10, false), false);
  const long = bytesOf(HEAD.replace("\r\n\r\n", `\r\nA: ${"b".repeat(3_000)}\r\n\r\n`));
  last.keep(parseHead(long, 0, long.length, false), long, 0, long.length, false);
  assertEquals(last.isAt(long, long.length, false), false);
});
