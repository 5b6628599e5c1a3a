import type { ErrorKind } from "../result.ts";
import { withoutUserinfo } from "../text/secrets.ts";
import { truncate } from "../text/truncate.ts";
import type { ErrorMessage } from "./snapshot.ts";

/** Most messages that are told apart; beyond, those of a kind together. */
const MAX_MESSAGES = 100;
/** What those go by that are beyond. */
const OTHERS = "others";
/** How many examples are kept of a message. */
const EXAMPLES = 3;
/** Characters of a detail that are looked at. */
const LENGTH = 200;

/** What differs from one failure to the next of the same cause, and what is shown of it. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\bhttps?:\/\/[^\s'"]+/gi, "URL"],
  [/\[[\da-f]*:[\da-f:.%\w]*\](?::\d+)?|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?/gi, "ADDRESS"],
  [/\b(?=[a-f-]*\d)(?:[\da-f]+(?:-[\da-f]+){3,}|[\da-f]{8,})\b/gi, "ID"],
  // But not statuses: a few, and each says something else.
  [/(?<!\b(?:status|expected) (?:[\dx]+,)*|[\d.])\d+(?:\.\d+)?/g, "N"],
];

/** The words of a failure without what is of this one alone: numbers, addresses, URLs, ids. */
export function normalizedMessage(detail: string): string {
  let message = detail.slice(0, LENGTH);
  for (const [pattern, word] of VARYING) message = message.replace(pattern, word);
  return truncate(message);
}

/** What is counted of a message. */
interface Tally {
  readonly kind: ErrorKind;
  readonly message: string;
  /** The detail of all of them; undefined if there were several. */
  detail: string | undefined;
  count: number;
  readonly examples: ErrorMessage["examples"][number][];
}

/** Counts failures by their words. Of the same words one after another it takes no time. */
export class ErrorGroups {
  /** By kind and message; at most `MAX_MESSAGES` and the others of each kind. */
  readonly #tallies = new Map<string, Tally>();
  #last: { readonly kind: ErrorKind; readonly detail: string; readonly tally: Tally } | undefined;

  record(kind: ErrorKind, detail: string, url: string): void {
    const last = this.#last;
    const isSame = last !== undefined && last.kind === kind && last.detail === detail;
    const tally = isSame ? last.tally : this.#tallyOf(kind, detail);
    if (!isSame) {
      this.#last = { kind, detail, tally };
      if (tally.detail !== undefined && tally.detail !== truncate(detail)) tally.detail = undefined;
    }
    tally.count++;
    if (tally.examples.length === EXAMPLES) return;
    tally.examples.push({ url: truncate(withoutUserinfo(url)), detail: truncate(detail) });
  }

  #tallyOf(kind: ErrorKind, detail: string): Tally {
    const tallies = this.#tallies;
    const words = normalizedMessage(detail);
    const isKnown = tallies.has(`${kind} ${words}`) || tallies.size < MAX_MESSAGES;
    const message = isKnown ? words : OTHERS;
    const key = `${kind} ${message}`;
    let tally = tallies.get(key);
    if (tally === undefined) {
      const shown = isKnown ? truncate(detail) : undefined;
      tallies.set(key, tally = { kind, message, detail: shown, count: 0, examples: [] });
    }
    return tally;
  }

  /** The most frequent first. */
  list(): ErrorMessage[] {
    return Array.from(this.#tallies.values(), ({ kind, message, detail, count, examples }) => ({
      kind,
      message: detail ?? message,
      count,
      examples: [...examples],
    })).sort((a, b) => b.count - a.count);
  }
}
