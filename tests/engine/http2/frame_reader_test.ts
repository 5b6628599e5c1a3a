import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type FrameListener,
  FrameReader,
  MAX_BLOCK_BYTES,
  MAX_CONTINUATIONS,
  MAX_IDLE_FRAMES,
} from "../../../lib/engine/http2/frame_reader.ts";
import { ErrorCode, Http2Error } from "../../../lib/engine/http2/http2_error.ts";
import { Dice } from "../../fixtures/dice.ts";

/** Another one than usual, to look further: `MYRIAD_FUZZ_SEED=7 deno test …`. */
const SEED = Number(Deno.env.get("MYRIAD_FUZZ_SEED") ?? 20_261_129);

const END_STREAM = 0x1;
const ACK = 0x1;
const END_HEADERS = 0x4;
const PADDED = 0x8;
const PRIORITY = 0x20;

const TYPES = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
};

/** A frame by its parts, whatever they are. */
function frame(
  type: keyof typeof TYPES | number,
  flags: number,
  streamId: number,
  payload: readonly number[] | Uint8Array = [],
): number[] {
  const { length } = payload;
  return [
    ...[length >> 16, length >> 8 & 0xff, length & 0xff],
    typeof type === "number" ? type : TYPES[type],
    flags,
    ...uint32(streamId),
    ...payload,
  ];
}

function uint32(value: number): number[] {
  return [value >>> 24, value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff];
}

function text(characters: string): number[] {
  return Array.from(characters, (character) => character.charCodeAt(0));
}

const FIRST = frame("settings", 0, 0);

/** What a listener got, a line a call. Parts of DATA frames of a stream are put together. */
class Log implements FrameListener {
  readonly lines: unknown[][] = [];
  /** What is called after each call. */
  then: () => void = () => {};
  #data: unknown[] | undefined;

  onData(
    id: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    windowBytes: number,
    endsStream: boolean,
  ): void {
    assert(from <= to && to <= bytes.length && windowBytes >= to - from);
    const part = String.fromCharCode(...bytes.subarray(from, to));
    const last = this.#data;
    if (last !== undefined && last[1] === id && last.at(-1) === false) {
      last[2] += part;
      last[3] = last[3] as number + windowBytes;
      last[4] = endsStream;
      return;
    }
    this.#add("data", id, part, windowBytes, endsStream);
    this.#data = this.lines.at(-1);
  }

  onHeaders(id: number, block: Uint8Array, from: number, to: number, endsStream: boolean): void {
    this.#add("headers", id, String.fromCharCode(...block.subarray(from, to)), endsStream);
  }

  onReset(id: number, code: number): void {
    this.#add("reset", id, code);
  }

  onSettings(settings: unknown): void {
    this.#add("settings", settings);
  }

  onPing(data: Uint8Array): void {
    assertEquals(data.length, 8);
    this.#add("ping", [...data]);
  }

  onGoaway(lastStreamId: number, code: number, debug: string): void {
    this.#add("goaway", lastStreamId, code, debug);
  }

  onWindowUpdate(id: number, increment: number): void {
    this.#add("window", id, increment);
  }

  onStreamError(id: number, { code, scope, message }: Http2Error): void {
    assertEquals(scope, "stream");
    this.#add("error", id, code, message);
  }

  #add(...line: unknown[]): void {
    this.#data = undefined;
    this.lines.push(line);
    this.then();
  }
}

/** Feeds pieces as a connection does, each in one buffer whose other bytes are garbage. */
function feed(pieces: readonly (readonly number[])[]): unknown[][] {
  const log = new Log();
  const reader = new FrameReader(log);
  try {
    for (const piece of pieces) {
      const buffer = new Uint8Array(piece.length + 7).fill(0x55);
      buffer.set(piece, 3);
      reader.feed(buffer, 3, 3 + piece.length);
      buffer.fill(0xaa);
    }
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
    assertEquals(error.scope, "connection");
    log.lines.push(["broken", error.code, error.message]);
  }
  return log.lines;
}

