import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ByteBuffer } from "../../../lib/byte_buffer.ts";
import {
  HpackDecoder,
  MAX_HEADER_FIELDS,
  MAX_HEADER_LIST_BYTES,
} from "../../../lib/engine/http2/hpack_decoder.ts";
import { appendField, appendString } from "../../../lib/engine/http2/hpack_encoder.ts";
import type { HeaderField } from "../../../lib/engine/http2/hpack_table.ts";
import { ErrorCode, Http2Error } from "../../../lib/engine/http2/http2_error.ts";
import { Dice } from "../../fixtures/dice.ts";
import { type Field, type Outcome, PlainHpack } from "../../fixtures/plain_hpack.ts";

/** Another one than usual, to look further: `MYRIAD_FUZZ_SEED=7 deno test …`. */
const SEED = Number(Deno.env.get("MYRIAD_FUZZ_SEED") ?? 20_261_128);

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (byte) => parseInt(byte, 16));
}

/** Reads a block within other bytes, which do not count. */
function read(decoder: HpackDecoder, block: Uint8Array): readonly HeaderField[] {
  const buffer = new Uint8Array(block.length + 10).fill(0x82);
  buffer.set(block, 5);
  return decoder.decode(buffer, 5, 5 + block.length);
}

function toLines(fields: readonly HeaderField[]): string[] {
  return fields.map(({ name, value }) => `${name}: ${value}`);
}

/** The entries of the dynamic table, the newest first. */
function listTable(decoder: HpackDecoder): string[] {
  const lines: string[] = [];
  try {
    for (let index = 62; index < 62 + 128; index++) {
      const block = index < 127 ? [0x80 | index] : [0xff, index - 127];
      lines.push(...toLines(decoder.decode(Uint8Array.from(block), 0, block.length)));
    }
  } catch (error) {
    assert(error instanceof Http2Error);
  }
  return lines;
}

/** What came of a block, as {@linkcode PlainHpack} says it. */
function decode(decoder: HpackDecoder, block: Uint8Array): Outcome {
  try {
    return read(decoder, block).map(({ name, value }): Field => [name, value]);
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
    if (error.scope === "stream") {
      assertEquals(error.code, ErrorCode.EnhanceYourCalm);
      return "too large";
    }
    assertEquals(error.code, ErrorCode.CompressionError);
    return "broken";
  }
}

/** Holds that a block is wrong, for a reason. */
function assertBroken(hex: string, message: string, before = ""): void {
  const decoder = new HpackDecoder();
  read(decoder, fromHex(before));
  const error = assertThrows(() => read(decoder, fromHex(hex)), Http2Error, message);
  assertEquals([error.code, error.scope], [ErrorCode.CompressionError, "connection"], hex);
}

