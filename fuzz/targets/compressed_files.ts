import { deflateRawSync, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import {
  type CompressionName,
  COMPRESSIONS,
  findCompression,
} from "../../lib/unpack/compressions.ts";
import { UnpackError } from "../../lib/unpack/unpack_error.ts";
import { Unpacker } from "../../lib/unpack/unpacker.ts";
import { readInPiecesLater } from "../pieces.ts";
import { attempt, attemptLater, type FuzzTarget, hold, toText } from "../target.ts";

/** The maximum number of bytes that are unpacked. */
const MAX_BYTES = 300_000;
const NAMES = Object.keys(COMPRESSIONS) as CompressionName[];
const TEXT = new TextEncoder().encode("http://h/1\nhttp://h/2\nhttp://h/1\n");

/** A zip with one file, whose checksum is left out: a wrong one is found at its end. */
function zip(method: number, data: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(30));
  head.setUint32(0, 0x504b0304);
  head.setUint16(8, method, true);
  head.setUint32(18, data.length, true);
  head.setUint16(26, 1, true);
  return Uint8Array.of(...new Uint8Array(head.buffer), 0x61, ...data, 0x50, 0x4b, 1, 2);
}

/** `http://h/1` and `http://h/2` by bzip2 and xz. */
const BZIP2 =
  "425a6839314159265359a826d4b5000007598000100000b01000404400200020aa9a6010c0899a5acc431a5385dc914e14242a09b52d40";
const XZ =
  "fd377a585a0000016922de360200210116000000742fe5a3e0001500135d00341d2ce03a0959e5acae523abf1d479053a0000000212b91cb00012b1613fd22a29042990d010000000001595a";

export const target: FuzzTarget = {
  reads: "compressed inputs (gzip, zstd, xz, bzip2, zip), in pieces, against node:zlib",
  seeds: [
    gzipSync(TEXT),
    Uint8Array.of(...gzipSync(TEXT), ...gzipSync(TEXT), 0, 0),
    Uint8Array.of(31, 139, 8, 0x1e, 0, 0, 0, 0, 0, 3, 1, 0, 9, 97, 0, 98, 0, 1, 2, 3, 0),
    zstdCompressSync(TEXT),
    zip(8, deflateRawSync(TEXT)),
    zip(0, TEXT),
    Uint8Array.fromHex(BZIP2),
    Uint8Array.fromHex(XZ),
  ],
  tokens: [
    "\x1f\x8b\x08\0",
    "\x28\xb5\x2f\xfd",
    "PK\x03\x04",
    "PK\x07\x08",
    "BZh9",
    "1AY&SY",
    "\x50\x2a\x4d\x18\0\0\0\0",
  ],
  // What unpacks to much takes more of them.
  maxSteps: () => Infinity,

  async run(input) {
    const name = findCompression(input);
    if (name === undefined || name === "more") return "not compressed";
    hold(NAMES.includes(name), "an unknown compression");
    const result = await readInPiecesLater(input, async (pieces) => {
      const blocks = pieces.values();
      const unpacker = await Unpacker.open(name, () => {
        const { value } = blocks.next();
        return Promise.resolve(value?.slice());
      });
      let text = "";
      const read = await attemptLater(async () => {
        while (text.length < MAX_BYTES) {
          const piece = await unpacker.read();
          if (piece === undefined) return true;
          text += toText(piece);
        }
        return false;
      }, UnpackError);
      unpacker.close();
      // The decoder of xz keeps some of what it has decoded to itself when it finds a fault.
      const isKept = "value" in read || name !== "xz";
      return { text: isKept ? text.slice(0, MAX_BYTES) : "", ...read };
    });
    if (name === "gzip") {
      const options = { maxOutputLength: MAX_BYTES };
      const expected = attempt(() => toText(gunzipSync(input, options)), Error);
      if ("value" in result && result.value) {
        hold("value" in expected && expected.value === result.text, "node:zlib unpacks other data");
      }
    }
    return JSON.stringify(result);
  },
};
