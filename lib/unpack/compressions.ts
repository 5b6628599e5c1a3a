/**
 * The compressions of inputs. A new one is a row here and a file of its own that exports `unpack`.
 * Which one an input has, its first bytes say, whatever its name: no URL, JSON or CSV begins so.
 *
 * @module
 */
import { ANY, GZIP_MAGIC, type Magic } from "./magic.ts";
import type { Unpack } from "./unpack_context.ts";

/** A compression. */
export interface Compression {
  /** How names of such files end, without the dot: the ending before it tells the format. */
  readonly ending: string;
  /** How such files begin. */
  readonly magics: readonly Magic[];
  /** Loads what decompresses it. */
  load(): Promise<{ readonly unpack: Unpack }>;
}

const ROWS = {
  gzip: {
    ending: "gz",
    magics: [GZIP_MAGIC],
    load: () => import("./gunzip.ts"),
  },
  zstd: {
    ending: "zst",
    // A frame (RFC 8878 §3.1.1), or one that is skipped (§3.1.2).
    magics: [[0x28, 0xb5, 0x2f, 0xfd], [ANY, 0x2a, 0x4d, 0x18]],
    load: () => import("./unzstd.ts"),
  },
  xz: {
    ending: "xz",
    magics: [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
    load: () => import("./unxz.ts"),
  },
  bzip2: {
    ending: "bz2",
    // "BZh", the size of blocks, and what begins a block, or the end where there is no block.
    magics: [
      [0x42, 0x5a, 0x68, ANY, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
      [0x42, 0x5a, 0x68, ANY, 0x17, 0x72, 0x45, 0x38, 0x50, 0x90],
    ],
    load: () => import("./bunzip2.ts"),
  },
  zip: {
    ending: "zip",
    // A file in it, or its end where there is no file.
    magics: [[0x50, 0x4b, 0x03, 0x04], [0x50, 0x4b, 0x05, 0x06]],
    load: () => import("./unzip.ts"),
  },
} satisfies Record<string, Compression>;

/** What a compression is called. */
export type CompressionName = keyof typeof ROWS;

/** The compressions by name. */
export const COMPRESSIONS: Readonly<Record<CompressionName, Compression>> = ROWS;

/** All beginnings, with the compression of each. */
const MAGICS = Object.entries(ROWS).flatMap(([name, { magics }]) =>
  magics.map((magic) => ({ name: name as CompressionName, magic }))
);

/**
 * The compression of a file by its first bytes; `undefined` where it is not compressed, and "more" where
 * more bytes have to tell.
 */
export function findCompression(start: Uint8Array): CompressionName | "more" | undefined {
  let found: "more" | undefined;
  for (const { name, magic } of MAGICS) {
    const given = magic.slice(0, start.length);
    if (!given.every((byte, k) => byte === ANY || byte === start[k])) continue;
    if (given.length === magic.length) return name;
    found = "more";
  }
  return found;
}

/** The endings of names of compressed files, without the dots. */
export const COMPRESSED_ENDINGS: readonly string[] = Object.values(ROWS)
  .map(({ ending }) => ending);
