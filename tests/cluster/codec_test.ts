import { assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { Codec, gunzip } from "../../lib/cluster/codec.ts";
import { DamagedError, SealError } from "../../lib/cluster/damaged_error.ts";
import { MAX_MESSAGE_BYTES, type Messages, type Slice } from "../../lib/cluster/messages.ts";
import { generator, valueOf } from "../fixtures/random_json.ts";

const KEY = new Uint8Array(32).fill(7);
const BLOCK = { seqs: [1], bytes: 1, sha256: "0".repeat(64) };
const SLICE: Slice = { id: "t-1", count: 3, runs: [0, 2, 7, 1], block: BLOCK };
const KINDS: readonly (keyof Messages)[] = ["slice", "commit", "live"];
const toBytes = (value: unknown): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify(value));

for (const [name, key] of [["in clear", undefined], ["sealed", KEY]] as const) {
  Deno.test(`Codec#decode() gives what was encoded, ${name}`, () => {
    const bytes = new Codec("a", key).encode("slice", "", SLICE);
    assertEquals(new Codec("a", key).decode("slice", "", bytes), SLICE);
  });

  Deno.test(`Codec#open() gives what was sealed, ${name}`, () => {
    const bytes = new Codec("a", key).seal("part", "t-1", new Uint8Array([1, 2]));
    assertEquals(new Codec("a", key).open("part", "t-1", bytes), new Uint8Array([1, 2]));
  });

  Deno.test(`Codec#decode() gives nothing for garbage, ${name}`, () => {
    const codec = new Codec("a", key);
    const random = generator(1);
    for (let k = 0; k < 1_000; k++) {
      const bytes = k % 2 === 0
        ? toBytes(valueOf(random))
        : Uint8Array.from({ length: random(80) }, () => random(256));
      for (const kind of KINDS) assertEquals(codec.decode(kind, "x", bytes), undefined);
    }
    const long = toBytes({ ...SLICE, more: "x".repeat(MAX_MESSAGE_BYTES) });
    assertEquals(codec.decode("slice", "", long), undefined);
    assertEquals(codec.decode("slice", "", codec.seal("slice", "", long)), undefined);
  });
}

Deno.test("Codec#decode() gives nothing that is not of the run, or of another place", () => {
  const plain = new Codec("a", undefined).encode("slice", "", SLICE);
  const sealed = new Codec("a", KEY).encode("slice", "", SLICE);
  assertEquals(new Codec("a", KEY).decode("slice", "", plain), undefined);
  assertEquals(new Codec("a", undefined).decode("slice", "", sealed), undefined);
  assertEquals(new Codec("b", KEY).decode("slice", "", sealed), undefined);
  assertEquals(new Codec("a", KEY).decode("slice", "t-1", sealed), undefined);
  assertEquals(new Codec("a", KEY).decode("commit", "", sealed), undefined);
  const part = new Codec("a", KEY).seal("part", "t-1", new Uint8Array(3));
  for (const [kind, id] of [["part", "t-2"], ["block", "t-1"], ["spec", ""]] as const) {
    assertThrows(() => new Codec("a", KEY).open(kind, id, part), SealError);
  }
});

Deno.test("gunzip() refuses what is not gzip, is cut, or is longer than it may be", () => {
  const bomb = gzipSync(new Uint8Array(50_000_000));
  assertEquals(gunzip(gzipSync("abc"), 3).length, 3);
  for (
    const bytes of [
      bomb,
      gzipSync("abcd"),
      new Uint8Array(),
      new Uint8Array(9),
      bomb.subarray(0, 99),
    ]
  ) {
    assertThrows(() => gunzip(bytes, 3), DamagedError);
  }
});
