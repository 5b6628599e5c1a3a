import type { Flag } from "./flags.ts";
import { COLUMNS, formatFlags, wrap } from "./format_flags.ts";

/** What the help of a command says. The man page and the completions of shells say the same. */
export interface CommandHelp {
  /** What the command does, in one sentence. */
  readonly about: string;
  /** How it is written. */
  readonly usage: readonly string[];
  /**
   * Paragraphs before the flags, with an empty line between each two, whose lines end anywhere.
   * Lines that begin with two spaces are a table, and have at most 80 characters.
   */
  readonly text?: string;
  readonly flags: readonly Flag[];
  /** Paragraphs behind the flags, as in `text`; those about the exit codes come last. */
  readonly after: string;
  /** What an argument is that belongs to no flag: a file, or one of some words. @default a text */
  readonly argument?: "file" | readonly string[];
}

/** The help of a command, as `--help` prints it. */
export function formatHelp({ about, usage, text, flags, after }: CommandHelp): string {
  const before = text === undefined ? "" : `\n${wrapParagraphs(text)}\n`;
  return `${about}\n\nUsage: ${usage.join("\n       ")}\n${before}${formatFlags(flags)}\n${
    wrapParagraphs(after)
  }\n`;
}

/** Texts with names of the program within have lines of any length. */
function wrapParagraphs(text: string): string {
  const lines = /^[^ \n].*(?:\n[^ \n].*)*/gm;
  return text.replace(
    lines,
    (paragraph) => wrap(paragraph.replaceAll("\n", " "), COLUMNS).join("\n"),
  );
}
