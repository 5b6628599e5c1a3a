/**
 * What statistics are told of, as rows of binary numbers: to write one takes some 20 ns, and to read
 * it again and tell other statistics of it makes them count the same.
 *
 * ```text
 * result:  flags, attempts │ number │ bytes │ ms │ [ttfb] │ [dns │ connect │ tls] │ [text]
 * retry:   flags           │ ms │ text
 * start, late start: flags │ ms
 * iteration: flags         │ ms │ text     behind the results of its requests
 * done:    flags           │ number
 * ```
 *
 * Each part is a word of 8 bytes, the first one two numbers of 4 bytes. A text is JSON in UTF-8: its
 * length in a word, and as many words as it takes.
 *
 * @module
 */
import { ERROR_KINDS, NO_RESPONSE, type Result, toResult } from "../../result.ts";
import { isCheckFigures } from "../../stats/check_tally.ts";
import type { CountedIteration } from "../../stats/flow_tally.ts";
import type { WarmUpStats } from "../../stats/warm_up.ts";
import { isCount, isText } from "../../text/json_shape.ts";
import { withoutSecrets } from "../../text/secrets.ts";
import { truncate } from "../../text/truncate.ts";
import { HEAD_BYTES } from "./entry.ts";

const WORD = 8;
const KIND_MASK = 7;
const RESULT = 1;
const RETRY = 2;
const START = 3;
const LATE = 4;
const DONE = 5;
const ITERATION = 6;

/** Flags of a result. */
const MARKS_DONE = 1 << 3;
const OF_WARM_UP = 1 << 4;
const HAS_TTFB = 1 << 5;
const HAS_VIA = 1 << 6;
const HAS_TEXT = 1 << 7;
/** Whether its record says itself which statuses are expected. */
const HAS_STATUSES = 1 << 8;
const IS_INVALID = 1 << 9;
const HAS_DNS = 1 << 10;
const HAS_CONNECT = 1 << 11;
const HAS_TLS = 1 << 12;
const IS_ATTEMPT_COUNTED = 1 << 13;
/** Flag of an iteration. */
const HAS_FAILED = 1 << 3;
/** The status stands above them; 0 without one. */
const STATUS_AT = 16;
const MAX_STATUS = 1023;

/** The maximum number of words of a row without its text. */
const MAX_ROW_WORDS = 8;
/** Room for so many bytes of rows at first. */
const FIRST_BYTES = 16 * 1024;
/** The maximum number of bytes of a UTF-16 code unit in UTF-8. */
const MAX_UNIT_BYTES = 3;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of an entry, to which rows are added behind the room for its head. */
export class EntryRows {
  bytes = new Uint8Array(FIRST_BYTES);
  #words = new Uint32Array(this.bytes.buffer);
  #floats = new Float64Array(this.bytes.buffer);
  /** Where the next row begins, in words. */
  #at = HEAD_BYTES / WORD;
  /** Results and iterations among the rows. */
  count = 0;

  /** Where the rows end, in bytes. */
  get end(): number {
    return this.#at * WORD;
  }

  /** How many bytes the rows have. */
  get rowsLength(): number {
    return this.end - HEAD_BYTES;
  }

  get isEmpty(): boolean {
    return this.rowsLength === 0;
  }

  /** Begins anew. */
  clear(): void {
    this.#at = HEAD_BYTES / WORD;
    this.count = 0;
  }