/** Whole, in two at every place, and one byte at a time: always the same comes of it. */
function read(bytes: readonly number[]): unknown[][] {
  const whole = feed([bytes]);
  for (let k = 1; k < bytes.length; k += bytes.length > 2_000 ? 997 : 1) {
    assertEquals(feed([bytes.slice(0, k), bytes.slice(k)]), whole, `split at ${k}`);
  }
  assertEquals(feed(bytes.map((byte) => [byte])), whole, "one byte at a time");
  return whole;
}

/** Reads frames behind the first SETTINGS. */
function readFrames(...frames: number[][]): unknown[][] {
  const [first, ...lines] = read([...FIRST, ...frames.flat()]);
  assertEquals(first, ["settings", {}]);
  return lines;
}

const ONES = [1, 2, 3, 4, 5, 6, 7, 8];

for (
  const [name, frames, ...lines] of [
    ["DATA", [frame("data", 0, 1, text("abc"))], ["data", 1, "abc", 3, false]],
    ["DATA of no bytes", [frame("data", 0, 1)], ["data", 1, "", 0, false]],
    ["the last DATA", [frame("data", END_STREAM, 3, text("abc"))], ["data", 3, "abc", 3, true]],
    ["the last DATA of no bytes", [frame("data", END_STREAM, 3)], ["data", 3, "", 0, true]],
    [
      "DATA with padding, which counts for the windows",
      [frame("data", PADDED | END_STREAM, 1, [3, ...text("abc"), 0, 0, 0])],
      ["data", 1, "abc", 7, true],
    ],
    [
      "DATA with padding of no bytes, or any bytes",
      [frame("data", PADDED, 1, [0, ...text("abc")]), frame("data", PADDED, 3, [2, 9, 7])],
      ["data", 1, "abc", 4, false],
      ["data", 3, "", 3, false],
    ],
    [
      "DATA of several streams",
      [frame("data", 0, 1, [65]), frame("data", 0, 3, [66]), frame("data", END_STREAM, 1, [67])],
      ["data", 1, "A", 1, false],
      ["data", 3, "B", 1, false],
      ["data", 1, "C", 1, true],
    ],
    [
      "DATA of the maximum length",
      [frame("data", END_STREAM, 1, text("x".repeat(16_384)))],
      ["data", 1, "x".repeat(16_384), 16_384, true],
    ],
    [
      "unknown flags",
      [frame("data", 0xf6, 1, [65]), frame("headers", END_HEADERS | 0xd2, 1, [66])],
      ["data", 1, "A", 1, false],
      ["headers", 1, "B", false],
    ],
    [
      "the reserved bit of a stream's number",
      [frame("data", 0, 0x8000_0001, [65]), frame("ping", 0, 0x8000_0000, ONES)],
      ["data", 1, "A", 1, false],
      ["ping", ONES],
    ],
    [
      "HEADERS",
      [frame("headers", END_HEADERS, 1, text("abc"))],
      ["headers", 1, "abc", false],
    ],
    [
      "HEADERS of no bytes",
      [frame("headers", END_HEADERS | END_STREAM, 0x7fff_ffff)],
      ["headers", 0x7fff_ffff, "", true],
    ],
    [
      "HEADERS with padding and a priority",
      [
        frame("headers", END_HEADERS | PADDED, 1, [2, ...text("abc"), 0, 0]),
        frame("headers", END_HEADERS | PRIORITY, 3, [0, 0, 0, 3, 9, ...text("abc")]),
        frame("headers", END_HEADERS | PADDED | PRIORITY, 5, [2, 0, 0, 0, 3, 9, 65, 0, 0]),
        frame("headers", END_HEADERS | PADDED | PRIORITY, 7, [0, 0, 0, 0, 3, 9]),
      ],
      ["headers", 1, "abc", false],
      ["headers", 3, "abc", false],
      ["headers", 5, "A", false],
      ["headers", 7, "", false],
    ],
    [
      "HEADERS with CONTINUATION",
      [
        frame("headers", END_STREAM | PADDED, 1, [1, ...text("ab"), 0]),
        frame("continuation", 0, 1, text("cd")),
        frame("continuation", 0, 1),
        frame("continuation", END_HEADERS, 1, text("e")),
        frame("headers", END_HEADERS, 3, text("f")),
        frame("headers", 0, 5, text("g")),
        frame("continuation", END_HEADERS, 5, text("h")),
      ],
      ["headers", 1, "abcde", true],
      ["headers", 3, "f", false],
      ["headers", 5, "gh", false],
    ],
    ["RST_STREAM", [frame("rstStream", 0, 1, uint32(8))], ["reset", 1, 8]],
    ["unknown codes", [frame("rstStream", 0, 1, uint32(2 ** 32 - 1))], ["reset", 1, 2 ** 32 - 1]],
    [
      "SETTINGS",
      [
        frame("settings", 0, 0, [
          ...[0, 1, ...uint32(0)],
          ...[0, 2, ...uint32(0)],
          ...[0, 3, ...uint32(100)],
          ...[0, 4, ...uint32(2 ** 31 - 1)],
          ...[0, 5, ...uint32(2 ** 24 - 1)],
          ...[0, 6, ...uint32(2 ** 32 - 1)],
        ]),
      ],
      ["settings", {
        maxConcurrentStreams: 100,
        initialWindowSize: 2 ** 31 - 1,
        maxFrameSize: 2 ** 24 - 1,
        maxHeaderListSize: 2 ** 32 - 1,
      }],
    ],
    [
      "the last value of a setting, and no unknown one",
      [
        frame("settings", 0, 0, [
          ...[0, 3, ...uint32(1)],
          ...[0, 7, ...uint32(1)],
          ...[255, 3, ...uint32(1)],
          ...[0, 3, ...uint32(2)],
          ...[0, 5, ...uint32(16_384)],
        ]),
      ],
      ["settings", { maxConcurrentStreams: 2, maxFrameSize: 16_384 }],
    ],
    ["nothing of acknowledged SETTINGS", [frame("settings", ACK, 0)]],
    ["PING", [frame("ping", 0, 0, ONES)], ["ping", ONES]],
    ["no answer to a PING that was not sent", [frame("ping", ACK, 0, ONES)]],
    [
      "GOAWAY",
      [
        frame("goaway", 0, 0, [...uint32(2 ** 32 - 1), ...uint32(0)]),
        frame("goaway", 0, 0, [...uint32(7), ...uint32(11), ...text("too \xff")]),
        frame("goaway", 0, 0, [...uint32(7), ...uint32(11), ...text("x".repeat(1_000))]),
      ],
      ["goaway", 2 ** 31 - 1, 0, ""],
      ["goaway", 7, 11, "too \xff"],
      ["goaway", 7, 11, "x".repeat(200)],
    ],
    [
      "WINDOW_UPDATE, without the reserved bit",
      [frame("windowUpdate", 0, 0, uint32(1)), frame("windowUpdate", 0, 1, uint32(2 ** 32 - 1))],
      ["window", 0, 1],
      ["window", 1, 2 ** 31 - 1],
    ],
    [
      "WINDOW_UPDATE of 0 as an error of the stream",
      [frame("windowUpdate", 0, 1, uint32(2 ** 31)), frame("ping", 0, 0, ONES)],
      ["error", 1, ErrorCode.ProtocolError, "WINDOW_UPDATE of 0 bytes"],
      ["ping", ONES],
    ],
    ["nothing of PRIORITY", [frame("priority", 0, 2, [0, 0, 0, 1, 9])]],
    [
      "PRIORITY of another length as an error of the stream",
      [frame("priority", 0, 1, [0, 0, 0, 1]), frame("priority", 0, 3, [0, 0, 0, 1, 9, 9])],
      ["error", 1, ErrorCode.FrameSizeError, "PRIORITY of 4 bytes"],
      ["error", 3, ErrorCode.FrameSizeError, "PRIORITY of 6 bytes"],
    ],
    [
      "nothing of unknown types",
      [frame(10, 255, 0, ONES), frame(255, 255, 2, []), frame("ping", 0, 0, ONES)],
      ["ping", ONES],
    ],
  ] as [name: string, frames: number[][], ...lines: unknown[][]][]
) {
  Deno.test(`FrameReader.feed() reads ${name}`, () => {
    assertEquals(readFrames(...frames), lines);
  });
}

