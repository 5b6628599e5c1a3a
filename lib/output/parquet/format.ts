/**
 * The numbers of Parquet's format: https://github.com/apache/parquet-format, `parquet.thrift`.
 *
 * @module
 */

/** What a file begins and ends with: `PAR1`. */
export const MAGIC: Uint8Array<ArrayBuffer> = new TextEncoder().encode("PAR1");

/** `Type`: how values are stored. */
export const STORED = { BOOLEAN: 0, INT64: 2, DOUBLE: 5, BYTE_ARRAY: 6 } as const;

/** `Encoding`. */
export const ENCODING = { PLAIN: 0, RLE: 3, RLE_DICTIONARY: 8 } as const;

/** `PageType`. */
export const PAGE = { DATA: 0, DICTIONARY: 2 } as const;

/** `FieldRepetitionType`. */
export const REPETITION = { REQUIRED: 0, OPTIONAL: 1 } as const;

/** `ConvertedType`, for readers that do not know logical types. */
export const CONVERTED = { UTF8: 0, TIMESTAMP_MILLIS: 9 } as const;

/** `CompressionCodec`. */
export const CODEC = { ZSTD: 6 } as const;
