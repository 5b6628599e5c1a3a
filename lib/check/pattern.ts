/**
 * A match that could take more steps of backtracking than this runs under a time limit. They take
 * about 5 ms.
 */
const UNWATCHED_STEPS = 3e6;
/** The longest time in milliseconds that a match may take. It blocks the event loop meanwhile. */
export const MATCH_MS = 1_000;
/**
 * The maximum number of patterns of records that are kept compiled, and the longest of them, in
 * UTF-16.
 */
const MAX_KEPT = 1_000;
const MAX_KEPT_LENGTH = 4_096;

/** Ends a match that would take too long, by `node:vm`. */
interface Watch {
  run<T>(match: () => T): T;
}

/**
 * A JavaScript regular expression with the flag `u`, for texts of servers. Many patterns have texts
 * that keep V8 backtracking for years. A match that could be slow, judged by the pattern and the
 * length of the text, runs under a limit of {@linkcode MATCH_MS}, which costs 12 us.
 */
export class Pattern {
  /** As the user wrote it. */
  readonly source: string;
  readonly #regexp: RegExp;
  /** The longest text, in UTF-16 code units, for which a match cannot take long. */
  readonly #unwatched: number;

  /** @throws {SyntaxError} If the text is not a regular expression. */
  constructor(source: string) {
    this.source = source;
    this.#regexp = new RegExp(source, "u");
    this.#unwatched = computeSafeLength(source, UNWATCHED_STEPS);
  }

  /**
   * Finds the first match.
   *
   * @returns null without a match; undefined if it took too long to tell
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

/** Describes what is wrong with a regular expression. */
export function findPatternProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.slice(message.lastIndexOf(": ") + 2);
}

/** Compiles the patterns of records, each only once as long as there are not too many. */
export class Patterns {
  /** By source; at most `MAX_KEPT`. */
  readonly #kept = new Map<string, Pattern>();

  /** @throws {SyntaxError} If the text is not a regular expression. */
  compile(source: string): Pattern {
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
 * The length of texts on which a regular expression takes at most `steps` steps, estimated on the
 * safe side from its form. Each repeated part can make it try every length from every position, each
 * alternative doubles the tries, and a repeated group has no bound.
 */
export function computeSafeLength(source: string, steps: number): number {
  const bare = source.replace(/\\[1-9k]/g, "x*").replace(/\\./gs, "x")
    .replace(/\[[^\]]*\]/g, "x").replace(/\(\?(?:[:=!]|<[=!]?)/g, "(");
  if (/\)[*+{]/.test(bare)) return 0;
  const repeats = bare.match(/[*+{]/g)?.length ?? 0;
  const ways = bare.match(/[|?]/g)?.length ?? 0;
  // The root of a power can be slightly too small.
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

/** Loads `node:vm`, which takes 13 ms, only when it is needed. */
function newWatch(): Watch {
  // To import it would start Node's part of Deno, 10 ms, also for `--version`.
  // deno-lint-ignore no-process-global
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
