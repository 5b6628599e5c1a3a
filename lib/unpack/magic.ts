/** The first bytes of a file; {@linkcode ANY} stands for any byte. */
export type Magic = readonly number[];

/** Any byte. */
export const ANY = -1;

/** The two bytes that gzip begins with (RFC 1952 §2.3.1). */
export const GZIP_MAGIC: Magic = [0x1f, 0x8b];
