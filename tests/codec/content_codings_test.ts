import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { joinBytes } from "../../lib/byte_buffer.ts";
import { ACCEPTED_CODINGS, ContentCodings } from "../../lib/codec/content_codings.ts";
import { DecodingError, TooLongError } from "../../lib/codec/decoder.ts";

const TEXT = `${"x".repeat(1_000)}${Math.random()}${"y".repeat(70_000)}`;

/** Each form that a body of a coding can have, and how it is made. */
const FORMS: Record<string, { coding: string; pack(text: string): Uint8Array }> = {
  "gzip": { coding: "gzip", pack: (text) => gzipSync(text) },
  "deflate in the zlib format": { coding: "deflate", pack: (text) => deflateSync(text) },
  "deflate alone": { coding: "deflate", pack: (text) => deflateRawSync(text) },
  "br": { coding: "br", pack: (text) => brotliCompressSync(text) },
  "zstd": { coding: "zstd", pack: (text) => zstdCompressSync(text) },
};

/** A frame with one raw block (RFC 8878 §3.1.1.2.2): its last byte is that of the text. */
function store(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  // A head with a window of 128 KiB, and no length; and the head of the last block.
  return Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x38, bytes.length * 8 + 1, 0, 0, ...bytes);
}

const codings = new ContentCodings();

/** Decodes bytes that come in pieces of a size, which are overwritten once they were taken. */
function decode(value: string, bytes: Uint8Array, pieceBytes = Infinity): string {
  const decoder = new TextDecoder();
  let text = "";
  const body = codings.begin(value, {
    maxBytes: Infinity,
    take: (bytes) => void (text += decoder.decode(bytes)),
  });
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = Uint8Array.from(bytes.subarray(at, at + pieceBytes));
      body.write(piece);
      piece.fill(0x78);
    }
    body.end();
  } finally {
    body.close();
  }
  return text;
}

for (const [form, { coding, pack }] of Object.entries(FORMS)) {
  const bytes = new Uint8Array(pack(TEXT));
  for (const pieceBytes of [1, 7, Infinity]) {
    const how = pieceBytes === Infinity ? "at once" : `by ${pieceBytes}`;

    Deno.test(`ContentCodings decodes ${form}, ${how}`, () => {
      assertEquals(decode(coding, bytes, pieceBytes), TEXT);
      assertEquals(decode(coding, new Uint8Array(), pieceBytes), "");
      assertEquals(decode(coding, new Uint8Array(pack("")), pieceBytes), "");
    });

    Deno.test(`ContentCodings refuses ${form} that is cut short or goes on, ${how}`, () => {
      const wrong = [
        ...[1, 2, 3, 4, bytes.length / 2, bytes.length - 5, bytes.length - 1]
          .map((length) => bytes.subarray(0, length)),
        joinBytes(bytes, Uint8Array.of(0x61)),
        joinBytes(bytes, new TextEncoder().encode("garbage")),
        joinBytes(bytes, bytes.subarray(0, 3)),
        new TextEncoder().encode("abc"),
      ];
      for (const [k, bytes] of wrong.entries()) {
        assertThrows(() => decode(coding, bytes, pieceBytes), DecodingError, coding, `${k}`);
      }
      assertEquals(decode(coding, bytes, pieceBytes), TEXT);
    });
  }

  Deno.test(`ContentCodings gives what ${form} unpacks to in bounded pieces`, () => {
    const packed = new Uint8Array(pack("0".repeat(3_000_000)));
    const sizes: number[] = [];
    const enough = new Error("enough");
    const take = ({ length }: Uint8Array): void => {
      sizes.push(length);
      if (sizes.length === 3) throw enough;
    };
    const body = codings.begin(coding, { maxBytes: Infinity, take });
    assertEquals(assertThrows(() => body.write(packed)), enough);
    body.close();
    assert(sizes.every((bytes) => bytes <= 64 * 1024), `${sizes}`);
  });
}

Deno.test("ContentCodings decodes all members of gzip, and zeros after them", () => {
  const members = joinBytes(gzipSync(TEXT), gzipSync("and more"), gzipSync(""), new Uint8Array(3));
  for (const pieceBytes of [1, 7, Infinity]) {
    assertEquals(decode("gzip", members, pieceBytes), `${TEXT}and more`);
    const wrong = joinBytes(members, gzipSync("x"));
    assertThrows(() => decode("gzip", wrong, pieceBytes), DecodingError, "bytes behind the end");
  }
});

