/** A part of packed records that is on the disk. */
export interface SpooledPart {
  /** Behind how many of the bytes in memory it belongs. */
  readonly at: number;
  /** A file of the thread's own; whoever copies it removes it, once nobody needs it any more. */
  readonly path: string;
  /** Its length in bytes. */
  readonly length: number;
  /** Its CRC-32. */
  readonly crc: number;
}

/** Packed records, whole: all those of one or more requests. */
export interface PackedExchanges {
  /** They share their buffer with nothing, unless they are borrowed. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** In their order. */
  readonly parts: readonly SpooledPart[];
  /** Behind how many bytes, also on the disk, the last response of each request begins. */
  readonly responses: readonly number[];
  /** The lines of their index, by `formatCapture`; undefined if the archive has no index. */
  readonly captures: string | undefined;
  /** How many bytes the offsets count from before these. @default 0 */
  readonly base?: number;
}

/** How many bytes packed records have, also on the disk. */
export function countPacked({ bytes, parts }: PackedExchanges): number {
  return parts.reduce((sum, { length }) => sum + length, bytes.length);
}
