import { assert, assertEquals, assertRejects } from "@std/assert";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type Coding, decode, DecodingError } from "../../../lib/engine/fetch/decode.ts";

const TEXT = `${"x".repeat(1_000)}${Math.random()}${"y".repeat(70_000)}`;
const PACKED: Record<Coding, Uint8Array> = {
  gzip: gzipSync(TEXT),
  br: brotliCompressSync(TEXT),
};

const joined = (...parts: Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((it) => [...it]));

/** Decodes bytes that come in pieces of a size, up to so many. */
async function decoded(
  coding: Coding,
  bytes: Uint8Array,
  pieceBytes: number,
  most = Infinity,
): Promise<string> {
  let at = 0;
  let text = "";
  const decoder = new TextDecoder();
  const read = (): Promise<Uint8Array | undefined> => {
    const piece = bytes.subarray(at, at += pieceBytes);
    return Promise.resolve(piece.length === 0 ? undefined : piece);
  };
  await decode(coding, read, (bytes) => {
    text += decoder.decode(bytes);
    return text.length <= most;
  });
  return text;
}

for (const [name, bytes] of Object.entries(PACKED)) {
  const coding = name as Coding;
  for (const pieceBytes of [1, 7, Infinity]) {
    const how = pieceBytes === Infinity ? "at once" : `by ${pieceBytes}`;

    Deno.test(`decode() restores the input of ${coding}, ${how}`, async () => {
      assertEquals(await decoded(coding, bytes, pieceBytes), TEXT);
      assertEquals(await decoded(coding, new Uint8Array(), pieceBytes), "");
    });

    Deno.test(`decode() throws when ${coding} is cut short or goes on, ${how}`, async () => {
      const wrong = [
        bytes.subarray(0, -1),
        bytes.subarray(0, -5),
        bytes.subarray(0, bytes.length / 2),
        bytes.subarray(0, 1),
        joined(bytes, Uint8Array.of(0x61)),
        joined(bytes, new TextEncoder().encode("garbage")),
        new TextEncoder().encode("abc"),
      ];
      for (const bytes of wrong) {
        await assertRejects(() => decoded(coding, bytes, pieceBytes), DecodingError, coding);
      }
    });
  }

  Deno.test(`decode() of ${coding} stops when its reader wants no more`, async () => {
    const bomb = "0".repeat(30_000_000);
    const packed = coding === "gzip" ? gzipSync(bomb) : brotliCompressSync(bomb);
    const text = await decoded(coding, packed, Infinity, 100_000);
    assert(text.length > 100_000 && text.length < 1_000_000);
  });

  Deno.test(`decode() of ${coding} throws its reader's error`, async () => {
    for (const most of [0, 1]) {
      let reads = 0;
      const read = (): Promise<Uint8Array> =>
        reads++ < most ? Promise.resolve(bytes.subarray(0, 9)) : Promise.reject(new Error("gone"));
      await assertRejects(() => decode(coding, read, () => true), Error, "gone");
    }
  });
}

Deno.test("decode() reads all members of gzip, and zeros after them", async () => {
  const members = joined(PACKED.gzip, gzipSync("and more"), gzipSync(""), new Uint8Array(3));
  for (const pieceBytes of [1, 7, Infinity]) {
    assertEquals(await decoded("gzip", members, pieceBytes), `${TEXT}and more`);
  }
});

Deno.test("decode() throws when a gzip member has a wrong checksum", async () => {
  const bytes = gzipSync("x");
  bytes[bytes.length - 8] ^= 1;
  await assertRejects(
    () => decoded("gzip", bytes, Infinity),
    DecodingError,
    "incorrect data check",
  );
});
