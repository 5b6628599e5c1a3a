import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseFields } from "../../../lib/engine/http1/fields.ts";
import { headEnd, parseHead, ProtocolError } from "../../../lib/engine/http1/head.ts";
import { ResponseReader } from "../../../lib/engine/http1/response.ts";
import { ok } from "../../fixtures/raw_server.ts";

/** Each character a byte. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What came of a response: its outcome, and what is behind it. */
interface Outcome {
  status?: number;
  persistent?: boolean;
  location?: string | null;
  size?: number;
  isDone?: boolean;
  /** Whether the connection may end here. */
  ends?: boolean;
  /** Bytes behind the response. */
  rest?: number;
  error?: true;
}

/** Feeds pieces as a connection does, each in one buffer whose other bytes are garbage. */
function read(pieces: Uint8Array[], isHeadRequest = false): Outcome {
  const reader = new ResponseReader();
  reader.begin(isHeadRequest);
  let rest = 0;
  try {
    for (const piece of pieces) {
      if (reader.isDone) {
        rest += piece.length;
        continue;
      }
      const buffer = new Uint8Array(piece.length + 8).fill(0x0a);
      buffer.set(piece);
      rest += piece.length - reader.feed(buffer, piece.length);
    }
  } catch (error) {
    assert(error instanceof ProtocolError, String(error));
    return { error: true };
  }
  const { head, size, isDone, endsWithConnection } = reader;
  return {
    status: head?.status,
    persistent: head?.persistent,
    location: head?.location,
    size,
    isDone,
    ends: endsWithConnection,
    rest,
  };
}

/** Whole, in two at every place, and one byte at a time: always the same comes of it. */
function readAllWays(text: string, isHeadRequest = false): Outcome {
  const bytes = bytesOf(text);
  const whole = read([bytes], isHeadRequest);
  for (let k = 1; k < bytes.length; k++) {
    const halves = read([bytes.subarray(0, k), bytes.subarray(k)], isHeadRequest);
    assertEquals(halves, whole, `split at ${k} of ${JSON.stringify(text)}`);
  }
  const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
  assertEquals(read(single, isHeadRequest), whole, `by bytes: ${JSON.stringify(text)}`);
  return whole;
}

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

