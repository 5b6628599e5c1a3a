import { listFiles } from "../../output/list_files.ts";
import { Input } from "../../source/input.ts";
import { withoutSecrets } from "../../text/secrets.ts";
import { type Example, type Finding, type Findings, MAX_EXAMPLES } from "./findings.ts";
import { type Discrepancy, Ledger } from "./ledger.ts";
import type { LogFormat } from "./log_formats.ts";
import { ServerLog } from "./log_reader.ts";
import { createPathFilter, type PathFilterOptions } from "./path_filter.ts";
import { readRecords } from "./record_reader.ts";
import type { RequestPath } from "./request_path.ts";

/** Options for {@linkcode reconcile}. */
export interface ReconcileOptions extends PathFilterOptions {
  /** Paths of files of records. */
  readonly results: readonly string[];
  /** Paths of files of servers' logs. */
  readonly against: readonly string[];
  /** The format of the logs; undefined to find it by their lines. */
  readonly format: LogFormat | undefined;
  /** How many requests in the log may be unexplained by attempts. */
  readonly allowedRepeats: number;
}

/**
 * Reads the records and the logs, each once, and the records again for the examples.
 *
 * @throws {UsageError} If a file cannot be read, or holds something else.
 * @throws {InputError} If a file breaks off.
 */
export async function reconcile(options: ReconcileOptions): Promise<Findings> {
  const inputs: Input[] = [];
  const logs: ServerLog[] = [];
  const results = await listFiles(options.results);
  try {
    // All files are opened before one is read, so that a wrong name is reported at once.
    for (const name of results) inputs.push(await Input.open(name, name));
    for (const name of options.against) {
      logs.push(await ServerLog.open(name, `--against ${name}`, options.format));
    }
    const reconciliation = new Reconciliation(
      { ...options, results },
      logs.some(({ isFolded }) => isFolded),
    );
    for (const [k, name] of results.entries()) {
      await reconciliation.readResults(inputs[k], name);
    }
    for (const log of logs) await reconciliation.readLog(log);
    return await reconciliation.finish();
  } finally {
    for (const it of [...inputs, ...logs]) it.close();
  }
}

/** Compares all records with all lines of the logs: the records first, then the lines. */
class Reconciliation {
  readonly #options: ReconcileOptions;
  readonly #isFolded: boolean;
  readonly #isCompared: (path: RequestPath) => boolean;
  readonly #ledger = new Ledger();
  readonly #results = { records: 0, answered: 0, failed: 0, unsent: 0, attempts: 0, unreadable: 0 };
  readonly #log = { requests: 0, unreadable: 0 };
  #leftOut = 0;
  readonly #unknown = new Examples();
  #repeated = 0;
  /** How often the first repeated paths are repeated; at most `MAX_EXAMPLES`. */
  readonly #repeats = new Map<string, number>();

  constructor(options: ReconcileOptions, isFolded: boolean) {
    this.#options = options;
    this.#isFolded = isFolded;
    this.#isCompared = createPathFilter(options, isFolded);
  }

