import { escapeForTerminal } from "./escape.ts";

/** What no shell acts on; an address in brackets, as `--allow-net` has it, is what it says, too. */
const SAFE = /^[\w.,:/@%+=-]+$|^--[\w-]+=\[[\da-f:.]+\](?::\d+)?$/;

/** A word as a POSIX shell takes it: what is printed to be pasted can hold what others chose. */
export function quoteWord(word: string): string {
  return SAFE.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * A word as bash and zsh take it, and as it can be printed on a terminal: where it holds control
 * characters or others that mislead, it becomes `$'…'` with their bytes in octal.
 */
export function quoteVisibly(word: string): string {
  const text = word.toWellFormed();
  if (escapeForTerminal(text.replaceAll("\n", "")) === text.replaceAll("\n", "")) {
    return quoteWord(text);
  }
  const escaped = Array.from(text, (character) => {
    if (character === "'" || character === "\\") return `\\${character}`;
    return escapeForTerminal(character) === character ? character : toOctal(character);
  });
  return `$'${escaped.join("")}'`;
}

/** The bytes of a character in UTF-8, each of three digits: what follows is never one of them. */
function toOctal(character: string): string {
  const bytes = new TextEncoder().encode(character);
  return Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
