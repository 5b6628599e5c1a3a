import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  CODE,
  data,
  fieldBlock,
  FieldReader,
  FLAG,
  frame,
  goAway,
  headers,
  readUint32,
  response,
  rstStream,
  SETTING,
  settings,
  SETTINGS_ACK,
  TYPE,
  uint32,
} from "../../fixtures/http2_frames.ts";
import { beginWire, Http2Wire, PIECES, TestExchange } from "../../fixtures/http2_wire.ts";

const OK = [[":status", "200"]] as const;
const LAST_ID = 2 ** 31 - 1;

Deno.test("Http2Connection begins with its settings and the first requests in one write", () => {
  const wire = new Http2Wire();
  wire.request();
  wire.request({ method: "HEAD" });
  assertEquals(wire.writes, 0);
  wire.turn();
  assertEquals(wire.writes, 1);
  const frames = wire.take();
  assertEquals(frames.map(({ type, id }) => [type, id]), [
    [TYPE.settings, 0],
    [TYPE.windowUpdate, 0],
    [TYPE.headers, 1],
    [TYPE.headers, 3],
  ]);
  const [{ payload }] = frames;
  const values = [0, 6, 12].map((k) => [payload.charCodeAt(k + 1), readUint32(payload, k + 2)]);
  assertEquals(values, [
    [SETTING.enablePush, 0],
    [SETTING.initialWindowSize, 1 << 20],
    [SETTING.maxHeaderListSize, 65_536],
  ]);
  assertEquals(readUint32(frames[1].payload), (16 << 20) - 65_535);
  assertEquals(frames[2].flags, FLAG.endHeaders | FLAG.endStream);
});

Deno.test("Http2Connection has room for 100 requests in all before the server's SETTINGS", () => {
  const wire = new Http2Wire();
  const { connection } = wire;
  assertEquals([connection.room, connection.limit], [100, undefined]);
  const first = wire.request();
  for (let k = 0; k < 99; k++) wire.request();
  assertEquals([connection.room, connection.busy, connection.uses], [0, 100, 100]);
  wire.turn();
  connection.abandon(first, true);
  assertEquals(connection.room, 0);
});

for (
  const [what, options, values, room] of [
    ["all that the server allows", {}, [[SETTING.maxConcurrentStreams, 250]], 249],
    ["any number if the server sets no limit", {}, [], 2 ** 30 - 1],
    ["as many as were asked for", { maxStreams: 10 }, [[SETTING.maxConcurrentStreams, 250]], 9],
    ["fewer than were asked for", { maxStreams: 10 }, [[SETTING.maxConcurrentStreams, 4]], 3],
    ["none if the server allows none", {}, [[SETTING.maxConcurrentStreams, 0]], 0],
    ["the requests that a server takes", { maxRequests: 3 }, [], 2],
  ] as const
) {
  Deno.test(`Http2Connection.room is ${what} after SETTINGS`, () => {
    const wire = new Http2Wire(options);
    wire.request();
    wire.receiveAll(settings(...values));
    assertEquals(wire.connection.room, room);
    assert(wire.told.length <= 1);
    assertEquals(wire.told, [`room ${room}`]);
    wire.receive(response(1));
    assertEquals(wire.connection.busy, 0);
  });
}

Deno.test("Http2Connection.room follows a limit that changes, also below what is in flight", () => {
  const wire = beginWire({}, Infinity, [SETTING.maxConcurrentStreams, 5]);
  const { connection } = wire;
  for (let k = 0; k < 4; k++) wire.request();
  wire.turn();
  wire.receive(settings([SETTING.maxConcurrentStreams, 2]));
  assertEquals([connection.room, connection.limit], [0, 2]);
  wire.receive(response(1) + response(3));
  assertEquals(connection.room, 0);
  wire.receive(response(5));
  assertEquals(connection.room, 1);
  wire.receive(settings([SETTING.maxConcurrentStreams, 8]));
  assertEquals([connection.room, wire.told.at(-1)], [7, "room 7"]);
});

