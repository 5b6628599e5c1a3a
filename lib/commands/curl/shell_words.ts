/**
 * Words of a command line as a POSIX shell reads them (POSIX.1-2017, Shell Command Language §2.2),
 * with the `$'…'` of bash, which browsers write.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";

/** Characters that a shell leaves as they are, also at the beginning of a word. */
const PLAIN = /[\w.,:/@%+=-]+/y;
/** What ends a command, outside of quotes. */
const OPERATOR = /[|&;<>()\n]/;
/** What a shell replaces, also within double quotes. Only a name is repeated in a message. */
const EXPANSION = /^(?:\$[a-z_]\w*|\$[\d{(@*#?$!-]|`)/i;
/** The longest name of a variable that is looked at, in UTF-16 code units. */
const MAX_NAME_LENGTH = 64;

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  e: "\x1b",
  E: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "?": "?",
};

/** An escape of `$'…'`. Bytes in a row are one text in UTF-8. */
const ANSI_ESCAPE =
  /((?:\\x[\da-fA-F]{1,2}|\\[0-7]{1,3})+)|\\u([\da-fA-F]{1,4})|\\U([\da-fA-F]{1,8})|(\\([^]))/g;

/**
 * Splits one command into its words.
 *
 * @throws {UsageError} If a quote has no end, or if a shell would do more than split it: variables,
 * pipes, redirections.
 */
export function splitShellWords(text: string): string[] {
  return new ShellReader(text.trim()).read();
}

class ShellReader {
  readonly #text: string;
  readonly #words: string[] = [];
  /** The word so far; undefined between words. */
  #word: string | undefined;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): string[] {
    const text = this.#text;
    while (this.#at < text.length) {
      const character = text[this.#at];
      if (/[ \t\r]/.test(character)) {
        this.#endWord();
        this.#at++;
      } else if (character === "\\") this.#readEscape();
      else if (character === "'") this.#append(this.#takeQuoted("'", false));
      else if (character === '"') this.#append(this.#readDouble());
      else if (text.startsWith("$'", this.#at)) {
        this.#at++;
        this.#append(decodeAnsi(this.#takeQuoted("'", true)));
      } else if (character === "#" && this.#word === undefined) {
        const end = text.indexOf("\n", this.#at);
        this.#at = end < 0 ? text.length : end;
      } else {
        PLAIN.lastIndex = this.#at;
        const plain = PLAIN.exec(text)?.[0];
        if (plain !== undefined) {
          this.#append(plain);
          this.#at += plain.length;
          continue;
        }
        if (OPERATOR.test(character)) this.#refuse(character === "\n" ? "a line break" : character);
        this.#refuseExpansion(this.#at);
        this.#append(character);
        this.#at++;
      }
    }
    this.#endWord();
    return this.#words;
  }

  #append(text: string): void {
    this.#word = (this.#word ?? "") + text;
  }

  #endWord(): void {
    if (this.#word !== undefined) this.#words.push(this.#word);
    this.#word = undefined;
  }

  /** A backslash outside of quotes. One before a line break, also of Windows, continues the line. */
  #readEscape(): void {
    const [broken] = /^\\\r?\n/.exec(this.#text.slice(this.#at, this.#at + 3)) ?? [];
    if (broken === undefined) this.#append(this.#text.slice(this.#at + 1, this.#at + 2));
    this.#at += broken?.length ?? 2;
  }

  #readDouble(): string {
    const start = this.#at + 1;
    const inner = this.#takeQuoted('"', true);
    for (let k = 0; k < inner.length; k++) {
      if (inner[k] === "\\") k++;
      else this.#refuseExpansion(start + k);
    }
    return inner.replace(/\\\r?\n/g, "").replace(/\\([$`"\\])/g, "$1");
  }

  /** What stands between quotes, up to behind the second. @param hasEscapes whether `\` goes before it */
  #takeQuoted(quote: string, hasEscapes: boolean): string {
    const text = this.#text;
    const start = ++this.#at;
    let end = start;
    while (end < text.length && text[end] !== quote) {
      end += hasEscapes && text[end] === "\\" ? 2 : 1;
    }
    if (end >= text.length) {
      throw new UsageError(`Cannot read the curl command: a ${quote} lacks its second one: add it`);
    }
    this.#at = end + 1;
    return text.slice(start, end);
  }

  #refuseExpansion(at: number): void {
    const [found] = EXPANSION.exec(this.#text.slice(at, at + MAX_NAME_LENGTH)) ?? [];
    if (found !== undefined) this.#refuse(found);
  }

  #refuse(what: string): never {
    throw new UsageError(
      `Cannot read the curl command: a shell would act on '${what}' behind word ` +
        `${this.#words.length}: replace it by what it stands for, or leave it out`,
    );
  }
}

/** What stands between `$'` and `'` (POSIX.1-2024 §2.2.4). */
function decodeAnsi(text: string): string {
  return text.replace(ANSI_ESCAPE, (_, bytes, short, long, escape, letter) => {
    if (bytes !== undefined) return decodeBytes(bytes);
    if (escape !== undefined) return ESCAPES[letter] ?? escape;
    const code = parseInt(short ?? long, 16);
    return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
  });
}

function decodeBytes(escapes: string): string {
  const bytes = Array.from(
    escapes.matchAll(/\\x([\da-fA-F]{1,2})|\\([0-7]{1,3})/g),
    ([, hex, octal]) => hex === undefined ? parseInt(octal, 8) & 0xff : parseInt(hex, 16),
  );
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