for (
  const [text, expected] of Object.entries<Outcome>({
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc": {
      status: 200,
      size: 3,
      isDone: true,
      persistent: true,
      rest: 0,
    },
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcXY": { size: 3, isDone: true, rest: 2 },
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab": { size: 2, isDone: false, ends: false },
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n": { size: 0, isDone: true },
    "HTTP/1.1 200 OK\r\nContent-Length: 003\r\n\r\nabc": { size: 3, isDone: true },
    "HTTP/1.1 200 OK\r\ncontent-length:\t 3 \t\r\n\r\nabc": { size: 3, isDone: true },
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc": {
      size: 3,
      isDone: true,
    },
    "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n": { status: 200, isDone: true },
    "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n": { status: 200, isDone: true },
    "HTTP/1.1 299 \xe9\xff reason\r\nContent-Length: 0\r\n\r\n": { status: 299, isDone: true },
    "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n": { status: 999, isDone: true },
    "HTTP/1.1 200 OK\nContent-Length: 1\n\nx": { size: 1, isDone: true, rest: 0 },
    "HTTP/1.1 200 OK\r\nX:\r\nY: \r\nContent-Length: 0\r\n\r\n": { isDone: true },
    "HTTP/1.1 200 OK\r\n\r\nabc": { size: 3, isDone: false, ends: true, persistent: false },
    "HTTP/1.1 200 OK\r\n\r\n": { size: 0, isDone: false, ends: true },
    // No body, whatever the fields say.
    "HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\nabc": { size: 0, isDone: true, rest: 3 },
    "HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\nabc": { size: 0, isDone: true, rest: 3 },
    // Interim responses are skipped.
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx":
      { status: 200, size: 1, isDone: true },
    // Persistence.
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n": { persistent: false },
    "HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\nContent-Length: 0\r\n\r\n": {
      persistent: false,
    },
    "HTTP/1.1 200 OK\r\nConnection: foo\r\nConnection: close\r\nContent-Length: 0\r\n\r\n": {
      persistent: false,
    },
    "HTTP/1.1 200 OK\r\nConnection: closed\r\nContent-Length: 0\r\n\r\n": { persistent: true },
    "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n": { persistent: false },
    "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n": { persistent: true },
    "HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 0\r\n\r\n": {
      persistent: false,
    },
    // Both a coding and a length: decoded, and the connection never used again.
    "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n":
      { size: 1, isDone: true, persistent: false },
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": {
      isDone: true,
      persistent: false,
    },
    // Location.
    "HTTP/1.1 302 Found\r\nLocation: /a?b\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n": {
      location: "/a?b",
    },
    "HTTP/1.1 302 Found\r\nLOCATION: /\xe9\r\nContent-Length: 0\r\n\r\n": { location: "/\xe9" },
    "HTTP/1.1 200 OK\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n": { location: null },
    // Chunks.
    [`${CHUNKED}3\r\nabc\r\n0\r\n\r\n`]: { size: 3, isDone: true, persistent: true, rest: 0 },
    [`${CHUNKED}3\r\nabc\r\n0\r\n\r\nHTTP`]: { size: 3, isDone: true, rest: 4 },
    [`${CHUNKED}a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n`]: { size: 20, isDone: true },
    [`${CHUNKED}0003;a=b;c="d"\r\nabc\r\n000\r\n\r\n`]: { size: 3, isDone: true },
    [`${CHUNKED}3 ;x\r\nabc\r\n0\r\n\r\n`]: { size: 3, isDone: true },
    // White space behind a size is not an extension.
    [`${CHUNKED}3 \t \r\nabc\r\n0 \r\n\r\n`]: { size: 3, isDone: true, rest: 0 },
    [`${CHUNKED}3 \t ; x = "y z" ;w\r\nabc\r\n0\r\n\r\n`]: { size: 3, isDone: true },
    [`${CHUNKED}1\r\n\r\r\n1\r\n\n\r\n0\r\n\r\n`]: { size: 2, isDone: true },
    [`${CHUNKED}0\r\nX-Trailer: 1\r\nY: 2\r\n\r\n`]: { size: 0, isDone: true, rest: 0 },
    [`${CHUNKED}0\r\nX:\r\nY: \t\xe9 \r\n\r\n`]: { size: 0, isDone: true, rest: 0 },
    [`${CHUNKED}3\r\nab`]: { size: 2, isDone: false, ends: false },
    [`${CHUNKED}3\r\nabc\r\n0\r\n`]: { size: 3, isDone: false, ends: false },
    "HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED \r\n\r\n0\r\n\r\n": { isDone: true },
  })
) {
  Deno.test(`ResponseReader reads ${JSON.stringify(text).slice(0, 100)}`, () => {
    const outcome = readAllWays(text) as Record<string, unknown>;
    for (const [name, value] of Object.entries(expected)) assertEquals(outcome[name], value, name);
  });
}

Deno.test("ResponseReader expects no body after a HEAD", () => {
  for (const field of ["Content-Length: 99", "Transfer-Encoding: chunked", "X: y"]) {
    const outcome = readAllWays(`HTTP/1.1 200 OK\r\n${field}\r\n\r\n`, true);
    assertEquals([outcome.isDone, outcome.size, outcome.persistent], [true, 0, true]);
  }
});

