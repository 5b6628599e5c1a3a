/**
 * Text in the cells of a terminal.
 *
 * Terminals disagree on the cells of emoji, of marks that combine with the character before them,
 * and of letters that join or run from right to left. Text that must keep to its cells passes
 * {@linkcode escapeForCells} first: what is left then takes the same cells everywhere. That set of
 * characters is small enough to be named by Unicode's scripts, so this file needs no table of
 * widths. (`unicodeWidth` of `@std/cli` has one, but the npm package that carries std lacks the file
 * with the table.)
 *
 * @module
 */
import { escapeForTerminal } from "./escape.ts";

/**
 * Characters of two cells (UAX #11, W and F): ideographs, kana, bopomofo, Hangul syllables and their
 * punctuation, as far as they are older than the terminals in use.
 */
const WIDE =
  /(?=[\u2e80-\uffe6\u{20000}-\u{2a6d6}])(?![\p{M}\p{Emoji}\ua960-\ua97f\ud7b0-\ud7ff\uff61-\uffdf])[\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Bopomofo}\u3001-\u303e\u30fb\u30fc\uff01-\uff60\uffe0-\uffe6]/u;

/**
 * Characters of one cell: ASCII, Latin-1, the letters of scripts that run from left to right and do
 * not join, punctuation, signs of currencies, half-width kana.
 */
const NARROW =
  /[\x20-\x7e\xa1-\xac\xae-\xff\u2010-\u2027\u2030-\u203b\u203d-\u2048\u204a-\u205e\u20a0-\u20bf\uff61-\uff9f]|(?=[\u0100-\u1c7f\u1d00-\u1fff])(?=\p{L})[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Armenian}\p{sc=Georgian}]/u;

/** Characters of no cell of their own. */
const ZERO = /[\p{M}\p{Cf}]/u;
/** What terminals show as a picture of two cells. */
const PICTURE = /\p{Emoji_Presentation}/u;

const ASCII = /^[\x20-\x7e]*$/;

/**
 * A text that a server or an input sent, safe to print on a terminal and of the same width on each:
 * {@linkcode escapeForTerminal} of it, with the characters whose cells terminals disagree on as
 * `\u{1f600}`.
 *
 * @param maxLength the maximum number of UTF-16 code units of the text that are read, from 1
 */
export function escapeForCells(text: string, maxLength = Infinity): string {
  // A letter and its accent become one character where there is such a one.
  const safe = escapeForTerminal(text, maxLength).normalize("NFC");
  if (ASCII.test(safe)) return safe;
  return safe.replace(
    /[^\x20-\x7e]/gu,
    (character) =>
      NARROW.test(character) || WIDE.test(character)
        ? character
        : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/**
 * How many cells a text takes. Exact on each terminal for {@linkcode escapeForCells}'s result and
 * for the blocks and lines of plots; for other text what most terminals do.
 *
 * @param text without control characters
 */
export function measureWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += measureCharacter(character);
  return cells;
}

function measureCharacter(character: string): number {
  if (WIDE.test(character) || PICTURE.test(character)) return 2;
  return ZERO.test(character) ? 0 : 1;
}

/** A text with spaces behind it up to so many cells. */
export function padEndWidth(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - measureWidth(text)));
}

/**
 * A text of at most so many cells: one that is longer ends in `…`.
 *
 * @param cells from 1
 */
export function truncateWidth(text: string, cells: number): string {
  return measureWidth(text) <= cells ? text : `${wrapWidth(text, cells - 1)[0]}…`;
}

/**
 * A text in rows of at most so many cells, as a terminal wraps it: a character of two cells for
 * which a row has one left begins the next row. An empty text is one row.
 */
export function wrapWidth(text: string, cells: number): string[] {
  const rows: string[] = [];
  let row = "";
  let used = 0;
  for (const character of text) {
    const width = measureCharacter(character);
    if (used + width > cells) {
      rows.push(row);
      row = "";
      used = 0;
    }
    row += character;
    used += width;
  }
  rows.push(row);
  return rows;
}