for (
  const [message, code, ...frames] of [
    [
      "a frame of 16385 bytes, more than 16384",
      ErrorCode.FrameSizeError,
      frame("data", 0, 1, ones(16_385)),
    ],
    [
      "a frame of 16385 bytes, more than 16384",
      ErrorCode.FrameSizeError,
      frame(99, 0, 1, ones(16_385)),
    ],
    ["DATA on stream 0", ErrorCode.ProtocolError, frame("data", 0, 0, [65])],
    ["DATA on stream 2 of the server", ErrorCode.ProtocolError, frame("data", 0, 2, [65])],
    ["DATA of 0 bytes", ErrorCode.FrameSizeError, frame("data", PADDED, 1)],
    [
      "DATA with more padding than there is room for",
      ErrorCode.ProtocolError,
      frame("data", PADDED, 1, [1]),
    ],
    [
      "DATA with more padding than there is room for",
      ErrorCode.ProtocolError,
      frame("data", PADDED, 1, [3, 65, 66]),
    ],
    ["HEADERS on stream 0", ErrorCode.ProtocolError, frame("headers", END_HEADERS, 0, [65])],
    [
      "HEADERS on stream 4 of the server",
      ErrorCode.ProtocolError,
      frame("headers", END_HEADERS, 4, [65]),
    ],
    ["HEADERS of 0 bytes", ErrorCode.FrameSizeError, frame("headers", END_HEADERS | PADDED, 1)],
    [
      "HEADERS of 4 bytes",
      ErrorCode.FrameSizeError,
      frame("headers", END_HEADERS | PRIORITY, 1, ones(4)),
    ],
    [
      "HEADERS of 5 bytes",
      ErrorCode.FrameSizeError,
      frame("headers", END_HEADERS | PRIORITY | PADDED, 1, ones(5)),
    ],
    [
      "HEADERS with more padding than there is room for",
      ErrorCode.ProtocolError,
      frame("headers", END_HEADERS | PADDED, 1, [3, 65, 66]),
    ],
    [
      "HEADERS with more padding than there is room for",
      ErrorCode.ProtocolError,
      frame("headers", END_HEADERS | PADDED | PRIORITY, 1, [2, 0, 0, 0, 3, 9, 65]),
    ],
    ["PRIORITY on stream 0", ErrorCode.ProtocolError, frame("priority", 0, 0, ones(5))],
    ["RST_STREAM on stream 0", ErrorCode.ProtocolError, frame("rstStream", 0, 0, ones(4))],
    [
      "RST_STREAM of 3 bytes instead of 4",
      ErrorCode.FrameSizeError,
      frame("rstStream", 0, 1, ones(3)),
    ],
    [
      "RST_STREAM of 5 bytes instead of 4",
      ErrorCode.FrameSizeError,
      frame("rstStream", 0, 1, ones(5)),
    ],
    ["SETTINGS on stream 1 instead of 0", ErrorCode.ProtocolError, frame("settings", 0, 1)],
    ["SETTINGS of 5 bytes", ErrorCode.FrameSizeError, frame("settings", 0, 0, ones(5))],
    ["SETTINGS of 7 bytes", ErrorCode.FrameSizeError, frame("settings", 0, 0, ones(7))],
    [
      "an acknowledgment of SETTINGS of 6 bytes instead of 0",
      ErrorCode.FrameSizeError,
      frame("settings", ACK, 0, ones(6)),
    ],
    [
      "SETTINGS_ENABLE_PUSH of 1",
      ErrorCode.ProtocolError,
      frame("settings", 0, 0, [0, 2, ...uint32(1)]),
    ],
    [
      "SETTINGS_ENABLE_PUSH of 2",
      ErrorCode.ProtocolError,
      frame("settings", 0, 0, [0, 2, ...uint32(2)]),
    ],
    [
      "SETTINGS_INITIAL_WINDOW_SIZE of 2147483648",
      ErrorCode.FlowControlError,
      frame("settings", 0, 0, [0, 4, ...uint32(2 ** 31)]),
    ],
    [
      "SETTINGS_MAX_FRAME_SIZE of 16383",
      ErrorCode.ProtocolError,
      frame("settings", 0, 0, [0, 5, ...uint32(16_383)]),
    ],
    [
      "SETTINGS_MAX_FRAME_SIZE of 16777216",
      ErrorCode.ProtocolError,
      frame("settings", 0, 0, [0, 5, ...uint32(2 ** 24)]),
    ],
    [
      "PUSH_PROMISE, which was not allowed",
      ErrorCode.ProtocolError,
      frame("pushPromise", END_HEADERS, 1, [0, 0, 0, 2]),
    ],
    ["PING on stream 1 instead of 0", ErrorCode.ProtocolError, frame("ping", 0, 1, ONES)],
    ["PING of 7 bytes instead of 8", ErrorCode.FrameSizeError, frame("ping", 0, 0, ones(7))],
    ["PING of 9 bytes instead of 8", ErrorCode.FrameSizeError, frame("ping", ACK, 0, ones(9))],
    ["GOAWAY on stream 1 instead of 0", ErrorCode.ProtocolError, frame("goaway", 0, 1, ONES)],
    ["GOAWAY of 7 bytes", ErrorCode.FrameSizeError, frame("goaway", 0, 0, ones(7))],
    ["WINDOW_UPDATE of 0 bytes", ErrorCode.ProtocolError, frame("windowUpdate", 0, 0, uint32(0))],
    [
      "WINDOW_UPDATE of 3 bytes instead of 4",
      ErrorCode.FrameSizeError,
      frame("windowUpdate", 0, 1, ones(3)),
    ],
    [
      "WINDOW_UPDATE of 5 bytes instead of 4",
      ErrorCode.FrameSizeError,
      frame("windowUpdate", 0, 0, ones(5)),
    ],
    [
      "WINDOW_UPDATE on stream 2 of the server",
      ErrorCode.ProtocolError,
      frame("windowUpdate", 0, 2, uint32(1)),
    ],
    [
      "CONTINUATION without HEADERS before it",
      ErrorCode.ProtocolError,
      frame("continuation", END_HEADERS, 1),
    ],
  ] as [message: string, code: ErrorCode, ...frames: number[][]][]
) {
  const [bytes] = frames;
  Deno.test(`FrameReader.feed() refuses ${message} (${bytes.slice(0, 9)})`, () => {
    assertEquals(readFrames(bytes), [["broken", code, message]]);
    // Right after its head: what is wrong with that needs no payload.
    const isOfHead = !/padding|SETTINGS_|WINDOW_UPDATE of 0/.test(message);
    if (isOfHead) assertEquals(readFrames(bytes.slice(0, 9)), [["broken", code, message]]);
  });
}

