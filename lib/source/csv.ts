import type { MaybePromise, Step } from "../stream.ts";
import {
  type InputLines,
  isComment,
  type Line,
  type LineReader,
  MAX_LINE,
  OverlongLine,
} from "./lines.ts";

/**
 * The records of CSV (RFC 4180) as text. A record can go over several lines, and a line break in a
 * quoted field stays as it is. A record that is longer than {@linkcode MAX_LINE}, as when a quote is
 * never closed, ends with the line that makes it too long; the next record begins behind it.
 */
export class CsvReader implements InputLines {
  readonly #lines: LineReader;
  readonly #comments: boolean;
  /** The lines so far of a record whose quote is open; at most `MAX_LINE`. */
  #open: string | undefined;
  line = 0;

  /** @param options whether a line can be a comment, which opens no quote */
  constructor(lines: LineReader, { comments = false }: { readonly comments?: boolean } = {}) {
    this.#lines = lines;
    this.#comments = comments;
  }

  get lineCount(): number {
    return this.#lines.lineCount;
  }

  get hasOpenRecord(): boolean {
    return this.#open !== undefined;
  }

  get unread(): number {
    return this.#lines.unread;
  }

  next(): MaybePromise<Step<Line>> {
    return this.#assemble(this.#lines.next());
  }

  #assemble(
    step: MaybePromise<Step<Line>>,
  ): MaybePromise<Step<Line>> {
    for (;; step = this.#lines.next()) {
      if (step instanceof Promise) return step.then((step) => this.#assemble(step));
      const record = step.done ? this.#open : this.#add(step.value);
      if (step.done) this.#open = undefined;
      if (record !== undefined) return { value: record, done: false };
      if (step.done) return { value: undefined, done: true };
    }
  }

  /** Adds a line. @returns the record that ends with it, if one does */
  #add(line: Line): Line | undefined {
    const before = this.#open;
    if (before === undefined) {
      this.line = this.#lines.line;
      if (line instanceof OverlongLine || !line.includes('"')) return line;
      if (this.#comments && isComment(line)) return line;
    }
    this.#open = undefined;
    const start = before === undefined ? "" : before + this.#lines.breakBefore;
    if (line instanceof OverlongLine) return new OverlongLine(start + line.start);
    const text = start + line;
    if (text.length > MAX_LINE) return new OverlongLine(text);
    if (!isQuoteOpen(line, before !== undefined)) return text;
    this.#open = text;
  }

  return(): void {
    this.#open = undefined;
    this.#lines.return?.();
  }
}

/** Whether a quoted field continues after a line; a quote opens one at the field's start only. */
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

const BARE_QUOTE = "a field without quotes has a quote in it: put it in quotes and double it";
const OPEN_QUOTE = "a quote is not closed, or has something other than a comma behind it";

/** The fields of a record (RFC 4180 §2); or what is wrong with it, in words. */
export function toFields(record: string): readonly string[] | string {
  if (!record.includes('"')) return record.split(",");
  const fields: string[] = [];
  for (let at = 0;; at++) {
    let end;
    if (record[at] === '"') {
      end = closingQuote(record, at) + 1;
      if (end === 0 || (end < record.length && record[end] !== ",")) return OPEN_QUOTE;
      fields.push(record.slice(at + 1, end - 1).replaceAll('""', '"'));
    } else {
      const comma = record.indexOf(",", at);
      end = comma < 0 ? record.length : comma;
      const field = record.slice(at, end);
      if (field.includes('"')) return BARE_QUOTE;
      fields.push(field);
    }
    if (end === record.length) return fields;
    at = end;
  }
}

/** Where the quote that opens at a place is closed; -1 if it is not. A quote within is doubled. */
function closingQuote(record: string, open: number): number {
  let at = record.indexOf('"', open + 1);
  while (at >= 0 && record[at + 1] === '"') at = record.indexOf('"', at + 2);
  return at;
}
