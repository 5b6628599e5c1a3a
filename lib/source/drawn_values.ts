/**
 * Values that are drawn for a request: they depend on its number and on a key, and on nothing else.
 *
 * @module
 */
import { mix } from "../mix_bits.ts";

/**
 * 32 bits for a number. With one key and lane, numbers below 2^32 all have others, so that ids made
 * of a whole lane are unique.
 *
 * @param lane from 0 to 3
 */
function drawBits(i: number, key: Uint32Array, lane: number): number {
  const high = Math.floor(i / 2 ** 32);
  return mix(mix(i ^ key[lane]) + mix(high ^ key[lane + 4])) >>> 0;
}

const HEX: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => byte.toString(16).padStart(2, "0"),
);

/** 16 bits in hexadecimal: those of a number that are `shift` from its right. */
function toHex(bits: number, shift: 0 | 16): string {
  return HEX[bits >>> shift + 8 & 0xff] + HEX[bits >>> shift & 0xff];
}

/** A random UUID (RFC 9562 §5.4), whose first 32 bits no other number below 2^32 has. */
export function drawUuid(i: number, key: Uint32Array): string {
  const a = drawBits(i, key, 0);
  // The version and the variant take 4 and 2 bits.
  const b = drawBits(i, key, 1) & 0xffff0fff | 0x4000;
  const c = drawBits(i, key, 2) & 0x3fffffff | 0x80000000;
  const d = drawBits(i, key, 3);
  return `${toHex(a, 16)}${toHex(a, 0)}-${toHex(b, 16)}-${toHex(b, 0)}-${toHex(c, 16)}-` +
    `${toHex(c, 0)}${toHex(d, 16)}${toHex(d, 0)}`;
}

/** A number from 0 up to 1, of 53 random bits. */
export function drawShare(i: number, key: Uint32Array): number {
  return (drawBits(i, key, 0) * 2 ** 21 + (drawBits(i, key, 1) >>> 11)) / 2 ** 53;
}