for (const [how, piece] of Object.entries(PIECES)) {
  Deno.test(`Http2Connection gives each request its response, ${how}`, () => {
    const wire = beginWire({}, piece);
    const one = wire.request();
    const two = wire.request();
    const three = wire.request();
    wire.turn();
    assertEquals(wire.takeNames(), ["headers/1", "headers/3", "headers/5"]);
    wire.receive(headers(5, [[":status", "404"]]) + headers(1, OK) + data(5, "ab"));
    wire.receive(data(1, "a") + headers(3, [[":status", "204"]], FLAG.endStream));
    assertEquals([one, two, three].map(({ outcome }) => outcome), [undefined, "204 0", undefined]);
    wire.receive(data(5, "cd", FLAG.endStream) + data(1, "", FLAG.endStream));
    assertEquals([one, two, three].map(({ outcome }) => outcome), ["200 1", "204 0", "404 4"]);
    assertEquals([one.ends, two.ends, three.ends], [1, 1, 1]);
    assert(one.reads > 0);
    assertEquals([wire.connection.busy, wire.isClosed], [0, false]);
  });

  Deno.test(`Http2Connection passes on fields, cookies and the body, ${how}`, () => {
    const wire = beginWire({}, piece);
    const exchange = new TestExchange();
    exchange.wantsFields = true;
    wire.request({}, exchange);
    wire.turn();
    wire.receive(headers(1, [...OK, ["set-cookie", "a=1"], ["x", "1"], ["set-cookie", "b=2"]]));
    wire.receive(data(1, "He") + data(1, "llo", FLAG.endStream));
    assertEquals([exchange.outcome, exchange.body], ["200 5", "Hello"]);
    assertEquals(exchange.cookies, ["a=1", "b=2"]);
    assertEquals(exchange.head!.field("x"), "1");
  });

  Deno.test(`Http2Connection skips padding, priorities and unknown frames, ${how}`, () => {
    const wire = beginWire({}, piece);
    const exchange = wire.request();
    wire.turn();
    const block = headers(1, OK).slice(9);
    const { headers: head, data } = TYPE;
    const flags = FLAG.endHeaders | FLAG.padded | FLAG.priority;
    wire.receive(
      frame(TYPE.priority, 0, 1, "\0\0\0\x03\x10") + frame(0xfa, 0xff, 7, "what") +
        frame(head, flags, 1, `\x04\0\0\0\x05\x20${block}\0\0\0\0`) +
        frame(data, FLAG.padded, 1, "\x03abc\0\0\0") +
        frame(data, FLAG.padded | FLAG.endStream, 1, "\x02\0\0"),
    );
    assertEquals(exchange.outcome, "200 3");
  });

  Deno.test(`Http2Connection takes trailers, and interim responses before the head, ${how}`, () => {
    const wire = beginWire({}, piece);
    const exchange = wire.request();
    wire.turn();
    wire.receive(
      headers(1, [[":status", "100"]]) + headers(1, [[":status", "103"], ["link", "x"]]),
    );
    wire.receive(headers(1, OK) + data(1, "ab") + headers(1, [["x-sum", "1"]], FLAG.endStream));
    assertEquals(exchange.outcome, "200 2");
    assertEquals(wire.takeNames(), ["headers/1"]);
  });
}

Deno.test("Http2Connection sends requests that responses lead to in one write", () => {
  const wire = beginWire();
  let left = 50;
  const ask = (): void => {
    if (left-- > 0) wire.request().onEnd = ask;
  };
  for (let k = 0; k < 10; k++) ask();
  wire.turn();
  const { writes } = wire;
  for (let k = 0; k < 10; k++) wire.receive(response(1 + 2 * k));
  wire.turn();
  assertEquals(wire.writes, writes + 1);
  assertEquals(wire.take().length, 20);
  assertEquals(wire.connection.uses, 20);
});

