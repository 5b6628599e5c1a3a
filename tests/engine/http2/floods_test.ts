import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  CODE,
  data,
  fieldBlock,
  FLAG,
  frame,
  headers,
  indexedField,
  readUint32,
  response,
  rstStream,
  settings,
  SETTINGS_ACK,
  TYPE,
  uint32,
  windowUpdate,
} from "../../fixtures/http2_frames.ts";
import { beginWire } from "../../fixtures/http2_wire.ts";

const OK = [[":status", "200"]] as const;

// A server that sends without an end gets an error within a bound, however fast its bytes are taken.

/** More than any bound of frames. */
const MAX_FRAMES = 25_000;

const PING = frame(TYPE.ping, 0, 0, "12345678");

/** What a server sends again and again, once it has the requests 1 and 3; stream 1 was given up. */
const FLOODS: readonly (readonly [what: string, text: string])[] = [
  ["PING", PING],
  ["acknowledgments of PING", frame(TYPE.ping, FLAG.ack, 0, "12345678")],
  ["SETTINGS", settings()],
  ["acknowledgments of SETTINGS", SETTINGS_ACK],
  ["PRIORITY", frame(TYPE.priority, 0, 3, "\0\0\0\x01\x10")],
  ["unknown frames", frame(0xee, 0xff, 3, "x")],
  ["empty DATA", data(3, "")],
  ["padded DATA without a byte", frame(TYPE.data, FLAG.padded, 3, "\x01\0")],
  ["DATA of a stream that has ended", data(1, "x")],
  ["heads of a stream that has ended", headers(1, OK)],
  ["RST_STREAM of a stream that has ended", rstStream(1, CODE.cancel)],
  ["WINDOW_UPDATE of the connection", windowUpdate(0, 1)],
  ["WINDOW_UPDATE of a stream", windowUpdate(3, 1)],
  ["GOAWAY", frame(TYPE.goAway, 0, 0, uint32(2 ** 31 - 1) + uint32(CODE.noError))],
  ["interim heads", headers(3, [[":status", "103"]])],
];

for (const [what, text] of FLOODS) {
  for (const takes of [true, false]) {
    Deno.test(`Http2Connection ends a flood of ${what} that reads ${takes ? "all" : "nothing"}`, () => {
      const wire = beginWire();
      const [given, exchange] = [wire.request(), wire.request()];
      wire.turn();
      wire.receive(headers(1, OK));
      wire.connection.abandon(given, true);
      wire.turn();
      wire.take();
      if (!takes) wire.isStuck = true;
      let frames = 0;
      // An acknowledgment of the connection has to be taken by the transport now and then.
      while (exchange.ends === 0 && ++frames < MAX_FRAMES) {
        wire.receive(text);
        if (frames % 100 === 0) wire.turn();
        if (takes) wire.take();
      }
      assert(frames < MAX_FRAMES, `${frames}`);
      assertEquals([exchange.failure?.error, exchange.ends], ["protocol", 1]);
      assertEquals(given.ends, 0);
    });
  }
}

Deno.test("Http2Connection keeps few answers for a server that does not read them", () => {
  const wire = beginWire();
  const exchange = wire.request();
  wire.turn();
  wire.take();
  wire.isStuck = true;
  let frames = 0;
  while (exchange.ends === 0) {
    wire.receiveAll(PING);
    frames++;
  }
  assertEquals(frames, 1_001);
  assertMatch(exchange.outcome!, /^protocol: more PING and SETTINGS than the server reads answers/);
});

Deno.test("Http2Connection tells a server that floods so", () => {
  const wire = beginWire();
  wire.request();
  wire.turn();
  while (!wire.isClosed) wire.receiveAll(data(1, ""));
  const last = wire.take().at(-1)!;
  assert(wire.isClosed);
  assertEquals(last.type, TYPE.goAway);
  assert([CODE.enhanceYourCalm, CODE.protocolError].includes(readUint32(last.payload, 4) as 11));
});

Deno.test("Http2Connection lets any number of PINGs pass between responses", () => {
  const wire = beginWire();
  for (let k = 0; k < 30; k++) {
    const exchange = wire.request();
    wire.turn();
    for (let j = 0; j < 900; j++) wire.receive(PING);
    wire.receiveAll(response(1 + 2 * k));
    assertEquals(exchange.outcome, "200 2");
    wire.take();
  }
  assertEquals(wire.isClosed, false);
});

Deno.test("Http2Connection lets any number of WINDOW_UPDATE pass that bring a body on", () => {
  const wire = beginWire();
  const exchange = wire.request({ method: "PUT", body: new Uint8Array(100_000) });
  wire.turn();
  for (let k = 0; k < 34_465; k++) {
    wire.receiveAll(windowUpdate(0, 1) + windowUpdate(1, 1));
    if (k % 1_000 === 0) wire.take();
  }
  const last = wire.take().at(-1)!;
  assertEquals([last.type, last.flags, wire.isClosed], [TYPE.data, FLAG.endStream, false]);
  wire.receive(response(1));
  assertEquals(exchange.outcome, "200 2");
});

Deno.test("Http2Connection lets what is under way pass for each stream that it cancels", () => {
  const wire = beginWire();
  for (let k = 0; k < 50; k++) {
    const exchange = wire.request();
    wire.turn();
    wire.receiveAll(headers(1 + 2 * k, OK));
    wire.connection.abandon(exchange, true);
    wire.receiveAll(data(1 + 2 * k, "x".repeat(1_024)).repeat(1_024));
    assertEquals(wire.isClosed, false);
  }
});

Deno.test("Http2Connection ends a flood of CONTINUATION", () => {
  for (const part of ["", "\0\x01a\x01b"]) {
    const wire = beginWire();
    const exchange = wire.request();
    wire.turn();
    wire.receive(frame(TYPE.headers, 0, 1, "\x88"));
    let frames = 0;
    while (exchange.ends === 0 && ++frames < 1_000) {
      wire.receive(frame(TYPE.continuation, 0, 1, part));
    }
    assert(frames < 1_000);
    assertEquals(exchange.failure?.error, "protocol");
  }
});

Deno.test("Http2Connection fails a request whose head grows in the table, and goes on", () => {
  const wire = beginWire();
  const [one, two] = [wire.request(), wire.request()];
  wire.turn();
  // Each byte stands for a field of 3,000.
  const bomb = fieldBlock(OK) + indexedField("x", "y".repeat(3_000)) + "\xbe".repeat(5_000);
  wire.receive(frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, bomb) + response(3));
  assertMatch(one.outcome!, /^protocol: more than 256 fields/);
  assertEquals(two.outcome, "200 2");
});
