import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { BodyDecoding } from "../../lib/engine/decoding.ts";
import type { Engine, ResponseHead } from "../../lib/engine/engine.ts";
import type { EngineOptions } from "../../lib/engine/options.ts";
import type { Result } from "../../lib/result.ts";
import type { Target } from "../../lib/target.ts";
import { ENGINE_SUITE } from "../fixtures/engine_suite.ts";
import { HttpServer, isHttpServerInstalled } from "../fixtures/http_servers.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { type Answer, ok } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";
import { AUTHORITY } from "../fixtures/tls_server.ts";

// What engines make of bodies with a content coding.

/** Bytes as text, each character a byte, as servers of tests send them. */
function toText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

const TEXT = `${"x".repeat(5_000)}${"y".repeat(95_000)}`;
const PACKED: Record<string, string> = {
  gzip: toText(gzipSync(TEXT)),
  deflate: toText(deflateSync(TEXT)),
  br: toText(brotliCompressSync(TEXT)),
  zstd: toText(zstdCompressSync(TEXT)),
};
const ASKING = [["Accept-Encoding", "gzip, deflate, br, zstd"]] as const;

/** A response in chunks of a few bytes each, so that it comes in many pieces. */
function inChunks(body: string, fields: string): string {
  let text = `HTTP/1.1 200 OK\r\n${fields}Transfer-Encoding: chunked\r\n\r\n`;
  for (let at = 0; at < body.length; at += 50) {
    const chunk = body.slice(at, at + 50);
    text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}

/** What is read of a body. */
class Reader {
  text = "";
  readonly codings: (string | null)[] = [];
  readonly ends: string[] = [];

  readonly bodyFor: EngineOptions["bodyFor"] = (_, { coding }: ResponseHead) => {
    this.codings.push(coding);
    return {
      write: (bytes) => void (this.text += toText(bytes)),
      end: () => void this.ends.push("end"),
      discard: () => void this.ends.push("discard"),
    };
  };
}

for (const { title, create, serve } of ENGINE_SUITE) {
  const open = (options: Partial<EngineOptions> = {}): Engine =>
    create({ decoding: new BodyDecoding(), ...options });

  const hit = async (
    answer: Answer,
    options: Partial<EngineOptions> = {},
    more: Partial<Target> = { headers: ASKING },
  ): Promise<Result> => {
    await using server = await serve(answer);
    const engine = open(options);
    const result = await makeRequest(engine, target(server.url(), more));
    engine.close();
    return result;
  };

  Deno.test(`${title} decodes each coding, and counts the body encoded and decoded`, async () => {
    const gzip = PACKED.gzip;
    const cases: [coding: string, body: string, size: number | null][] = [
      ...Object.entries(PACKED).map(([coding, body]): [string, string, number] => //
      [coding, body, TEXT.length]),
      ["deflate", toText(deflateRawSync(TEXT)), TEXT.length],
      ["gzip", gzip + gzip, 2 * TEXT.length],
      ["gzip, br", toText(brotliCompressSync(gzipSync(TEXT))), TEXT.length],
      ["identity", TEXT, TEXT.length],
      ["x-own", "abc", 3],
      ...Object.keys(PACKED).map((coding): [string, string, number] => [coding, "", 0]),
      ...Object.entries(PACKED).flatMap(([coding, body]): [string, string, null][] => [
        [coding, body.slice(0, -2), null],
        [coding, `${body}garbage`, null],
        [coding, "abc", null],
      ]),
    ];
    await using server = await serve(({ request, send }) => {
      const [, how, k] = / \/(\w+)\/(\d+) /.exec(request)!;
      const [coding, body] = cases[Number(k)];
      const fields = `Content-Encoding: ${coding}\r\n`;
      send(how === "chunks" ? inChunks(body, fields) : ok(body, fields));
    });
    const reader = new Reader();
    const engine = open({ bodyFor: reader.bodyFor });
    for (const how of ["length", "chunks"]) {
      for (const [k, [coding, body, size]] of cases.entries()) {
        reader.text = "";
        const url = server.url(`/${how}/${k}`);
        const result = await makeRequest(engine, target(url, { headers: ASKING }));
        const { status, error, bytes } = result;
        const what = `${coding} ${how} ${k}: ${result.detail}`;
        if (size === null) assertEquals([status, error], [null, "body"], what);
        else {
          assertEquals(
            [status, error, bytes, result.size],
            [200, undefined, body.length, size],
            what,
          );
          assertEquals(reader.text.length, size, what);
        }
        assertEquals(reader.ends.pop(), size === null ? "discard" : "end", what);
        assertEquals(reader.codings.pop(), coding === "x-own" ? coding : null, what);
      }
    }
    engine.close();
  });

  Deno.test(`${title} bounds a body after decoding, and goes on`, async () => {
    await using server = await serve(({ request, send }) =>
      send(
        request.startsWith("GET /bomb")
          ? ok(PACKED.gzip, "Content-Encoding: gzip\r\n")
          : ok(toText(gzipSync("small")), "Content-Encoding: gzip\r\n"),
      )
    );
    const engine = open({ maxBodyBytes: 10_000 });
    const paths = ["/bomb", "/", "/bomb", "/"];
    const results = await Promise.all(
      paths.map((path, i) => makeRequest(engine, target(server.url(path), { i, headers: ASKING }))),
    );
    engine.close();
    assertEquals(results.map(({ status, size }) => status && size), [null, 5, null, 5]);
    assertEquals([results[0].error, results[0].isPermanent], ["body", true]);
    assertStringIncludes(results[0].detail!, "longer than 10000 bytes (--max-body)");
  });

  Deno.test(`${title} decodes only what the request asks for, or something looks at`, async () => {
    const answer: Answer = ({ send }) => send(ok(PACKED.gzip, "Content-Encoding: gzip\r\n"));
    const { length } = PACKED.gzip;
    const identity = { headers: [["Accept-Encoding", "identity"]] as const };
    assertEquals((await hit(answer)).size, TEXT.length);
    assertEquals((await hit(answer, {}, identity)).size, length);
    const reader = new Reader();
    assertEquals((await hit(answer, { bodyFor: reader.bodyFor }, identity)).size, TEXT.length);
    const raw = new Reader();
    assertEquals((await hit(answer, { bodyFor: raw.bodyFor, decoding: undefined })).size, length);
    assertEquals([reader.codings, raw.codings], [[null], ["gzip"]]);
    assertEquals([reader.text.length, raw.text.length], [TEXT.length, length]);
  });

  Deno.test(`${title} expects nothing to decode after HEAD, 204 and 304, and leaves parts`, async () => {
    const coded = "Content-Encoding: gzip\r\n";
    const head = await hit(
      ({ send }) => send(`HTTP/1.1 200 OK\r\n${coded}Content-Length: 9\r\n\r\n`),
      {},
      {
        method: "HEAD",
        headers: ASKING,
      },
    );
    assertEquals([head.status, head.bytes, head.size], [200, 0, 0], head.detail);
    for (const status of [204, 304]) {
      const empty = await hit(({ send }) => send(`HTTP/1.1 ${status} X\r\n${coded}\r\n`));
      assertEquals([empty.status, empty.bytes, empty.size], [status, 0, 0], empty.detail);
    }
    const part = PACKED.gzip.slice(5, 25);
    const partial = await hit(({ send }) =>
      send(`HTTP/1.1 206 X\r\n${coded}Content-Length: 20\r\n\r\n${part}`)
    );
    assertEquals([partial.status, partial.bytes, partial.size], [206, 20, 20], partial.detail);
  });
}

Deno.test("each engine decodes what nginx compresses", {
  ignore: !isHttpServerInstalled("nginx"),
}, async () => {
  const gzip = "gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any;";
  await using server = await HttpServer.start("nginx", gzip);
  for (const { title, name, create } of ENGINE_SUITE) {
    const reader = new Reader();
    const engine = create({
      decoding: new BodyDecoding(),
      bodyFor: reader.bodyFor,
      tls: { insecure: false, ca: AUTHORITY },
    });
    const { status, bytes, size, detail } = await makeRequest(
      engine,
      target(server.url("/n/50000"), { headers: ASKING }),
    );
    engine.close();
    assertEquals([status, size, reader.text.length], [200, 50_000, 50_000], `${title}: ${detail}`);
    // nginx takes the first field only, and native fetch over HTTP/1.1 begins with `identity`.
    assert(name === "fetch" || bytes < size / 100, `${title}: ${bytes}`);
  }
});
