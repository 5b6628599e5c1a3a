/**
 * The units in which values are given on the command line.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

const COUNT = /^(\d+)(?:\.(\d+))?(?:[eE](\d{1,2}))?([kKmMgG])?$/;

/** How many zeros a suffix stands for. */
const COUNT_ZEROS: Record<string, number> = { k: 3, m: 6, g: 9 };

/** Counts that a message shows, as they are written. */
const EXAMPLES = [["500", 500], ["10k", 1e4], ["1M", 1e6], ["1e8", 1e8]] as const;

/**
 * Reads a count: `100`, `10k`, `1M`, `1e8`. A count that is not exact is refused.
 *
 * @returns a whole number from `min` to `max`
 * @throws {UsageError} If the text is not a count in that range.
 */
export function parseCount(
  text: string,
  flag: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): number {
  const [, whole, fraction = "", exponent = "0", suffix] = COUNT.exec(text) ?? [];
  const decimals = fraction.replace(/0+$/, "");
  // 0.3 * 1e6 would be inexact: the decimal point is moved instead.
  const zeros = Number(exponent) + (COUNT_ZEROS[suffix?.toLowerCase()] ?? 0) - decimals.length;
  const count = whole === undefined || zeros < 0
    ? NaN
    : Number(whole + decimals + "0".repeat(zeros));
  // Only numbers above 2^53 - 1 are rounded, and `max` is at most that.
  if (!(count >= min && count <= max)) {
    const range = count > max || max !== Number.MAX_SAFE_INTEGER
      ? `from ${min} to ${max}`
      : `from ${min}`;
    const shown = EXAMPLES.filter(([, value]) => value >= min && value <= max)
      .map(([example]) => example);
    const like = shown.length === 0
      ? ""
      : `, like ${[shown.slice(0, -1).join(", "), shown.at(-1)].filter(Boolean).join(" or ")}`;
    throw new UsageError(`Cannot read '${flag} ${text}': use a whole number ${range}${like}`);
  }
  return count;
}

const SIZE = /^(\d+(?:\.\d+)?)(?:([kmg])(i?b?)|b)?$/i;

const SIZE_POWERS: Record<string, number> = { k: 1, m: 2, g: 3 };

/**
 * Reads a size in bytes. A letter alone is a power of 1,024, as `MiB` is, so that `64M` is
 * 67,108,864; `MB` is a power of 1,000, as it is where sizes are shown.
 *
 * @returns bytes, from 0
 * @throws {UsageError} If the text is not a size.
 */
export function parseSize(text: string, flag: string): number {
  const match = SIZE.exec(text);
  const [, digits, letter = "", unit = ""] = match ?? [];
  const base = unit.toLowerCase() === "b" ? 1000 : 1024;
  const value = Math.floor(Number(digits) * base ** (SIZE_POWERS[letter.toLowerCase()] ?? 0));
  if (!Number.isSafeInteger(value)) {
    throw new UsageError(`Cannot read '${flag} ${text}': use a size, like 500, 10k or 64M`);
  }
  return value;
}

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

/** The units of a duration, in milliseconds. */
export const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads a duration with its unit: `250ms`, `3s`, `5m`, `2h`. A bare `0` needs no unit.
 *
 * @returns milliseconds, from 0
 * @throws {UsageError} If the text is not a duration.
 */
export function parseDuration(text: string, flag: string): number {
  if (text === "0") return 0;
  const match = DURATION.exec(text);
  const ms = match === null ? NaN : Number(match[1]) * DURATION_UNITS[match[2]];
  if (!Number.isFinite(ms)) {
    throw new UsageError(
      `Cannot read '${flag} ${text}': use a number with its unit, like 250ms, 3s, 5m or 2h`,
    );
  }
  return ms;
}
