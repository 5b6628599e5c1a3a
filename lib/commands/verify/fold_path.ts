import { hexByte } from "./path_status.ts";

const SP = 0x20;
const PERCENT = 0x25;
const PLUS = 0x2b;
const DELETE = 0x7f;

/**
 * A path as IIS logs it: HTTP.sys decodes it, and writes a plus sign for each space and control
 * character. Of a text that is decoded already nothing changes but what looks encoded, so both sides
 * are decoded until nothing is left to decode; `/a%20b`, `/a+b` and `/a%2520b` are then the same.
 */
export function foldPath(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const folded = new Uint8Array(to - from);
  let length = 0;
  for (let k = from; k < to; k++) {
    folded[length++] = bytes[k];
    // What was decoded can end the code of another one: `%2520` is `%20` then, and so a space.
    while (length >= 3 && folded[length - 3] === PERCENT) {
      const byte = hexByte(folded, length - 2);
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