function ones(length: number): number[] {
  return new Array<number>(length).fill(1);
}

Deno.test("FrameReader.feed() refuses any other frame within a field block", () => {
  const interrupted = "a field block is interrupted by another frame";
  for (const type of Object.keys(TYPES) as (keyof typeof TYPES)[]) {
    // CONTINUATION is one of another stream.
    const lines = readFrames(frame("headers", 0, 1, [65]), frame(type, END_HEADERS, 3, ONES));
    assertEquals(lines, [["broken", ErrorCode.ProtocolError, interrupted]], type);
  }
  for (const other of [frame(77, 0, 1, ONES), frame("data", 0, 1), frame("settings", 0, 0)]) {
    const lines = readFrames(frame("headers", 0, 1), frame("continuation", 0, 1, [65]), other);
    assertEquals(lines, [["broken", ErrorCode.ProtocolError, interrupted]]);
  }
});

Deno.test("FrameReader.feed() refuses CONTINUATION behind the end of a field block", () => {
  const message = "CONTINUATION without HEADERS before it";
  const ended = [frame("headers", 0, 1, [65]), frame("continuation", END_HEADERS, 1, [66])];
  assertEquals(readFrames(...ended, frame("continuation", END_HEADERS, 1, [67])), [
    ["headers", 1, "AB", false],
    ["broken", ErrorCode.ProtocolError, message],
  ]);
});

