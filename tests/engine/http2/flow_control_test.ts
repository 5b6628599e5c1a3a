import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  CODE,
  data,
  FLAG,
  frame,
  headers,
  readUint32,
  response,
  rstStream,
  SETTING,
  settings,
  TYPE,
  windowUpdate,
} from "../../fixtures/http2_frames.ts";
import { beginWire, type Http2Wire, TestExchange } from "../../fixtures/http2_wire.ts";

const OK = [[":status", "200"]] as const;
const FRAME_BYTES = 16_384;
const STREAM_WINDOW = 1 << 20;
const CONNECTION_WINDOW = 16 << 20;

/** The bytes of DATA that were sent, by stream, in the order of the frames. */
function takeData(wire: Http2Wire): [id: number, bytes: number, isLast: boolean][] {
  return wire.take().filter(({ type }) => type === TYPE.data)
    .map(({ id, payload, flags }) => [id, payload.length, (flags & FLAG.endStream) !== 0]);
}

const sumOf = (frames: [number, number, boolean][]): number =>
  frames.reduce((sum, [, bytes]) => sum + bytes, 0);

/** A body of bytes that tell their place. */
function bodyOf(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, k) => k % 251);
}

Deno.test("Http2Connection sends a body within the window of its stream", () => {
  const wire = beginWire({}, Infinity, [SETTING.initialWindowSize, 10]);
  wire.request({ method: "POST", body: bodyOf(25) });
  wire.turn();
  assertEquals(takeData(wire), [[1, 10, false]]);
  wire.receiveAll(windowUpdate(0, 1_000));
  assertEquals(takeData(wire), []);
  wire.receiveAll(windowUpdate(1, 10));
  assertEquals(takeData(wire), [[1, 10, false]]);
  wire.receiveAll(windowUpdate(1, 100));
  assertEquals(takeData(wire), [[1, 5, true]]);
});

Deno.test("Http2Connection sends bodies within the window of the connection, in turn", () => {
  const wire = beginWire({}, Infinity, [SETTING.initialWindowSize, 1 << 20]);
  for (let k = 0; k < 3; k++) wire.request({ method: "POST", body: bodyOf(100_000) });
  wire.turn();
  const first = takeData(wire);
  assertEquals(first.map(([id]) => id), [1, 3, 5, 1]);
  assertEquals(sumOf(first), 65_535);
  wire.receiveAll(windowUpdate(0, 3 * FRAME_BYTES));
  assertEquals(takeData(wire).map(([id]) => id), [3, 5, 1]);
  wire.receiveAll(windowUpdate(0, 1 << 20));
  const last = takeData(wire);
  assertEquals(sumOf(last), 300_000 - 65_535 - 3 * FRAME_BYTES);
  assertEquals(last.filter(([, , isLast]) => isLast).map(([id]) => id).sort(), [1, 3, 5]);
});

Deno.test("Http2Connection keeps to a window that SETTINGS make smaller, also below 0", () => {
  const wire = beginWire({}, Infinity, [SETTING.initialWindowSize, 100]);
  wire.request({ method: "POST", body: bodyOf(300) });
  wire.turn();
  assertEquals(takeData(wire), [[1, 100, false]]);
  wire.receiveAll(settings([SETTING.initialWindowSize, 20]) + windowUpdate(1, 80));
  // It is 0 now.
  assertEquals(takeData(wire), []);
  wire.receiveAll(windowUpdate(1, 1));
  assertEquals(takeData(wire), [[1, 1, false]]);
  wire.receiveAll(settings([SETTING.initialWindowSize, 0]));
  wire.receiveAll(settings([SETTING.initialWindowSize, 70]));
  assertEquals(takeData(wire), [[1, 50, false]]);
});

Deno.test("Http2Connection begins a body once SETTINGS open a window that was 0", () => {
  const wire = beginWire({}, Infinity, [SETTING.initialWindowSize, 0]);
  wire.request({ method: "POST", body: bodyOf(30) });
  wire.turn();
  assertEquals(takeData(wire), []);
  wire.receiveAll(settings([SETTING.initialWindowSize, 65_535]));
  assertEquals(takeData(wire), [[1, 30, true]]);
});

