import { assertEquals } from "@std/assert";
import { FrameWriter } from "../../../lib/engine/http2/frame_writer.ts";
import { Setting } from "../../../lib/engine/http2/frames.ts";
import { ErrorCode } from "../../../lib/engine/http2/http2_error.ts";

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function write(frames: (writer: FrameWriter) => void): string {
  const writer = new FrameWriter();
  frames(writer);
  return toHex(writer.buffer.view());
}

/** The frames in a buffer: type, flags, stream and payload. */
function split(bytes: Uint8Array): [type: number, flags: number, stream: number, Uint8Array][] {
  const frames: [number, number, number, Uint8Array][] = [];
  for (let k = 0; k < bytes.length;) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + k);
    const length = view.getUint32(0) >>> 8;
    k += 9 + length;
    frames.push([
      view.getUint8(3),
      view.getUint8(4),
      view.getUint32(5),
      bytes.slice(k - length, k),
    ]);
  }
  return frames;
}

for (
  const [name, hex, frames] of [
    [
      "the preface and SETTINGS",
      "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a" +
      "00000c0400000000000002000000000006ffffffff",
      (writer) =>
        writer.writePreface([[Setting.EnablePush, 0], [Setting.MaxHeaderListSize, 2 ** 32 - 1]]),
    ],
    ["an acknowledgment of SETTINGS", "000000040100000000", (writer) => writer.writeSettingsAck()],
    [
      "the answer to a PING",
      "0000080601000000000102030405060708",
      (writer) => writer.writePingAck(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)),
    ],
    [
      "HEADERS",
      "000002010500000001abcd",
      (writer) => {
        writer.beginHeaders(1, true);
        writer.buffer.append(Uint8Array.of(0xab, 0xcd));
        writer.endHeaders();
      },
    ],
    [
      "HEADERS before a body",
      "00000101047fffffffab",
      (writer) => {
        writer.beginHeaders(2 ** 31 - 1, false);
        writer.buffer.append(Uint8Array.of(0xab));
        writer.endHeaders();
      },
    ],
    ["DATA", "000002000000000003abcd", (w) => w.writeData(3, Uint8Array.of(0xab, 0xcd), false)],
    [
      "the last DATA",
      "000001000100000003ab",
      (writer) => writer.writeData(3, Uint8Array.of(0xab), true),
    ],
    [
      "DATA of no bytes",
      "000000000100000003",
      (writer) => writer.writeData(3, new Uint8Array(0), true),
    ],
    [
      "WINDOW_UPDATE",
      "0000040800000000007fffffff000004080000010203" + "00000001",
      (writer) => {
        writer.writeWindowUpdate(0, 2 ** 31 - 1);
        writer.writeWindowUpdate(0x010203, 1);
      },
    ],
    [
      "RST_STREAM",
      "00000403000000000500000008",
      (writer) => writer.writeReset(5, ErrorCode.Cancel),
    ],
    [
      "GOAWAY",
      "0000080700000000000000000000000009",
      (writer) => writer.writeGoaway(ErrorCode.CompressionError),
    ],
  ] as [name: string, hex: string, frames: (writer: FrameWriter) => void][]
) {
  Deno.test(`FrameWriter writes ${name}`, () => assertEquals(write(frames), hex));
}

/** Bytes that differ. */
function makeBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, k) => k * 31 + (k >> 8));
}

Deno.test("FrameWriter.endHeaders() continues what is too long for a frame", () => {
  for (const length of [0, 99, 100, 101, 199, 200, 201, 1_000, 1_001]) {
    const writer = new FrameWriter();
    writer.maxFrameBytes = 100;
    writer.writeSettingsAck();
    writer.beginHeaders(7, true);
    const block = makeBytes(length);
    writer.buffer.append(block);
    writer.endHeaders();
    writer.writeSettingsAck();
    const frames = split(writer.buffer.view());
    assertEquals(frames.shift(), frames.at(-1));
    frames.pop();
    assertEquals(frames.map(([type]) => type), [1, ...frames.slice(1).map(() => 9)]);
    const last = frames.length - 1;
    assertEquals(
      frames.map(([, flags]) => flags),
      frames.map((_, k) => (k === 0 ? 0x1 : 0) | (k === last ? 0x4 : 0)),
    );
    assertEquals(frames.map(([, , stream]) => stream), frames.map(() => 7));
    assertEquals(frames.map(([, , , { length }]) => length).slice(0, -1), Array(last).fill(100));
    assertEquals(Uint8Array.from(frames.flatMap(([, , , payload]) => [...payload])), block);
    assertEquals(frames.length, Math.max(1, Math.ceil(length / 100)));
  }
});

Deno.test("FrameWriter.writeData() writes frames that are not too long", () => {
  for (const length of [99, 100, 101, 200, 1_001]) {
    const writer = new FrameWriter();
    writer.maxFrameBytes = 100;
    const bytes = makeBytes(length);
    writer.writeData(9, bytes, false);
    writer.writeData(9, bytes, true);
    const frames = split(writer.buffer.view());
    const count = Math.ceil(length / 100);
    assertEquals(frames.length, 2 * count);
    assertEquals(frames.map(([, flags]) => flags), [...Array(2 * count - 1).fill(0), 1]);
    const written = frames.slice(count).flatMap(([, , , payload]) => [...payload]);
    assertEquals(Uint8Array.from(written), bytes);
  }
});

Deno.test("FrameWriter.clear() keeps its buffer, except one that has grown large", () => {
  const writer = new FrameWriter();
  writer.writeSettingsAck();
  const { bytes } = writer.buffer;
  for (let k = 0; k < 10; k++) {
    writer.clear();
    writer.writeData(1, new Uint8Array(1_000), false);
  }
  assertEquals([writer.buffer.bytes === bytes, writer.buffer.length], [true, 1_009]);
  writer.writeData(1, new Uint8Array(1_000_000), false);
  writer.clear();
  assertEquals([writer.buffer.bytes.length, writer.buffer.length], [0, 0]);
  writer.writeSettingsAck();
  assertEquals(toHex(writer.buffer.view()), "000000040100000000");
});
