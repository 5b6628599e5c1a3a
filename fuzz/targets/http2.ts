import {
  data,
  FLAG,
  frame,
  goAway,
  headers,
  response,
  rstStream,
  settings,
  TYPE,
  windowUpdate,
} from "../../tests/fixtures/http2_frames.ts";
import { Http2Wire, TestExchange } from "../../tests/fixtures/http2_wire.ts";
import { type FuzzTarget, hold, holdEqual, toBytes, toText } from "../target.ts";

const METHODS = ["GET", "HEAD", "POST", "GET", "POST", "GET"];
const MAX_BODY_BYTES = 50;
/** Reads of so many bytes: all at once, one, and a number that fits no frame. */
const PIECES = [65_536, 1, 7];
/** The maximum number of bytes that a connection sends for each that it gets, beside its requests. */
const MAX_SENT = 10;

const FRAMES = [
  response(1, "hello"),
  response(3, "", [["content-length", "5"]]),
  response(5, "ab", [["content-length", "2"], ["set-cookie", "a=b"]]),
  headers(7, [[":status", "103"]]) + response(7, "x".repeat(60)),
  headers(9, [[":status", "200"]]) + data(9, "ab") + headers(9, [["t", "u"]], FLAG.endStream),
  headers(11, [[":status", "302"], ["location", "/a"], ["retry-after", "1"]], FLAG.endStream),
  rstStream(1, 7),
  goAway(5, 0, "bye"),
  windowUpdate(0, 1_000) + windowUpdate(3, 5),
  settings([3, 1], [4, 0], [5, 16_384], [6, 100]),
  frame(TYPE.ping, 0, 0, "12345678"),
  frame(TYPE.data, FLAG.padded, 1, "\x02ab\0\0"),
  frame(TYPE.headers, 0, 3, "\x88") + frame(TYPE.continuation, FLAG.endHeaders, 3, "\0\x01a\0"),
  frame(TYPE.priority, 0, 1, "\0\0\0\0\0"),
  frame(99, 0, 0, "?"),
];

/** What came of the requests of a connection, and how much it sent. */
function play(bytes: string, piece: number): (string | undefined)[] {
  const wire = new Http2Wire({}, piece);
  const exchanges = METHODS.map((method, k) => {
    const exchange = new TestExchange();
    exchange.wantsFields = k % 2 === 0;
    exchange.maxBodyBytes = k === 3 ? MAX_BODY_BYTES : Infinity;
    const body = method === "POST" ? new Uint8Array(100) : undefined;
    return wire.request({ method, body }, exchange);
  });
  wire.turn();
  const before = wire.takeBytes();
  wire.receive(bytes);
  wire.turn();
  // The writes of a turn are one; a server that sends byte by byte does not get more.
  hold(wire.takeBytes() <= before + 2_000 + MAX_SENT * bytes.length, "it sends too much");
  const outcomes = exchanges.map(({ failure, start, size, body, ends }) =>
    // How much of a body comes before its problem is seen depends on the pieces.
    ends === 0 ? undefined : failure?.error ?? `${start!.status} ${size} ${body.length}`
  );
  hold(exchanges.every(({ ends }) => ends <= 1), "a request ends twice");
  const open = exchanges.filter(({ ends }) => ends === 0).length;
  hold(wire.connection.busy === open, "it counts other requests than there are");
  wire.lose();
  wire.turn();
  hold(exchanges.every(({ ends }) => ends === 1), "a request never ends");
  hold(wire.isClosed && wire.connection.room === 0, "it is not closed in the end");
  return outcomes;
}

export const target: FuzzTarget = {
  reads: "HTTP/2 frames: a connection with six requests, in pieces",
  seeds: [...FRAMES, FRAMES.slice(0, 6).join(""), FRAMES.slice(6).join("")]
    .map((frames) => toBytes(settings() + frames)),
  tokens: [...FRAMES, settings(), "\0\0", "\x88", "\0\x01a\x01b", "\x01\x25", "\x04\0", "\x09\x04"],

  run(input) {
    const text = toText(input);
    const [whole, ...others] = PIECES.map((piece) => play(text, piece));
    for (const other of others) holdEqual(other, whole, "pieces give another result");
    return JSON.stringify(whole);
  },
};
