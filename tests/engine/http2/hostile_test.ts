import { assert, assertEquals, assertMatch } from "@std/assert";
import type { EngineOptions } from "../../../lib/engine/options.ts";
import type { Result } from "../../../lib/result.ts";
import type { Target } from "../../../lib/target.ts";
import { SOCKET_ENGINES } from "../../fixtures/engine_suite.ts";
import {
  CODE,
  data,
  fieldBlock,
  type Fields,
  FLAG,
  frame,
  FRAME_BYTES,
  goAway,
  headers,
  indexedField,
  integer,
  readUint32,
  response,
  rstStream,
  SETTING,
  settings,
  SETTINGS_ACK,
  TYPE,
  uint32,
  WINDOW_BYTES,
  windowUpdate,
} from "../../fixtures/http2_frames.ts";
import { type Http2Peer, type Http2Request, startScript } from "../../fixtures/http2_script.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { target } from "../../fixtures/target.ts";
import { until } from "../../fixtures/until.ts";
import { tick } from "../../fixtures/wild_server.ts";

// Servers of HTTP/2 that mean no good, or break off. What they send is made by hand.

/** More than a loaded machine ever needs: where it is reached, nothing else ended the request. */
const LONG_MS = 60_000;

const POST: Partial<Target> = { method: "POST", body: new TextEncoder().encode("once") };

/** What came of a request: its status, or why there is none; and bytes of its body. */
type Outcome = [number | string | undefined, number];

function outcomeOf({ status, error, size }: Result): Outcome {
  return [status ?? error, size];
}

/** What this isolate holds, in bytes. */
function heldBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Garbage of a busy isolate, and the server's own buffers; less than any flood below. */
const MEMORY_SLACK_BYTES = 128 << 20;

/** What a server does with the first request; further ones it answers with 200 and `ok`. */
type Script = (peer: Http2Peer, request: Http2Request) => void | Promise<void>;

/** What came of the requests to a server, and how often it had the first. */
interface Ran {
  readonly first: Result;
  /** A request after it. */
  readonly second: Result;
  readonly seen: number;
  readonly connections: number;
}

const HEAD: Fields = [[":status", "200"], ["content-length", "5"]];

/** A response with fields and a body of 2 bytes. */
const ok = (id: number, ...fields: Fields): string =>
  headers(id, [[":status", "200"], ...fields]) + data(id, "ok", FLAG.endStream);

/** Responses that RFC 9113 calls malformed (§8.1.1): they end their stream, and no other. */
const MALFORMED: [what: string, (id: number) => string][] = [
  ["no status", (id) => headers(id, [["a", "b"]], FLAG.endStream)],
  ["two statuses", (id) => ok(id, [":status", "200"])],
  [
    "a status behind another field",
    (id) => headers(id, [["a", "b"], [":status", "200"]], FLAG.endStream),
  ],
  ["a field of requests", (id) => ok(id, [":path", "/"])],
  ["an unknown pseudo-header field", (id) => ok(id, [":version", "2"])],
  ["a status of two digits", (id) => headers(id, [[":status", "20"]], FLAG.endStream)],
  ["a status of letters", (id) => headers(id, [[":status", "2OO"]], FLAG.endStream)],
  ["status 101", (id) => headers(id, [[":status", "101"]])],
  ["an interim response that ends it", (id) => headers(id, [[":status", "103"]], FLAG.endStream)],
  ["a name in upper case", (id) => ok(id, ["X-Upper", "1"])],
  ["an empty name", (id) => ok(id, ["", "1"])],
  ["a space in a name", (id) => ok(id, ["a b", "1"])],
  ["a colon in a name", (id) => ok(id, ["a:b", "1"])],
  ["a line feed in a value", (id) => ok(id, ["a", "b\nc: d"])],
  ["a carriage return in a value", (id) => ok(id, ["a", "b\rc"])],
  ["a NUL in a value", (id) => ok(id, ["a", "b\0"])],
  ["Connection", (id) => ok(id, ["connection", "close"])],
  ["Transfer-Encoding", (id) => ok(id, ["transfer-encoding", "chunked"])],
  ["a body that is too short", (id) => ok(id, ["content-length", "3"])],
  ["a body that is too long", (id) => ok(id, ["content-length", "1"])],
  ["two lengths that differ", (id) => ok(id, ["content-length", "2"], ["content-length", "3"])],
  ["a length that is not a number", (id) => ok(id, ["content-length", "2x"])],
  ["a negative length", (id) => ok(id, ["content-length", "-2"])],
  ["DATA before the head", (id) => data(id, "ok", FLAG.endStream)],
  [
    "DATA behind an interim head",
    (id) => headers(id, [[":status", "103"]]) + data(id, "ok", FLAG.endStream),
  ],
  ["a second head", (id) => headers(id, [[":status", "200"]]) + headers(id, [[":status", "200"]])],
  [
    "a trailer with a status",
    (id) => headers(id, [[":status", "200"]]) + headers(id, [[":status", "200"]], FLAG.endStream),
  ],
  [
    "a trailer in upper case",
    (id) => headers(id, [[":status", "200"]]) + headers(id, [["X-T", "1"]], FLAG.endStream),
  ],
  ["more than 16 interim responses", (id) => headers(id, [[":status", "103"]]).repeat(17)],
  ["WINDOW_UPDATE of 0 bytes", (id) => windowUpdate(id, 0)],
  ["a window that is too large", (id) => windowUpdate(id, 0x7fff_ffff)],
];

