import type { ErrorKind } from "../result.ts";
import { withoutSecrets } from "../text/secrets.ts";
import { truncate } from "../text/truncate.ts";
import { OTHERS } from "./error_tally.ts";
import type { ErrorCount, ErrorMessage, Example, Snapshot } from "./snapshot.ts";

/**
 * The maximum number of messages that are told apart; beyond, failures are counted by kind alone.
 */
const MAX_MESSAGES = 100;
/** The maximum number of examples that are kept of a message. */
const MAX_EXAMPLES = 3;
/** The maximum number of characters of a detail that are looked at. */
const MAX_LENGTH = 200;

/** What differs between two failures of the same cause, and the word that is shown instead. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\bhttps?:\/\/[^\s'"]+/gi, "URL"],
  [/\[[\da-f]*:[\da-f:.%\w]*\](?::\d+)?|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?/gi, "ADDRESS"],
  [/\b(?=[a-f-]*\d)(?:[\da-f]+(?:-[\da-f]+){3,}|[\da-f]{8,})\b/gi, "ID"],
  // Statuses stay: there are few of them, and each says something else.
  [/(?<!\b(?:status|expected) (?:[\dx]+,)*|[\d.])\d+(?:\.\d+)?/g, "N"],
];

/** The words of a failure without what differs from another: numbers, addresses, URLs, ids. */
export function normalizedMessage(detail: string): string {
  let message = detail.slice(0, MAX_LENGTH);
  for (const [pattern, word] of VARYING) message = message.replace(pattern, word);
  return truncate(message);
}

/** What is counted of a message. */
interface Tally {
  readonly kind: ErrorKind;
  readonly message: string;
  /** The detail that all of them have; undefined if there were several. */
  detail: string | undefined;
  count: number;
  readonly examples: Example[];
  /** How many of the examples were taken. */
  taken: number;
}

/** What was counted of a message since that was last taken. */
export interface MessageDelta extends Readonly<Omit<Tally, "taken">> {
  /** Those that came since then. */
  readonly examples: Example[];
}

/** Counts failures by their words. A failure with the words of the last one costs next to nothing. */
export class ErrorGroups {
  /** By kind and message; at most {@linkcode MAX_MESSAGES} and the others of each kind. */
  readonly #tallies = new Map<string, Tally>();
  #last: { readonly kind: ErrorKind; readonly detail: string; readonly tally: Tally } | undefined;

  record(kind: ErrorKind, detail: string, url: string): void {
    let last = this.#last;
    if (last === undefined || last.kind !== kind || last.detail !== detail) {
      const shown = truncate(detail);
      const tally = this.#find(kind, normalizedMessage(detail), shown);
      if (tally.detail !== shown) tally.detail = undefined;
      this.#last = last = { kind, detail, tally };
    }
    const { tally } = last;
    tally.count++;
    if (tally.examples.length === MAX_EXAMPLES) return;
    tally.examples.push({ url: truncate(withoutSecrets(url)), detail: truncate(detail) });
  }

  /** Adds what another has given by {@linkcode take}; its examples come after those from here. */
  add(messages: readonly MessageDelta[]): void {
    for (const { kind, message, detail, count, examples } of messages) {
      const tally = this.#find(kind, message, detail);
      if (tally.detail !== detail) tally.detail = undefined;
      tally.count += count;
      tally.examples.push(...examples.slice(0, MAX_EXAMPLES - tally.examples.length));
    }
  }

  /** The messages that were counted since the last call. It keeps their words, and no counts. */
  take(): MessageDelta[] {
    const messages: MessageDelta[] = [];
    for (const tally of this.#tallies.values()) {
      const { kind, message, detail, count, examples, taken } = tally;
      if (count === 0) continue;
      messages.push({ kind, message, detail, count, examples: examples.slice(taken) });
      tally.count = 0;
      tally.taken = examples.length;
    }
    return messages;
  }

  #find(kind: ErrorKind, words: string, detail: string | undefined): Tally {
    const tallies = this.#tallies;
    const isKnown = tallies.has(`${kind} ${words}`) || tallies.size < MAX_MESSAGES;
    const message = isKnown ? words : OTHERS;
    const key = `${kind} ${message}`;
    let tally = tallies.get(key);
    if (tally === undefined) {
      const shown = isKnown ? detail : undefined;
      tally = { kind, message, detail: shown, count: 0, examples: [], taken: 0 };
      tallies.set(key, tally);
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

/** Failures of one kind, or of those the ones that did not meet the same expectation. */
export interface ErrorGroup extends Pick<ErrorCount, "count" | "examples"> {
  readonly kind: string;
  /** The expectation that was not met; undefined where failures have none. */
  readonly expectation: string | undefined;
}

/** Failures of one kind, by the expectation that was not met where there are such. */
export function splitErrors(kind: string, { reasons = [], ...error }: ErrorCount): ErrorGroup[] {
  if (reasons.length === 0) return [{ kind, expectation: undefined, ...error }];
  return reasons.map((reason) => ({ kind, ...reason }));
}

/** Why requests failed, the most frequent first. */
export function groupErrors(errors: Snapshot["errors"]): ErrorGroup[] {
  return Object.entries(errors).flatMap(([kind, error]) => splitErrors(kind, error))
    .sort((a, b) => b.count - a.count);
}
