/**
 * The Huffman code of HPACK (RFC 7541 §5.2, appendix B).
 *
 * @module
 */
/** The number of bits of each byte's code. */
const LENGTHS: Uint8Array = Uint8Array.from(
  `
  13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
   6 10 10 12 13  6  8 11 10 10  8 11  8  6  6  6  5  5  5  6  6  6  6  6  6  6  7  8 15  6 12 10
  13  6  7  7  7  7  7  7  7  7  7  7  7  7  7  7  7  7  7  7  7  7  7  7  8  7  8 13 19 13 14  6
  15  5  6  5  6  5  6  6  6  5  7  7  6  6  6  5  6  7  6  5  5  6  7  7  7  7  7 15 11 14 13 28
  20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
  22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
  26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
  20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
`.trim().split(/\s+/).map(Number),
);

/** The number of bits of the longest code; all of them 1 are the end of a string (EOS). */
const MAX_CODE_BITS = 30;

/**
 * The code of each byte. They follow from their lengths: the codes of a length are numbers in a
 * row, in the order of their bytes, and those of the next length go on behind them.
 */
const CODES = new Int32Array(256);

/** In a step: there is a byte, in the lowest 8 bits. The next state is in the bits above 8. */
const HAS_BYTE = 1 << 30;
/** The step of bits that begin no code: those of EOS. */
const FAILS = -1;

/**
 * Where each half of a byte leads from each state, at `16 * state + half`. A state is the bits of a
 * code so far; 0 is without any. As no code has fewer than 5 bits, half a byte ends one at most.
 *
 * Halves need 16 KB, which stay in the fastest cache; whole bytes would need 256 KB.
 */
const STEPS = new Int32Array(256 * 16);
/** Whether a string may end in a state: after at most 7 bits, all of them 1 (RFC 7541 §5.2). */
const MAY_END = new Uint8Array(256);

/** Fills the tables, before the first string: runs without HTTP/2 do not pay for them. */
function fillTables(): void {
  let next = 0;
  for (let length = 1; length <= MAX_CODE_BITS; length++, next <<= 1) {
    for (let byte = 0; byte < 256; byte++) if (LENGTHS[byte] === length) CODES[byte] = next++;
  }
  // The tree of the codes: two branches of each state, a state or `HAS_BYTE` and a byte.
  const branches = new Int32Array(512).fill(FAILS);
  let states = 1;
  for (let byte = 0; byte < 256; byte++) {
    let state = 0;
    for (let bit = LENGTHS[byte] - 1; bit >= 0; bit--) {
      const at = 2 * state + (CODES[byte] >> bit & 1);
      if (bit === 0) branches[at] = HAS_BYTE | byte;
      else if (branches[at] === FAILS) branches[at] = states++;
      state = branches[at];
    }
  }
  for (let at = 0; at < STEPS.length; at++) {
    let state = at >> 4;
    let found = 0;
    for (let bit = 3; bit >= 0 && state !== FAILS; bit--) {
      state = branches[2 * state + (at >> bit & 1)];
      if (state === FAILS || (state & HAS_BYTE) === 0) continue;
      found = state;
      state = 0;
    }
    STEPS[at] = state === FAILS ? FAILS : found | state << 8;
  }
  for (let bits = 0, state = 0; bits < 8; bits++, state = branches[2 * state + 1]) {
    MAY_END[state] = 1;
  }
}

/** The maximum number of bytes that so many encoded bytes stand for: no code is below 5 bits. */
export function maxDecodedBytes(length: number): number {
  return Math.floor(length * 8 / 5);
}

/**
 * Decodes a string.
 *
 * @param to gets the bytes, from its start; long enough for {@linkcode maxDecodedBytes}
 * @returns how many bytes there are; -1 if the string has EOS, or ends within a code or in a
 * padding that is longer than 7 bits or not all 1
 */
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
): number {
  // The beginning of a string may be its end.
  if (MAY_END[0] === 0) fillTables();
  let length = 0;
  let state = 0;
  for (let k = start; k < end; k++) {
    const byte = bytes[k];
    let step = STEPS[state << 4 | byte >> 4];
    if (step === FAILS) return -1;
    if ((step & HAS_BYTE) !== 0) to[length++] = step;
    step = STEPS[step >> 4 & 0xff0 | byte & 0xf];
    if (step === FAILS) return -1;
    if ((step & HAS_BYTE) !== 0) to[length++] = step;
    state = step >> 8 & 0xff;
  }
  return MAY_END[state] === 1 ? length : -1;
}

/**
 * Encodes a text, each character a byte, if that makes it shorter.
 *
 * @param from where its bytes begin; as many as the text has may be written
 * @returns the position behind them; -1 if they are not fewer than those of the text
 */
export function encodeHuffman(text: string, bytes: Uint8Array, from: number): number {
  if (MAY_END[0] === 0) fillTables();
  const { length } = text;
  const end = from + length;
  let at = from;
  /** Bits that are not written yet: fewer than 16, in the lowest places. */
  let rest = 0;
  let count = 0;
  for (let k = 0; k < length; k++) {
    const byte = text.charCodeAt(k);
    let left = LENGTHS[byte];
    let code = CODES[byte];
    // Two parts of a long code, so that the bits at hand are never more than 32.
    if (left > 16) {
      if (at + (count + left + 7 >> 3) >= end) return -1;
      left -= 16;
      rest = rest << left | code >> 16;
      for (count += left; count >= 8;) bytes[at++] = rest >> (count -= 8);
      left = 16;
      code &= 0xffff;
    }
    rest = rest << left | code;
    count += left;
    if (count < 16) continue;
    if (at + 2 >= end) return -1;
    // Two bytes at once take a third less time than one at once.
    count -= 16;
    bytes[at] = rest >> count + 8;
    bytes[at + 1] = rest >> count;
    at += 2;
  }
  if (at + (count + 7 >> 3) >= end) return -1;
  if (count >= 8) bytes[at++] = rest >> (count -= 8);
  // The first bits of EOS fill the last byte.
  if (count > 0) bytes[at++] = rest << (8 - count) | 0xff >> count;
  return at;
}
