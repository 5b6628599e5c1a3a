/**
 * What a fuzzer runs: something that reads what others wrote, and what has to hold for any bytes.
 *
 * @module
 */

/** The maximum number of bytes of an input, where a target does not say another. */
export const MAX_INPUT_BYTES = 4_096;

/** Loads a package of npm, which is installed first. @param module one of its modules */
export type LoadPackage = (name: string, version: string, module?: string) => Promise<unknown>;

/** One thing that reads what others wrote. */
export interface FuzzTarget {
  /** What it reads, and what it is compared to, in one line. */
  readonly reads: string;
  /** Valid inputs, from which others are made; at least one. */
  readonly seeds: readonly (string | Uint8Array)[];
  /** Pieces that mean something in its format. */
  readonly tokens?: readonly string[];
  /** The maximum number of bytes of an input. @default {MAX_INPUT_BYTES} */
  readonly maxBytes?: number;
  /**
   * The maximum number of steps, which are branches and calls of what is read into, for inputs of so
   * many bytes. @default {@linkcode computeMaxSteps}
   */
  readonly maxSteps?: (bytes: number) => number;
  /** Loads what it is compared to that has to be installed first. Without it, that is left out. */
  prepare?(load: LoadPackage): Promise<void>;
  /**
   * Reads an input.
   *
   * @returns what came of it: the same for the same input, whatever was read before
   * @throws {Error} If something does not hold that has to.
   */
  run(input: Uint8Array): string | Promise<string>;
}

/** Steps in proportion to the input, which is read some times over: whole, and in pieces. */
export function computeMaxSteps(bytes: number): number {
  return 50_000 + 1_000 * bytes;
}

/** Something that has to hold does not. */
export class BrokenProperty extends Error {
  override name = "BrokenProperty";
}

/** @throws {BrokenProperty} If a condition does not hold. */
export function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new BrokenProperty(what);
}

/** @throws {BrokenProperty} If two values of JSON differ. */
export function holdEqual(actual: unknown, expected: unknown, what: string): void {
  const [one, other] = [actual, expected].map((value) => JSON.stringify(value) ?? "undefined");
  hold(one === other, `${what}: ${cut(one)} instead of ${cut(other)}`);
}

/** The maximum number of characters of a value in a message. */
const MAX_SHOWN = 300;

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/**
 * What a reader makes of an input, or the kind of the error that it throws.
 *
 * @param errors the classes of errors that it may throw
 * @throws {unknown} What else it throws.
 */
export function attempt<T>(
  read: () => T,
  // deno-lint-ignore no-explicit-any
  ...errors: (new (...args: any[]) => Error)[]
): { readonly value: T } | { readonly error: string } {
  try {
    return { value: read() };
  } catch (error) {
    if (errors.some((kind) => error instanceof kind)) return { error: (error as Error).message };
    throw error;
  }
}

/** Like {@linkcode attempt}, for what takes turns of the event loop. */
export async function attemptLater<T>(
  read: () => Promise<T>,
  // deno-lint-ignore no-explicit-any
  ...errors: (new (...args: any[]) => Error)[]
): Promise<{ readonly value: T } | { readonly error: string }> {
  try {
    return { value: await read() };
  } catch (error) {
    if (errors.some((kind) => error instanceof kind)) return { error: (error as Error).message };
    throw error;
  }
}

/** How many bytes become text at once: each is an argument of a function. */
const PIECE_BYTES = 8 * 1024;

/** Bytes as text, each byte a character. */
export function toText(bytes: Uint8Array): string {
  let text = "";
  for (let k = 0; k < bytes.length; k += PIECE_BYTES) {
    text += String.fromCharCode(...bytes.subarray(k, k + PIECE_BYTES));
  }
  return text;
}

/** Text as bytes, each character a byte. */
export function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const decoder = new TextDecoder();

/** Bytes as text in UTF-8, with U+FFFD in place of each error. */
export function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
