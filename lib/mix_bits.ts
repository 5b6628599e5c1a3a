/** 32 bits that depend on all bits of two numbers of 32 bits, from 0 to 2^32 - 1. */
export function mixBits(a: number, b: number): number {
  return mix(mix(a ^ 0x9e3779b9) + mix(b)) >>> 0;
}

/** Mixes 32 bits so that each bit depends on all; no two numbers become the same (MurmurHash3). */
export function mix(bits: number): number {
  bits = Math.imul(bits ^ bits >>> 16, 0x85ebca6b);
  bits = Math.imul(bits ^ bits >>> 13, 0xc2b2ae35);
  return bits ^ bits >>> 16;
}
