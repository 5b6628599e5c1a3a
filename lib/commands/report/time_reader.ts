import type { ScannedFields } from "../../scan/scanner.ts";

/** Characters of `2026-01-01T00:00:00`, which a second's records have in common. */
const SECOND = 19;
/** Those of `2026-01-01T00:00:00.000Z`. */
const WHOLE = 24;
const POINT = 0x2e;
const Z = 0x5a;

const decoder = new TextDecoder();

/** Reads times as records have them: what a second's have in common is read once. */
export class TimeReader {
  readonly #second = new Uint8Array(SECOND);
  #secondMs = NaN;

  /** @returns milliseconds since the Unix epoch, from 0; NaN if it is not a time */
  read({ bytes, starts, ends }: ScannedFields, field: number): number {
    const from = starts[field];
    const digits = this.#millisecondsAt(bytes, from, ends[field]);
    if (digits < 0) {
      const text = decoder.decode(bytes.subarray(from, Math.min(ends[field], from + 64)));
      const at = Date.parse(text);
      return at >= 0 ? at : NaN;
    }
    if (!this.#isSameSecond(bytes, from)) {
      this.#second.set(bytes.subarray(from, from + SECOND));
      const at = Date.parse(`${decoder.decode(this.#second)}Z`);
      this.#secondMs = at >= 0 ? at : NaN;
    }
    return this.#secondMs + digits;
  }

  #isSameSecond(bytes: Uint8Array, from: number): boolean {
    const second = this.#second;
    // The last digits differ first.
    for (let k = SECOND - 1; k >= 0; k--) if (second[k] !== bytes[from + k]) return false;
    return true;
  }

  /** The milliseconds behind the second; -1 if it is written in another way. */
  #millisecondsAt(bytes: Uint8Array, from: number, to: number): number {
    if (to - from !== WHOLE || bytes[from + SECOND] !== POINT || bytes[to - 1] !== Z) return -1;
    let value = 0;
    for (let k = from + SECOND + 1; k < to - 1; k++) {
      const digit = bytes[k] - 0x30;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }
}