for (
  const [what, text] of [
    ["WINDOW_UPDATE", windowUpdate(0, 2 ** 31 - 1)],
    ["SETTINGS", windowUpdate(1, 2 ** 30) + settings([SETTING.initialWindowSize, 2 ** 31 - 1])],
  ]
) {
  Deno.test(`Http2Connection is broken off by ${what} that makes a window too large`, () => {
    const wire = beginWire();
    const exchange = wire.request({ method: "POST", body: bodyOf(1) });
    wire.turn();
    wire.take();
    wire.receive(text);
    assertMatch(exchange.outcome!, /^protocol: .*window .* too large/);
    const last = wire.take().at(-1)!;
    assertEquals(readUint32(last.payload, 4), CODE.flowControlError);
  });
}

Deno.test("Http2Connection is broken off by SETTINGS with a window beyond 2^31 - 1", () => {
  const wire = beginWire();
  wire.receive(settings([SETTING.initialWindowSize, 2 ** 31]));
  assert(wire.isClosed);
  assertEquals(readUint32(wire.take().at(-1)!.payload, 4), CODE.flowControlError);
});

Deno.test("Http2Connection gives a body to the transport as fast as that takes it", () => {
  const window = 2 ** 30;
  const wire = beginWire({}, Infinity, [SETTING.initialWindowSize, window]);
  wire.receive(windowUpdate(0, window));
  wire.isStuck = true;
  const body = bodyOf(2_000_000);
  wire.request({ method: "PUT", body });
  wire.turn();
  let sent = "";
  for (let rounds = 1;; rounds++) {
    const frames = wire.take().filter(({ type }) => type === TYPE.data);
    const bytes = frames.reduce((sum, { payload }) => sum + payload.length, 0);
    assert(bytes > 0 && bytes <= 256 * 1024 + FRAME_BYTES, `${bytes} in round ${rounds}`);
    assert(frames.every(({ payload }) => payload.length <= FRAME_BYTES));
    sent += frames.map(({ payload }) => payload).join("");
    if ((frames.at(-1)!.flags & FLAG.endStream) !== 0) break;
    wire.turn();
    assertEquals(takeData(wire), []);
    wire.drain();
    wire.isStuck = true;
  }
  assertEquals(sent.length, body.length);
  assert(body.every((byte, k) => sent.charCodeAt(k) === byte));
});

Deno.test("Http2Connection goes on with a body turn by turn where the transport takes it at once", () => {
  const wire = beginWire({}, Infinity, [SETTING.initialWindowSize, 2 ** 30]);
  wire.receive(windowUpdate(0, 2 ** 30));
  wire.request({ method: "PUT", body: bodyOf(1_000_000) });
  let bytes = 0;
  for (let k = 0; k < 8; k++) {
    wire.turn();
    bytes += sumOf(takeData(wire));
  }
  assertEquals(bytes, 1_000_000);
});

Deno.test("Http2Connection sends other requests while a body waits", () => {
  const wire = beginWire({}, Infinity, [SETTING.initialWindowSize, 0]);
  wire.request({ method: "POST", body: bodyOf(30) });
  wire.turn();
  const other = wire.request();
  wire.turn();
  wire.receive(response(3));
  assertEquals(other.outcome, "200 2");
});

for (const status of ["200", "413"]) {
  Deno.test(`Http2Connection sends no more of a body after a complete early ${status}`, () => {
    const wire = beginWire({}, Infinity, [SETTING.initialWindowSize, 10]);
    const exchange = wire.request({ method: "POST", body: bodyOf(1_000) });
    wire.turn();
    wire.take();
    wire.receiveAll(response(1, "no", [], status) + rstStream(1, CODE.noError));
    assertEquals(exchange.outcome, `${status} 2`);
    const [reset] = wire.take();
    assertEquals([reset.type, reset.id, readUint32(reset.payload)], [
      TYPE.rstStream,
      1,
      CODE.cancel,
    ]);
    wire.receiveAll(windowUpdate(1, 1_000) + windowUpdate(0, 1_000));
    assertEquals([wire.takeNames(), wire.connection.busy, exchange.ends], [[], 0, 1]);
  });
}

Deno.test("Http2Connection sends no more of a body that was given up, or was reset", () => {
  const wire = beginWire({}, Infinity, [SETTING.initialWindowSize, 10]);
  const [one, two] = [1, 2].map(() => wire.request({ method: "POST", body: bodyOf(1_000) }));
  wire.turn();
  wire.receive(rstStream(1, CODE.internalError));
  wire.connection.abandon(two, true);
  wire.take();
  wire.receiveAll(settings([SETTING.initialWindowSize, 1_000]));
  assertEquals(takeData(wire), []);
  assertEquals(one.failure?.error, "protocol");
});