Deno.test("Http2Connection.send() has the length of a body, END_STREAM on the last DATA, no trailers", () => {
  const wire = beginWire();
  const body = new TextEncoder().encode("x=1");
  wire.request({ method: "POST", body });
  wire.request({ method: "PUT" });
  wire.request({ method: "POST", body: new Uint8Array(0) });
  wire.request({ method: "DELETE" });
  wire.turn();
  const frames = wire.take();
  assertEquals(frames.map(({ type, id, flags }) => [type, id, flags & FLAG.endStream]), [
    [TYPE.headers, 1, 0],
    [TYPE.headers, 3, 1],
    [TYPE.headers, 5, 1],
    [TYPE.headers, 7, 1],
    [TYPE.data, 1, 1],
  ]);
  const reader = new FieldReader();
  const lengths = frames.slice(0, 4).map(({ payload }) =>
    Object.fromEntries(reader.read(payload))["content-length"]
  );
  assertEquals(lengths, ["3", "0", "0", undefined]);
  assertEquals(frames[4].payload, "x=1");
});

Deno.test("Http2Connection.send() continues fields that are too long for a frame", () => {
  const wire = beginWire();
  wire.request({ headers: [["x", "~".repeat(40_000)]] });
  wire.turn();
  const frames = wire.take();
  const { continuation } = TYPE;
  assertEquals(frames.map(({ type }) => type), [TYPE.headers, continuation, continuation]);
  assertEquals(frames.map(({ flags }) => flags), [FLAG.endStream, 0, FLAG.endHeaders]);
  assert(frames.every(({ payload }) => payload.length <= 16_384));
});

Deno.test("Http2Connection.send() fails a request whose fields are more than the server takes", () => {
  const wire = beginWire({}, Infinity, [SETTING.maxHeaderListSize, 1_000]);
  const large = wire.request({ headers: [["x", "y".repeat(1_000)]] });
  assertMatch(
    large.outcome!,
    /^protocol: the fields take 1\d\d\d bytes, .*accepts 1000 \(never\)$/,
  );
  assert(large.failure!.isPermanent);
  // The owner may have many more of them, and must not send them within this call.
  const { length } = wire.told;
  wire.turn();
  assertEquals(wire.told.slice(length), [`room ${wire.connection.room}`]);
  const small = wire.request();
  wire.turn();
  assertEquals(wire.takeNames(), ["headers/1"]);
  wire.receive(response(1));
  assertEquals(small.outcome, "200 2");
});

Deno.test("Http2Connection has no room to tell of if it ends before SETTINGS", () => {
  const wire = new Http2Wire();
  const first = wire.request();
  wire.request();
  wire.turn();
  wire.connection.abandon(first, true);
  wire.receiveAll(settings());
  assertEquals(wire.told, ["ending"]);
});

Deno.test("Http2Connection.abandon() cancels a stream, and gives its room back", () => {
  const wire = beginWire({ maxStreams: 1 });
  const first = wire.request();
  wire.turn();
  wire.receive(headers(1, OK) + data(1, "abc"));
  assertEquals(wire.connection.room, 0);
  wire.connection.abandon(first, true);
  assertEquals([wire.connection.room, wire.told.at(-1)], [1, "room 1"]);
  const second = wire.request();
  wire.turn();
  const [, reset, next] = wire.take();
  assertEquals([reset.type, reset.id, readUint32(reset.payload)], [TYPE.rstStream, 1, CODE.cancel]);
  assertEquals([next.type, next.id], [TYPE.headers, 3]);
  // The server may not know of it yet.
  wire.receive(data(1, "def", FLAG.endStream) + response(3));
  assertEquals([first.ends, second.outcome], [0, "200 2"]);
});

Deno.test("Http2Connection.abandon() ends a connection on which nothing came since a late request", () => {
  const wire = beginWire();
  const [one, two] = [wire.request(), wire.request()];
  wire.turn();
  wire.connection.abandon(one, true);
  assertEquals([wire.connection.room, wire.told.at(-1), wire.isClosed], [0, "ending", false]);
  // It was only slow.
  wire.receive(response(3));
  assertEquals([two.outcome, wire.isClosed, one.ends], ["200 2", true, 0]);
});

Deno.test("Http2Connection.abandon() ends no connection for a request that is not late", () => {
  const wire = beginWire();
  const exchange = wire.request();
  wire.turn();
  wire.connection.abandon(exchange, false);
  assertEquals([wire.connection.room > 0, wire.told.includes("ending")], [true, false]);
});

Deno.test("Http2Connection.abandon() of what it does not have does nothing", () => {
  const wire = beginWire();
  wire.connection.abandon(new TestExchange(), true);
  wire.turn();
  assertEquals([wire.takeNames(), wire.connection.room], [[], 2 ** 30]);
});

