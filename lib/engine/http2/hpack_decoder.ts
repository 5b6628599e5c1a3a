/**
 * Reads field blocks (RFC 7541).
 *
 * @module
 */
import { ErrorCode, Http2Error } from "./http2_error.ts";
import { readString } from "./hpack_strings.ts";
import { KnownBlocks } from "./known_blocks.ts";
import { DynamicTable, HeaderField, STATIC_FIELDS } from "./hpack_table.ts";

/** The size of the dynamic table that servers may use: SETTINGS_HEADER_TABLE_SIZE as it begins. */
export const MAX_TABLE_BYTES = 4_096;

/**
 * The maximum of the sizes of all fields of a list, to be told to the server by
 * SETTINGS_MAX_HEADER_LIST_SIZE; and the maximum number of its fields.
 */
export const MAX_HEADER_LIST_BYTES = 64 * 1024;
export const MAX_HEADER_FIELDS = 256;

/** How many bytes an integer has behind its first one, at most: 28 bits (RFC 7541 §5.1). */
const MAX_INTEGER_BYTES = 4;

/** How many updates of the table's size a block begins with, at most (RFC 7541 §4.2). */
const MAX_SIZE_UPDATES = 2;

const NO_FIELDS: HeaderField[] = [];

/** Reads the field blocks of a connection, in the order in which they come. */
export class HpackDecoder {
  readonly #table = new DynamicTable(MAX_TABLE_BYTES);
  readonly #known = new KnownBlocks();
  /** The block that is being read: its next byte, and its end. */
  #at = 0;
  #end = 0;
  /** Whether it refers to an entry of the dynamic table. */
  #refers = false;

  /**
   * Reads a block.
   *
   * @returns its fields; the same array if the same block comes again and still means the same
   * @throws {Http2Error} If the block is wrong, and the connection cannot go on; or if the list is
   * too large, and the stream cannot go on. The block has been read to its end then.
   */
  decode(block: Uint8Array, from: number, to: number): readonly HeaderField[] {
    const table = this.#table;
    const known = this.#known.find(block, from, to, table.version);
    if (known === undefined) return this.#read(block, from, to);
    const { added } = known;
    for (let k = 0; k < added.length; k++) table.add(added[k]);
    return known.fields;
  }

  #read(block: Uint8Array, from: number, to: number): readonly HeaderField[] {
    const fields: HeaderField[] = [];
    const { version } = this.#table;
    let added = NO_FIELDS;
    this.#refers = false;
    let size = 0;
    let count = 0;
    let updates = 0;
    this.#at = from;
    this.#end = to;
    while (this.#at < to) {
      const byte = block[this.#at++];
      let field: HeaderField;
      if (byte >= 0x80) {
        // §6.1: an indexed field.
        field = this.#lookUp(this.#readInteger(block, byte & 0x7f, 0x7f));
      } else if (byte >= 0x40) {
        // §6.2.1: a literal with incremental indexing.
        field = this.#readLiteral(block, this.#readInteger(block, byte & 0x3f, 0x3f));
        this.#table.add(field);
        if (added === NO_FIELDS) added = [];
        added.push(field);
      } else if (byte >= 0x20) {
        // §6.3: another size of the table.
        if (count > 0 || ++updates > MAX_SIZE_UPDATES) {
          throw compressionError("a size update that is not at the start of a field block");
        }
        const maxBytes = this.#readInteger(block, byte & 0x1f, 0x1f);
        if (maxBytes > this.#table.limit) {
          throw compressionError(`a table of ${maxBytes} bytes, more than ${this.#table.limit}`);
        }
        this.#table.resize(maxBytes);
        continue;
      } else {
        // §6.2.2, §6.2.3: a literal without indexing, or never indexed.
        field = this.#readLiteral(block, this.#readInteger(block, byte & 0xf, 0xf));
      }
      count++;
      size += field.size;
      // A list that is too large is read to its end, for the fields that it adds to the table (RFC
      // 9113 §10.5.1), but it is not kept: a byte may stand for an entry of 4,096.
      if (size <= MAX_HEADER_LIST_BYTES && count <= MAX_HEADER_FIELDS) fields.push(field);
    }
    if (size > MAX_HEADER_LIST_BYTES || count > MAX_HEADER_FIELDS) {
      throw new Http2Error(
        ErrorCode.EnhanceYourCalm,
        "stream",
        count > MAX_HEADER_FIELDS
          ? `more than ${MAX_HEADER_FIELDS} fields`
          : `fields of more than ${MAX_HEADER_LIST_BYTES} bytes`,
      );
    }
    // A block that refers to the table and changes it does not mean the same again.
    if (updates === 0 && (added === NO_FIELDS || !this.#refers)) {
      this.#known.keep(block, from, to, fields, added, this.#refers ? version : undefined);
    }
    return fields;
  }

  /** The field of an index (RFC 7541 §2.3.3). */
  #lookUp(index: number): HeaderField {
    let field;
    if (index <= STATIC_FIELDS.length) {
      field = STATIC_FIELDS[index - 1];
    } else {
      this.#refers = true;
      field = this.#table.at(index - STATIC_FIELDS.length - 1);
    }
    if (field === undefined) throw compressionError(`index ${index} without a field`);
    return field;
  }

  /** @param index of the field with its name; 0 if the name follows */
  #readLiteral(block: Uint8Array, index: number): HeaderField {
    const name = index === 0 ? this.#readString(block) : this.#lookUp(index).name;
    return new HeaderField(name, this.#readString(block));
  }

  #readString(block: Uint8Array): string {
    if (this.#at === this.#end) throw truncated();
    const byte = block[this.#at++];
    const length = this.#readInteger(block, byte & 0x7f, 0x7f);
    const from = this.#at;
    if (length > this.#end - from) throw truncated();
    this.#at = from + length;
    const text = readString(block, from, this.#at, byte >= 0x80);
    if (text === undefined) {
      throw compressionError("a string that is not Huffman-encoded as it says");
    }
    return text;
  }

  /**
   * Reads an integer (RFC 7541 §5.1).
   *
   * @param value the bits of its first byte
   * @param max the same with all bits set: other bytes follow
   */
  #readInteger(block: Uint8Array, value: number, max: number): number {
    if (value < max) return value;
    for (let k = 0; k < MAX_INTEGER_BYTES; k++) {
      if (this.#at === this.#end) throw truncated();
      const byte = block[this.#at++];
      value += (byte & 0x7f) << 7 * k;
      if (byte < 0x80) return value;
    }
    throw compressionError("an integer that is too large");
  }
}

function truncated(): Http2Error {
  return compressionError("a field block that ends within a field");
}

/** RFC 9113 §4.3: without a block, the tables of the two ends would differ from then on. */
function compressionError(message: string): Http2Error {
  return new Http2Error(ErrorCode.CompressionError, "connection", message);
}
