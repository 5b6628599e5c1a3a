const FIRST_BYTES = 4 * 1024;
const TWO_32 = 2 ** 32;
/** The maximum number of bytes of a UTF-16 code unit in UTF-8. */
const MAX_UNIT_BYTES = 3;
/** Longer texts are encoded by the runtime, which takes 0.1 us for a call. */
const MAX_OWN_LENGTH = 100;

const encoder = new TextEncoder();

/** Bytes of values as Parquet's `PLAIN` encoding has them, little-endian. It grows as needed. */
export class PlainBytes {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The bytes themselves, not a copy; valid until more are written. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Makes room, which can replace the bytes. @returns where it begins */
  #reserve(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const bytes = new Uint8Array(2 * needed);
      bytes.set(this.view());
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
    this.#length = needed;
    return at;
  }

  writeByte(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  writeBytes(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** A number in groups of 7 bits, the lowest first. @param value from 0 to 2^31 - 1 */
  writeVarint(value: number): void {
    for (; value >= 0x80; value >>>= 7) this.writeByte(value & 0x7f | 0x80);
    this.writeByte(value);
  }

  writeUint32(value: number): void {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
  }

  /** @param value a safe integer */
  writeInt64(value: number): void {
    const at = this.#reserve(8);
    this.#view.setUint32(at, value, true);
    this.#view.setInt32(at + 4, Math.floor(value / TWO_32), true);
  }

  writeDouble(value: number): void {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value, true);
  }

  /** A text in UTF-8, behind its length. */
  writeText(text: string): void {
    const at = this.#reserve(4 + MAX_UNIT_BYTES * text.length);
    const start = at + 4;
    const bytes = this.#bytes;
    let end = start;
    if (text.length <= MAX_OWN_LENGTH) {
      for (let k = 0; k < text.length; k++) {
        const unit = text.charCodeAt(k);
        if (unit > 0x7f) {
          end = -1;
          break;
        }
        bytes[end++] = unit;
      }
    } else end = -1;
    if (end < 0) end = start + encoder.encodeInto(text, bytes.subarray(start)).written;
    this.#view.setUint32(at, end - start, true);
    this.#length = end;
  }
}