/** What ends the whole connection (RFC 9113 §5.4.1). */
const CONNECTION_ERRORS: [what: string, (id: number) => string][] = [
  [
    "PUSH_PROMISE",
    (id) => frame(TYPE.pushPromise, FLAG.endHeaders, id, uint32(2) + fieldBlock([])),
  ],
  ["a frame that is too long", (id) => data(id, "x".repeat(FRAME_BYTES + 1))],
  ["a frame that says 16 MB", (id) => frame(TYPE.data, 0, id, "", 0xff_ffff)],
  ["DATA of stream 0", () => data(0, "x")],
  ["HEADERS of stream 0", () => headers(0, [[":status", "200"]])],
  ["RST_STREAM of stream 0", () => rstStream(0, CODE.cancel)],
  ["HEADERS of a stream that was not begun", (id) => ok(id + 2)],
  ["DATA of a stream that was not begun", (id) => data(id + 100, "x")],
  ["RST_STREAM of a stream that was not begun", (id) => rstStream(id + 2, CODE.cancel)],
  ["WINDOW_UPDATE of a stream that was not begun", (id) => windowUpdate(id + 2, 1)],
  ["HEADERS of a stream of the server's", () => ok(2)],
  ["DATA of a stream of the server's", () => data(2, "x")],
  ["SETTINGS of a stream", (id) => frame(TYPE.settings, 0, id)],
  ["SETTINGS of 5 bytes", () => frame(TYPE.settings, 0, 0, "12345")],
  ["SETTINGS ACK with a payload", () => frame(TYPE.settings, FLAG.ack, 0, "123456")],
  ["ENABLE_PUSH of 2", () => settings([SETTING.enablePush, 2])],
  ["ENABLE_PUSH of 1", () => settings([SETTING.enablePush, 1])],
  ["INITIAL_WINDOW_SIZE of 2^31", () => settings([SETTING.initialWindowSize, 2 ** 31])],
  ["MAX_FRAME_SIZE of 16,383", () => settings([SETTING.maxFrameSize, 16_383])],
  ["MAX_FRAME_SIZE of 2^24", () => settings([SETTING.maxFrameSize, 2 ** 24])],
  ["PING of a stream", (id) => frame(TYPE.ping, 0, id, "12345678")],
  ["PING of 7 bytes", () => frame(TYPE.ping, 0, 0, "1234567")],
  ["GOAWAY of a stream", (id) => frame(TYPE.goAway, 0, id, uint32(0) + uint32(0))],
  ["GOAWAY of 7 bytes", () => frame(TYPE.goAway, 0, 0, "1234567")],
  ["WINDOW_UPDATE of 3 bytes", () => frame(TYPE.windowUpdate, 0, 0, "123")],
  ["WINDOW_UPDATE of 0 bytes for the connection", () => windowUpdate(0, 0)],
  ["a window of the connection that is too large", () => windowUpdate(0, 0x7fff_ffff)],
  ["RST_STREAM of 3 bytes", (id) => frame(TYPE.rstStream, 0, id, "123")],
  ["CONTINUATION without HEADERS", (id) => frame(TYPE.continuation, FLAG.endHeaders, id)],
  [
    "a frame between HEADERS and CONTINUATION",
    (id) => frame(TYPE.headers, 0, id, fieldBlock(HEAD)) + frame(TYPE.ping, 0, 0, "12345678"),
  ],
  [
    "CONTINUATION of another stream",
    (id) =>
      frame(TYPE.headers, 0, id, fieldBlock(HEAD)) +
      frame(TYPE.continuation, FLAG.endHeaders, id + 2),
  ],
  [
    "padding longer than DATA",
    (id) => headers(id, [[":status", "200"]]) + frame(TYPE.data, FLAG.padded, id, "\x05abc"),
  ],
  [
    "padding longer than HEADERS",
    (id) => frame(TYPE.headers, FLAG.padded | FLAG.endHeaders, id, "\xff"),
  ],
  ["an index of no field", (id) => frame(TYPE.headers, FLAG.endHeaders, id, integer(70, 7, 0x80))],
  ["an index of 0", (id) => frame(TYPE.headers, FLAG.endHeaders, id, "\x80")],
  [
    "an endless integer",
    (id) => frame(TYPE.headers, FLAG.endHeaders, id, `\xff${"\xff".repeat(20)}`),
  ],
  ["a string beyond its block", (id) => frame(TYPE.headers, FLAG.endHeaders, id, "\0\x7fabc")],
  [
    "a dynamic table of 5,000 bytes",
    (id) => frame(TYPE.headers, FLAG.endHeaders, id, integer(5_000, 5, 0x20)),
  ],
  [
    "Huffman code with EOS",
    (id) => frame(TYPE.headers, FLAG.endHeaders, id, "\0\x01a\x84\xff\xff\xff\xff"),
  ],
  [
    "Huffman code with 8 bits of padding",
    (id) => frame(TYPE.headers, FLAG.endHeaders, id, "\0\x01a\x82\x1f\xff"),
  ],
  ["bytes that are not HTTP/2", () => "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"],
];

