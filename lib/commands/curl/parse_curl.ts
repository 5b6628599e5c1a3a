import { UsageError } from "../../errors.ts";
import { closest } from "../../cli/closest.ts";
import { CURL_FLAGS, type CurlFlag } from "./curl_flags.ts";

/** An option of curl as it is given. */
export interface GivenFlag {
  readonly flag: CurlFlag;
  /** How it is written, with its dashes. */
  readonly shown: string;
  /** Empty without a value. */
  readonly value: string;
}

/** A command line of curl. */
export interface CurlCommand {
  readonly given: readonly GivenFlag[];
  readonly urls: readonly string[];
}

/**
 * Reads the words of a command line as curl does: a value is the next word, or what follows a
 * letter.
 *
 * @param words without the name of the program
 * @throws {UsageError} If an option is unknown or has no value. No value is repeated.
 */
export function parseCurl(words: readonly string[]): CurlCommand {
  const given: GivenFlag[] = [];
  const urls: string[] = [];
  let k = 0;
  const add = (name: string, shown: string, inline: string | undefined): void => {
    const flag = CURL_FLAGS.get(name);
    if (flag === undefined) {
      const meant = shown.startsWith("--") ? closest(name, [...CURL_FLAGS.keys()]) : undefined;
      const fix = meant === undefined ? "leave it out" : `did you mean '--${meant}'?`;
      throw new UsageError(`Cannot read the curl command: unknown option '${shown}': ${fix}`);
    }
    if (flag.hasValue && inline === undefined && k >= words.length) {
      throw new UsageError(`Cannot read the curl command: '${shown}' has no value: add one`);
    }
    given.push({ flag, shown, value: flag.hasValue ? inline ?? words[k++] : "" });
  };
  while (k < words.length) {
    const word = words[k++];
    if (word === "--") urls.push(...words.slice(k));
    if (word === "--") break;
    if (word.startsWith("--")) add(word.slice(2), word, undefined);
    else if (word.startsWith("-") && word !== "-") {
      for (let rest = word.slice(1); rest !== "";) {
        const letter = String.fromCodePoint(rest.codePointAt(0)!);
        rest = rest.slice(letter.length);
        const takesRest = CURL_FLAGS.get(letter)?.hasValue && rest !== "";
        add(letter, `-${letter}`, takesRest ? rest : undefined);
        if (takesRest) break;
      }
    } else urls.push(word);
  }
  return { given, urls };
}
