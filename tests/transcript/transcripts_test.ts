import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { EngineOptions } from "../../lib/engine/options.ts";
import type { Target } from "../../lib/target.ts";
import { Channel, createChannelMemory } from "../../lib/transcript/channel.ts";
import { type Shown, Transcripts } from "../../lib/transcript/transcripts.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { openEngine } from "../fixtures/open_engine.ts";
import { type Answer, ok, RawServer } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Makes requests, each to the same server, and gives what is shown of them. */
async function show(
  shown: Shown,
  answer: Answer,
  targets: readonly Partial<Target>[],
  options: Partial<EngineOptions> = {},
): Promise<string> {
  await using server = await RawServer.start(answer);
  let text = "";
  const decoder = new TextDecoder();
  const channel = new Channel(createChannelMemory(), (bytes) => {
    text += decoder.decode(bytes);
    return bytes.length;
  });
  const trace = new Transcripts(shown, channel);
  const engine = await openEngine("http1", { trace, timeoutMs: 2_000, ...options });
  for (const [i, more] of targets.entries()) {
    await makeRequest(engine, target(server.url("/a"), { i, ...more }));
  }
  engine.close();
  return text.replaceAll(`${server.port}`, "PORT").replace(/after [\d.]+ \w+/g, "after T");
}

Deno.test("Transcripts show a request with its redirects as curl would, without secrets", async () => {
  const text = await show("first", ({ send, request }) =>
    send(
      request.startsWith("POST")
        ? "HTTP/1.1 303 See Other\r\nLocation: /b?token=t0k3n\r\n" +
          "Content-Length: 4\r\n\r\nlost"
        : ok('{"you":"secret1"}\n', "Set-Cookie: a=b; Path=/\r\n"),
    ), [
    {
      method: "POST",
      headers: [["Authorization", "Bearer secret1"]],
      body: bytes("a=1&password=x"),
    },
    {},
  ]);
  assertEquals(
    text,
    `* request 0: POST http://127.0.0.1:PORT/a
> POST /a HTTP/1.1
> Host: 127.0.0.1:PORT
> Authorization: Bearer …
> Accept: */*
> Content-Length: 14
>
> a=1&password=…
< HTTP/1.1 303 See Other
< Location: /b?token=…
< Content-Length: 4
<
* redirected to http://127.0.0.1:PORT/b?token=…
> GET /b?token=… HTTP/1.1
> Host: 127.0.0.1:PORT
> Authorization: Bearer …
> Accept: */*
>
< HTTP/1.1 200 OK
< Content-Length: 18
< Set-Cookie: a=…; Path=/
<
< {"you":"…"}
* 200, after T over 127.0.0.1:PORT
`,
  );
});

Deno.test("Transcripts show all requests, or the first one each time that it is made", async () => {
  const again = target("", { i: 0 });
  const answer: Answer = ({ send }) => send(ok());
  const titles = (text: string): string[] =>
    [...text.matchAll(/^\* request (\d)/gm)].map(([, i]) => i);
  assertEquals(titles(await show("all", answer, [{}, {}, {}])), ["0", "1", "2"]);
  assertEquals(titles(await show("first", answer, [{}, {}, {}])), ["0"]);
  await using server = await RawServer.start(answer);
  let text = "";
  const trace = new Transcripts(
    "first",
    new Channel(createChannelMemory(), (bytes) => {
      text += new TextDecoder().decode(bytes);
      return bytes.length;
    }),
  );
  const engine = await openEngine("http1", { trace });
  const first = { ...again, url: server.url() };
  for (const one of [first, { ...first, i: 1 }, first]) await makeRequest(engine, one);
  engine.close();
  assertEquals(titles(text), ["0", "0"]);
});

Deno.test("Transcripts escape what a server sends, and show the beginning of it only", async () => {
  const body = `\x1b[2J< HTTP/1.1 200 OK\n${"long ".repeat(2_000)}`;
  const text = await show("all", ({ send }) =>
    send(
      `HTTP/1.1 200 \x1b]0;x\x07\r\nContent-Length: ${body.length}\r\n` +
        `X-Long: ${"y".repeat(5_000)}\r\n${"X-Many: 1\r\n".repeat(200)}\r\n${body}`,
    ), [{}]);
  // deno-lint-ignore no-control-regex
  assertEquals(/[\x00-\x09\x0b-\x1f\x7f]/.test(text), false);
  assertStringIncludes(text, "< HTTP/1.1 200 \\x1b]0;x\\x07\n");
  assertStringIncludes(text, "< \\x1b[2J< HTTP/1.1 200 OK\n< long long");
  assertStringIncludes(text, "* 103 more lines\n");
  assertStringIncludes(text, "* the beginning of a body of 10.0 kB\n");
  assert(text.length < 6_000, `${text.length}`);
});

for (
  const [what, head, body, expected] of [
    ["not text", "", "\xff\xfe\x00\x01", "* a body of 4 B that is not text\n"],
    ["coded", "Content-Encoding: br\r\n", "abc", "* a body of 3 B, coded as br\n"],
    ["empty", "", "", "<\n* 200"],
    ["cut within a character", "", "é".repeat(3_000), "* the beginning of a body of 6.00 kB\n"],
    ["of as many lines as are shown", "", "a\n".repeat(50), "< a\n* 200"],
    ["of a line more", "", "a\n".repeat(51), "< a\n* the beginning of a body of 102 B\n"],
    ["with TABs and CRs", "", "a\tb\r\n\r\nc", "< a\tb\n< \n< c\n"],
  ]
) {
  Deno.test(`Transcripts show a body that is ${what}`, async () => {
    const sent = what.startsWith("cut")
      ? Array.from(bytes(body), (byte) => String.fromCharCode(byte)).join("")
      : body;
    const text = await show("all", ({ send }) => send(ok(sent, head)), [{}]);
    assertStringIncludes(text, expected);
  });
}

Deno.test("Transcripts say how a request failed, also one that was sent in part", async () => {
  const text = await show("all", ({ send, end }) => {
    send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
    end();
  }, [{}]);
  assertMatch(text, /\n<\n< part\n\* failed: body: [^\n]+, after T over 127\.0\.0\.1:PORT\n$/);
});