Deno.test("ContentCodings decodes all frames of zstd, and skips those that are to be skipped", () => {
  const skipped = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2);
  const frames = joinBytes(skipped, zstdCompressSync(TEXT), skipped, zstdCompressSync("and more"));
  for (const pieceBytes of [1, 7, Infinity]) {
    assertEquals(decode("zstd", frames, pieceBytes), `${TEXT}and more`);
    for (const length of [3, 7]) {
      const cut = skipped.subarray(0, length);
      assertThrows(() => decode("zstd", cut, pieceBytes), DecodingError, "unexpected end");
    }
  }
});

Deno.test("ContentCodings refuses zstd without its last byte, whatever that is", () => {
  for (const last of ["\0", "(", "a"]) {
    const bytes = store(last);
    assertEquals(decode("zstd", bytes), last);
    for (let length = 1; length < bytes.length; length++) {
      assertThrows(
        () => decode("zstd", bytes.subarray(0, length)),
        DecodingError,
        "unexpected end",
      );
    }
  }
});

Deno.test("ContentCodings refuses damaged data", () => {
  const crc = gzipSync("x");
  crc[crc.length - 8] ^= 1;
  assertThrows(() => decode("gzip", crc), DecodingError, "incorrect data check");
  const params = { [constants.ZSTD_c_checksumFlag]: 1 };
  const checked = zstdCompressSync("x", { params });
  checked[checked.length - 1] ^= 1;
  assertThrows(() => decode("zstd", checked), DecodingError, "checksum");
  const adler = deflateSync("x");
  adler[adler.length - 1] ^= 1;
  assertThrows(() => decode("deflate", adler), DecodingError, "incorrect data check");
  // `node:zlib` of Deno 2.9 takes this one for an empty text.
  const repeated = brotliCompressSync(
    Uint8Array.from({ length: 3_000 }, (_, k) => (k * 2_654_435_761) % 256),
  );
  repeated[126] ^= 0x10;
  assertThrows(() => decode("br", repeated), DecodingError, "br");
});

Deno.test("ContentCodings refuses zstd of before RFC 8878, and what has no magic number", () => {
  const old = Uint8Array.of(0x24, 0xb5, 0x2f, 0xfd, 0, 0xf3, 0x61);
  const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x19, 0, 0, 0, 0);
  for (const bytes of [old, skippable]) {
    for (const pieceBytes of [1, 3, Infinity]) {
      const decoded = (): string => decode("zstd", bytes, pieceBytes);
      assertThrows(decoded, DecodingError, "unknown magic number");
    }
  }
});

Deno.test("ContentCodings refuses a window of zstd above 8 MiB", () => {
  const params = { [constants.ZSTD_c_windowLog]: 24 };
  const bytes = new Uint8Array(9 * 1024 * 1024);
  const packed = zstdCompressSync(bytes, { params });
  assertThrows(() => decode("zstd", packed), DecodingError, "too much memory");
});

Deno.test("ContentCodings decodes several codings, the last one first", () => {
  const packed = zstdCompressSync(brotliCompressSync(gzipSync(TEXT)));
  for (const pieceBytes of [1, 7, Infinity]) {
    assertEquals(decode("gzip, br,identity, zstd", packed, pieceBytes), TEXT);
  }
  assertThrows(() => decode("br, gzip", gzipSync("abc")), DecodingError, "it is not br");
});

Deno.test("ContentCodings bounds what comes out of each coding", () => {
  let bytes = 0;
  const take = ({ length }: Uint8Array): void => void (bytes += length);
  const unpack = (value: string, packed: Uint8Array, maxBytes: number): void => {
    bytes = 0;
    const body = codings.begin(value, { maxBytes, take });
    try {
      body.write(packed);
      body.end();
    } finally {
      body.close();
    }
  };
  const zeros = gzipSync(new Uint8Array(1_000));
  unpack("gzip", zeros, 1_000);
  assertThrows(() => unpack("gzip", zeros, 999), TooLongError);
  // 100,000 members without a byte in them.
  const empty = gzipSync("");
  const members = new Uint8Array(100_000 * empty.length);
  for (let at = 0; at < members.length; at += empty.length) members.set(empty, at);
  const packed = gzipSync(members);
  unpack("gzip, gzip", packed, members.length);
  assertThrows(() => unpack("gzip, gzip", packed, members.length - 1), TooLongError);
  assertEquals(bytes, 0);
});

Deno.test("ContentCodings knows the codings that requests ask for", () => {
  assertEquals(ACCEPTED_CODINGS, "gzip, deflate, br, zstd");
  for (const value of ["GZIP", "x-gzip", "deflate", "br", "zstd", " gzip , gzip,,br"]) {
    assert(codings.knows(value), value);
  }
  const five = "gzip, gzip, gzip, gzip, gzip";
  assert(codings.knows(five));
  for (const value of ["", "identity", "x-own", "gzip, x-own", "toString", `${five}, br`]) {
    assert(!codings.knows(value), value);
  }
});
