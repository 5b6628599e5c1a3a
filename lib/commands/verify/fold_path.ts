import { parseHexByte } from "./path_status.ts";

const SP = 0x20;
const PERCENT = 0x25;
const PLUS = 0x2b;
const DELETE = 0x7f;

/**
 * Folds a path as IIS logs it: HTTP.sys decodes paths, and writes a plus sign for each space and
 * control character. A decoded path can look encoded again, so both sides are decoded until nothing
 * is left to decode: `/a%20b`, `/a+b` and `/a%2520b` become the same.
 */
export function foldPath(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const folded = new Uint8Array(to - from);
  let length = 0;
  for (let k = from; k < to; k++) {
    folded[length++] = bytes[k];
    // A decoded byte can complete another code: `%2520` becomes `%20`, and then a space.
    while (length >= 3 && folded[length - 3] === PERCENT) {
      const byte = parseHexByte(folded, length - 2);
      if (byte < 0) break;
      length -= 2;
      folded[length - 1] = byte;
    }
  }
  for (let k = 0; k < length; k++) {
    if (folded[k] <= SP || folded[k] === DELETE) folded[k] = PLUS;
  }
  return folded.subarray(0, length);
}
