import { parse } from "@std/csv/parse";
import type { MaybePromise } from "../types.ts";
import { type Line, type Lines, MAX_LINE, TooLong } from "./lines.ts";

/**
 * The records of CSV (RFC 4180) as text, of which one can go over several lines. A line break in a
 * quoted field reads as LF. A record that is longer than {@linkcode MAX_LINE}, as one whose quote
 * is never closed, ends with the line that makes it so, and the next one begins behind it.
 */
export class CsvReader implements Lines {
  readonly #lines: Lines;
  /** The lines so far of a record whose quote is open; at most `MAX_LINE`. */
  #open: string | undefined;
  line = 0;

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  next(): MaybePromise<IteratorResult<Line, undefined>> {
    return this.#assemble(this.#lines.next());
  }

  #assemble(
    step: MaybePromise<IteratorResult<Line, undefined>>,
  ): MaybePromise<IteratorResult<Line, undefined>> {
    for (;; step = this.#lines.next()) {
      if (step instanceof Promise) return step.then((step) => this.#assemble(step));
      const record = step.done ? this.#open : this.#add(step.value);
      if (step.done) this.#open = undefined;
      if (record !== undefined) return { value: record, done: false };
      if (step.done) return { value: undefined, done: true };
    }
  }

  /** Takes a line; gives the record that it ends, if it does. */
  #add(line: Line): Line | undefined {
    const before = this.#open;
    if (before === undefined) {
      this.line = this.#lines.line;
      if (line instanceof TooLong || !line.includes('"')) return line;
    }
    this.#open = undefined;
    if (line instanceof TooLong) return new TooLong(`${before}\n${line.start}`);
    const text = before === undefined ? line : `${before}\n${line}`;
    if (text.length > MAX_LINE) return new TooLong(text);
    if (!isQuoteOpen(line, before !== undefined)) return text;
    this.#open = text;
  }

  return(): void {
    this.#open = undefined;
    this.#lines.return?.();
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

/** The fields of a record; or why it has none, in words. */
export function fieldsOf(record: string): readonly string[] | string {
  if (!record.includes('"')) return record.split(",");
  try {
    return parse(record)[0];
  } catch (error) {
    // Its words: `parse error on line 1, column 3: bare " in non-quoted field`
    return (error as Error).message.includes("bare")
      ? "a field without quotes has a quote in it: put it in quotes and double it"
      : "a quote is not closed, or has something other than a comma behind it";
  }
}