Deno.test("Http2Connection.close() announces the end, and tells its owner alone", () => {
  const wire = beginWire();
  const exchange = wire.request();
  wire.connection.close();
  wire.connection.close();
  assertEquals([wire.isClosed, exchange.ends, wire.connection.busy], [true, 0, 0]);
  assertEquals(wire.told.filter((told) => told === "closed"), ["closed"]);
  assertEquals(wire.connection.room, 0);
  const last = wire.take().at(-1)!;
  assertEquals([last.type, last.payload], [TYPE.goAway, uint32(0) + uint32(CODE.noError)]);
  wire.turn();
});

Deno.test("Http2Connection.close() does not wait for a server that reads nothing", () => {
  const wire = beginWire();
  wire.isStuck = true;
  wire.connection.close();
  assertEquals([wire.isClosed, wire.takeNames()], [true, []]);
});

Deno.test("Http2Connection ends once its last request is answered, if it has only so many", () => {
  const wire = beginWire({ maxRequests: 2 });
  const [one, two] = [wire.request(), wire.request()];
  assertEquals(wire.told.at(-1), "ending");
  wire.turn();
  wire.receive(response(1));
  assertEquals(wire.isClosed, false);
  wire.receive(response(3));
  assertEquals([one.outcome, two.outcome, wire.isClosed], ["200 2", "200 2", true]);
  assertEquals(wire.connection.endedAfter, undefined);
});

Deno.test("Http2Connection acknowledges SETTINGS and PING", () => {
  const wire = new Http2Wire();
  wire.turn();
  wire.take();
  wire.receiveAll(settings() + SETTINGS_ACK + frame(TYPE.ping, 0, 0, "12345678"));
  wire.receiveAll(frame(TYPE.ping, FLAG.ack, 0, "87654321"));
  const frames = wire.take();
  assertEquals(frames.map(({ type, flags, payload }) => [type, flags, payload]), [
    [TYPE.settings, FLAG.ack, ""],
    [TYPE.ping, FLAG.ack, "12345678"],
  ]);
});

for (
  const [what, text, code, words] of [
    ["HTTP/1.1", "HTTP/1.1 400 Bad Request\r\n\r\n", CODE.protocolError, /use --http1\.1/],
    ["another frame", frame(TYPE.ping, 0, 0, "12345678"), CODE.protocolError, /not with SETTINGS/],
    ["an acknowledgment", SETTINGS_ACK, CODE.protocolError, /not with SETTINGS/],
  ] as const
) {
  Deno.test(`Http2Connection fails with 'protocol' if a server begins with ${what}`, () => {
    for (const piece of Object.values(PIECES)) {
      const wire = new Http2Wire({}, piece);
      const exchange = wire.request();
      wire.turn();
      wire.take();
      wire.receive(text);
      assertMatch(exchange.outcome!, /^protocol: .* \(never\)$/);
      assertMatch(exchange.outcome!, words);
      assertEquals([wire.isClosed, exchange.ends, wire.told], [true, 1, ["closed"]]);
      const [last] = wire.take();
      assertEquals([last.type, readUint32(last.payload, 4)], [TYPE.goAway, code]);
    }
  });
}

