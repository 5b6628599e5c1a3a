/**
 * A column of a row group: its values are encoded as they come, and compressed a page at a time, so
 * that the event loop is never held for long.
 *
 * @module
 */
import { zstdCompressSync } from "node:zlib";
import type { ColumnType, FieldType, Value } from "../record.ts";
import { CODEC, ENCODING, PAGE, STORED } from "./format.ts";
import { countBits, writeHybrid } from "./hybrid.ts";
import { PlainBytes } from "./plain_bytes.ts";
import { encodeStruct, i32, i64, list, struct, text, type ThriftValue } from "./thrift.ts";

/** How much a page holds: to compress it takes about 1 ms. */
const MAX_PAGE_ROWS = 16 * 1024;
const MAX_PAGE_BYTES = 256 * 1024;
/** How many values a dictionary has. A column with more of them is written plain from there on. */
const MAX_DICTIONARY_VALUES = 4096;
const MAX_DICTIONARY_BYTES = 256 * 1024;

/** How the values of each type are stored. */
const STORED_AS: Readonly<Record<FieldType, number>> = {
  integer: STORED.INT64,
  number: STORED.DOUBLE,
  text: STORED.BYTE_ARRAY,
  boolean: STORED.BOOLEAN,
  time: STORED.INT64,
};

/** `Type` of a column. */
export function toStoredType({ type }: ColumnType): number {
  return STORED_AS[type];
}

/** Columns of these types rarely have a value twice. */
const HAS_NO_DICTIONARY: readonly FieldType[] = ["number", "time", "boolean"];

/** Encodes the values of a column for one row group. */
export class ColumnChunk {
  readonly #column: ColumnType;
  readonly #isText: boolean;
  /** Pages that are compressed, with their headers. */
  readonly #pages: Uint8Array[] = [];
  #pageBytes = 0;
  /** Their bytes if they were not compressed. */
  #rawBytes = 0;
  readonly #encodings = new Set<number>();

  /** The values of the page so far, without nulls; or their places in the dictionary. */
  readonly #plain = new PlainBytes();
  readonly #places = new Uint16Array(MAX_PAGE_ROWS);
  /** By row of the page, 1 for a value and 0 for null. */
  readonly #levels = new Uint8Array(MAX_PAGE_ROWS);
  #pageRows = 0;
  #pageValues = 0;

  /** Undefined once it is given up. */
  #dictionary: Map<Value, number> | undefined;
  readonly #dictionaryBytes = new PlainBytes();
  /** About how many bytes the values of the page would be without it. */
  #pageLength = 0;
  /** Whether most values were others. */
  #isDictionaryOfUse = true;
  /** How many values it had when the last page that uses it ended. */
  #dictionaryValues = 0;

  #rows = 0;
  #nulls = 0;
  #min: number = Infinity;
  #max: number = -Infinity;

  /** @param before that of the row group before: a dictionary that was of no use is not tried again */
  constructor(column: ColumnType, before?: ColumnChunk) {
    this.#column = column;
    this.#isText = column.type === "text";
    const isOfUse = before?.isDictionaryOfUse ?? true;
    if (isOfUse && !HAS_NO_DICTIONARY.includes(column.type)) this.#dictionary = new Map();
  }

  /** About how many bytes it holds. */
  get byteLength(): number {
    return this.#pageBytes + this.#plain.length;
  }

  /** Whether a dictionary has helped, or may help, to have the values in fewer bytes. */
  get isDictionaryOfUse(): boolean {
    return this.#isDictionaryOfUse;
  }