/** What a client takes, though it has no use for it (RFC 9113 §4.1, §5.5, §5.3.2, §6.9). */
const HARMLESS: [what: string, (id: number) => string][] = [
  ["frames of unknown types", (id) => frame(0xbb, 0xff, id, "x") + frame(0xbc, 0, 0, "y")],
  ["unknown settings", () => settings([99, 1], [8, 1])],
  ["PRIORITY", (id) => frame(TYPE.priority, 0, id, "\0\0\0\0\x10")],
  ["HEADERS with priority", (id) =>
    frame(
      TYPE.headers,
      FLAG.endHeaders | FLAG.priority,
      id,
      `\0\0\0\0\x10${fieldBlock([[":status", "103"]])}`,
    )],
  [
    "unknown flags",
    (id) => frame(TYPE.headers, 0xd2 | FLAG.endHeaders, id, fieldBlock([[":status", "103"]])),
  ],
  ["PING with ACK unasked", () => frame(TYPE.ping, FLAG.ack, 0, "12345678")],
  ["SETTINGS with ACK unasked", () => SETTINGS_ACK],
  ["interim responses", (id) => headers(id, [[":status", "103"], ["link", "</x>"]]).repeat(3)],
  ["a dynamic table that shrinks", (id) =>
    frame(
      TYPE.headers,
      FLAG.endHeaders,
      id,
      `\x20${integer(4_096, 5, 0x20)}${fieldBlock([[":status", "103"]])}`,
    )],
  ["a head in 200 parts", (id) =>
    frame(TYPE.headers, 0, id, fieldBlock([[":status", "103"]])) +
    frame(TYPE.continuation, 0, id, fieldBlock([["a", "b"]])).repeat(198) +
    frame(TYPE.continuation, FLAG.endHeaders, id)],
  ["larger windows", (id) => windowUpdate(0, 1_000_000) + windowUpdate(id, 1_000_000)],
];

/** A response whose DATA is padded, with an empty frame and a trailer behind it. */
const PADDED = (id: number): string =>
  frame(
    TYPE.headers,
    FLAG.padded | FLAG.endHeaders,
    id,
    `\x02${fieldBlock([[":status", "200"]])}xx`,
  ) + frame(TYPE.data, FLAG.padded, id, `\x03abcxxx`) + data(id, "") +
  frame(TYPE.data, FLAG.padded, id, "\0de") + headers(id, [["x-trailer", "t"]], FLAG.endStream);

/** What a server sends without an end, and whether it says more before that. */
const FLOODS: [what: string, (id: number) => string, before?: (id: number) => string][] = [
  ["PING", () => frame(TYPE.ping, 0, 0, "12345678").repeat(500)],
  ["PING with ACK", () => frame(TYPE.ping, FLAG.ack, 0, "12345678").repeat(500)],
  ["SETTINGS", () => settings([SETTING.initialWindowSize, WINDOW_BYTES]).repeat(500)],
  ["SETTINGS with ACK", () => SETTINGS_ACK.repeat(500)],
  ["PRIORITY", (id) => frame(TYPE.priority, 0, id, "\0\0\0\0\x10").repeat(500)],
  ["unknown frames", () => frame(0xbb, 0, 0, "").repeat(500)],
  ["long unknown frames", () => frame(0xbb, 0, 0, "x".repeat(1_000)).repeat(50)],
  ["WINDOW_UPDATE", () => windowUpdate(0, 1).repeat(500)],
  ["WINDOW_UPDATE of the stream", (id) => windowUpdate(id, 1).repeat(500)],
  ["GOAWAY", () => goAway(0x7fff_ffff, CODE.noError).repeat(500)],
  ["empty DATA", (id) => data(id, "").repeat(500), (id) => headers(id, [[":status", "200"]])],
  [
    "padding",
    (id) => frame(TYPE.data, FLAG.padded, id, `\xff${"x".repeat(255)}`).repeat(50),
    (id) => headers(id, [[":status", "200"]]),
  ],
  [
    "CONTINUATION",
    (id) => frame(TYPE.continuation, 0, id, fieldBlock([["a", "b".repeat(1_000)]])).repeat(16),
    (id) => frame(TYPE.headers, 0, id, fieldBlock([[":status", "200"]])),
  ],
  [
    "empty CONTINUATION",
    (id) => frame(TYPE.continuation, 0, id).repeat(500),
    (id) => frame(TYPE.headers, 0, id, fieldBlock([[":status", "200"]])),
  ],
];