/** What ends the connection with all that is in flight. */
const WRONG: readonly (readonly [what: string, text: string, code: number, words: RegExp])[] = [
  ["PUSH_PROMISE", frame(TYPE.pushPromise, 4, 1, uint32(2)), CODE.protocolError, /PUSH_PROMISE/],
  ["DATA of stream 0", data(0, "x"), CODE.protocolError, /stream 0/],
  ["HEADERS of stream 0", headers(0, OK), CODE.protocolError, /stream 0/],
  ["HEADERS of an idle stream", headers(9, OK), CODE.protocolError, /stream 9.* not begun/],
  ["DATA of an idle stream", data(9, "x"), CODE.protocolError, /stream 9.* not begun/],
  ["RST_STREAM of an idle stream", rstStream(9, 8), CODE.protocolError, /stream 9.* not begun/],
  ["HEADERS of a stream of its own", headers(2, OK), CODE.protocolError, /stream 2 of the server/],
  [
    "WINDOW_UPDATE of an idle stream",
    frame(TYPE.windowUpdate, 0, 9, uint32(1)),
    CODE.protocolError,
    /stream 9.* not begun/,
  ],
  [
    "a block with a wrong index",
    frame(TYPE.headers, 4, 3, "\xff\x80\x01"),
    CODE.compressionError,
    /index/,
  ],
  ["a frame that is too long", frame(TYPE.data, 0, 3, "", 16_385), CODE.frameSizeError, /16385/],
  ["SETTINGS of 5 bytes", frame(TYPE.settings, 0, 0, "12345"), CODE.frameSizeError, /SETTINGS/],
  ["PING of 7 bytes", frame(TYPE.ping, 0, 0, "1234567"), CODE.frameSizeError, /PING/],
  [
    "CONTINUATION alone",
    frame(TYPE.continuation, 4, 3, "\x88"),
    CODE.protocolError,
    /CONTINUATION/,
  ],
  [
    "a field block with another frame in it",
    frame(TYPE.headers, 0, 3, "\x88") + data(1, "x"),
    CODE.protocolError,
    /interrupted/,
  ],
  [
    "padding that is too long",
    frame(TYPE.data, FLAG.padded, 3, "\x05abc"),
    CODE.protocolError,
    /padding/,
  ],
];

for (const [what, text, code, words] of WRONG) {
  for (const [how, piece] of Object.entries(PIECES)) {
    Deno.test(`Http2Connection is broken off by ${what}, ${how}`, () => {
      const wire = beginWire({}, piece);
      const [one, two] = [wire.request(), wire.request()];
      wire.turn();
      wire.take();
      wire.receive(text);
      for (const exchange of [one, two]) {
        assertEquals([exchange.ends, exchange.failure?.error], [1, "protocol"]);
        assertMatch(exchange.failure!.detail, words);
        // It never gave a response.
        assertEquals(exchange.resend, "never");
      }
      assertEquals([wire.isClosed, wire.told.at(-1)], [true, "closed"]);
      const [last] = wire.take();
      assertEquals([last.type, readUint32(last.payload, 4)], [TYPE.goAway, code]);
    });
  }
}

Deno.test("Http2Connection that gave responses lets requests go on elsewhere when it is broken off", () => {
  const wire = beginWire();
  const exchanges = [1, 2, 3].map(() => wire.request());
  wire.turn();
  wire.receive(response(1) + frame(TYPE.headers, FLAG.endHeaders, 3, "\xff\x80\x01"));
  assertEquals(exchanges.map(({ resend }) => resend), [undefined, "never", "idempotent"]);
});

