/**
 * Inputs in pieces, as a network or a file brings them.
 *
 * @module
 */
import { Input } from "../lib/source/input.ts";
import { Dice } from "../tests/fixtures/dice.ts";
import { holdEqual } from "./target.ts";

/** The longest piece of a random split. */
const MAX_PIECE_BYTES = 40;

/** An input whole, byte by byte, and in a random split that follows from the input alone. */
function split(input: Uint8Array): readonly (readonly Uint8Array[])[] {
  const dice = new Dice(input.reduce((sum, byte) => (sum * 31 + byte) % 2 ** 31, input.length));
  const random: Uint8Array[] = [];
  for (let at = 0; at < input.length;) {
    const end = at + 1 + dice.below(MAX_PIECE_BYTES);
    random.push(input.subarray(at, end));
    at = end;
  }
  const bytes = Array.from(input, (_, k) => input.subarray(k, k + 1));
  return [input.length === 0 ? [] : [input], bytes, random];
}

/**
 * Reads an input whole and in pieces.
 *
 * @returns what comes of it, which is the same for all of them
 * @throws {BrokenProperty} If it is not.
 */
export function readInPieces<T>(input: Uint8Array, read: (pieces: readonly Uint8Array[]) => T): T {
  const [whole, ...others] = split(input).map(read);
  for (const other of others) holdEqual(other, whole, "pieces give another result");
  return whole;
}

/** Like {@linkcode readInPieces}, for what takes turns of the event loop. */
export async function readInPiecesLater<T>(
  input: Uint8Array,
  read: (pieces: readonly Uint8Array[]) => Promise<T>,
): Promise<T> {
  const [whole, ...others] = split(input);
  const expected = await read(whole);
  for (const pieces of others) {
    holdEqual(await read(pieces), expected, "pieces give another result");
  }
  return expected;
}

/** Pieces as an input of a run, which decompresses them if they are compressed. */
export function openPieces(pieces: readonly Uint8Array[]): Input {
  const left = pieces.values();
  let before = 0;
  return Input.ofRemote("input", "input", {
    read: (into) => {
      const { value: piece } = left.next();
      // Whoever keeps a piece after the next one was asked for reads garbage.
      into.fill(0xaa, 0, before);
      if (piece === undefined) return Promise.resolve(null);
      into.set(piece);
      before = piece.length;
      return Promise.resolve(piece.length);
    },
    close: () => {},
  });
}
