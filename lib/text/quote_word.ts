/** What no shell acts on; an address in brackets, as `--allow-net` has it, is what it says, too. */
const SAFE = /^[\w.,:/@%+=-]+$|^--[\w-]+=\[[\da-f:.]+\](?::\d+)?$/;

/** A word as a POSIX shell takes it: what is printed to be pasted can hold what others chose. */
export function quoteWord(word: string): string {
  return SAFE.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