const GET = [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
const DATE = "date: Mon, 21 Oct 2013 20:13:21 GMT";
const COOKIE = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const LOCATION = "location: https://www.example.com";
const REDIRECT = ["cache-control: private", DATE, LOCATION];
const LATER = DATE.replace("21 GMT", "22 GMT");

/** RFC 7541 appendix C: blocks of one connection, their fields, and the table after each. */
const EXAMPLES: Record<string, [hex: string, fields: string[], table: string[]][]> = {
  "C.2.1": [[
    "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
    ["custom-key: custom-header"],
    ["custom-key: custom-header"],
  ]],
  "C.2.2": [["040c 2f73 616d 706c 652f 7061 7468", [":path: /sample/path"], []]],
  "C.2.3": [["1008 7061 7373 776f 7264 0673 6563 7265 74", ["password: secret"], []]],
  "C.2.4": [["82", [":method: GET"], []]],
  "C.3": [
    ["8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", GET, [GET[3]]],
    [
      "8286 84be 5808 6e6f 2d63 6163 6865",
      [...GET, "cache-control: no-cache"],
      ["cache-control: no-cache", GET[3]],
    ],
    [
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      [GET[0], ":scheme: https", ":path: /index.html", GET[3], "custom-key: custom-value"],
      ["custom-key: custom-value", "cache-control: no-cache", GET[3]],
    ],
  ],
  "C.4": [
    ["8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", GET, [GET[3]]],
    [
      "8286 84be 5886 a8eb 1064 9cbf",
      [...GET, "cache-control: no-cache"],
      ["cache-control: no-cache", GET[3]],
    ],
    [
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      [GET[0], ":scheme: https", ":path: /index.html", GET[3], "custom-key: custom-value"],
      ["custom-key: custom-value", "cache-control: no-cache", GET[3]],
    ],
  ],
  // The table of these has 256 bytes: the first block announces it.
  "C.5": [
    ["3fe1 01", [], []],
    [
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
       2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
       6c65 2e63 6f6d`,
      [":status: 302", ...REDIRECT],
      [LOCATION, DATE, "cache-control: private", ":status: 302"],
    ],
    [
      "4803 3330 37c1 c0bf",
      [":status: 307", ...REDIRECT],
      [":status: 307", LOCATION, DATE, "cache-control: private"],
    ],
    [
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
       54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
       5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
       3d31`,
      [":status: 200", REDIRECT[0], LATER, LOCATION, "content-encoding: gzip", COOKIE],
      [COOKIE, "content-encoding: gzip", LATER],
    ],
  ],
  "C.6": [
    ["3fe1 01", [], []],
    [
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
       2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      [":status: 302", ...REDIRECT],
      [LOCATION, DATE, "cache-control: private", ":status: 302"],
    ],
    [
      "4883 640e ffc1 c0bf",
      [":status: 307", ...REDIRECT],
      [":status: 307", LOCATION, DATE, "cache-control: private"],
    ],
    [
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
       77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
       9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      [":status: 200", REDIRECT[0], LATER, LOCATION, "content-encoding: gzip", COOKIE],
      [COOKIE, "content-encoding: gzip", LATER],
    ],
  ],
};

for (const [section, blocks] of Object.entries(EXAMPLES)) {
  Deno.test(`HpackDecoder.decode() reads the example ${section} of RFC 7541`, () => {
    const decoder = new HpackDecoder();
    for (const [hex, fields, table] of blocks) {
      assertEquals(toLines(read(decoder, fromHex(hex))), fields);
      assertEquals(listTable(decoder), table);
    }
  });

  Deno.test(`HpackDecoder.decode() refuses the example ${section} of RFC 7541 cut within a field`, () => {
    for (const [k, [hex, fields]] of blocks.entries()) {
      const block = fromHex(hex);
      for (let length = 0; length < block.length; length++) {
        const decoder = new HpackDecoder();
        for (const [before] of blocks.slice(0, k)) read(decoder, fromHex(before));
        const outcome = decode(decoder, block.subarray(0, length));
        if (outcome === "broken") continue;
        // Between two fields.
        if (outcome === "too large") throw new Error(outcome);
        const lines = outcome.map(([name, value]) => `${name}: ${value}`);
        assertEquals(lines, fields.slice(0, outcome.length));
        assert(outcome.length < fields.length || length === 0);
      }
    }
  });
}

Deno.test("HpackDecoder.decode() reads integers of up to four bytes behind the prefix", () => {
  // RFC 7541 C.1: 10 and 1337 in 5 bits.
  const decoder = new HpackDecoder();
  for (const hex of ["2a", "3f9a0a", "3f9a8a00", "3fe11f", "3fe19f8000"]) {
    assertEquals(read(decoder, fromHex(hex)), []);
  }
  assertBroken("3fe19f808000", "an integer that is too large");
  assertBroken("3fffffffffff0f", "an integer that is too large");
  assertBroken("ffffffffffffffffffff7f", "an integer that is too large");
  assertBroken("7fffffffffffffff", "an integer that is too large");
  assertBroken("007fffffffff7f", "an integer that is too large");
  assertBroken("3f", "a field block that ends within a field");
  assertBroken("3f80", "a field block that ends within a field");
});

Deno.test("HpackDecoder.decode() refuses indexes without a field", () => {
  assertBroken("80", "index 0 without a field");
  assertBroken("be", "index 62 without a field");
  assertBroken("ffffffff7f", "without a field");
  // As the names of literals, of which 0 is another name.
  assertBroken("7e0161", "index 62 without a field");
  assertBroken("0f2f0161", "index 62 without a field");
  assertBroken("1f2f0161", "index 62 without a field");
  assertBroken("bf", "index 63 without a field", "4001610162");
});

Deno.test("HpackDecoder.decode() takes a size update at the start of a block only", () => {
  assertBroken("8820", "a size update that is not at the start of a field block");
  assertBroken("20400161016220", "a size update that is not at the start of a field block");
  assertBroken("202020", "a size update that is not at the start of a field block");
  assertBroken("3fe21f", "a table of 4097 bytes, more than 4096");
  const decoder = new HpackDecoder();
  read(decoder, fromHex("40016101624001630164"));
  // Emptied, and then as large as before.
  assertEquals(toLines(read(decoder, fromHex("203fe11f4001650166"))), ["e: f"]);
  assertEquals(listTable(decoder), ["e: f"]);
  assertEquals(toLines(read(decoder, fromHex("204001650166"))), ["e: f"]);
  assertEquals(listTable(decoder), []);
});

Deno.test("HpackDecoder.decode() refuses strings that are not whole, or not encoded well", () => {
  assertBroken("000361", "a field block that ends within a field");
  assertBroken("00016102", "a field block that ends within a field");
  assertBroken("0001617fffffff7f", "a field block that ends within a field");
  assertBroken("00", "a field block that ends within a field");
  for (const wrong of ["81ff", "8100", "84ffffffff", "82ffff"]) {
    assertBroken(`000161${wrong}`, "is not Huffman");
    assertBroken(`00${wrong}0161`, "is not Huffman");
  }
  // Twice, since what comes twice is kept.
  const decoder = new HpackDecoder();
  for (let k = 0; k < 3; k++) {
    assertThrows(() => read(decoder, fromHex("00016181ff")), Http2Error, "is not Huffman");
  }
});

Deno.test("HpackDecoder.decode() gives each byte as one character", () => {
  for (const length of [1, 32, 33, 64, 65, 256, 5_000, 20_000]) {
    const text = Array.from({ length }, (_, k) => String.fromCharCode((k * 7 + length) % 256));
    for (const value of [text.join(""), "a".repeat(length)]) {
      const buffer = new ByteBuffer();
      appendField(buffer, "x", value);
      const decoder = new HpackDecoder();
      for (let k = 0; k < 3; k++) {
        assertEquals(toLines(decoder.decode(buffer.bytes, 0, buffer.length)), [`x: ${value}`]);
      }
    }
  }
});

Deno.test("HpackDecoder.decode() tells the same text from its Huffman code", () => {
  const decoder = new HpackDecoder();
  const [plain, encoded] = ["00 0178 02 073f", "00 0178 82 073f"];
  for (let k = 0; k < 4; k++) {
    assertEquals(toLines(read(decoder, fromHex(plain))), ["x: \x07?"]);
    assertEquals(toLines(read(decoder, fromHex(encoded))), ["x: 0Y"]);
  }
});

Deno.test("HpackDecoder.decode() refuses lists that are too large, and stays in step", () => {
  const decoder = new HpackDecoder();
  // An entry of 4,000 bytes, and one byte for each time that it comes again.
  const bomb = new ByteBuffer();
  bomb.append(fromHex("40 01 61"));
  appendString(bomb, "x".repeat(3_967));
  const one = bomb.length;
  bomb.append(new Uint8Array(250_000).fill(0xbe));
  for (let k = 0; k < 3; k++) {
    const error = assertThrows(() => decoder.decode(bomb.bytes, 0, bomb.length), Http2Error);
    assertEquals([error.code, error.scope], [ErrorCode.EnhanceYourCalm, "stream"]);
    assertEquals(error.message, `more than ${MAX_HEADER_FIELDS} fields`);
    assertEquals(toLines(read(decoder, fromHex("be"))), [`a: ${"x".repeat(3_967)}`]);
  }
  // 16 of them are within the bound, 17 are not.
  assertEquals(decoder.decode(bomb.bytes, 0, one + 15).length, 16);
  assertThrows(
    () => decoder.decode(bomb.bytes, 0, one + 16),
    Http2Error,
    `fields of more than ${MAX_HEADER_LIST_BYTES} bytes`,
  );
  // What follows in a list that is too large is still added to the table.
  assertThrows(() => read(decoder, fromHex(`${"82".repeat(257)} 4001620163`)), Http2Error);
  assertEquals(toLines(read(decoder, fromHex("be"))), ["b: c"]);
  assertEquals(read(decoder, fromHex("82".repeat(256))).length, MAX_HEADER_FIELDS);
});

Deno.test("HpackDecoder.decode() gives the same array for a block that means the same", () => {
  const decoder = new HpackDecoder();
  const again = (hex: string): void => {
    const fields = [1, 2, 3, 4].map(() => read(decoder, fromHex(hex)));
    assertStrictEquals(fields[3], fields[2], hex);
    assertEquals(fields[2], fields[0]);
  };
  again("88");
  again("8882");
  again("88828486");
  again("8882848688828486888284868882848688");
  // It adds an entry each time, and refers to none.
  again("88 4001610162 4001630164");
  assertEquals(listTable(decoder).slice(0, 4), ["c: d", "a: b", "c: d", "a: b"]);
  // It refers to entries, and adds none.
  again("88 be bf");
  assertEquals(toLines(read(decoder, fromHex("88 be bf"))), [":status: 200", "c: d", "a: b"]);
  // Then they are other entries.
  read(decoder, fromHex("4001650166"));
  assertEquals(toLines(read(decoder, fromHex("88 be bf"))), [":status: 200", "e: f", "c: d"]);
  again("88 be bf");
  // It refers to an entry and adds one: the same bytes mean something else each time.
  for (let k = 0; k < 4; k++) read(decoder, fromHex("bf 7e0179"));
  assertEquals(toLines(read(decoder, fromHex("bf 7e0179"))), ["e: y", "e: y"]);
  // A size update is not forgotten.
  for (let k = 0; k < 4; k++) {
    read(decoder, fromHex("4001610162"));
    assertEquals(listTable(decoder).length > 0, true);
    assertEquals(toLines(read(decoder, fromHex("203fe11f 88"))), [":status: 200"]);
    assertEquals(listTable(decoder), []);
  }
});

Deno.test("HpackDecoder.decode() does not mistake a block for another that was in its buffer", () => {
  const decoder = new HpackDecoder();
  const buffer = new Uint8Array(1_000);
  const dice = new Dice(SEED);
  for (let k = 0; k < 20_000; k++) {
    // Literals that differ in one byte somewhere.
    const value = `${"a".repeat(dice.below(20))}${dice.below(10)}${"b".repeat(dice.below(6))}`;
    const block = new ByteBuffer();
    block.append(fromHex("88 000178"));
    block.append(Uint8Array.of(value.length, ...new TextEncoder().encode(value)));
    const from = dice.below(900);
    buffer.set(block.view(), from);
    const lines = toLines(decoder.decode(buffer, from, from + block.length));
    if (lines[1] !== `x: ${value}`) throw new Error(`${value}, not ${lines}`);
  }
});

/** An integer of a block, sometimes longer than it has to be. */
function encodeInteger(first: number, bits: number, value: number): number[] {
  const max = 2 ** bits - 1;
  if (value < max) return [first | value];
  const bytes = [first | max];
  let rest = value - max;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(128 + rest % 128);
  return [...bytes, rest];
}

const NAMES = ["a", "x-request-id", "date", "etag", "\xff", "y".repeat(300)];

/** A valid block for a table with so many entries. */
function drawBlock(dice: Dice, entries: number): number[] {
  const block: number[] = [];
  const string = (text: string): number[] => {
    if (dice.below(2) === 0) {
      return [
        ...encodeInteger(0, 7, text.length),
        ...Array.from(text, (character) => character.charCodeAt(0)),
      ];
    }
    const buffer = new ByteBuffer();
    appendString(buffer, text);
    return [...buffer.view()];
  };
  if (dice.below(12) === 0) {
    for (let count = 1 + dice.below(2); count > 0; count--) {
      block.push(...encodeInteger(0x20, 5, dice.of([0, 40, 100, 1_000, 4_096, 4_096])));
      // After this the table may be empty.
      entries = 0;
    }
  }
  for (let count = dice.below(9); count > 0; count--) {
    const index = dice.below(3) > 0 && entries > 0
      ? 62 + dice.below(Math.min(entries, 60))
      : 1 + dice.below(61);
    const value = dice.of([
      "",
      String(dice.below(3)),
      "Sat, 28 Nov 2026 10:28:54 GMT",
      "v".repeat(dice.below(dice.of([10, 100, 1_500, 5_000]))),
    ]);
    const kind = dice.below(6);
    if (kind < 3) {
      block.push(...encodeInteger(0x80, 7, index));
      continue;
    }
    const [first, bits] = kind === 3 ? [0x40, 6] : dice.of([[0, 4], [0x10, 4]]);
    const isNew = dice.below(2) === 0;
    block.push(...encodeInteger(first, bits, isNew ? 0 : index));
    if (isNew) block.push(...string(dice.of(NAMES)));
    block.push(...string(value));
    // An entry that is too large empties the table, so that none is certain.
    if (kind === 3) entries = 0;
  }
  return block;
}

function mutate(block: number[], dice: Dice): number[] {
  const changed = [...block];
  const at = dice.below(changed.length + 1);
  switch (dice.below(5)) {
    case 0:
      changed[Math.min(at, changed.length)] = dice.below(256);
      break;
    case 1:
      changed.splice(at, dice.of([1, 1, 4, 30]));
      break;
    case 2:
      changed.splice(at, 0, dice.of([0x80, 0xff, 0x20, 0x3f, 0x7f, 0, dice.below(256)]));
      break;
    case 3:
      changed.splice(at, 0, ...changed.slice(at, at + dice.below(20)));
      break;
    default:
      if (at < changed.length) changed[at] ^= 1 << dice.below(8);
  }
  return changed;
}

/** Runs connections of blocks through the decoder and the plain one, and counts what came of them. */
function compare(dice: Dice, connections: number, mutations: number): Record<string, number> {
  const counts: Record<string, number> = { fields: 0, broken: 0, "too large": 0 };
  for (let k = 0; k < connections; k++) {
    const decoder = new HpackDecoder();
    const plain = new PlainHpack();
    /** Blocks that come again, as those of a server do. */
    const before: number[][] = [];
    for (let n = 0; n < 300; n++) {
      let block = before.length > 0 && dice.below(3) > 0
        ? dice.of(before.slice(-dice.of([1, 3, 30])))
        : [];
      // It may refer to an entry that is not there any more.
      if (block.length === 0 || plain.copy().decode(Uint8Array.from(block)) === "broken") {
        block = drawBlock(dice, plain.table.length);
      }
      if (dice.below(8) < mutations) block = mutate(block, dice);
      if (dice.below(3) === 0) before.push(block);
      const bytes = Uint8Array.from(block);
      const outcome = decode(decoder, bytes);
      const expected = plain.decode(bytes);
      if (JSON.stringify(outcome) !== JSON.stringify(expected)) {
        assertEquals(outcome, expected, `MYRIAD_FUZZ_SEED=${SEED}, ${k}, ${n}: ${block}`);
      }
      counts[typeof outcome === "string" ? outcome : "fields"]++;
      if (outcome === "broken") break;
    }
  }
  return counts;
}

Deno.test("HpackDecoder.decode() reads blocks that come again like a decoder that forgets them", () => {
  const counts = compare(new Dice(SEED), 25, 0);
  assertEquals(counts, { fields: 7_500, broken: 0, "too large": 0 });
});

Deno.test("HpackDecoder.decode() refuses exactly the mutated blocks that are wrong", () => {
  const counts = compare(new Dice(SEED + 1), 600, 1);
  assert(counts.fields > 4_000 && counts.broken > 400, JSON.stringify(counts));
});

Deno.test("HpackDecoder.decode() throws nothing but Http2Error for any bytes", () => {
  const dice = new Dice(SEED + 2);
  for (let k = 0; k < 20_000; k++) {
    const length = dice.below(dice.of([4, 40, 400]));
    decode(new HpackDecoder(), Uint8Array.from({ length }, () => dice.below(256)));
  }
});