Deno.test("Http2Connection tells the server to go on once half of a window is used", () => {
  const wire = beginWire();
  wire.request();
  wire.turn();
  wire.take();
  const half = STREAM_WINDOW / 2;
  const part = data(1, "x".repeat(FRAME_BYTES));
  wire.receiveAll(headers(1, OK) + part.repeat(half / FRAME_BYTES - 1));
  assertEquals(wire.takeNames(), []);
  wire.receiveAll(part);
  const [update, ...others] = wire.take();
  assertEquals([update.type, update.id, readUint32(update.payload)], [TYPE.windowUpdate, 1, half]);
  assertEquals(others, []);
});

Deno.test("Http2Connection keeps the window of the connection open for streams that have ended", () => {
  const wire = beginWire();
  const exchange = wire.request();
  wire.turn();
  wire.receive(headers(1, OK));
  wire.connection.abandon(exchange, true);
  wire.turn();
  wire.take();
  const part = data(1, "x".repeat(FRAME_BYTES));
  for (let k = 0; k < CONNECTION_WINDOW / FRAME_BYTES; k++) wire.receiveAll(part);
  const updates = wire.take();
  assertEquals(updates.map(({ type, id }) => [type, id]), [
    [TYPE.windowUpdate, 0],
    [TYPE.windowUpdate, 0],
  ]);
  assertEquals(
    updates.reduce((sum, { payload }) => sum + readUint32(payload), 0),
    CONNECTION_WINDOW,
  );
  assertEquals(wire.isClosed, false);
});

Deno.test("Http2Connection tells of padding, too", () => {
  const wire = beginWire();
  const exchange = wire.request();
  wire.turn();
  wire.take();
  const part = frame(TYPE.data, FLAG.padded, 1, `\xff${"\0".repeat(255)}`);
  wire.receiveAll(headers(1, OK));
  for (let k = 0; k < STREAM_WINDOW / 2 / 256; k++) wire.receiveAll(part);
  const [update] = wire.take();
  assertEquals([update.id, readUint32(update.payload)], [1, STREAM_WINDOW / 2]);
  wire.receive(data(1, "", FLAG.endStream));
  assertEquals(exchange.outcome, "200 0");
});

Deno.test("Http2Connection resets a stream that sends more than its window", () => {
  const wire = beginWire();
  const [one, two] = [wire.request(), wire.request()];
  wire.turn();
  wire.take();
  const part = data(1, "x".repeat(FRAME_BYTES));
  wire.receive(headers(1, OK) + part.repeat(STREAM_WINDOW / FRAME_BYTES));
  assertEquals(one.outcome, undefined);
  wire.receive(data(1, "x"));
  assertMatch(one.outcome!, /^protocol: more DATA than the window of the stream allows/);
  wire.receiveAll(response(3));
  assertEquals(two.outcome, "200 2");
  const [reset] = wire.take();
  assertEquals([reset.type, readUint32(reset.payload)], [TYPE.rstStream, CODE.flowControlError]);
});

Deno.test("Http2Connection is broken off by more than its window", () => {
  const wire = beginWire();
  const exchanges = Array.from({ length: 20 }, () => wire.request());
  wire.turn();
  wire.take();
  const text = "x".repeat(FRAME_BYTES);
  for (let id = 1; id < 40; id += 2) wire.receive(headers(id, OK));
  for (let k = 0; k < CONNECTION_WINDOW / FRAME_BYTES; k++) {
    wire.receive(data(1 + k % 20 * 2, text));
  }
  assertEquals(wire.isClosed, false);
  wire.receive(data(1, "x"));
  assert(wire.isClosed && exchanges.every(({ failure }) => failure?.error === "protocol"));
  assertEquals(readUint32(wire.take().at(-1)!.payload, 4), CODE.flowControlError);
});

Deno.test("Http2Connection takes a large body to its end", () => {
  const wire = beginWire();
  const exchange = new TestExchange();
  wire.request({}, exchange);
  wire.turn();
  wire.receive(headers(1, OK));
  const part = data(1, "x".repeat(FRAME_BYTES));
  let granted = STREAM_WINDOW;
  for (let k = 0; k < 40 << 20; k += FRAME_BYTES) {
    granted -= FRAME_BYTES;
    wire.receiveAll(part);
    for (const { type, id, payload } of wire.take()) {
      if (type === TYPE.windowUpdate && id === 1) granted += readUint32(payload);
    }
    assert(granted >= STREAM_WINDOW / 2 - FRAME_BYTES);
  }
  wire.receive(data(1, "", FLAG.endStream));
  assertEquals(exchange.outcome, `200 ${40 << 20}`);
});
