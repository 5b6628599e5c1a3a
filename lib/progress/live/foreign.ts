import { escapeForTerminal } from "../../text/escape.ts";

/** Most characters of a text that are looked at: more than a line has cells. */
const LENGTH = 500;

/**
 * A text that a server or an input sent, as printable ASCII: safe on a terminal, and each character
 * takes one cell. How many cells others take (wide and combining characters, emoji) is for each
 * terminal to decide, and a line that is longer than it seems breaks all below it.
 */
export function toPrintableAscii(text: string): string {
  return escapeForTerminal(text, LENGTH).replace(
    /[^\x20-\x7e]/gu,
    (character) => character === "…" ? "..." : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