for (
  const text of [
    // The status line.
    "HTTP/1.2 200 OK\r\n\r\n",
    "HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/1.10 200 OK\r\n\r\n",
    "http/1.1 200 OK\r\n\r\n",
    " HTTP/1.1 200 OK\r\n\r\n",
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1\t200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 099 OK\r\n\r\n",
    "HTTP/1.1 +20 OK\r\n\r\n",
    "HTTP/1.1 2x0 OK\r\n\r\n",
    "HTTP/1.1 200OK\r\n\r\n",
    "HTTP/1.1 200\tOK\r\n\r\n",
    "HTTP/1.1 200 O\0K\r\n\r\n",
    "HTTP/1.1 200 O\rK\r\n\r\n",
    "ICY 200 OK\r\n\r\n",
    "HTTP\r\n\r\n",
    "\n\n",
    "SSH-2.0-OpenSSH_9\r\n\r\n",
    // What no status line begins with is refused before the head has ended.
    ...["S", "SSH-2.0-OpenSSH_9\r\n", "220 mail.example ESMTP\r\n", "\x15\x03\x01\0\x02\x02\x46"],
    ...[
      "\r",
      "\n",
      "\0",
      "\xff",
      "h",
      "HTTP/1.1\r",
      "HTTP/2",
      "HTTP/1.2",
      "HTTP/1.1\t",
      "HTTP/1.1  ",
    ],
    ...[
      "HTTP/1.1 0",
      "HTTP/1.1 2x",
      "HTTP/1.1 20\r",
      "HTTP/1.1 200\t",
      "HTTP/1.1 2000",
      "HTTP/1.0x",
    ],
    "HTTP/1.1 100 Continue\r\n\r\nS",
    // Fields.
    "HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\n Content-Length: 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\r\n\tb\r\n\r\n",
    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX\xe9: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\r\r\n\r\n",
    // CR without LF, wherever in a line it is.
    "HTTP/1.1 200 OK\r\n\rX: y\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\n\rX: y\nContent-Length: 5\n\nhello",
    "HTTP/1.1 200 OK\r\nX: y\r\n\rConnection: close\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX\r: y\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX:\ry\r\n\r\n",
    "HTTP/1.1 200 OK\r\r\n\r\n",
    "HTTP/1.1 200\rX: y\r\n\r\n",
    "HTTP/1.1 103 X\r\n\rX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\0: y\r\n\r\n",
    // Lengths.
    "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 3.0\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 3e0\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 0x3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 3 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 3,3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: \xa03\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: \xb3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 9007199254740993\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551619\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    // Codings.
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chun\xebed\r\n\r\n0\r\n\r\n",
    // Chunks.
    `${CHUNKED}\r\n`,
    `${CHUNKED} 3\r\nabc\r\n0\r\n\r\n`,
    `${CHUNKED}g\r\n`,
    `${CHUNKED}0x3\r\nabc\r\n0\r\n\r\n`,
    `${CHUNKED}+3\r\nabc\r\n0\r\n\r\n`,
    `${CHUNKED}-3\r\n`,
    `${CHUNKED}3\nabc\r\n0\r\n\r\n`,
    `${CHUNKED}3\r\nabcd\r\n0\r\n\r\n`,
    `${CHUNKED}3\r\nabc\n0\r\n\r\n`,
    `${CHUNKED}3\r\nabc0\r\n\r\n`,
    `${CHUNKED}3\rabc\r\n0\r\n\r\n`,
    `${CHUNKED}3;a\nb\r\nabc\r\n0\r\n\r\n`,
    `${CHUNKED}ffffffffffffffff\r\n`,
    `${CHUNKED}00000000000000003\r\n`,
    `${CHUNKED}5 5\r\nhello\r\n0\r\n\r\n`,
    `${CHUNKED}5\t5\r\nhello\r\n0\r\n\r\n`,
    `${CHUNKED}5 x\r\nhello\r\n0\r\n\r\n`,
    `${CHUNKED}5 =x\r\nhello\r\n0\r\n\r\n`,
    `${CHUNKED}5 \nhello\r\n0\r\n\r\n`,
    `${CHUNKED}5 \rhello\r\n0\r\n\r\n`,
    `${CHUNKED}5;a\rb\r\nhello\r\n0\r\n\r\n`,
    `${CHUNKED}5;a\0b\r\nhello\r\n0\r\n\r\n`,
    `${CHUNKED}5\r\rhello\r\n0\r\n\r\n`,
    `${CHUNKED}0\r\nX: y\n\r\n`,
    `${CHUNKED}0\r\nX: y\rZ: w\r\n\r\n`,
    `${CHUNKED}0\r\n\rX: y\r\n\r\n`,
    `${CHUNKED}0\r\nX: y\0\r\n\r\n`,
    `${CHUNKED}0\r\nX : y\r\n\r\n`,
    `${CHUNKED}0\r\n X: y\r\n\r\n`,
    `${CHUNKED}0\r\nX: y\r\n z\r\n\r\n`,
    `${CHUNKED}0\r\nno colon\r\n\r\n`,
    `${CHUNKED}0\r\n: y\r\n\r\n`,
    `${CHUNKED}0\r\nX\xe9: y\r\n\r\n`,
    `${CHUNKED}0\r\n\n`,
    // An unasked upgrade.
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
  ]
) {
  Deno.test(`ResponseReader rejects ${JSON.stringify(text).slice(0, 100)}`, () => {
    assertEquals(readAllWays(text), { error: true });
  });
}

