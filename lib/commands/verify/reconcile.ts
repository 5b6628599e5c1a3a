import { Input } from "../../source/input.ts";
import { type Example, type Findings, MAX_EXAMPLES } from "./findings.ts";
import { foldPath } from "./fold_path.ts";
import { Ledger, type Suspect } from "./ledger.ts";
import type { LogFormat } from "./log_formats.ts";
import { ServerLog } from "./log_reader.ts";
import { readRecords } from "./record_reader.ts";
import type { RequestPath } from "./request_path.ts";

/** What is to be reconciled. */
export interface ReconcileOptions {
  /** Paths of files of records. */
  readonly results: readonly string[];
  /** Paths of files of servers' logs. */
  readonly against: readonly string[];
  /** The format of the logs; undefined where their lines tell. */
  readonly format: LogFormat | undefined;
  /** What the paths that count begin with; all of them, if it is empty. */
  readonly only: readonly string[];
  /** What paths that do not count begin with. */
  readonly ignore: readonly string[];
  /** How many requests may have been sent beyond what attempts explain. */
  readonly allowedRepeats: number;
}

/**
 * Reads both logs, each once, and the records again as far as the examples need it.
 *
 * @throws {UsageError} If a file cannot be read, or is of something else.
 * @throws {InputError} If one breaks off.
 */
export async function reconcile(sides: ReconcileOptions): Promise<Findings> {
  const ledger = new Ledger();
  const results = { records: 0, answered: 0, failed: 0, unsent: 0, attempts: 0, unreadable: 0 };
  const log = { requests: 0, unreadable: 0 };
  let leftOut = 0;
  const inputs: Input[] = [];
  const logs: ServerLog[] = [];
  try {
    // All are opened before one is read, so that a wrong name is said at once.
    for (const name of sides.results) inputs.push(await Input.open(name, name));
    for (const name of sides.against) {
      logs.push(await ServerLog.open(name, `--against ${name}`, sides.format));
    }
    const isFolded = logs.some((log) => log.isFolded);
    const counts = isCounted(sides, isFolded);
    const takeRecord = (path: RequestPath, status: number, attempts: number): void => {
      if (attempts === 0) {
        results.records++;
        results.unsent++;
        return;
      }
      if (isFolded) path.fold();
      if (!counts(path)) return void leftOut++;
      results.records++;
      results.attempts += attempts;
      if (status === 0) results.failed++;
      else results.answered++;
      ledger.addRecord(path, status, attempts);
    };
    for (const [k, name] of sides.results.entries()) {
      results.unreadable += await readRecords(inputs[k], name, takeRecord);
    }

    const unknown = new Examples();
    const beyond = new Map<string, number>();
    let repeated = 0;
    const takeRequest = (path: RequestPath, status: number): void => {
      if (isFolded) path.fold();
      if (!counts(path)) return void leftOut++;
      log.requests++;
      const sighting = ledger.addSighting(path, status);
      if (sighting === "unknown") unknown.add(() => ({ path: `${path}`, logged: status }));
      else if (sighting === "repeated") {
        repeated++;
        if (beyond.size < MAX_EXAMPLES || beyond.has(`${path}`)) {
          beyond.set(`${path}`, (beyond.get(`${path}`) ?? 0) + 1);
        }
      }
    };
    for (const it of logs) log.unreadable += await it.read(takeRequest);

    const missing = new Suspects();
    const others = new Suspects();
    ledger.close(
      (suspect, count) => missing.add(suspect, count),
      (suspect) => others.add(suspect, 1),
    );
    const suspects = [...missing.first, ...others.first];
    const paths = await formatPaths(suspects, ledger, sides.results, isFolded);
    return {
      results,
      log,
      left_out: leftOut,
      missing: missing.with(paths, false),
      unknown,
      repeated: {
        count: repeated,
        allowed: sides.allowedRepeats,
        examples: Array.from(beyond, ([path, beyond]) => ({ path, beyond })),
      },
      other_status: others.with(paths, true),
      uncounted: ledger.uncounted,
    };
  } finally {
    for (const it of [...inputs, ...logs]) it.close();
  }
}

/** Whether a path counts, by what it begins with. */
function isCounted(
  { only, ignore }: ReconcileOptions,
  isFolded: boolean,
): (path: RequestPath) => boolean {
  if (only.length === 0 && ignore.length === 0) return () => true;
  const encoder = new TextEncoder();
  const beginning = (prefix: string): Uint8Array => {
    const bytes = encoder.encode(prefix);
    return isFolded ? foldPath(bytes, 0, bytes.length) : bytes;
  };
  const [wanted, unwanted] = [only, ignore].map((list) => list.map(beginning));
  const begins = ({ bytes, from, to }: RequestPath, prefix: Uint8Array): boolean =>
    prefix.length <= to - from && prefix.every((byte, k) => bytes[from + k] === byte);
  return (path) =>
    (wanted.length === 0 || wanted.some((prefix) => begins(path, prefix))) &&
    !unwanted.some((prefix) => begins(path, prefix));
}

/** How many, and the first few. */
class Examples {
  count = 0;
  readonly examples: Example[] = [];

  add(make: () => Example): void {
    if (this.count++ < MAX_EXAMPLES) this.examples.push(make());
  }
}

/** The same, of which the paths are not known yet. Those that tell more come first. */
class Suspects {
  #count = 0;
  readonly first: Suspect[] = [];

  add(suspect: Suspect, count: number): void {
    this.#count += count;
    if (this.first.length < MAX_EXAMPLES) this.first.push(suspect);
    else if (suspect.logged !== undefined) {
      const k = this.first.findIndex(({ logged }) => logged === undefined);
      if (k >= 0) this.first[k] = suspect;
    }
  }

  with(
    paths: ReadonlyMap<Suspect, string>,
    isLogged: boolean,
  ): { count: number; examples: Example[] } {
    const examples = this.first.flatMap((suspect) => {
      const path = paths.get(suspect);
      if (path === undefined) return [];
      const { status, logged } = suspect;
      return [{
        path,
        ...(status === undefined ? {} : { status }),
        ...(isLogged && logged !== undefined ? { logged } : {}),
      }];
    });
    return { count: this.#count, examples };
  }
}

/** The paths of suspects; those of which only the hash is known are looked for in the records. */
async function formatPaths(
  suspects: readonly Suspect[],
  ledger: Ledger,
  results: readonly string[],
  isFolded: boolean,
): Promise<Map<Suspect, string>> {
  const paths = new Map<Suspect, string>();
  const wanted = new Map<number, Suspect>();
  for (const suspect of suspects) {
    const path = ledger.pathOf(suspect.key);
    if (path === undefined) wanted.set(suspect.key.value, suspect);
    else paths.set(suspect, path);
  }
  for (const name of results) {
    // What cannot be read twice, as a pipe, gives no examples.
    if (wanted.size === 0 || name === "-" || !(await Deno.stat(name)).isFile) continue;
    const take = (path: RequestPath, _: number, attempts: number): void => {
      if (attempts > 0 && isFolded) path.fold();
      const suspect = attempts === 0 ? undefined : wanted.get(ledger.hashOf(path));
      if (suspect === undefined) return;
      paths.set(suspect, `${path}`);
      wanted.delete(suspect.key.value);
    };
    await readRecords(await Input.open(name, name), name, take, () => wanted.size === 0);
  }
  return paths;
}