Deno.test("FrameReader.feed() takes SETTINGS first, and nothing else", () => {
  const shown = (bytes: number[]): string => {
    const version = /^HTTP\/1\.[01] /.exec(String.fromCharCode(...bytes))?.[0].trim();
    if (version !== undefined) {
      return `the server answers with ${version}: use --http1.1 for this port`;
    }
    const characters = JSON.stringify(String.fromCharCode(...bytes.slice(0, 9)));
    return `the response begins with ${characters}, not with SETTINGS of HTTP/2`;
  };
  for (
    const first of [
      frame("settings", ACK, 0),
      frame("settings", 0, 1),
      frame("ping", 0, 0, ONES),
      frame("goaway", 0, 0, ONES),
      frame("headers", END_HEADERS, 1, [65]),
      frame("data", 0, 1, ones(20_000)),
      frame(99, 0, 0, []),
      text("HTTP/1.1 400 Bad Request\r\n\r\n"),
      text("HTTP/1.0 400 Bad Request\r\n\r\n"),
      text("HTTP/1.9 400 Bad Request\r\n\r\n"),
      text("SSH-2.0-OpenSSH_9.2\r\n"),
      [0x15, 3, 1, 0, 2, 2, 0x46, 9, 9],
    ]
  ) assertEquals(read(first), [["broken", ErrorCode.ProtocolError, shown(first)]]);
});

