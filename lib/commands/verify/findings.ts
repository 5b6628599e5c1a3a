/** Most examples of a kind of difference. */
export const MAX_EXAMPLES = 5;

/** A path with which something is wrong. */
export interface Example {
  /** Path and query as they go over the wire; it can hold what a client sent, so escape it. */
  readonly path: string;
  /** The status of its record. */
  readonly status?: number;
  /** A status that the server's log has for it. */
  readonly logged?: number;
  /** How often it was sent beyond what attempts explain. */
  readonly beyond?: number;
}

/** A kind of difference: how many, and the first few. */
export interface Difference {
  readonly count: number;
  readonly examples: readonly Example[];
}

/** What came of two logs. Everything that is shown is rendered from it. */
export interface Findings {
  readonly results: {
    /** Records; always `answered + failed + unsent`. */
    readonly records: number;
    readonly answered: number;
    readonly failed: number;
    /** Of which no request was made. */
    readonly unsent: number;
    readonly attempts: number;
    /** Lines that are no record. */
    readonly unreadable: number;
  };
  readonly log: {
    /** Lines that were compared. */
    readonly requests: number;
    /** Lines that are of no request. */
    readonly unreadable: number;
  };
  /** Records and lines that `--only` and `--ignore` left out. */
  readonly left_out: number;
  /** Answered requests that are not in the server's log. */
  readonly missing: Difference;
  /** Requests in the server's log that are not in the results. */
  readonly unknown: Difference;
  /** Requests in the server's log beyond what attempts explain. */
  readonly repeated: Difference & { readonly allowed: number };
  /** Paths whose status in the results the server's log does not have. */
  readonly other_status: Difference;
  /** Records of paths that were not compared, since too many paths are requested so often. */
  readonly uncounted: number;
}

/** Whether both logs say the same. What cannot be read of the results could say anything. */
export function agree(findings: Findings): boolean {
  const { missing, unknown, repeated, other_status, results } = findings;
  return missing.count === 0 && unknown.count === 0 && repeated.count <= repeated.allowed &&
    other_status.count === 0 && results.unreadable === 0;
}
