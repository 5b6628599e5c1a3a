/**
 * What the value of a flag can be.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { DURATION_UNITS, parseCount, parseDuration, parseSize } from "./units.ts";

/** What the value of a flag is, and how it is read. */
export interface Kind<T> {
  /** What the documents call it, such as `count`. */
  readonly name: string;
  /** The only values, where it is a choice. */
  readonly words?: readonly string[];
  /**
   * Reads a value.
   *
   * @param flag the flag with its dashes, for the message
   * @throws {UsageError} If the text is not of this kind.
   */
  read(text: string, flag: string): T;
}

/** A whole number from `min`, by default 0, to `max`: `100`, `10k`, `1M`, `1e8`. */
export function count(range: { readonly min?: number; readonly max?: number } = {}): Kind<number> {
  return { name: "count", read: (text, flag) => parseCount(text, flag, range) };
}

/** Milliseconds, from 1 to so many hours: `250ms`, `3s`, `5m`, `2h`. */
export function duration(maxHours = Infinity): Kind<number> {
  return {
    name: "duration",
    read(text, flag) {
      const ms = parseDuration(text, flag);
      if (ms < 1) throw new UsageError(`Cannot use '${flag} ${text}': use 1ms or more`);
      if (ms > maxHours * DURATION_UNITS.h) {
        throw new UsageError(`Cannot use '${flag} ${text}': use at most ${maxHours}h`);
      }
      return ms;
    },
  };
}

/** Milliseconds, from 1: `250ms`, `3s`, `5m`, `2h`. */
export const DURATION: Kind<number> = duration();

/** Bytes: `500`, `10k`, `64M`. */
export const SIZE: Kind<number> = { name: "size", read: parseSize };

/** One of some words. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  return {
    name: "choice",
    words,
    read(text, flag) {
      const word = words.find((word) => word === text);
      if (word !== undefined) return word;
      throw new UsageError(
        words.length === 1
          ? `Cannot read '${flag}=${text}': use '${flag}=${words[0]}', or '${flag}' alone`
          : `Cannot read '${flag} ${text}': use one of ${words.join(", ")}`,
      );
    },
  };
}
