import { assert, assertEquals } from "@std/assert";
import { ByteBuffer } from "../../../lib/byte_buffer.ts";
import { RequestBlocks } from "../../../lib/engine/http2/request_block.ts";
import type { Hop } from "../../../lib/engine/redirect.ts";
import type { HeaderList } from "../../../lib/target.ts";
import { FieldReader } from "../../fixtures/http2_frames.ts";

/** The fields of a request as a server reads them, each as `name: value`. */
function write(
  hop: Partial<Hop>,
  { blocks = new RequestBlocks(false), target = "/a?b=c", key = "https://x.test:8443" } = {},
): string[] {
  const buffer = new ByteBuffer();
  const whole: Hop = { url: "", method: "GET", headers: [], body: undefined, ...hop };
  const origin = { key, isSecure: true, hostname: "x.test", port: 8443 };
  const size = blocks.append(buffer, whole, { origin, target }, whole.headers);
  const fields = new FieldReader().read(String.fromCharCode(...buffer.view()));
  // RFC 9113 §6.5.2
  assertEquals(size, fields.reduce((sum, [a, b]) => sum + a.length + b.length + 32, 0));
  return fields.map(([name, value]) => `${name}: ${value}`);
}

const START = [":method: GET", ":scheme: https", ":authority: x.test:8443", ":path: /a?b=c"];

Deno.test("RequestBlocks.append() writes pseudo-header fields first, and 'Accept' in addition", () => {
  assertEquals(write({}), [...START, "accept: */*"]);
  assertEquals(write({}, { key: "http://[::1]", target: "/" }), [
    ":method: GET",
    ":scheme: http",
    ":authority: [::1]",
    ":path: /",
    "accept: */*",
  ]);
});

Deno.test("RequestBlocks.append() writes the user's fields in lower case and in their order", () => {
  const headers: HeaderList = [
    ["User-Agent", "myriad"],
    ["X-B", "1"],
    ["ACCEPT", "text/plain"],
    ["X-A", "\xe4 \t"],
    ["X-B", "\t2"],
    ["X-Empty", ""],
  ];
  assertEquals(write({ headers }), [
    ...START,
    "user-agent: myriad",
    "x-b: 1",
    "accept: text/plain",
    "x-a: \xe4",
    "x-b: 2",
    "x-empty: ",
  ]);
});

Deno.test("RequestBlocks.append() leaves out fields of a connection (RFC 9113 §8.2.2)", () => {
  const headers: HeaderList = [
    ["Connection", "close, x"],
    ["Keep-Alive", "timeout=5"],
    ["Proxy-Connection", "keep-alive"],
    ["Transfer-Encoding", "chunked"],
    ["Upgrade", "h2c"],
    ["TE", "gzip"],
    ["Te", "trailers"],
    ["Host", "other.test"],
    ["host", "third.test"],
  ];
  assertEquals(write({ headers }), [
    ":method: GET",
    ":scheme: https",
    ":authority: other.test",
    ":path: /a?b=c",
    "te: trailers",
    "accept: */*",
  ]);
});

Deno.test("RequestBlocks.append() keeps credentials of a proxy from an origin behind it", () => {
  const headers: HeaderList = [["Proxy-Authorization", "Basic x"], ["Authorization", "y"]];
  const proxied = write({ headers }, { blocks: new RequestBlocks(true) });
  assertEquals(proxied, [...START, "authorization: y", "accept: */*"]);
  assert(write({ headers }).includes("proxy-authorization: Basic x"));
});

for (
  const [method, bytes, length] of [
    ["GET", undefined, undefined],
    ["DELETE", undefined, undefined],
    ["POST", undefined, "0"],
    ["PUT", undefined, "0"],
    ["PATCH", undefined, "0"],
    ["POST", 0, "0"],
    ["POST", 1_234, "1234"],
    ["DELETE", 5, "5"],
  ] as const
) {
  Deno.test(`RequestBlocks.append() writes the length ${length} for ${method} of ${bytes} bytes`, () => {
    const body = bytes === undefined ? undefined : new Uint8Array(bytes);
    const found = write({ method, body }).filter((field) => field.startsWith("content-length"));
    assertEquals(found, length === undefined ? [] : [`content-length: ${length}`]);
  });
}

Deno.test("RequestBlocks.append() writes what changes between requests that share the rest", () => {
  const blocks = new RequestBlocks(false);
  const headers: HeaderList = [["X", "1"]];
  const others: HeaderList = [["X", "2"]];
  const body = new Uint8Array(3);
  const first = write({ headers, requestId: ["X-Id", "7"] }, { blocks, target: "/1" });
  assertEquals(first.slice(3), [":path: /1", "x: 1", "accept: */*", "x-id: 7"]);
  const second = write({ headers, requestId: ["X-Id", "8"] }, { blocks, target: "/2" });
  assertEquals(second.slice(3), [":path: /2", "x: 1", "accept: */*", "x-id: 8"]);
  assertEquals(write({ headers }, { blocks }).at(-1), "accept: */*");
  assertEquals(write({ headers: others }, { blocks })[4], "x: 2");
  assertEquals(write({ headers: others, method: "HEAD" }, { blocks })[0], ":method: HEAD");
  const put = write({ headers: others, method: "PUT", body }, { blocks });
  assertEquals(put.at(-1), "content-length: 3");
  const longer = write({ headers: others, method: "PUT", body: new Uint8Array(4) }, { blocks });
  assertEquals(longer.at(-1), "content-length: 4");
  assertEquals(write({ headers }, { blocks, key: "https://y.test" })[2], ":authority: y.test");
});

Deno.test("RequestBlocks.toHttp1() makes a request line and 'Host' of pseudo-header fields", () => {
  const hop: Hop = {
    url: "",
    method: "POST",
    headers: [["Host", "other.test"], ["X-A", " 1 "], ["Connection", "close"], ["x-a", "\xe9"]],
    body: new Uint8Array(3),
    requestId: ["X-Id", "7"],
  };
  const origin = { key: "https://x.test", isSecure: true, hostname: "x.test", port: 443 };
  assertEquals(
    new RequestBlocks(false).toHttp1(hop, { origin, target: "/a?b" }, hop.headers),
    "POST /a?b HTTP/1.1\r\nhost: other.test\r\nx-a: 1\r\nx-a: \xe9\r\naccept: */*\r\n" +
      "content-length: 3\r\nx-id: 7\r\n\r\n",
  );
});
