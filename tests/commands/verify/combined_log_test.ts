import { assertEquals } from "@std/assert";
import { CombinedLog } from "../../../lib/commands/verify/combined_log.ts";
import { RequestPath } from "../../../lib/commands/verify/request_path.ts";
import { integerAt } from "../../../lib/scan/scanner.ts";

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

/** Path and status of a line; undefined if it is none. */
function combined(line: string): [string, number] | undefined {
  const log = new CombinedLog();
  const path = new RequestPath();
  const block = bytes(line);
  if (!log.scan(block, 0, block.length) || !path.readPath(log, 0)) return undefined;
  return [`${path}`, integerAt(log, 1)];
}

for (
  const [what, line, expected] of [
    [
      "the combined format",
      '127.0.0.1 - - [23/Nov/2026:05:06:32 +0000] "GET /a?b=c HTTP/1.1" 200 13 "-" "agent"',
      ["/a?b=c", 200],
    ],
    ["the common format", '::1 - ann [x] "POST /a HTTP/2.0" 404 -', ["/a", 404]],
    ["a virtual host before it", 'h:80 1.2.3.4 - - [x] "GET / HTTP/1.1" 200 1', ["/", 200]],
    ["nothing behind the status", '- "GET /a HTTP/1.1" 200', ["/a", 200]],
    ["HTTP/0.9", '- - - [x] "GET /a" 200 1', ["/a", 200]],
    ["the absolute form", '- "GET http://h:1/a?b HTTP/1.1" 200 1', ["/a?b", 200]],
    [
      "an escaped quote",
      String.raw`- "GET /a\x22b HTTP/1.1" 200 1 "-" "\x22 200 "`,
      ["/a%22b", 200],
    ],
    ["Apache's escaped quote", String.raw`- "GET /a\"b HTTP/1.1" 200 1`, ["/a%22b", 200]],
    ["escaped bytes of UTF-8", String.raw`- "GET /\xC3\xA9 HTTP/1.1" 200 1`, ["/%C3%A9", 200]],
    ["an escaped backslash", String.raw`- "GET /a?\\x22 HTTP/1.1" 200 1`, ["/a?\\x22", 200]],
    ["a space in the path", '- "GET /a b HTTP/1.1" 200 1', ["/a%20b", 200]],
    ["a TLS hello", String.raw`- "\x16\x03\x01" 400 150 "-" "-"`, undefined],
    ["no request", '- - - [x] "-" 408 0', undefined],
    ["an empty request", '- "" 400 0', undefined],
    ["OPTIONS *", '- "OPTIONS * HTTP/1.1" 200 0', undefined],
    ["CONNECT", '- "CONNECT h:443 HTTP/1.1" 200 0', undefined],
    ["no status", '- "GET /a HTTP/1.1" - 0', undefined],
    ["a status of 4 digits", '- "GET /a HTTP/1.1" 2000 0', undefined],
    ["a quote that is not closed", '- "GET /a HTTP/1.1 200 0', undefined],
    ["a backslash at the end", '- "GET /a HTTP/1.1\\', undefined],
    ["nothing", "-", undefined],
  ] as const
) {
  Deno.test(`CombinedLog.scan() reads ${what}`, () => {
    assertEquals(combined(line), expected as [string, number] | undefined);
  });
}