Deno.test("ResponseReader bounds heads, fields, interim responses, extensions and trailers", () => {
  const feed = (text: string): Outcome => read([bytesOf(text)]);
  const head = "HTTP/1.1 200 OK\r\n";
  const filled = (length: number): string =>
    `${head}X: ${"a".repeat(length - head.length - "X: \r\n\r\n".length)}\r\n\r\n`;
  assertEquals(feed(filled(64 * 1024)).status, 200);
  assertEquals(feed(filled(64 * 1024 + 1)), { error: true });
  // Without an end in sight, too.
  assertEquals(feed(head + "X: " + "a".repeat(64 * 1024)), { error: true });
  assertEquals(feed(`${head}${"X: y\r\n".repeat(256)}\r\n`).status, 200);
  assertEquals(feed(`${head}${"X: y\r\n".repeat(257)}\r\n`), { error: true });
  const interim = "HTTP/1.1 100 Continue\r\n\r\n";
  assertEquals(feed(`${interim.repeat(16)}${head}\r\n`).status, 200);
  assertEquals(feed(`${interim.repeat(17)}${head}\r\n`), { error: true });
  assertEquals(feed(`${CHUNKED}1;${"x".repeat(16 * 1024 - 2)}\r\na\r\n0\r\n\r\n`).isDone, true);
  assertEquals(feed(`${CHUNKED}1;${"x".repeat(16 * 1024)}\r\na\r\n0\r\n\r\n`), { error: true });
  assertEquals(feed(`${CHUNKED}0\r\nX: ${"x".repeat(16 * 1024)}\r\n\r\n`), { error: true });
  // White space behind sizes is bounded for each, and together it is not.
  const padded = (length: number): string => `1${" ".repeat(length)}\r\na\r\n`;
  assertEquals(feed(`${CHUNKED}${padded(256).repeat(1_000)}0\r\n\r\n`).size, 1_000);
  assertEquals(feed(`${CHUNKED}${padded(257)}0\r\n\r\n`), { error: true });
  // Many chunks are no extensions.
  assertEquals(feed(`${CHUNKED}${"1\r\na\r\n".repeat(50_000)}0\r\n\r\n`).size, 50_000);
});

/** Seeded: always the same numbers, from 0 and below a limit. */
function seeded(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 >>> 0;
    return state % below;
  };
}

const SPICE = bytesOf("\r\n\0 :;\t0a9+-,\xa0\xffHTTP");

/** Changes a byte, takes some out, or puts one in; one time to four. */
function mutate(valid: Uint8Array, random: (below: number) => number): Uint8Array {
  const bytes = [...valid];
  for (let change = random(4); change >= 0; change--) {
    const place = random(bytes.length);
    const kind = random(3);
    if (kind === 0) bytes[place] = SPICE[random(SPICE.length)];
    else if (kind === 1) bytes.splice(place, 1 + random(3));
    else bytes.splice(place, 0, SPICE[random(SPICE.length)]);
  }
  return Uint8Array.from(bytes);
}

Deno.test("ResponseReader gives the same outcome for mutated responses in any pieces", () => {
  const random = seeded();
  const seeds = [
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
    `${CHUNKED}3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n`,
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 302 Found\r\nLocation: /x\r\nContent-Length: 1\r\n\r\nz",
  ].map(bytesOf);
  for (let round = 0; round < 3_000; round++) {
    const text = mutate(seeds[random(seeds.length)], random);
    const whole = read([text]);
    const pieces: Uint8Array[] = [];
    for (let k = 0; k < text.length;) {
      const next = k + 1 + random(9);
      pieces.push(text.subarray(k, next));
      k = next;
    }
    assertEquals(read(pieces), whole, JSON.stringify(String.fromCharCode(...text)));
    if (whole.error) continue;
    // It never takes what is not there, nor leaves what is.
    assert(whole.rest! >= 0 && whole.rest! + whole.size! <= text.length);
  }
});