  async readResults(input: Input, name: string): Promise<void> {
    this.#results.unreadable += await readRecords(input, name, (path, status, attempts) => {
      this.#addRecord(path, status, attempts);
    });
  }

  #addRecord(path: RequestPath, status: number, attempts: number): void {
    const results = this.#results;
    if (attempts === 0) {
      results.records++;
      results.unsent++;
      return;
    }
    if (this.#leavesOut(path)) return;
    results.records++;
    results.attempts += attempts;
    if (status === 0) results.failed++;
    else results.answered++;
    this.#ledger.addRecord(path, status, attempts);
  }

  async readLog(log: ServerLog): Promise<void> {
    this.#log.unreadable += await log.read((path, status) => this.#addLogLine(path, status));
  }

  #addLogLine(path: RequestPath, status: number): void {
    if (this.#leavesOut(path)) return;
    this.#log.requests++;
    const match = this.#ledger.addLogLine(path, status);
    if (match === "unknown") {
      this.#unknown.add(() => ({ path: withoutSecrets(`${path}`), logged: status }));
    } else if (match === "repeated") this.#addRepeat(`${path}`);
  }

  #addRepeat(path: string): void {
    this.#repeated++;
    const repeats = this.#repeats;
    if (repeats.size < MAX_EXAMPLES || repeats.has(path)) {
      repeats.set(path, (repeats.get(path) ?? 0) + 1);
    }
  }

  /** Folds a path if necessary, and counts it if it is not compared. */
  #leavesOut(path: RequestPath): boolean {
    if (this.#isFolded) path.fold();
    if (this.#isCompared(path)) return false;
    this.#leftOut++;
    return true;
  }

  async finish(): Promise<Findings> {
    const missing = new Discrepancies();
    const others = new Discrepancies();
    this.#ledger.close(
      (discrepancy, count) => missing.add(discrepancy, count),
      (discrepancy) => others.add(discrepancy, 1),
    );
    const paths = await this.#findPaths([...missing.first, ...others.first]);
    return {
      results: this.#results,
      log: this.#log,
      left_out: this.#leftOut,
      missing: missing.toFinding(paths, false),
      unknown: this.#unknown,
      repeated: {
        count: this.#repeated,
        allowed: this.#options.allowedRepeats,
        examples: Array.from(
          this.#repeats,
          ([path, beyond]) => ({ path: withoutSecrets(path), beyond }),
        ),
      },
      other_status: others.toFinding(paths, true),
      uncounted: this.#ledger.uncounted,
    };
  }

  /** Finds the paths of discrepancies; if only a hash is known, by reading the records again. */
  async #findPaths(discrepancies: readonly Discrepancy[]): Promise<Map<Discrepancy, string>> {
    const ledger = this.#ledger;
    const paths = new Map<Discrepancy, string>();
    const wanted = new Map<number, Discrepancy>();
    for (const discrepancy of discrepancies) {
      const path = ledger.formatPath(discrepancy.key);
      if (path === undefined) wanted.set(discrepancy.key.value, discrepancy);
      else paths.set(discrepancy, path);
    }
    for (const name of this.#options.results) {
      // A pipe cannot be read twice: it has no examples.
      if (wanted.size === 0 || name === "-" || !(await Deno.stat(name)).isFile) continue;
      const onRecord = (path: RequestPath, _: number, attempts: number): void => {
        if (attempts > 0 && this.#isFolded) path.fold();
        const discrepancy = attempts === 0 ? undefined : wanted.get(ledger.hashPath(path));
        if (discrepancy === undefined) return;
        paths.set(discrepancy, `${path}`);
        wanted.delete(discrepancy.key.value);
      };
      await readRecords(await Input.open(name, name), name, onRecord, () => wanted.size === 0);
    }
    return paths;
  }
}

/** A count, and the first few examples. */
class Examples implements Finding {
  count = 0;
  /** At most `MAX_EXAMPLES`. */
  readonly examples: Example[] = [];

  add(makeExample: () => Example): void {
    if (this.count++ < MAX_EXAMPLES) this.examples.push(makeExample());
  }
}

/** A count, and the first few discrepancies, whose paths are unknown for now. */
class Discrepancies {
  #count = 0;
  /** At most `MAX_EXAMPLES`; those with a status of the log replace those without. */
  readonly first: Discrepancy[] = [];

  add(discrepancy: Discrepancy, count: number): void {
    this.#count += count;
    if (this.first.length < MAX_EXAMPLES) this.first.push(discrepancy);
    else if (discrepancy.logged !== undefined) {
      const k = this.first.findIndex(({ logged }) => logged === undefined);
      if (k >= 0) this.first[k] = discrepancy;
    }
  }

  /** @param isLogged whether the examples have a status of the log */
  toFinding(paths: ReadonlyMap<Discrepancy, string>, isLogged: boolean): Finding {
    const examples = this.first.flatMap((discrepancy) => {
      const path = paths.get(discrepancy);
      if (path === undefined) return [];
      const { status, logged } = discrepancy;
      return [{
        path: withoutSecrets(path),
        ...(status === undefined ? {} : { status }),
        ...(isLogged && logged !== undefined ? { logged } : {}),
      }];
    });
    return { count: this.#count, examples };
  }
}
