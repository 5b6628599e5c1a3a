import type { Dice } from "../tests/fixtures/dice.ts";

/** What inputs are made from. */
export interface Sources {
  readonly dice: Dice;
  /** Other inputs, at least one. */
  readonly inputs: readonly Uint8Array[];
  /** Pieces that mean something. */
  readonly tokens: readonly Uint8Array[];
  /** The maximum number of bytes of an input. */
  readonly maxBytes: number;
}

/** Bytes and numbers at which programs decide. */
const BYTES = [0, 1, 9, 10, 13, 32, 34, 44, 58, 92, 0x7f, 0x80, 0xbf, 0xc0, 0xef, 0xfe, 0xff];
const NUMBERS = ["0", "1", "-1", "9", "10", "255", "256", "65535", "65536", "4294967296", "1e9"]
  .concat(["2147483647", "9007199254740991", "9007199254740993", "99999999999999999999", "0x10"])
  .map((text) => new TextEncoder().encode(text));
const INTEGERS = [0, 1, 4, 127, 128, 255, 256, 4_096, 16_384, 65_535, 2 ** 31 - 1, 2 ** 31];

/** How often a piece is repeated at most, to reach bounds. */
const MAX_REPEATS = 300;

/** Makes another input of one, by 1, 2, 4, 8 or 16 changes. */
export function mutate(input: Uint8Array, sources: Sources): Uint8Array {
  let output = input;
  for (let changes = 2 ** sources.dice.below(5); changes > 0; changes--) {
    output = change(output, sources);
  }
  return output.length > sources.maxBytes ? output.slice(0, sources.maxBytes) : output;
}

function change(input: Uint8Array, { dice, inputs, tokens }: Sources): Uint8Array {
  const at = dice.below(input.length + 1);
  const length = dice.below(dice.of([2, 5, 17, 65, 1_025]));
  const end = Math.min(input.length, at + length);
  const piece = input.subarray(at, end);
  const replace = (middle: Uint8Array, to = end): Uint8Array =>
    join(input.subarray(0, at), middle, input.subarray(to));
  const token = (): Uint8Array => tokens.length === 0 ? NUMBERS[0] : dice.of(tokens);
  switch (dice.below(16)) {
    case 0:
      return setByte(input, at, (byte) => byte ^ 1 << dice.below(8));
    case 1:
      return setByte(input, at, () => dice.of(BYTES));
    case 2:
      return setByte(input, at, (byte) => byte + dice.below(33) - 16);
    case 3:
      return setByte(input, at, () => dice.below(256));
    case 4:
      return replace(new Uint8Array(), end);
    case 5:
      return replace(Uint8Array.from({ length: 1 + dice.below(8) }, () => dice.below(256)), at);
    case 6:
      return replace(piece, at);
    case 7:
    case 8:
      return replace(token(), at);
    case 9:
      return replace(token());
    case 10: {
      const other = dice.of(inputs);
      return join(input.subarray(0, at), other.subarray(dice.below(other.length + 1)));
    }
    case 11: {
      const other = dice.of(inputs);
      const from = dice.below(other.length + 1);
      return replace(other.subarray(from, from + length), at);
    }
    case 12:
      return replaceNumber(input, at, dice.of(NUMBERS));
    case 13:
      return replace(toInteger(dice.of(INTEGERS) + dice.below(3) - 1, dice));
    case 14:
      return dice.below(4) === 0 ? input.slice(0, at) : replace(piece.toReversed());
    default: {
      const repeated = dice.below(2) === 0 ? token() : piece;
      return replace(join(...Array(1 + dice.below(MAX_REPEATS)).fill(repeated)), at);
    }
  }
}

function setByte(input: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const output = input.slice();
  if (at < output.length) output[at] = change(output[at]);
  return output;
}

/** Puts another number in place of the first one from a place on. */
function replaceNumber(input: Uint8Array, at: number, number: Uint8Array): Uint8Array {
  let from = at;
  while (from < input.length && !isDigit(input[from])) from++;
  let end = from;
  while (end < input.length && isDigit(input[end])) end++;
  return join(input.subarray(0, from), number, input.subarray(end));
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** An integer of 1 to 4 bytes, in either order. */
function toInteger(value: number, dice: Dice): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  const used = bytes.subarray(dice.below(4));
  return dice.below(2) === 0 ? used : used.toReversed();
}

function join(...pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