/** What resets a stream, and nothing else. */
const MALFORMED: readonly (readonly [what: string, text: string, words: RegExp])[] = [
  ["no status", headers(1, [["x", "1"]]), /does not begin with ':status'/],
  ["no fields", headers(1, []), /does not begin with ':status'/],
  ["a field before its status", headers(1, [["x", "1"], [":status", "200"]]), /':status'/],
  ["two statuses", headers(1, [...OK, [":status", "200"]]), /pseudo-header field/],
  ["an unknown pseudo-header field", headers(1, [...OK, [":x", "1"]]), /pseudo-header field/],
  ["a pseudo-header field of requests", headers(1, [...OK, [":path", "/"]]), /pseudo-header/],
  ["status 99", headers(1, [[":status", "099"]]), /three digits/],
  ["status 2000", headers(1, [[":status", "2000"]]), /three digits/],
  ["status 20x", headers(1, [[":status", "20x"]]), /three digits/],
  ["status +20", headers(1, [[":status", "+20"]]), /three digits/],
  ["status 101", headers(1, [[":status", "101"]]), /101 Switching Protocols/],
  ["a name in capitals", headers(1, [...OK, ["X-Y", "1"]]), /token in lower case/],
  ["an empty name", headers(1, [...OK, ["", "1"]]), /token in lower case/],
  ["a space in a name", headers(1, [...OK, ["x y", "1"]]), /token in lower case/],
  ["a colon in a name", headers(1, [...OK, ["x:", "1"]]), /token in lower case/],
  ["CR in a value", headers(1, [...OK, ["x", "1\r2"]]), /NUL, CR or LF/],
  ["LF in a value", headers(1, [...OK, ["x", "1\n2"]]), /NUL, CR or LF/],
  ["NUL in a value", headers(1, [...OK, ["x", "1\0"]]), /NUL, CR or LF/],
  ["a space before a value", headers(1, [...OK, ["x", " 1"]]), /white space/],
  ["a tab behind a value", headers(1, [...OK, ["x", "1\t"]]), /white space/],
  ["Connection", headers(1, [...OK, ["connection", "close"]]), /'connection'/],
  ["Keep-Alive", headers(1, [...OK, ["keep-alive", "x"]]), /'keep-alive'/],
  ["Proxy-Connection", headers(1, [...OK, ["proxy-connection", "x"]]), /'proxy-connection'/],
  ["Transfer-Encoding", headers(1, [...OK, ["transfer-encoding", "chunked"]]), /'transfer-enc/],
  ["Upgrade", headers(1, [...OK, ["upgrade", "h2c"]]), /'upgrade'/],
  [
    "two lengths",
    headers(1, [...OK, ["content-length", "1"], ["content-length", "2"]]),
    /two different lengths/,
  ],
  ["a length of words", headers(1, [...OK, ["content-length", "1, 1"]]), /digits/],
  ["a length below 0", headers(1, [...OK, ["content-length", "-1"]]), /digits/],
  ["a huge length", headers(1, [...OK, ["content-length", "9".repeat(30)]]), /too large/],
  ["more than 64 KB of fields", largeHead(), /fields/],
  ["DATA before the head", data(1, "x", FLAG.endStream), /DATA before the head/],
  ["DATA behind 103", headers(1, [[":status", "103"]]) + data(1, "x"), /DATA before the head/],
  ["103 as its end", headers(1, [[":status", "103"]], FLAG.endStream), /interim/],
  ["17 interim heads", headers(1, [[":status", "103"]]).repeat(17), /more than 16 interim/],
  ["a second head", headers(1, OK) + headers(1, OK), /second head/],
  [
    "trailers with a status",
    headers(1, OK) + headers(1, OK, FLAG.endStream),
    /pseudo-header field/,
  ],
  [
    "trailers in capitals",
    headers(1, OK) + headers(1, [["X", "1"]], FLAG.endStream),
    /token in lower case/,
  ],
  [
    "fewer bytes than its length",
    headers(1, [...OK, ["content-length", "5"]]) + data(1, "abc", FLAG.endStream),
    /3 of 5 bytes/,
  ],
  [
    "fewer bytes than its length before trailers",
    headers(1, [...OK, ["content-length", "5"]]) + data(1, "abc") +
    headers(1, [["x", "1"]], FLAG.endStream),
    /3 of 5 bytes/,
  ],
  [
    "more bytes than its length",
    headers(1, [...OK, ["content-length", "2"]]) + data(1, "abc", FLAG.endStream),
    /more than 2 bytes/,
  ],
  [
    "nothing of its length",
    headers(1, [...OK, ["content-length", "5"]], FLAG.endStream),
    /0 of 5 bytes/,
  ],
  [
    "a body behind 204",
    headers(1, [[":status", "204"]]) + data(1, "a", FLAG.endStream),
    /more than 0 bytes/,
  ],
  [
    "a body behind 304",
    headers(1, [[":status", "304"]]) + data(1, "a", FLAG.endStream),
    /more than 0 bytes/,
  ],
  ["WINDOW_UPDATE of 0", frame(TYPE.windowUpdate, 0, 1, uint32(0)), /WINDOW_UPDATE of 0/],
  ["WINDOW_UPDATE beyond 2^31 - 1", frame(TYPE.windowUpdate, 0, 1, uint32(LAST_ID)), /too large/],
];

/** HEADERS and CONTINUATION with more fields than are taken. */
function largeHead(): string {
  const whole = fieldBlock([...OK, ["x", "y".repeat(70_000)]]);
  const parts = whole.match(/[^]{1,16384}/g)!;
  return parts.map((part, k) =>
    frame(
      k === 0 ? TYPE.headers : TYPE.continuation,
      k === parts.length - 1 ? FLAG.endHeaders : 0,
      1,
      part,
    )
  ).join("");
}

for (const [what, text, words] of MALFORMED) {
  for (const [how, piece] of Object.entries(PIECES)) {
    Deno.test(`Http2Connection resets a stream for ${what}, and no other, ${how}`, () => {
      const wire = beginWire({}, piece);
      const [one, two] = [wire.request(), wire.request()];
      wire.turn();
      wire.take();
      wire.receiveAll(text);
      assertEquals([one.ends, one.failure?.error, one.resend], [1, "protocol", "never"]);
      assertMatch(one.failure!.detail, words);
      const [reset, ...others] = wire.take();
      assertEquals([reset.type, reset.id, others], [TYPE.rstStream, 1, []]);
      assert(readUint32(reset.payload) !== CODE.noError);
      wire.receiveAll(response(1, "late") + response(3));
      assertEquals([two.outcome, wire.isClosed, one.ends], ["200 2", false, 1]);
    });
  }
}

Deno.test("Http2Connection takes a response to HEAD with a length, and one to GET without one", () => {
  const wire = beginWire({}, 1);
  const exchange = wire.request({ method: "HEAD" }, new TestExchange());
  exchange.maxBodyBytes = 10;
  const get = wire.request();
  wire.turn();
  const head = headers(1, [...OK, ["content-length", "1000"]], FLAG.endStream);
  wire.receive(head + headers(3, OK) + data(3, "abc", FLAG.endStream));
  assertEquals([exchange.outcome, exchange.start!.length], ["200 0", 0]);
  assertEquals(get.outcome, "200 3");
});

Deno.test("Http2Connection resets a stream with a body behind a response to HEAD", () => {
  const wire = beginWire();
  const exchange = wire.request({ method: "HEAD" });
  wire.turn();
  wire.receive(headers(1, OK) + data(1, "x", FLAG.endStream));
  assertMatch(exchange.outcome!, /^protocol: the body has more than 0 bytes/);
});

for (
  const [what, text] of [
    ["announces", headers(1, [...OK, ["content-length", "11"]])],
    ["sends", headers(1, OK) + data(1, "abcdef") + data(1, "abcdef")],
  ]
) {
  Deno.test(`Http2Connection cancels a stream whose server ${what} too long a body`, () => {
    const wire = beginWire();
    const exchange = new TestExchange();
    exchange.maxBodyBytes = 10;
    wire.request({}, exchange);
    const other = wire.request();
    wire.turn();
    wire.take();
    wire.receiveAll(text);
    assertEquals(exchange.outcome, "body: longer than 10 bytes (--max-body) (never)");
    assertEquals([exchange.ends, exchange.start!.status], [1, 200]);
    const [reset] = wire.take();
    assertEquals([reset.type, readUint32(reset.payload)], [TYPE.rstStream, CODE.cancel]);
    wire.receive(response(3));
    assertEquals(other.outcome, "200 2");
  });
}

Deno.test("Http2Connection keeps its promises when a body's sink ends everything", () => {
  for (
    const end of [
      (wire: Http2Wire, exchange: TestExchange) => wire.connection.abandon(exchange, true),
      (wire: Http2Wire) => wire.connection.close(),
    ]
  ) {
    const wire = beginWire();
    const exchange = new TestExchange();
    exchange.wantsFields = true;
    exchange.onBody = () => end(wire, exchange);
    wire.request({}, exchange);
    wire.turn();
    wire.receive(headers(1, OK) + data(1, "abc", FLAG.endStream) + goAway(1, CODE.noError));
    assertEquals([exchange.ends, exchange.body], [0, "abc"]);
    wire.turn();
  }
});

Deno.test("Http2Connection reads a head that comes again as the same", () => {
  const wire = beginWire();
  const starts = [];
  for (let id = 1; id <= 5; id += 2) {
    const exchange = wire.request();
    wire.receive(response(id, "ok", [["location", "/x"]], "201"));
    starts.push(exchange.start);
  }
  assert(starts[1] === starts[2]);
  assertEquals(starts[0]!.location, "/x");
});
