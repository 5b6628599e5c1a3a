import { ERROR_KINDS, type ErrorKind } from "../../result.ts";
import {
  ABSENT,
  DECIMAL,
  ESCAPED,
  INTEGER,
  integerAt,
  NULL,
  numberAt,
  PLAIN,
  type RecordScanner,
} from "../../scan/scanner.ts";
import { type Phase, PHASES } from "../../stats/phases.ts";
import { TimeReader } from "./time_reader.ts";

/** The fields of a record that are read. */
export const NAMES = [
  ...["i", "url", "status", "ms", "bytes", "attempts", "at", "error", "detail"],
  ...PHASES.map((phase) => `${phase}_ms`),
];
const [I, URL_FIELD, STATUS, MS, BYTES, ATTEMPTS, AT, ERROR, DETAIL, FIRST_PHASE] = NAMES.keys();

/** The one target of a {@linkcode RunRecord}, with the meaning that a run's has. */
class RecordTarget {
  readonly #record: RunRecord;
  i = 0;

  constructor(record: RunRecord) {
    this.#record = record;
  }

  /** Decoded each time, since most records need none. */
  get url(): string {
    return this.#record.readText(URL_FIELD);
  }

  get invalid(): string | undefined {
    const { error, attempts } = this.#record;
    return error === "url" && attempts === 0 ? "url" : undefined;
  }
}

/** What a report counts of a request, and which of that is known; the rest says nothing. */
export interface TalliedRecord {
  readonly target: {
    readonly i: number;
    readonly url: string;
    readonly invalid: string | undefined;
  };
  /** Its host is read of its URL. */
  readonly origin: undefined;
  readonly status: number | null;
  readonly error: ErrorKind | undefined;
  readonly detail: string;
  readonly ms: number;
  readonly bytes: number;
  readonly attempts: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly hasStatus: boolean;
  readonly hasMs: boolean;
  readonly hasBytes: boolean;
  readonly hasAttempts: boolean;
  readonly hasAt: boolean;
  readonly hasNumber: boolean;
  readonly hasUrl: boolean;
  /** Whether it says why the request failed, or that it did not. */
  readonly hasReason: boolean;
  /** How long each phase took, in milliseconds, if that is known, and whether it is told at all. */
  readonly phases: readonly {
    readonly phase: Phase;
    readonly ms: number | undefined;
    readonly isTold: boolean;
  }[];
}

/** One record after the other of a run; what it has of one is valid until the next. */
export class RunRecord implements TalliedRecord {
  #scanner!: RecordScanner;
  readonly #time = new TimeReader();
  readonly target: RecordTarget = new RecordTarget(this);
  readonly origin = undefined;
  status: number | null = null;
  ms = 0;
  bytes = 0;
  attempts = 0;
  at = 0;
  error: ErrorKind | undefined;
  hasStatus = false;
  hasMs = false;
  hasBytes = false;
  hasAttempts = false;
  hasAt = false;
  hasNumber = false;
  hasUrl = false;
  hasReason = false;
  readonly phases: readonly { readonly phase: Phase; ms: number | undefined; isTold: boolean }[] =
    PHASES.map((phase) => ({ phase, ms: undefined, isTold: false }));

  get detail(): string {
    return this.readText(DETAIL);
  }

  /** The text of a field; empty without one. */
  readText(field: number): string {
    const scanner = this.#scanner;
    const kind = scanner.kinds[field];
    if (kind === ABSENT || kind === NULL) return "";
    return scanner.text(field);
  }

  /** Takes what a scanner found. @returns whether that is a record */
  take(scanner: RecordScanner): boolean {
    this.#scanner = scanner;
    const { kinds } = scanner;
    if (kinds[STATUS] === ABSENT && kinds[ERROR] === ABSENT) return false;
    this.hasStatus = kinds[STATUS] !== ABSENT;
    this.status = null;
    if (kinds[STATUS] > NULL) {
      this.status = kinds[STATUS] === INTEGER ? integerAt(scanner, STATUS) : 0;
      if (this.status < 100 || this.status > 999) return false;
    }
    this.error = undefined;
    if (kinds[ERROR] > NULL) {
      if (kinds[ERROR] !== PLAIN) return false;
      const kind = scanner.text(ERROR);
      this.error = ERROR_KINDS.find((known) => known === kind);
      if (this.error === undefined) return false;
    }
    // Records of NDJSON have an `error` only where there is one.
    this.hasReason = kinds[ERROR] !== ABSENT || this.status !== null;
    this.hasUrl = kinds[URL_FIELD] > NULL;
    if (this.hasUrl && !this.#isText(URL_FIELD)) return false;
    if (kinds[DETAIL] > NULL && !this.#isText(DETAIL)) return false;
    this.hasMs = kinds[MS] > NULL;
    this.ms = this.hasMs ? this.#milliseconds(MS) : 0;
    if (Number.isNaN(this.ms)) return false;
    for (let k = 0; k < PHASES.length; k++) {
      const phase = this.phases[k];
      const kind = kinds[FIRST_PHASE + k];
      phase.isTold = kind !== ABSENT;
      phase.ms = kind > NULL ? this.#milliseconds(FIRST_PHASE + k) : undefined;
      if (Number.isNaN(phase.ms)) return false;
    }
    this.hasNumber = kinds[I] > NULL;
    if (this.hasNumber && kinds[I] !== INTEGER) return false;
    this.target.i = this.hasNumber ? integerAt(scanner, I) : 0;
    this.hasBytes = kinds[BYTES] > NULL;
    if (this.hasBytes && kinds[BYTES] !== INTEGER) return false;
    this.bytes = this.hasBytes ? integerAt(scanner, BYTES) : 0;
    this.hasAttempts = kinds[ATTEMPTS] > NULL;
    if (this.hasAttempts && kinds[ATTEMPTS] !== INTEGER) return false;
    this.attempts = this.hasAttempts ? integerAt(scanner, ATTEMPTS) : 0;
    this.hasAt = kinds[AT] > NULL;
    if (!this.hasAt) return true;
    this.at = kinds[AT] === PLAIN ? this.#time.read(scanner, AT) : NaN;
    return !Number.isNaN(this.at);
  }

  /** A time in milliseconds; NaN if it is not a number. */
  #milliseconds(field: number): number {
    const scanner = this.#scanner;
    const kind = scanner.kinds[field];
    if (kind === INTEGER || kind === DECIMAL) return numberAt(scanner, field);
    // Other programs write more digits than a run does; where values have types, they are cut already.
    if (kind !== PLAIN || scanner.isTyped) return NaN;
    const text = scanner.text(field);
    const value = /^\d{1,15}\.\d{1,30}$/.test(text) ? Number(text) : NaN;
    return value < 1e15 ? value : NaN;
  }

  #isText(field: number): boolean {
    const kind = this.#scanner.kinds[field];
    return kind === PLAIN || kind === ESCAPED || !this.#scanner.isTyped;
  }
}