/** Heads that are larger than they look. */
const BOMBS: [what: string, (id: number) => string][] = [
  ["a head of 1 MB", (id) =>
    frame(TYPE.headers, 0, id, fieldBlock([[":status", "200"]])) +
    frame(TYPE.continuation, 0, id, fieldBlock([["a", "b".repeat(16_000)]])).repeat(64)],
  ["a field of 4 KB 16,000 times", (id) =>
    frame(
      TYPE.headers,
      FLAG.endHeaders,
      id,
      indexedField(":status", "200") + indexedField("a", "b".repeat(3_900)) +
        integer(62, 7, 0x80).repeat(12_000),
    )],
  ["16,000 small fields", (id) =>
    frame(TYPE.headers, 0, id, fieldBlock([[":status", "200"]])) +
    frame(TYPE.continuation, FLAG.endHeaders, id, "\x90".repeat(16_000))],
];

/** Servers that let a request wait for ever. */
const SILENT: [what: string, opening: string, Script][] = [
  ["never answers", settings(), () => {}],
  [
    "never ends a body",
    settings(),
    (peer, { id }) => peer.send(headers(id, [[":status", "200"]]) + data(id, "abc")),
  ],
  [
    "never ends a head",
    settings(),
    (peer, { id }) => peer.send(frame(TYPE.headers, 0, id, fieldBlock(HEAD))),
  ],
  ["allows no stream", settings([SETTING.maxConcurrentStreams, 0]), () => {}],
];