Deno.test("parseHead() and parseFields() see the same fields in every accepted head", () => {
  const random = seeded();
  const seeds = [
    "HTTP/1.1 302 Found\r\nLocation: /x\r\nSet-Cookie: a=b\r\nConnection: close\r\nContent-Length: 3\r\n\r\n",
    "HTTP/1.1 429 X\nRetry-After: 5\nX:\nConnection: a, close\nset-cookie: c\n\n",
    "HTTP/1.1 503 X\r\n\rX: y\r\nConnection: close\r\nRetry-After: 1\r\nRetry-After: 2\r\n\r\n",
  ].map(bytesOf);
  let taken = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = mutate(seeds[random(seeds.length)], random);
    const end = headEnd(bytes, 0, bytes.length);
    if (end < 0) continue;
    let head;
    try {
      head = parseHead(bytes, 0, end, false);
    } catch (error) {
      assert(error instanceof ProtocolError, String(error));
      continue;
    }
    taken++;
    const text = String.fromCharCode(...bytes.subarray(0, end));
    const message = JSON.stringify(text);
    // A third reading, as simple as can be.
    const fields = text.split("\n").slice(1, -2).map((line) =>
      /^(.*?):[ \t]*(.*?)[ \t]*\r?$/.exec(line)!
    );
    const of = (name: string): string[] =>
      fields.filter((field) => field[1].toLowerCase() === name).map((field) => field[2]);
    for (const [, name] of fields) {
      const lower = name.toLowerCase();
      assertEquals(parseFields(bytes.subarray(0, end), lower), of(lower), message);
    }
    const { status, location, retryAfter, length, persistent } = head;
    const isPointing = status === 201 || (status >= 300 && status < 400);
    assertEquals(location, isPointing ? of("location")[0] ?? null : null, message);
    const waits = status === 429 || status === 503 ? of("retry-after") : [];
    assertEquals(retryAfter, waits.length > 0 ? waits.join(", ") : null, message);
    if (head.framing === "length") {
      assertEquals(String(length), String(Number(of("content-length")[0])));
    }
    if (of("connection").some((value) => /(^|,)[ \t]*close[ \t]*(,|$)/i.test(value))) {
      assertEquals(persistent, false, message);
    }
  }
  // So many that most of what can be changed was.
  assert(taken > 2_000, `${taken} heads`);
});

Deno.test("ResponseReader.feed() hands out the same bytes for any pieces of a response", () => {
  const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(text, (character) => character.charCodeAt(0));
  for (
    const [response, expected] of [
      ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nabcde", "abcde"],
      [`${CHUNKED}3;a=b\r\nabc\r\n0a\r\n0123456789\r\n0\r\nT: x\r\n\r\n`, "abc0123456789"],
      ["HTTP/1.1 200 OK\r\n\r\nabc", "abc"],
      [`HTTP/1.1 100 X\r\nX: no\r\n\r\n${ok("ab", "X: y\r\n")}`, "ab"],
    ]
  ) {
    const bytes = bytesOf(response);
    const splits = [Array.from(bytes, (byte) => Uint8Array.of(byte))];
    for (let k = 0; k < bytes.length; k++) {
      splits.push([bytes.subarray(0, k), bytes.subarray(k)].filter(({ length }) => length > 0));
    }
    for (const pieces of splits) {
      const reader = new ResponseReader();
      let text = "";
      const heads: string[] = [];
      reader.begin(false, {
        onFields: (_head, bytes) => {
          heads.push(String.fromCharCode(...bytes));
          return { write: (bytes) => text += String.fromCharCode(...bytes) };
        },
      });
      for (const piece of pieces) {
        // In a buffer whose other bytes are garbage, as a connection's.
        const buffer = new Uint8Array(piece.length + 8).fill(0x21);
        buffer.set(piece);
        reader.feed(buffer, piece.length);
      }
      assertEquals(text, expected);
      assertEquals(heads.length, 1);
      assertMatch(heads[0], /^HTTP\/1.1 200 OK\r\n(.+\r\n)*\r\n$/);
    }
  }
});
