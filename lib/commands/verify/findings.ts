/** Examples of a kind of difference at most. */
export const MAX_EXAMPLES = 5;

/** A path whose requests differ. */
export interface Example {
  /**
   * Path and query as they go over the wire, without secrets: text of a client, which output has to
   * escape.
   */
  readonly path: string;
  /** The status of its records. */
  readonly status?: number;
  /** A status that the server's log has for the path. */
  readonly logged?: number;
  /** How many requests the attempts do not explain. */
  readonly beyond?: number;
}

/** A kind of difference: how many there are, and the first few. */
export interface Finding {
  readonly count: number;
  readonly examples: readonly Example[];
}

/** The findings of a comparison; the table and the JSON are made of them. */
export interface Findings {
  readonly results: {
    /** Records; always `answered + failed + unsent`. */
    readonly records: number;
    readonly answered: number;
    readonly failed: number;
    /** Records without a request. */
    readonly unsent: number;
    readonly attempts: number;
    /** Lines that are not records. */
    readonly unreadable: number;
  };
  readonly log: {
    /** Lines that were compared. */
    readonly requests: number;
    /** Lines that are not requests. */
    readonly unreadable: number;
  };
  /** Records and lines that `--only` and `--ignore` left out. */
  readonly left_out: number;
  /** Answered requests that are not in the server's log. */
  readonly missing: Finding;
  /** Requests in the server's log that are not in the results. */
  readonly unknown: Finding;
  /** Requests in the server's log that the attempts do not explain. */
  readonly repeated: Finding & { readonly allowed: number };
  /** Paths that the server's log does not have with their status in the results. */
  readonly other_status: Finding;
  /** Records that were not compared, since too many paths are requested too often to count. */
  readonly uncounted: number;
}

/** Whether both logs agree. A line of the results that cannot be read may differ. */
export function logsAgree(findings: Findings): boolean {
  const { missing, unknown, repeated, other_status, results } = findings;
  return missing.count === 0 && unknown.count === 0 && repeated.count <= repeated.allowed &&
    other_status.count === 0 && results.unreadable === 0;
}