for (const { title, create } of SOCKET_ENGINES.filter(({ name }) => name === "http2")) {
  /** Sends a server `/first`, and `/second` when that has ended. */
  const run = async (
    script: Script,
    more: Partial<Target> = POST,
    options: Partial<EngineOptions> = {},
    opening?: string,
  ): Promise<Ran> => {
    let seen = 0;
    await using server = await startScript(async (peer) => {
      for (let next = await peer.request(); next !== undefined; next = await peer.request()) {
        if (next.path !== "/first") await peer.send(response(next.id));
        else {
          seen++;
          await script(peer, next);
        }
      }
    }, { opening });
    const engine = create({ timeoutMs: LONG_MS, ...options });
    const first = await makeRequest(engine, target(server.url("/first"), more));
    const second = await makeRequest(engine, target(server.url("/second")));
    engine.close();
    await server.closed();
    return { first, second, seen, connections: server.connections };
  };

  for (const how of ["end", "reset"] as const) {
    Deno.test(`${title} sends once when a response is cut at any byte by the server's ${how}`, async () => {
      const head = headers(1, HEAD);
      const whole = head + data(1, "abcde", FLAG.endStream);
      for (let length = 0; length <= whole.length; length++) {
        const { first, second, seen } = await run(async (peer) => {
          await peer.send(whole.slice(0, length));
          peer[how]();
        });
        const body = Math.max(0, length - head.length - 9);
        const expected: Outcome = length < head.length
          ? ["reset", 0]
          : length < whole.length
          ? ["body", body]
          : [200, 5];
        assertEquals(outcomeOf(first), expected, `${length} bytes: ${first.detail}`);
        assertEquals([seen, ...outcomeOf(second)], [1, 200, 2], `${length} bytes`);
      }
    });
  }

  Deno.test(`${title} reads a response that comes byte by byte`, async () => {
    const { first, second, connections } = await run(async (peer, { id }) => {
      const whole = headers(id, HEAD) + data(id, "abcde", FLAG.endStream);
      for (const byte of whole) {
        await peer.send(byte);
        await tick();
      }
    });
    assertEquals([...outcomeOf(first), ...outcomeOf(second), connections], [200, 5, 200, 2, 1]);
  });

  for (const [what, answer] of MALFORMED) {
    Deno.test(`${title} fails one request with 'protocol' for ${what}`, async () => {
      const { first, second, seen, connections } = await run((peer, { id }) =>
        peer.send(answer(id))
      );
      assertEquals([first.status, first.error], [null, "protocol"], first.detail);
      assert(first.detail!.length > 0 && !/[\r\n\0]/.test(first.detail!));
      // The connection goes on.
      assertEquals([seen, connections, ...outcomeOf(second)], [1, 1, 200, 2]);
    });
  }

  for (const [what, answer] of CONNECTION_ERRORS) {
    Deno.test(`${title} ends a connection with 'protocol' for ${what}`, async () => {
      const { first, second, seen, connections } = await run((peer, { id }) =>
        peer.send(answer(id))
      );
      assertEquals([first.status, first.error], [null, "protocol"], first.detail);
      assertEquals([seen, connections, ...outcomeOf(second)], [1, 2, 200, 2]);
    });
  }

  for (const [what, bytes] of HARMLESS) {
    Deno.test(`${title} takes ${what}`, async () => {
      const { first, second, connections } = await run((peer, { id }) =>
        peer.send(bytes(id) + response(id))
      );
      assertEquals([...outcomeOf(first), ...outcomeOf(second), connections], [200, 2, 200, 2, 1]);
    });
  }

  Deno.test(`${title} counts no padding, and leaves out a trailer`, async () => {
    const { first, second, connections } = await run((peer, { id }) => peer.send(PADDED(id)));
    assertEquals([...outcomeOf(first), ...outcomeOf(second), connections], [200, 5, 200, 2, 1]);
  });

  for (const [what, flood, before = () => ""] of FLOODS) {
    Deno.test(`${title} ends a flood of ${what} with 'protocol', in bounded memory`, async () => {
      const heldBefore = heldBytes();
      const { first, second } = await run(async (peer, { id }) => {
        await peer.send(before(id));
        await peer.flood(flood(id));
      });
      assertEquals([first.status, first.error], [null, "protocol"], first.detail);
      assertEquals(outcomeOf(second), [200, 2]);
      assert(heldBytes() - heldBefore < MEMORY_SLACK_BYTES);
    });
  }

  Deno.test(`${title} ends a flood of frames for streams that are over`, async () => {
    for (
      const flood of [
        (id: number) => rstStream(id, CODE.cancel),
        (id: number) => data(id, ""),
        (id: number) => headers(id, [[":status", "200"]]),
        (id: number) => windowUpdate(id, 1),
      ]
    ) {
      await using server = await startScript(async (peer) => {
        const over = await peer.request();
        if (over === undefined) return;
        await peer.send(response(over.id));
        if (await peer.request() !== undefined) await peer.flood(flood(over.id).repeat(500));
      });
      const engine = create({ timeoutMs: LONG_MS });
      assertEquals(outcomeOf(await makeRequest(engine, target(server.url()))), [200, 2]);
      const result = await makeRequest(engine, target(server.url(), POST));
      assertEquals([result.status, result.error], [null, "protocol"], result.detail);
      engine.close();
    }
  });

  for (const [what, answer] of BOMBS) {
    Deno.test(`${title} fails with 'protocol' for ${what}, in bounded memory`, async () => {
      const before = heldBytes();
      const { first, second, seen } = await run((peer, { id }) => peer.send(answer(id)));
      assertEquals([first.status, first.error], [null, "protocol"], first.detail);
      assertEquals([seen, ...outcomeOf(second)], [1, 200, 2]);
      assert(heldBytes() - before < MEMORY_SLACK_BYTES);
    });
  }

  for (
    const [what, opening] of [
      ["HEADERS", headers(1, [[":status", "200"]])],
      ["PING", frame(TYPE.ping, 0, 0, "12345678")],
      ["SETTINGS with ACK", SETTINGS_ACK],
      ["HTTP/1.1", "HTTP/1.1 400 Bad Request\r\n\r\n"],
      ["SSH", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n"],
    ] as const
  ) {
    Deno.test(`${title} fails with 'protocol' when a server begins with ${what}`, async () => {
      await using server = await startScript((peer) => peer.closed(), { opening });
      const engine = create({ timeoutMs: LONG_MS });
      const { status, error, detail } = await makeRequest(engine, target(server.url(), POST));
      assertEquals([status, error], [null, "protocol"], detail);
      engine.close();
      await server.closed();
    });
  }

  for (const [what, opening, script] of SILENT) {
    Deno.test(`${title} fails with 'timeout' when a server ${what}`, async () => {
      await using server = await startScript(async (peer) => {
        for (let next = await peer.request(); next !== undefined; next = await peer.request()) {
          await script(peer, next);
        }
      }, { opening });
      const engine = create({ timeoutMs: 100 });
      const result = await makeRequest(engine, target(server.url()));
      assertEquals([result.status, result.error], [null, "timeout"], result.detail);
      engine.close();
      await server.closed();
    });
  }

  Deno.test(`${title} fails with 'timeout' when a server says nothing at all`, async () => {
    await using server = await startScript((peer) => peer.closed(), { opening: "" });
    const engine = create({ timeoutMs: 100 });
    const result = await makeRequest(engine, target(server.url(), POST));
    assertEquals([result.status, result.error], [null, "timeout"], result.detail);
    engine.close();
    await server.closed();
  });

  for (
    const [what, opening, most] of [
      ["never opens its windows", settings(), WINDOW_BYTES],
      ["has windows of 0 bytes", settings([SETTING.initialWindowSize, 0]), 0],
    ] as const
  ) {
    Deno.test(`${title} sends no more of a body than windows allow to a server that ${what}`, async () => {
      let received = 0;
      let isAcknowledged = false;
      await using server = await startScript(async (peer) => {
        for (let next = await peer.frame(); next !== undefined; next = await peer.frame()) {
          if (next.type === TYPE.data) received += next.payload.length;
          isAcknowledged ||= next.type === TYPE.settings && (next.flags & FLAG.ack) !== 0;
        }
      }, { opening });
      const engine = create({ timeoutMs: LONG_MS });
      const body = new Uint8Array(1_000_000);
      const sent = makeRequest(engine, target(server.url(), { method: "POST", body }));
      await until(() => received >= most && isAcknowledged);
      engine.cancel();
      assertEquals((await sent).error, "cancelled");
      engine.close();
      await server.closed();
      // Before the client has read the server's settings, the default holds.
      assert(received === most || received === WINDOW_BYTES, `${received}`);
    });
  }

  Deno.test(`${title} follows windows that shrink below 0 in mid-body`, async () => {
    const body = new Uint8Array(200_000).fill(0x62);
    let atMost = true;
    const { first, seen } = await run(async (peer, { body: received, id }) => {
      atMost &&= received.length === body.length;
      await peer.send(response(id, "y"));
    }, { method: "POST", body });
    assertEquals([...outcomeOf(first), seen, atMost], [200, 1, 1, true]);
    // By hand: half of the window is used when it becomes smaller than that.
    await using server = await startScript(async (peer) => {
      let received = 0;
      let window = WINDOW_BYTES;
      for (let next = await peer.frame(); next !== undefined; next = await peer.frame()) {
        if (next.type !== TYPE.data) continue;
        received += next.payload.length;
        assert(received <= window, `${received} bytes of ${window}`);
        if (received === WINDOW_BYTES) {
          await peer.send(settings([SETTING.initialWindowSize, 1_000]) + windowUpdate(0, 500_000));
          // It is below 0 now, and rises to 100 bytes.
          await peer.send(windowUpdate(1, WINDOW_BYTES - 1_000 + 100));
          window += 100;
        } else if (received === WINDOW_BYTES + 100) {
          await peer.send(settings([SETTING.initialWindowSize, 500_000]));
          window += 499_000;
        } else if (received === body.length) await peer.send(response(1, "z"));
      }
    });
    const engine = create({ timeoutMs: LONG_MS });
    const result = await makeRequest(engine, target(server.url(), { method: "POST", body }));
    assertEquals(outcomeOf(result), [200, 1], result.detail);
    engine.close();
  });

  Deno.test(`${title} gives no request what comes for one that was given up`, async () => {
    let late: number | undefined;
    await using server = await startScript(async (peer) => {
      for (let next = await peer.request(); next !== undefined; next = await peer.request()) {
        const { id, path } = next;
        if (path === "/late") late = id;
        else if (path === "/now") await peer.send(response(id, "now"));
        else {
          await until(() => peer.taken.some(({ type }) => type === TYPE.rstStream));
          const reset = peer.taken.find(({ type }) => type === TYPE.rstStream)!;
          assertEquals([reset.id, readUint32(reset.payload)], [late, CODE.cancel]);
          await peer.send(response(late!, "much too late") + response(id, "then"));
        }
      }
    });
    const engine = create({ timeoutMs: 2_000 });
    const given = makeRequest(engine, target(server.url("/late")));
    await until(() => late !== undefined);
    // It is known to be alive.
    assertEquals(outcomeOf(await makeRequest(engine, target(server.url("/now")))), [200, 3]);
    assertEquals((await given).error, "timeout");
    const then = await makeRequest(engine, target(server.url("/then")));
    assertEquals([...outcomeOf(then), server.connections], [200, 4, 1], then.detail);
    engine.close();
  });

  Deno.test(`${title} gives each of 100 requests its own response, in whatever order`, async () => {
    await using server = await startScript(async (peer) => {
      const waiting: Http2Request[] = [];
      for (let next = await peer.request(); next !== undefined; next = await peer.request()) {
        waiting.push(next);
        if (waiting.length < 100) continue;
        // Heads from the last to the first; then a byte of each body in turn, as long as it has some.
        let bytes = "";
        for (const { id } of waiting.toReversed()) bytes += headers(id, [[":status", "200"]]);
        for (let k = 1; k <= 100; k++) {
          for (const { id, path } of waiting) {
            const size = Number(path.slice(1));
            if (k <= size) bytes += data(id, "x", k === size ? FLAG.endStream : 0);
          }
        }
        await peer.send(bytes);
        waiting.length = 0;
      }
    });
    const engine = create({ timeoutMs: LONG_MS, concurrency: 100 });
    const results = await Promise.all(
      Array.from(
        { length: 200 },
        (_, k) => makeRequest(engine, target(server.url(`/${k % 100 + 1}`))),
      ),
    );
    assertEquals(results.map(outcomeOf), results.map((_, k) => [200, k % 100 + 1]));
    engine.close();
  });

  for (
    const [what, stop] of [
      ["reads on", async (peer, id) => {
        await peer.send(response(id, "no", [], "413"));
      }],
      ["resets the stream without an error", async (peer, id) => {
        await peer.send(response(id, "no", [], "413") + rstStream(id, CODE.noError));
      }],
      ["resets the stream before it ends the body", async (peer, id) => {
        await peer.send(headers(id, [[":status", "413"], ["content-length", "0"]], FLAG.endStream));
        await peer.send(rstStream(id, CODE.cancel));
      }],
    ] as [string, (peer: Http2Peer, id: number) => Promise<void>][]
  ) {
    Deno.test(`${title} keeps an early response when the server ${what}, and the connection`, async () => {
      await using server = await startScript(async (peer) => {
        // The windows stay closed: the rest of a long body is never sent.
        for (let next = await peer.frame(); next !== undefined; next = await peer.frame()) {
          if (next.type === TYPE.headers) await stop(peer, next.id);
        }
      });
      const engine = create({ timeoutMs: LONG_MS });
      const statuses = [];
      for (const length of [10_000, 10_000, 1_000_000, 1_000_000]) {
        const more = { method: "POST", body: new Uint8Array(length) };
        statuses.push((await makeRequest(engine, target(server.url(), more))).status);
      }
      assertEquals([...statuses, server.connections], [413, 413, 413, 413, 1]);
      engine.close();
      await server.closed();
    });
  }

  /** RST_STREAM at each time of a response: what comes of it, and how often a POST is sent. */
  for (
    const [when, code, before, expected, count] of [
      ["before the head", CODE.noError, "", ["protocol", 0], 1],
      ["before the head", CODE.cancel, "", ["protocol", 0], 1],
      ["before the head", CODE.internalError, "", ["protocol", 0], 1],
      ["before the head", CODE.enhanceYourCalm, "", ["protocol", 0], 1],
      ["before the head", CODE.http11Required, "", ["protocol", 0], 1],
      ["before the head", 0xffff_ffff, "", ["protocol", 0], 1],
      ["behind the head", CODE.noError, "head", ["body", 0], 1],
      ["behind the head", CODE.cancel, "head", ["body", 0], 1],
      ["behind the head", CODE.refusedStream, "head", ["body", 0], 1],
      ["in the body", CODE.noError, "part", ["body", 2], 1],
      ["in the body", CODE.internalError, "part", ["body", 2], 1],
      ["behind the end", CODE.noError, "all", [200, 5], 1],
      ["behind the end", CODE.cancel, "all", [200, 5], 1],
      ["behind the end", CODE.internalError, "all", [200, 5], 1],
    ] as [string, number, string, Outcome, number][]
  ) {
    Deno.test(`${title} gives ${expected[0]} for RST_STREAM ${code} ${when}`, async () => {
      const { first, second, seen, connections } = await run((peer, { id }) =>
        peer.send(
          (before === "" ? "" : headers(id, HEAD)) +
            (before === "part" ? data(id, "ab") : "") +
            (before === "all" ? data(id, "abcde", FLAG.endStream) : "") + rstStream(id, code),
        )
      );
      assertEquals(outcomeOf(first), expected, first.detail);
      assertEquals([seen, connections, ...outcomeOf(second)], [count, 1, 200, 2]);
    });
  }

  for (
    const [what, refuse] of [
      [
        "refuses its stream",
        (peer: Http2Peer, id: number) => peer.send(rstStream(id, CODE.refusedStream)),
      ],
      ["closes the connection below its stream", async (peer: Http2Peer, id: number) => {
        await peer.send(goAway(id - 1, CODE.noError));
        peer.end();
      }],
    ] as const
  ) {
    Deno.test(`${title} sends POST again when a server ${what}`, async () => {
      let refused = 0;
      const { first, second, seen } = await run((peer, { id, body }) => {
        if (refused++ < 2) return refuse(peer, id);
        assertEquals(body, "once");
        return peer.send(response(id, "done"));
      });
      assertEquals([...outcomeOf(first), first.attempts, seen], [200, 4, 3, 3], first.detail);
      assertEquals(outcomeOf(second), [200, 2]);
    });

    Deno.test(`${title} gives up when a server always ${what}`, async () => {
      const { first, second, seen } = await run((peer, { id }) => refuse(peer, id));
      assertEquals(first.status, null);
      assert(["protocol", "reset"].includes(first.error!), first.error);
      assert(seen > 1 && seen <= 20 && seen === first.attempts, `${seen} of ${first.attempts}`);
      assertEquals(outcomeOf(second), [200, 2]);
    });
  }

  /** GOAWAY and what becomes of a POST on that connection. */
  for (
    const [what, leave, expected, count] of [
      [
        "GOAWAY 2^31-1, then the response",
        (peer, id) => peer.send(goAway(0x7fff_ffff, CODE.noError) + response(id)),
        [200, 2],
        1,
      ],
      [
        "GOAWAY of its stream, then the response",
        (peer, id) => peer.send(goAway(id, CODE.noError) + response(id)),
        [200, 2],
        1,
      ],
      [
        "GOAWAY 2^31-1, then that of its stream, then the response",
        (peer, id) =>
          peer.send(goAway(0x7fff_ffff, CODE.noError) + goAway(id, CODE.noError) + response(id)),
        [200, 2],
        1,
      ],
      [
        "GOAWAY of its stream for an error, then the response",
        (peer, id) => peer.send(goAway(id, CODE.internalError, "x\n\u00ff") + response(id)),
        [200, 2],
        1,
      ],
      [
        "GOAWAY 2^31-1, and the end",
        async (peer) => {
          await peer.send(goAway(0x7fff_ffff, CODE.noError));
          peer.end();
        },
        ["reset", 0],
        1,
      ],
      [
        "GOAWAY of its stream, and the end",
        async (peer, id) => {
          await peer.send(goAway(id, CODE.noError));
          peer.end();
        },
        ["reset", 0],
        1,
      ],
      [
        "GOAWAY of its stream for an error, and the end",
        async (peer, id) => {
          await peer.send(goAway(id, CODE.protocolError, "bad \x1b[31mrequest"));
          peer.end();
        },
        ["reset", 0],
        1,
      ],
      [
        "GOAWAY of a lower stream, which rises again",
        async (peer, id) => {
          await peer.send(
            goAway(0, CODE.noError) + goAway(id, CODE.noError) + response(id, "late"),
          );
          peer.end();
        },
        [200, 4],
        2,
      ],
    ] as [string, (peer: Http2Peer, id: number) => Promise<void>, Outcome, number][]
  ) {
    Deno.test(`${title} gives ${expected[0]} for POST after ${what}`, async () => {
      let times = 0;
      const { first, second, seen, connections } = await run((peer, { id }) =>
        times++ === 0 ? leave(peer, id) : peer.send(response(id, "late"))
      );
      assertEquals(outcomeOf(first), expected, first.detail);
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x1f\x7f-\xff]/.test(first.detail ?? ""));
      assertEquals([seen, ...outcomeOf(second)], [count, 200, 2]);
      // The next connection may have been begun in advance.
      assert(connections === 2 || connections === 3, `${connections}`);
    });
  }

  Deno.test(`${title} survives a server that resets every stream of 1,000 requests`, async () => {
    let received = 0;
    await using server = await startScript(async (peer) => {
      for (let next = await peer.request(); next !== undefined; next = await peer.request()) {
        received++;
        await peer.send(rstStream(next.id, CODE.internalError));
      }
    });
    const engine = create({ timeoutMs: LONG_MS, concurrency: 50 });
    let left = 1_000;
    const work = async (): Promise<void> => {
      while (left-- > 0) {
        const { error, detail } = await makeRequest(engine, target(server.url(), POST));
        assertEquals(error, "protocol");
        assertMatch(detail!, /INTERNAL_ERROR/);
      }
    };
    await Promise.all(Array.from({ length: 50 }, work));
    assertEquals(received, 1_000);
    engine.close();
  });

  Deno.test(`${title} ends an endless body at the maximum, and keeps the connection`, async () => {
    for (const length of [undefined, "100000000"]) {
      const { first, second, connections } = await run(
        async (peer, { id }) => {
          await peer.send(
            headers(id, [
              [":status", "200"],
              ...(length === undefined ? [] : [["content-length", length] as const]),
            ]),
          );
          // Within the windows, which open again and again.
          for (let sent = 0; sent < 60_000; sent += 10_000) {
            await peer.send(data(id, "x".repeat(10_000)));
          }
        },
        {},
        { maxBodyBytes: 50_000 },
      );
      assertEquals([first.status, first.error], [null, "body"], first.detail);
      assertMatch(first.detail!, /--max-body/);
      assertEquals([connections, ...outcomeOf(second)], [1, 200, 2]);
    }
  });
}
