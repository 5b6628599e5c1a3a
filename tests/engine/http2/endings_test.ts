import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  CODE,
  data,
  FLAG,
  frame,
  goAway,
  headers,
  response,
  rstStream,
  settings,
  TYPE,
} from "../../fixtures/http2_frames.ts";
import { beginWire, Http2Wire, PIECES, type TestExchange } from "../../fixtures/http2_wire.ts";

const OK = [[":status", "200"]] as const;
const LAST_ID = 2 ** 31 - 1;

/** Sends so many requests in one write. */
function ask(wire: Http2Wire, count: number): TestExchange[] {
  const exchanges = Array.from({ length: count }, () => wire.request());
  wire.turn();
  return exchanges;
}

const resendsOf = (exchanges: readonly TestExchange[]): (string | undefined)[] =>
  exchanges.map(({ resend }) => resend);

for (const [how, piece] of Object.entries(PIECES)) {
  Deno.test(`Http2Connection lets go on what a GOAWAY accepts, and gives back the rest, ${how}`, () => {
    const wire = beginWire({}, piece);
    const exchanges = ask(wire, 4);
    wire.receive(headers(3, OK) + goAway(5, CODE.noError, "bye"));
    assertEquals(resendsOf(exchanges), [undefined, undefined, undefined, "always"]);
    assertEquals(
      exchanges[3].outcome,
      'reset: the server closed the connection (GOAWAY: "bye") before it processed the request (always)',
    );
    assertEquals([wire.connection.room, wire.connection.endedAfter], [0, 3]);
    assertEquals([wire.told.at(-1), wire.isClosed], ["ending", false]);
    wire.receive(response(1) + data(3, "abc", FLAG.endStream));
    assertEquals(wire.isClosed, false);
    wire.receive(response(5));
    assertEquals(exchanges.slice(0, 3).map(({ outcome }) => outcome), ["200 2", "200 3", "200 2"]);
    assertEquals([wire.isClosed, wire.told.at(-1)], [true, "closed"]);
    assertEquals(wire.told.filter((told) => told === "ending").length, 1);
  });
}

Deno.test("Http2Connection opens no more streams after a GOAWAY of 2^31 - 1", () => {
  const wire = beginWire();
  const exchanges = ask(wire, 3);
  wire.receive(goAway(LAST_ID, CODE.noError));
  assertEquals([wire.connection.room, wire.connection.endedAfter], [0, undefined]);
  assertEquals(resendsOf(exchanges), [undefined, undefined, undefined]);
  wire.receive(response(1));
  // The true number may follow.
  wire.receive(goAway(3, CODE.noError));
  assertEquals(resendsOf(exchanges), [undefined, undefined, "always"]);
  assertEquals(wire.connection.endedAfter, 2);
  wire.receive(response(3));
  assertEquals([exchanges[1].outcome, wire.isClosed], ["200 2", true]);
});

Deno.test("Http2Connection needs no second GOAWAY", () => {
  const wire = beginWire();
  const [one] = ask(wire, 1);
  wire.receive(goAway(LAST_ID, CODE.noError) + response(1));
  assertEquals([one.outcome, wire.isClosed], ["200 2", true]);
});

Deno.test("Http2Connection does not take back what a GOAWAY disowned", () => {
  const wire = beginWire();
  const exchanges = ask(wire, 3);
  wire.receive(goAway(1, CODE.noError) + goAway(5, CODE.noError) + response(3));
  assertEquals(exchanges.map(({ ends }) => ends), [0, 1, 1]);
  wire.receive(response(1));
  assertEquals(exchanges[0].outcome, "200 2");
});

Deno.test("Http2Connection learns nothing from a GOAWAY without requests, or with an error", () => {
  const idle = beginWire();
  ask(idle, 1);
  idle.receive(response(1));
  idle.receive(goAway(1, CODE.noError));
  assertEquals([idle.connection.endedAfter, idle.isClosed], [undefined, true]);
  const wrong = beginWire();
  ask(wrong, 3);
  wrong.receive(goAway(3, CODE.enhanceYourCalm));
  assertEquals(wrong.connection.endedAfter, undefined);
});

Deno.test("Http2Connection cuts a response that a GOAWAY disowns", () => {
  const wire = beginWire();
  const [exchange] = ask(wire, 1);
  wire.receive(headers(1, [...OK, ["content-length", "10"]]) + data(1, "abc"));
  wire.receive(goAway(0, CODE.noError));
  assertEquals(exchange.outcome, "body: it ended after 3 of 10 bytes (never)");
  assertEquals(exchange.size, 3);
});