  /** Makes room for so many bytes, all together. */
  reserve(length: number): void {
    if (length <= this.bytes.length) return;
    const bytes = new Uint8Array(2 * WORD * Math.ceil(length / WORD));
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer);
    this.#floats = new Float64Array(bytes.buffer);
  }

  /**
   * Adds a result.
   *
   * @param isDone whether its request is done by it; an iteration of a flow has several results
   * @param isOfWarmUp whether it counts in the warm-up only
   * @param isNamed whether its URL is told, too; that of a failure always is
   */
  addResult(result: Result, isDone: boolean, isOfWarmUp: boolean, isNamed: boolean): void {
    const { target, status, bytes, ms, ttfbMs, attempts, via, isReused, error } = result;
    this.reserve(this.end + MAX_ROW_WORDS * WORD);
    const floats = this.#floats;
    const first = this.#at;
    let at = first + 1;
    let flags = RESULT | (status ?? 0) << STATUS_AT;
    floats[at++] = target.i;
    floats[at++] = bytes;
    floats[at++] = ms;
    if (isDone) {
      flags |= MARKS_DONE;
      this.count++;
    }
    if (isOfWarmUp) flags |= OF_WARM_UP;
    if (ttfbMs !== null) {
      flags |= HAS_TTFB;
      floats[at++] = ttfbMs;
    }
    if (!isReused && via !== null) {
      const { dnsMs, connectMs, tlsMs } = via;
      flags |= HAS_VIA | (dnsMs === null ? 0 : HAS_DNS) |
        (connectMs === null ? 0 : HAS_CONNECT) | (tlsMs === null ? 0 : HAS_TLS);
      floats[at++] = dnsMs ?? 0;
      floats[at++] = connectMs ?? 0;
      floats[at++] = tlsMs ?? 0;
    }
    if (target.expect?.statuses !== undefined) flags |= HAS_STATUSES;
    if (target.invalid !== undefined) flags |= IS_INVALID;
    if (result.isAttemptCounted) flags |= IS_ATTEMPT_COUNTED;
    this.#at = at;
    if (error !== undefined || isNamed) {
      flags |= HAS_TEXT;
      const { detail = "", expectation, at: atMs } = result;
      const url = truncate(withoutSecrets(target.url));
      this.#addText(JSON.stringify([url, atMs, error, truncate(detail), expectation]));
    }
    // The room may be another one now.
    this.#words[2 * first] = flags;
    this.#words[2 * first + 1] = attempts;
  }

  addRetry(cause: string, ms: number): void {
    this.#addShort(RETRY, ms);
    this.#addText(JSON.stringify(cause));
  }

  addStart(ownLateMs: number): void {
    this.#addShort(START, ownLateMs);
  }

  addLateStart(ms: number): void {
    this.#addShort(LATE, ms);
  }

  /** Adds an iteration that counts; its results come before, and {@linkcode addDone} follows. */
  addIteration({ results, checks, hasFailed, ms }: CountedIteration): void {
    this.#addShort(ITERATION | (hasFailed ? HAS_FAILED : 0), ms);
    const steps = results.map(({ target }) => target.step ?? null);
    this.#addText(JSON.stringify([steps, checks]));
  }

  /** Adds that an iteration is done, whose results come before. */
  addDone(i: number): void {
    this.#addShort(DONE, i);
    this.count++;
  }

  #addShort(kind: number, value: number): void {
    this.reserve(this.end + MAX_ROW_WORDS * WORD);
    this.#words[2 * this.#at] = kind;
    this.#floats[this.#at + 1] = value;
    this.#at += 2;
  }

  #addText(text: string): void {
    this.reserve(this.end + WORD + MAX_UNIT_BYTES * text.length + WORD);
    const { written } = encoder.encodeInto(text, this.bytes.subarray(this.end + WORD));
    this.#floats[this.#at] = written;
    this.#at += 1 + Math.ceil(written / WORD);
  }
}

/** What becomes of the rows of an entry. */
export interface RowUse {
  /** Told of a request, or of an iteration, that is done. @returns whether it was open */
  onDone(i: number): boolean;
  /** Told of all else. */
  readonly counted: WarmUpStats;
}

/** Rows that no run has written. */
class RowError extends Error {
  override name = "RowError";
}

/**
 * Reads the rows of an entry.
 *
 * @returns whether a run could have written them; if not, some may have been told of
 */
export function readRows(rows: Uint8Array<ArrayBuffer>, use: RowUse): boolean {
  try {
    new RowReader(rows).readAll(use);
    return true;
  } catch (error) {
    if (error instanceof RowError) return false;
    throw error;
  }
}

class RowReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;
  /** Of the iteration that comes next. */
  #results: Result[] = [];

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  readAll(use: RowUse): void {
    while (this.#at < this.#bytes.length) this.#readRow(use);
  }

  #readRow({ onDone, counted }: RowUse): void {
    const at = this.#advance(WORD);
    const flags = this.#view.getUint32(at, true);
    switch (flags & KIND_MASK) {
      case RESULT: {
        const result = this.#readResult(flags, this.#view.getUint32(at + WORD / 2, true));
        if ((flags & OF_WARM_UP) !== 0) counted.recordWarmUp(result);
        else counted.record(result);
        if ((flags & MARKS_DONE) === 0) this.#results.push(result);
        else if (!onDone(result.target.i)) throw new RowError();
        return;
      }
      case RETRY: {
        const ms = this.#readNumber();
        const cause = this.#readText();
        if (!isText(cause)) throw new RowError();
        return counted.recordRetry(cause, { ms } as Result);
      }
      case START:
        return counted.recordStart(this.#readNumber());
      case LATE:
        return counted.recordLateStart(this.#readNumber());
      case ITERATION:
        return counted.recordIteration(this.#readIteration((flags & HAS_FAILED) !== 0));
      case DONE:
        this.#results = [];
        if (!onDone(this.#readCount())) throw new RowError();
        return;
      default:
        throw new RowError();
    }
  }

  #readResult(flags: number, attempts: number): Result {
    const i = this.#readCount();
    const bytes = this.#readCount();
    const ms = this.#readNumber();
    const ttfbMs = (flags & HAS_TTFB) === 0 ? null : this.#readNumber();
    const via = (flags & HAS_VIA) === 0 ? null : {
      remote: null,
      dnsMs: this.#readPhase(flags & HAS_DNS),
      connectMs: this.#readPhase(flags & HAS_CONNECT),
      tlsMs: this.#readPhase(flags & HAS_TLS),
    };
    const [url, at, error, detail, expectation] = (flags & HAS_TEXT) === 0
      ? ["", 0]
      : this.#readTexts();
    const status = flags >> STATUS_AT & MAX_STATUS;
    if (status !== 0 && !(status >= 100 && status <= 999)) throw new RowError();
    const target = {
      i,
      url,
      method: "GET",
      headers: [],
      body: undefined,
      invalid: (flags & IS_INVALID) === 0 ? undefined : detail ?? "",
      expect: (flags & HAS_STATUSES) === 0 ? undefined : { statuses: SOME },
      requestId: undefined,
    };
    const failure = error === undefined ? undefined : { error, detail: detail!, scope: undefined };
    const result = toResult({
      ...NO_RESPONSE,
      target,
      status: status === 0 ? null : status,
      bytes,
      ms,
      ttfbMs,
      attempts,
      via,
      at,
    }, failure);
    const isAttemptCounted = (flags & IS_ATTEMPT_COUNTED) !== 0;
    if (expectation === undefined && !isAttemptCounted) return result;
    return { ...result, expectation, isAttemptCounted };
  }

  #readIteration(hasFailed: boolean): CountedIteration {
    const ms = this.#readNumber();
    const texts = this.#readText();
    if (!Array.isArray(texts)) throw new RowError();
    const [steps, checks] = texts;
    const results = this.#results;
    const isRight = Array.isArray(steps) && steps.length === results.length &&
      steps.every((step) => step === null || isText(step)) && isCheckFigures(checks);
    if (!isRight) throw new RowError();
    return {
      results: results.map((result, k) => ({
        ...result,
        target: { ...result.target, step: steps[k] ?? undefined },
      })),
      checks,
      hasFailed,
      at: 0,
      ms,
    };
  }

  #readPhase(flag: number): number | null {
    const ms = this.#readNumber();
    return flag === 0 ? null : ms;
  }

  /** What a result tells in words. */
  #readTexts(): [
    url: string,
    at: number,
    error?: typeof ERROR_KINDS[number],
    detail?: string,
    expectation?: string,
  ] {
    const list = this.#readText();
    if (!Array.isArray(list)) throw new RowError();
    const [url, at, error, detail, expectation] = list;
    const isRight = isText(url) && Number.isFinite(at) &&
      (error === null || ERROR_KINDS.includes(error)) && isText(detail) &&
      (expectation === undefined || expectation === null || isText(expectation));
    if (!isRight) throw new RowError();
    return [url, at, error ?? undefined, detail, expectation ?? undefined];
  }

  #readText(): unknown {
    const length = this.#readCount();
    const at = this.#advance(WORD * Math.ceil(length / WORD));
    try {
      return JSON.parse(decoder.decode(this.#bytes.subarray(at, at + length)));
    } catch {
      throw new RowError();
    }
  }

  #readCount(): number {
    const value = this.#readNumber();
    if (!isCount(value)) throw new RowError();
    return value;
  }

  /** From 0, and not so large that a sum of its squares were infinite. */
  #readNumber(): number {
    const value = this.#view.getFloat64(this.#advance(WORD), true);
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) throw new RowError();
    return value;
  }

  /** Steps over so many bytes. @returns where they begin */
  #advance(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new RowError();
    return at;
  }
}

/** Statistics look only at whether a record expects statuses. */
const SOME = { text: "", has: () => true };
