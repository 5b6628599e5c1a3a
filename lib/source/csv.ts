import { parse } from "@std/csv/parse";
import type { MaybePromise, Source } from "../types.ts";
import { type Line, MAX_LINE, TooLong } from "./lines.ts";

/** A record of CSV: its text, and its fields, or why it has none. */
export interface CsvRecord {
  readonly text: string;
  readonly fields: readonly string[] | string;
}

/**
 * The records of CSV (RFC 4180), of which one can go over several lines. A line break in a quoted
 * field reads as LF. A record longer than {@linkcode MAX_LINE}, as one whose quote is never
 * closed, ends there, and what follows is read from the next line on.
 */
export class CsvReader implements Source<CsvRecord | TooLong> {
  readonly #lines: Source<Line>;
  /** The lines so far of a record whose quote is open. */
  #open: string | undefined;

  constructor(lines: Source<Line>) {
    this.#lines = lines;
  }

  next(): MaybePromise<IteratorResult<CsvRecord | TooLong, undefined>> {
    return this.#assemble(this.#lines.next());
  }

  #assemble(
    step: MaybePromise<IteratorResult<Line, unknown>>,
  ): MaybePromise<IteratorResult<CsvRecord | TooLong, undefined>> {
    for (;; step = this.#lines.next()) {
      if (step instanceof Promise) return step.then((step) => this.#assemble(step));
      const record = step.done ? this.#finish() : this.#add(step.value);
      if (record !== undefined) return { value: record, done: false };
      if (step.done) return { value: undefined, done: true };
    }
  }

  #finish(): CsvRecord | undefined {
    const text = this.#open;
    this.#open = undefined;
    return text === undefined ? undefined : { text, fields: "a quote is not closed" };
  }

  /** Takes a line; gives the record that it ends, if it does. */
  #add(line: Line): CsvRecord | TooLong | undefined {
    if (line instanceof TooLong) {
      this.#open = undefined;
      return line;
    }
    if (this.#open === undefined && !line.includes('"')) {
      return { text: line, fields: line.split(",") };
    }
    const isOpen = isQuoteOpen(line, this.#open !== undefined);
    const text = this.#open === undefined ? line : `${this.#open}\n${line}`;
    this.#open = undefined;
    if (text.length > MAX_LINE) return new TooLong(text.slice(0, 200));
    if (!isOpen) return { text, fields: parseRecord(text) };
    this.#open = text;
  }

  return(): unknown {
    return this.#lines.return?.();
  }
}

/** Whether a quoted field goes on after a line; a quote opens one at the field's start only. */
function isQuoteOpen(line: string, wasOpen: boolean): boolean {
  let isOpen = wasOpen;
  for (let k = 0; k < line.length; k++) {
    if (isOpen) {
      k = line.indexOf('"', k);
      if (k < 0) return true;
      // A quote within is doubled.
      if (line[k + 1] === '"') k++;
      else isOpen = false;
    } else if (line[k] === '"' && (k === 0 ? !wasOpen : line[k - 1] === ",")) {
      isOpen = true;
    } else {
      const comma = line.indexOf(",", k);
      if (comma < 0) return false;
      k = comma;
    }
  }
  return isOpen;
}

function parseRecord(text: string): readonly string[] | string {
  try {
    return parse(text)[0];
  } catch (error) {
    // `parse error on line 1, column 3: bare " in non-quoted field`
    return (error as Error).message.replace(/^.*?column \d+: /, "");
  }
}