  /** Adds the value of the next row, of the column's type, or null. */
  add(value: Value): void {
    this.#rows++;
    if (value === null) {
      this.#nulls++;
      this.#levels[this.#pageRows++] = 0;
    } else {
      this.#levels[this.#pageRows++] = 1;
      if (this.#dictionary === undefined || !this.#addPlace(this.#dictionary, value)) {
        this.#addPlain(value);
      }
      this.#pageValues++;
      if (typeof value === "number") {
        if (value < this.#min) this.#min = value;
        if (value > this.#max) this.#max = value;
      }
    }
    if (this.#pageRows === MAX_PAGE_ROWS || this.#plain.length >= MAX_PAGE_BYTES) this.#endPage();
  }

  #addPlace(dictionary: Map<Value, number>, value: Value): boolean {
    let place = dictionary.get(value);
    if (place === undefined) {
      if (
        dictionary.size === MAX_DICTIONARY_VALUES ||
        this.#dictionaryBytes.length >= MAX_DICTIONARY_BYTES
      ) {
        this.#giveUpDictionary(dictionary);
        return false;
      }
      place = dictionary.size;
      dictionary.set(value, place);
      this.#write(this.#dictionaryBytes, value);
    }
    this.#places[this.#pageValues] = place;
    this.#pageLength += this.#isText ? (value as string).length : 8;
    return true;
  }

  /** Goes on without it. Values of a first page that it did not make shorter are written plain, too. */
  #giveUpDictionary(dictionary: Map<Value, number>): void {
    if (this.#dictionaryValues === 0 && this.#pageLength < 2 * this.#dictionaryBytes.length) {
      this.#dictionary = undefined;
      this.#isDictionaryOfUse = false;
      const values = [...dictionary.keys()];
      for (let k = 0; k < this.#pageValues; k++) this.#addPlain(values[this.#places[k]]);
      return;
    }
    // The value that does not fit begins the next page.
    this.#pageRows--;
    this.#endPage();
    this.#dictionary = undefined;
    this.#levels[this.#pageRows++] = 1;
  }

  #addPlain(value: Value): void {
    if (typeof value === "boolean") this.#places[this.#pageValues] = Number(value);
    else this.#write(this.#plain, value);
  }

  #write(to: PlainBytes, value: Value): void {
    if (this.#isText) to.writeText(value as string);
    else if (this.#column.type === "number") to.writeDouble(value as number);
    else to.writeInt64(value as number);
  }

  /** Ends a page, unless it is empty: `levels, values` in Parquet's first form of data pages. */
  #endPage(): void {
    const rows = this.#pageRows;
    if (rows === 0) return;
    const page = new PlainBytes();
    if (this.#column.isNullable) {
      const levels = new PlainBytes();
      writeHybrid(levels, this.#levels, rows, 1);
      page.writeUint32(levels.length);
      page.writeBytes(levels.view());
      this.#encodings.add(ENCODING.RLE);
    }
    const dictionaryValues = this.#dictionary?.size ?? 0;
    // A page of nulls needs none, and a chunk of such pages has none.
    const encoding = dictionaryValues === 0 ? ENCODING.PLAIN : ENCODING.RLE_DICTIONARY;
    if (dictionaryValues > 0) {
      this.#dictionaryValues = dictionaryValues;
      const bits = countBits(dictionaryValues - 1);
      page.writeByte(bits);
      writeHybrid(page, this.#places, this.#pageValues, bits);
    } else if (this.#column.type === "boolean") {
      for (let k = 0; k < this.#pageValues; k += 8) {
        let byte = 0;
        for (let bit = 0; bit < 8 && k + bit < this.#pageValues; bit++) {
          byte |= this.#places[k + bit] << bit;
        }
        page.writeByte(byte);
      }
    } else page.writeBytes(this.#plain.view());
    this.#pages.push(...this.#compress(page.view(), (raw, packed) => [
      [1, i32(PAGE.DATA)],
      [2, i32(raw)],
      [3, i32(packed)],
      [
        5,
        struct(
          [1, i32(rows)],
          [2, i32(encoding)],
          [3, i32(ENCODING.RLE)],
          [4, i32(ENCODING.RLE)],
        ),
      ],
    ]));
    this.#encodings.add(encoding);
    this.#plain.clear();
    this.#pageRows = 0;
    this.#pageValues = 0;
    this.#pageLength = 0;
  }

  /** A page behind its header. */
  #compress(
    page: Uint8Array<ArrayBuffer>,
    toHeader: (raw: number, packed: number) => Parameters<typeof encodeStruct>[0],
  ): [Uint8Array, Uint8Array] {
    const packed = zstdCompressSync(page);
    const header = encodeStruct(toHeader(page.length, packed.length));
    this.#rawBytes += header.length + page.length;
    this.#pageBytes += header.length + packed.length;
    return [header, packed];
  }

  /**
   * Ends the chunk, which takes no value any more.
   *
   * @returns its bytes, and what makes its metadata once it is known where in the file they begin
   */
  end(): EncodedChunk {
    this.#endPage();
    const pages = this.#pages;
    let dictionaryBytes = 0;
    if (this.#dictionaryValues > 0) {
      const before = this.#pageBytes;
      const page = this.#compress(this.#dictionaryBytes.view(), (raw, packed) => [
        [1, i32(PAGE.DICTIONARY)],
        [2, i32(raw)],
        [3, i32(packed)],
        [7, struct([1, i32(this.#dictionaryValues)], [2, i32(ENCODING.PLAIN)])],
      ]);
      pages.unshift(...page);
      dictionaryBytes = this.#pageBytes - before;
      this.#encodings.add(ENCODING.PLAIN);
    }
    const { name } = this.#column;
    return {
      pages,
      byteLength: this.#pageBytes,
      rawByteLength: this.#rawBytes,
      toMetadata: (offset) =>
        struct(
          [2, i64(0)],
          [
            3,
            struct(
              [1, i32(toStoredType(this.#column))],
              [2, list("i32", [...this.#encodings].map(i32))],
              [3, list("binary", [text(name)])],
              [4, i32(CODEC.ZSTD)],
              [5, i64(this.#rows)],
              [6, i64(this.#rawBytes)],
              [7, i64(this.#pageBytes)],
              [9, i64(offset + dictionaryBytes)],
              [11, dictionaryBytes > 0 ? i64(offset) : undefined],
              [12, this.#toStatistics()],
            ),
          ],
        ),
    };
  }

  /** The least and the largest number, by which readers leave out row groups. */
  #toStatistics(): ThriftValue {
    const hasRange = this.#min <= this.#max;
    const encode = (value: number): ThriftValue => {
      const bytes = new PlainBytes();
      this.#write(bytes, value);
      return { kind: "binary", value: bytes.view().slice() };
    };
    return struct(
      [3, i64(this.#nulls)],
      [5, hasRange ? encode(this.#max) : undefined],
      [6, hasRange ? encode(this.#min) : undefined],
    );
  }
}

/** A column of a row group that has ended. */
export interface EncodedChunk {
  readonly pages: readonly Uint8Array[];
  readonly byteLength: number;
  /** How many bytes these would be if they were not compressed. */
  readonly rawByteLength: number;
  /** `ColumnChunk`. @param offset where in the file its pages begin */
  toMetadata(offset: number): ThriftValue;
}
