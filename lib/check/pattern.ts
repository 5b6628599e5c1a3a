import process from "node:process";

/**
 * Steps of backtracking after which a regular expression is watched, as far as its form tells how
 * many it can take: about 5 ms' worth.
 */
const UNWATCHED_STEPS = 3e6;
/** The longest that a match may take, in milliseconds: nothing else goes on meanwhile. */
export const MATCH_MS = 1_000;
/** Most regular expressions of records that are kept compiled, and the longest that is, in UTF-16. */
const MAX_KEPT = 1_000;
const MAX_KEPT_LENGTH = 4_096;

/** What `node:vm` is needed for: an end to a match that would go on for ever. */
interface Watch {
  run<T>(match: () => T): T;
}

/**
 * A regular expression of JavaScript's, with the flag `u`, that texts of servers are held against.
 * V8 backtracks, so that a text can be made for many of them that keeps it busy for years. What
 * could take long is watched, which costs 12 us, and given up after {@linkcode MATCH_MS}.
 */
export class Pattern {
  /** As the user wrote it. */
  readonly source: string;
  readonly #regexp: RegExp;
  /** The most characters of a text for which it cannot take long. */
  readonly #unwatched: number;

  /** @throws {SyntaxError} If the text is no regular expression. */
  constructor(source: string) {
    this.source = source;
    this.#regexp = new RegExp(source, "u");
    this.#unwatched = computeSafeLength(source, UNWATCHED_STEPS);
  }

  /**
   * Finds the first match.
   *
   * @returns null if there is none; undefined if it took too long to tell
   */
  exec(text: string): RegExpExecArray | null | undefined {
    const regexp = this.#regexp;
    if (text.length <= this.#unwatched) return regexp.exec(text);
    return withTimeLimit(() => regexp.exec(text));
  }

  /** Whether a text matches; undefined if it took too long to tell. */
  test(text: string): boolean | undefined {
    const regexp = this.#regexp;
    if (text.length <= this.#unwatched) return regexp.test(text);
    return withTimeLimit(() => regexp.test(text));
  }

  /** As it is shown: `/^ok/`. */
  toString(): string {
    return `/${this.#regexp.source}/`;
  }
}

/** What is wrong with a regular expression, in words. */
export function findPatternProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.slice(message.lastIndexOf(": ") + 2);
}

/** Compiles the regular expressions of records, each but once as long as they are not too many. */
export class Patterns {
  /** By source; at most `MAX_KEPT`. */
  readonly #kept = new Map<string, Pattern>();

  /** @throws {SyntaxError} If the text is no regular expression. */
  of(source: string): Pattern {
    let pattern = this.#kept.get(source);
    if (pattern !== undefined) return pattern;
    pattern = new Pattern(source);
    if (source.length > MAX_KEPT_LENGTH) return pattern;
    if (this.#kept.size === MAX_KEPT) this.#kept.clear();
    this.#kept.set(source, pattern);
    return pattern;
  }
}

/**
 * The length of texts on which a regular expression takes at most so many steps. By its form alone,
 * and rather too few: each part that repeats can make it try every length, from every place, each
 * alternative doubles what it tries, and a group that repeats tries as many ways as there are.
 */
export function computeSafeLength(source: string, steps: number): number {
  const bare = source.replace(/\\[1-9k]/g, "x*").replace(/\\./gs, "x")
    .replace(/\[[^\]]*\]/g, "x").replace(/\(\?(?:[:=!]|<[=!]?)/g, "(");
  if (/\)[*+{]/.test(bare)) return 0;
  const repeats = bare.match(/[*+{]/g)?.length ?? 0;
  const ways = bare.match(/[|?]/g)?.length ?? 0;
  // A root of a power can be a little less than what was raised.
  return Math.floor((steps / 2 ** ways) ** (1 / (1 + repeats)) + 1e-9);
}

let watch: Watch | undefined;

function withTimeLimit<T>(match: () => T): T | undefined {
  watch ??= newWatch();
  try {
    return watch.run(match);
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
    throw error;
  }
}

/** Loaded only here, since few need it: 13 ms. */
function newWatch(): Watch {
  const vm = process.getBuiltinModule("node:vm");
  const script = new vm.Script("match()");
  const context = vm.createContext({ match: undefined });
  return {
    run(match) {
      context.match = match;
      try {
        return script.runInContext(context, { timeout: MATCH_MS });
      } finally {
        context.match = undefined;
      }
    },
  };
}
