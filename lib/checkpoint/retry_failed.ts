/**
 * What `--retry-failed` begins with: the records of an output that stay, and which requests are to
 * be made again.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { OutputOptions } from "../options/run_options.ts";
import { type LineWriter, openLineWriter } from "../output/line_writer.ts";
import { CsvReader, toFields } from "../source/csv.ts";
import { Input } from "../source/input.ts";
import { LineReader, type Lines, OverlongLine } from "../source/lines.ts";
import { type NumberSequence, toIndex } from "../source/numbering.ts";
import { Histogram } from "../stats/histogram.ts";
import type { Refuted } from "../stats/stats.ts";
import type { Expectation } from "../target.ts";
import { SparseBitmap } from "./sparse_bitmap.ts";

/** What a record says, as far as it matters here; NaN where it does not say so. */
interface Seen {
  readonly i: number;
  readonly hasFailed: boolean;
  readonly status: number;
  readonly ms: number;
  readonly bytes: number;
  readonly attempts: number;
}

/** What is made of an output. */
export interface Kept {
  /** The places of what failed. */
  readonly failed: SparseBitmap;
  /** Bytes of the copy. */
  readonly length: number;
  /** What had counted as succeeded and has failed by the new expectation; undefined if nothing. */
  readonly refuted: Refuted | undefined;
}

/** Where records are copied to, and what they are held against. */
export interface KeepOptions {
  /** The path of the copy; it is made anew. */
  readonly to: string;
  /** The numbers of the whole run. */
  readonly numbering: NumberSequence;
  /** The statuses that are expected now; undefined where nothing new is. */
  readonly expected: Expectation["statuses"];
}

/**
 * Copies the records that are not failures. A record with an error stays a failure, whatever is
 * expected now: it does not tell what else its answer was.
 *
 * @throws {UsageError} If the output cannot be read as what it should be; then there is no copy.
 */
export async function copySucceeded(
  output: OutputOptions,
  { to, numbering, expected }: KeepOptions,
): Promise<Kept> {
  const { path, format, gzip } = output;
  const fail = (why: string): never => {
    throw new UsageError(`Cannot retry what failed of '--output ${path}': ${why}`);
  };
  const failed = new SparseBitmap();
  const judgement = expected && new Judgement(expected);
  const lines = new LineReader(await Input.open(path));
  const records: Lines = format === "csv" ? new CsvReader(lines) : lines;
  let copy: LineWriter | undefined;
  try {
    copy = await openLineWriter(to, { flag: "--retry-failed", gzip });
    const read = format === "csv" ? await csvReader(records, copy, fail) : readLine;
    for (;;) {
      const step = records.next();
      const { value, done } = step instanceof Promise ? await step : step;
      if (done) break;
      if (value instanceof OverlongLine) fail("it holds a record of more than 1 MiB");
      const seen = read(value as string);
      if (seen === undefined) return fail("its records have no fields 'i' and 'status'");
      if (seen.hasFailed || judgement?.isRefuted(seen)) failed.add(toIndex(seen.i, numbering));
      else await copy.write(`${value}\n`);
    }
    const lacking = judgement?.lacking;
    if (lacking !== undefined) {
      fail(`its records have no field '${lacking}', which is needed to judge them anew`);
    }
    const length = await copy.sync();
    return { failed, length, refuted: judgement?.refuted };
  } catch (error) {
    await Deno.remove(to).catch(() => {});
    throw error;
  } finally {
    records.return?.();
    await copy?.close();
  }
}

/** Holds records of answers that had succeeded against what is expected of them now. */
class Judgement {
  readonly #expected: NonNullable<Expectation["statuses"]>;
  readonly #statuses = new Map<number, number>();
  readonly #latency = new Histogram();
  #requests = 0;
  #bytes = 0;
  #attempts = 0;
  #busyMs = 0;
  /** Whether each record so far had it. */
  #hasStatus = true;
  #hasMs = true;

  constructor(expected: NonNullable<Expectation["statuses"]>) {
    this.#expected = expected;
  }

  /** Whether an answer has failed by its status. */
  isRefuted({ status, ms, bytes, attempts }: Seen): boolean {
    this.#hasStatus &&= !Number.isNaN(status);
    this.#hasMs &&= !Number.isNaN(ms);
    if (this.#expected.has(status)) {
      this.#latency.record(ms * 1000);
      return false;
    }
    this.#requests++;
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    this.#busyMs += ms;
    this.#bytes += bytes;
    this.#attempts += attempts;
    return true;
  }

  /** A field that some record lacks and that the judgement needs; undefined if there is none. */
  get lacking(): string | undefined {
    if (!this.#hasStatus) return "status";
    if (this.#requests === 0) return undefined;
    if (!this.#hasMs) return "ms";
    if (Number.isNaN(this.#bytes)) return "bytes";
    return Number.isNaN(this.#attempts) ? "attempts" : undefined;
  }

  get refuted(): Refuted | undefined {
    if (this.#requests === 0) return undefined;
    return {
      requests: this.#requests,
      bytes: this.#bytes,
      attempts: this.#attempts,
      busyMs: this.#busyMs,
      statuses: Object.fromEntries(this.#statuses),
      latency: this.#latency.toJSON(),
    };
  }
}

function readLine(line: string): Seen | undefined {
  const { i, status, error, ms, bytes, attempts } = JSON.parse(line);
  if (typeof i !== "number" || (status === undefined && error === undefined)) return undefined;
  const hasFailed = status === null || typeof error === "string";
  const numberOf = (value: unknown): number => typeof value === "number" ? value : NaN;
  return {
    i,
    hasFailed,
    status: numberOf(status),
    ms: numberOf(ms),
    bytes: numberOf(bytes),
    attempts: numberOf(attempts),
  };
}

/** Copies the header, and tells how the records under it are to be read. */
async function csvReader(
  records: Lines,
  copy: LineWriter,
  fail: (why: string) => never,
): Promise<(record: string) => Seen | undefined> {
  const { value } = await records.next();
  if (typeof value !== "string") return fail("it has no header");
  await copy.write(`${value}\n`);
  const names = value.split(",");
  const [i, status, error, ms, bytes, attempts] = [
    ...["i", "status", "error", "ms", "bytes", "attempts"],
  ].map((name) => names.indexOf(name));
  return (record) => {
    const fields = toFields(record);
    if (typeof fields === "string" || i < 0 || (status < 0 && error < 0)) return undefined;
    const isEmpty = (place: number): boolean => fields[place] === "";
    const numberAt = (place: number): number => place < 0 ? NaN : Number(fields[place]);
    return {
      i: Number(fields[i]),
      hasFailed: (status >= 0 && isEmpty(status)) || (error >= 0 && !isEmpty(error)),
      status: numberAt(status),
      ms: numberAt(ms),
      bytes: numberAt(bytes),
      attempts: numberAt(attempts),
    };
  };
}