for (
  const [server, lastId, resends] of [
    // The fields of stream 5 are too large.
    ["the bad stream", 5, ["idempotent", "idempotent", "alone", "always-alone", "always"]],
    ["the one before it", 3, ["idempotent", "alone", "always-alone", "always", "always"]],
    ["stream 0", 0, ["always-alone", "always", "always", "always", "always"]],
    ["any stream", LAST_ID, ["alone", "alone", "alone", "alone", "alone"]],
  ] as const
) {
  Deno.test(`Http2Connection suspects few requests after an error GOAWAY that accepts ${server}`, () => {
    const wire = beginWire();
    const exchanges = ask(wire, 5);
    wire.receive(goAway(lastId, CODE.enhanceYourCalm, "\x1b[31m"));
    wire.end();
    assertEquals(resendsOf(exchanges), resends);
    assertEquals(exchanges.map(({ ends }) => ends), [1, 1, 1, 1, 1]);
    for (const { failure } of exchanges) {
      assertMatch(failure!.detail, /^the server ended the connection \(GOAWAY ENHANCE_YOUR_CALM/);
      assert(failure!.detail.includes('"\\u001b[31m"'));
    }
  });
}

Deno.test("Http2Connection suspects the last write when a connection ends without a word", () => {
  for (const end of [(wire: Http2Wire) => wire.end(), (wire: Http2Wire) => wire.lose()]) {
    const wire = beginWire();
    const first = ask(wire, 3);
    wire.receive(response(1));
    const last = ask(wire, 2);
    // It is not sent yet.
    const unsent = wire.request();
    end(wire);
    assertEquals(resendsOf(first), [undefined, "idempotent", "idempotent"]);
    assertEquals(resendsOf(last), ["alone", "alone"]);
    assertEquals(unsent.resend, "always");
    assertMatch(last[0].outcome!, /^reset: the server (closed|reset) the connection \(alone\)$/);
    assertEquals([wire.told.at(-1), wire.isClosed], ["closed", true]);
  }
});

Deno.test("Http2Connection suspects the newest request when the last write was answered", () => {
  const wire = beginWire();
  const first = ask(wire, 3);
  ask(wire, 1);
  wire.receive(response(7));
  wire.lose();
  assertEquals(resendsOf(first), ["idempotent", "idempotent", "alone"]);
});

Deno.test("Http2Connection suspects nobody when the network fails", () => {
  const wire = beginWire();
  const exchanges = ask(wire, 2);
  wire.lose({ code: "ETIMEDOUT", message: "connection timed out" });
  assertEquals(resendsOf(exchanges), ["idempotent", "idempotent"]);
  assertEquals(exchanges[0].failure!.detail, "connection timed out");
});

Deno.test("Http2Connection suspects nobody when a connection that was idle is closed", () => {
  const wire = beginWire();
  ask(wire, 1);
  wire.receive(response(1));
  const exchanges = ask(wire, 2);
  wire.end();
  assertEquals(resendsOf(exchanges), ["idempotent", "idempotent"]);
});

Deno.test("Http2Connection suspects nobody after a GOAWAY without an error", () => {
  const wire = beginWire();
  const exchanges = ask(wire, 2);
  wire.receive(goAway(LAST_ID, CODE.noError));
  wire.end();
  assertEquals(resendsOf(exchanges), ["idempotent", "idempotent"]);
  assertMatch(exchanges[0].failure!.detail, /^the server closed the connection \(GOAWAY\)$/);
});

Deno.test("Http2Connection that is broken off sends no request that goes elsewhere", () => {
  const wire = beginWire();
  const [first] = ask(wire, 1);
  wire.take();
  let unsent: TestExchange | undefined;
  first.onEnd = () => unsent = wire.request({ method: "POST" });
  wire.receive(response(1) + frame(TYPE.pushPromise, 4, 1, "\0\0\0\x02"));
  assertEquals([first.outcome, unsent!.resend], ["200 2", "always"]);
  assertEquals(wire.takeNames(), ["goAway/0"]);
});

Deno.test("Http2Connection that got nothing fails requests for good", () => {
  const wire = new Http2Wire();
  const exchanges = ask(wire, 2);
  const unsent = wire.request();
  wire.end();
  assertEquals(resendsOf([...exchanges, unsent]), ["never", "never", "always"]);
  assertEquals(exchanges[0].failure!.detail, "the server closed the connection");
});

Deno.test("Http2Connection fails with 'tls' if its server refuses the certificate", () => {
  const wire = new Http2Wire();
  const [exchange] = ask(wire, 1);
  wire.lose({ isTls: true, message: "the server wants a client certificate (--cert)" });
  assertEquals(exchange.outcome, "tls: the server wants a client certificate (--cert) (never)");
});

Deno.test("Http2Connection cuts responses when it ends", () => {
  const wire = beginWire();
  const [one, two] = ask(wire, 2);
  wire.receive(headers(1, OK) + data(1, "abc") + headers(3, [...OK, ["content-length", "9"]]));
  wire.lose();
  assertEquals(
    one.outcome,
    "body: the server reset the connection before the end of the body (never)",
  );
  assertEquals([two.outcome, one.size], ["body: it ended after 0 of 9 bytes (never)", 3]);
});

Deno.test("Http2Connection tells its owner alone when the server ends it idle", () => {
  const wire = beginWire();
  wire.end();
  assertEquals([wire.told, wire.isClosed], [["room 1073741824", "closed"], true]);
  const other = beginWire();
  other.receive(goAway(LAST_ID, CODE.noError));
  assertEquals([other.told.slice(1), other.isClosed], [["ending", "closed"], true]);
});

for (
  const [name, code, outcome] of [
    ["REFUSED_STREAM", CODE.refusedStream, "refused the stream (REFUSED_STREAM) (always)"],
    ["CANCEL", CODE.cancel, "reset the stream (CANCEL) (never)"],
    ["NO_ERROR", CODE.noError, "reset the stream (NO_ERROR) (never)"],
    ["INTERNAL_ERROR", CODE.internalError, "reset the stream (INTERNAL_ERROR) (never)"],
    ["ENHANCE_YOUR_CALM", CODE.enhanceYourCalm, "reset the stream (ENHANCE_YOUR_CALM) (never)"],
    ["an unknown code", 99, "reset the stream (error code 99) (never)"],
    [
      "HTTP_1_1_REQUIRED",
      CODE.http11Required,
      "takes this request over HTTP/1.1 only: use --http1.1 (never)",
    ],
  ] as const
) {
  Deno.test(`Http2Connection fails a request whose stream is reset by ${name}, and no other`, () => {
    for (const piece of Object.values(PIECES)) {
      const wire = beginWire({}, piece);
      const [one, two] = ask(wire, 2);
      wire.receive(rstStream(1, code) + response(3));
      assertEquals(one.outcome, `protocol: the server ${outcome}`);
      assertEquals([two.outcome, one.ends], ["200 2", 1]);
      assertEquals([wire.connection.busy, wire.isClosed], [0, false]);
    }
  });
}

for (const [name, code] of [["NO_ERROR", CODE.noError], ["CANCEL", CODE.cancel]] as const) {
  Deno.test(`Http2Connection succeeds with ${name} behind the end of a response`, () => {
    const wire = beginWire();
    const [exchange] = ask(wire, 1);
    wire.receiveAll(response(1) + rstStream(1, code));
    assertEquals([exchange.outcome, exchange.ends, wire.isClosed], ["200 2", 1, false]);
  });

  Deno.test(`Http2Connection fails with 'body' for ${name} within a response`, () => {
    const wire = beginWire();
    const [one, two] = ask(wire, 2);
    wire.receive(headers(1, OK) + data(1, "abc") + rstStream(1, code));
    assertEquals(
      one.outcome,
      `body: the server reset the stream (${name}) before the end of the body (never)`,
    );
    wire.receive(headers(3, [...OK, ["content-length", "5"]]) + data(3, "ab"));
    wire.receive(rstStream(3, CODE.refusedStream));
    assertEquals(two.outcome, "body: it ended after 2 of 5 bytes (never)");
  });
}

Deno.test("Http2Connection tells each exchange once, whatever they do when they are told", () => {
  for (
    const end of [
      (wire: Http2Wire) => wire.lose(),
      (wire: Http2Wire) => wire.receive(goAway(0, CODE.noError)),
      (wire: Http2Wire) => wire.receive(settings().repeat(1_100)),
    ]
  ) {
    const wire = beginWire();
    const exchanges = ask(wire, 4);
    exchanges[0].onEnd = () => {
      wire.connection.abandon(exchanges[2], true);
      wire.connection.close();
    };
    end(wire);
    wire.end();
    // What was closed by its owner tells nobody.
    assert(exchanges.every(({ ends }) => ends <= 1));
    assertEquals([exchanges[0].ends, exchanges[2].ends], [1, 0]);
    assertEquals(wire.told.filter((told) => told === "closed").length, 1);
    assertEquals(wire.connection.room, 0);
  }
});