Deno.test("FrameReader.feed() ends endless field blocks", () => {
  const begin = frame("headers", 0, 1, ones(16_384));
  const more = frame("continuation", 0, 1, ones(16_384));
  const reader = (): FrameReader => {
    const it = new FrameReader(new Log());
    it.feed(Uint8Array.from([...FIRST, ...begin]), 0, FIRST.length + begin.length);
    return it;
  };
  const large = reader();
  const bytes = Uint8Array.from(more);
  for (let k = 1; k < MAX_BLOCK_BYTES / 16_384; k++) large.feed(bytes, 0, bytes.length);
  const error = assertThrows(() => large.feed(bytes, 0, bytes.length), Http2Error);
  assertEquals([error.code, error.scope], [ErrorCode.EnhanceYourCalm, "connection"]);
  assertEquals(error.message, `a field block of more than ${MAX_BLOCK_BYTES} bytes`);

  const many = reader();
  const empty = Uint8Array.from(frame("continuation", 0, 1));
  for (let k = 0; k < MAX_CONTINUATIONS; k++) many.feed(empty, 0, empty.length);
  const other = assertThrows(() => many.feed(empty, 0, empty.length), Http2Error);
  assertEquals([other.code, other.scope], [ErrorCode.EnhanceYourCalm, "connection"]);
  assertEquals(other.message, `more than ${MAX_CONTINUATIONS} CONTINUATION frames`);

  // As many in each block of several.
  const several = new FrameReader(new Log());
  several.feed(Uint8Array.from(FIRST), 0, FIRST.length);
  const block = Uint8Array.from([
    ...frame("headers", 0, 1),
    ...Array.from({ length: MAX_CONTINUATIONS - 1 }, () => frame("continuation", 0, 1)).flat(),
    ...frame("continuation", END_HEADERS, 1),
  ]);
  for (let k = 0; k < 3; k++) several.feed(block, 0, block.length);
});

for (
  const [name, flood] of [
    ["PING", frame("ping", 0, 0, ONES)],
    ["SETTINGS", frame("settings", 0, 0)],
    ["acknowledged SETTINGS", frame("settings", ACK, 0)],
    ["PRIORITY", frame("priority", 0, 3, ones(5))],
    ["frames of unknown types", frame(99, 0, 3, [])],
    ["DATA without a byte", frame("data", 0, 1)],
    ["DATA of padding", frame("data", PADDED, 1, [3, 0, 0, 0])],
  ] as const
) {
  Deno.test(`FrameReader.feed() ends floods of ${name}`, () => {
    const bytes = Uint8Array.from(flood);
    const log = new Log();
    const reader = new FrameReader(log);
    reader.feed(Uint8Array.from(FIRST), 0, FIRST.length);
    const feedMany = (count: number): void => {
      for (let k = 0; k < count; k++) reader.feed(bytes, 0, bytes.length);
    };
    const progress = [frame("data", 0, 1, [65]), frame("headers", END_HEADERS, 1)];
    for (const frame of progress) {
      feedMany(MAX_IDLE_FRAMES - 1);
      reader.feed(Uint8Array.from(frame), 0, frame.length);
    }
    feedMany(MAX_IDLE_FRAMES);
    const error = assertThrows(() => feedMany(1), Http2Error);
    assertEquals([error.code, error.scope], [ErrorCode.EnhanceYourCalm, "connection"]);
    assertEquals(error.message, `more than ${MAX_IDLE_FRAMES} frames without a response`);
  });
}

