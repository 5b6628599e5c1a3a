import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { ContentCodings } from "../../lib/codec/content_codings.ts";
import { DecodingError, TooLongError } from "../../lib/codec/decoder.ts";
import { readInPieces } from "../pieces.ts";
import { attempt, type FuzzTarget, hold, toText } from "../target.ts";

const MAX_BYTES = 20_000;
const NAMES = ["gzip", "deflate", "br", "zstd", "gzip, br"];
const TEXT = "to be or not to be, that is the question";

const codings = new ContentCodings();

/** What the functions of `node:zlib` for whole inputs make of a body. */
const REFERENCES: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: (bytes) => gunzipSync(bytes, { maxOutputLength: MAX_BYTES }),
  deflate: (bytes) => {
    const isWrapped = (bytes[0] & 15) === 8 && (bytes[0] * 256 + bytes[1]) % 31 === 0;
    return (isWrapped ? inflateSync : inflateRawSync)(bytes, { maxOutputLength: MAX_BYTES });
  },
  br: (bytes) => brotliDecompressSync(bytes, { maxOutputLength: MAX_BYTES }),
};

function seed(kind: number, bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(kind, ...bytes);
}

export const target: FuzzTarget = {
  reads: "content codings (gzip, deflate, br, zstd, two of them), in pieces, against node:zlib",
  seeds: [
    seed(0, gzipSync(TEXT)),
    seed(0, Uint8Array.of(...gzipSync(TEXT), ...gzipSync(""), ...gzipSync("x"), 0, 0)),
    seed(1, deflateSync(TEXT)),
    seed(1, deflateRawSync(TEXT)),
    seed(2, brotliCompressSync(TEXT)),
    seed(3, zstdCompressSync(TEXT)),
    seed(3, Uint8Array.of(...zstdCompressSync(TEXT), ...zstdCompressSync("x".repeat(300)))),
    seed(4, brotliCompressSync(gzipSync(TEXT))),
    seed(0, gzipSync(new Uint8Array(30_000))),
  ],
  tokens: [
    "\x1f\x8b\x08",
    "\x28\xb5\x2f\xfd",
    "\x78\x9c",
    "\x03\0",
    "\0\0\xff\xff",
    "\x1f\x8b\x08\x1f",
  ],

  run(input) {
    const [kind = 0] = input;
    const name = NAMES[kind % NAMES.length];
    const bytes = input.subarray(1);
    const result = readInPieces(bytes, (pieces) => {
      let text = "";
      let given = 0;
      const take = (decoded: Uint8Array): void => {
        given += decoded.length;
        text += toText(decoded);
      };
      const decoder = codings.begin(name, { maxBytes: MAX_BYTES, take });
      const read = attempt(
        () => {
          for (const piece of pieces) decoder.write(piece);
          decoder.end();
        },
        DecodingError,
        TooLongError,
      );
      decoder.close();
      hold(given <= MAX_BYTES, "more comes out than may");
      // How much comes before a fault depends on the pieces.
      return "error" in read ? undefined : text;
    });
    const reference = REFERENCES[name];
    if (reference === undefined || bytes.length === 0) return result ?? "refused";
    const expected = attempt(() => toText(reference(bytes)), Error);
    if (result !== undefined) {
      hold("value" in expected && expected.value === result, "node:zlib decodes something else");
    }
    return result ?? "refused";
  },
};