Deno.test("FrameReader.stop() ends all calls, also from within one", () => {
  const bytes = Uint8Array.from([...FIRST, ...frame("ping", 0, 0, ONES), ...FIRST]);
  for (let stopAt = 1; stopAt <= 3; stopAt++) {
    for (const step of [1, bytes.length]) {
      const log = new Log();
      const reader = new FrameReader(log);
      log.then = () => log.lines.length === stopAt && reader.stop();
      for (let k = 0; k < bytes.length; k += step) {
        reader.feed(bytes, k, Math.min(k + step, bytes.length));
      }
      assertEquals(log.lines.length, stopAt);
    }
  }
});

Deno.test("FrameReader.feed() passes on DATA from where it is", () => {
  const buffers = new Set<Uint8Array>();
  const log = new Log();
  log.onData = (_id, bytes) => buffers.add(bytes);
  log.onHeaders = (_id, bytes) => buffers.add(bytes);
  const reader = new FrameReader(log);
  const frames = [
    ...FIRST,
    ...frame("headers", END_HEADERS, 1, text("abc")),
    ...frame("data", 0, 1, ones(100)),
    ...frame("data", PADDED, 1, [9, ...ones(100)]),
  ];
  const buffer = Uint8Array.from(frames);
  reader.feed(buffer, 0, 80);
  reader.feed(buffer, 80, buffer.length);
  assertEquals([...buffers], [buffer]);
});

const VALID = [
  frame("data", 0, 1, text("abc")),
  frame("data", END_STREAM | PADDED, 1, [2, ...text("abc"), 0, 0]),
  frame("headers", END_HEADERS, 1, text("abc")),
  frame("headers", PADDED | PRIORITY, 3, [1, 0, 0, 0, 0, 9, 65, 0]),
  frame("continuation", END_HEADERS, 3, text("abc")),
  frame("priority", 0, 1, ones(5)),
  frame("rstStream", 0, 1, uint32(8)),
  frame("settings", 0, 0, [0, 3, ...uint32(9), 0, 4, ...uint32(99)]),
  frame("ping", 0, 0, ONES),
  frame("goaway", 0, 0, [...ONES, ...text("bye")]),
  frame("windowUpdate", 0, 1, uint32(99)),
  frame(99, 1, 2, ONES),
];

Deno.test("FrameReader.feed() reads mutated frames the same in any pieces, or refuses them", () => {
  const dice = new Dice(SEED);
  const counts = { broken: 0, whole: 0 };
  for (let k = 0; k < 3_000; k++) {
    const bytes = [...FIRST];
    for (let count = 1 + dice.below(8); count > 0; count--) bytes.push(...dice.of(VALID));
    for (let changes = dice.below(3); changes > 0; changes--) {
      const at = dice.below(bytes.length);
      if (dice.below(2) === 0) bytes[at] = dice.of([0, 1, 4, 5, 8, 9, 255, dice.below(256)]);
      else bytes.splice(at, dice.below(3), ...ones(dice.below(4)));
    }
    const whole = feed([bytes]);
    assertEquals(feed(bytes.map((byte) => [byte])), whole, `MYRIAD_FUZZ_SEED=${SEED}, ${k}`);
    const cut = dice.below(bytes.length);
    assertEquals(feed([bytes.slice(0, cut), bytes.slice(cut)]), whole, `${SEED}, ${k}, ${cut}`);
    counts[whole.at(-1)?.[0] === "broken" ? "broken" : "whole"]++;
  }
  assert(counts.broken > 300 && counts.whole > 300, JSON.stringify(counts));
});
