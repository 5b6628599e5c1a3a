import { InputError } from "../errors.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import type { Input } from "./input.ts";
import { createTextReader, type TextReader } from "./text_reader.ts";
import { Utf8Reader } from "./utf8.ts";

/** The longest line, in UTF-16 code units: 1 MiB of ASCII. */
export const MAX_LINE = 1024 * 1024;

/** How much of a longer line is kept, in UTF-16 code units. */
const START_LENGTH = 200;

/** Stands for a line that is longer than {@linkcode MAX_LINE}: its first characters. */
export class OverlongLine {
  readonly start: string;
  constructor(text: string) {
    // Joined from its characters: a slice would keep the whole line in memory.
    this.start = [...text.slice(0, START_LENGTH)].join("").toWellFormed();
  }
}

/**
 * A line without its end, or what stands for a line that is too long. A line that is not UTF-8 has
 * a lone surrogate in place of each error, so that `isWellFormed()` is false.
 */
export type Line = string | OverlongLine;

/** The text of a line: of one that is too long, its start. */
export function toText(line: Line): string {
  return line instanceof OverlongLine ? line.start : line;
}

/** Whether a line holds only white space; then it does not count. */
export function isBlank(line: Line): boolean {
  return typeof line === "string" && line.trim() === "";
}

/** Whether a line is a comment: white space, and then a `#`. */
export function isComment(line: Line): boolean {
  return toText(line).trimStart().startsWith("#");
}

/** Tells whether a line does not count. @param comments whether a line can be a comment */
export function createSkip(comments: boolean): (line: Line) => boolean {
  return comments ? (line) => isBlank(line) || isComment(line) : isBlank;
}

/** Lines or records, and where the last one began. */
export interface Lines extends Source<Line> {
  /** The number of that line in its input, from 1. */
  readonly line: number;
  /** About how many bytes of the input were read but are not part of a line yet. */
  readonly unread: number;
}

/** Lines or records of one input. */
export interface InputLines extends Lines {
  /** How many lines were read. */
  readonly lineCount: number;
  /** Whether a record has begun that goes on behind them. */
  readonly hasOpenRecord: boolean;
}

/** Options for {@linkcode LineReader}. */
export interface LineOptions {
  /**
   * Whether only LF and CRLF end a line, as in runs of early releases.
   *
   * @default {false}
   */
  readonly onlyLf?: boolean | undefined;
  /**
   * Whether the input begins in the midst of a file: then it is UTF-8, whatever its first bytes are.
   *
   * @default {false}
   */
  readonly isPart?: boolean | undefined;
}

/**
 * The lines of an input in UTF-8, or in UTF-16 with a byte order mark. LF, CRLF or CR ends a line, the
 * last one may lack it; a byte order mark at the start is dropped. Holds one block and one line.
 */
export class LineReader implements InputLines {
  readonly #input: Pick<Input, "read" | "close">;
  readonly #onlyLf: boolean;
  readonly #isPart: boolean;
  /** Undefined before the first block. */
  #decoder: TextReader | undefined;
  /** Decoded text, of which `#position` on is not read yet. */
  #text = "";
  #position = 0;
  /** Where the first LF and the first CR from `#position` on are; without one, the text's end. */
  #lf = 0;
  #cr = 0;
  /** Whether `#text` ends in a CR, to which an LF that comes next belongs. */
  #endsInCr = false;
  /** The start of a line whose end has not been read yet; at most `MAX_LINE` + 1 and a piece. */
  #rest = "";
  /** Whether that line is too long already: then its remains are skipped. */
  #isTooLong = false;
  #isAtEnd = false;
  /** Thrown after the last line. */
  #failure: InputError | undefined;
  /** The line break behind the last line, as far as it was read. */
  #breakBehind = "";
  line = 0;
  /** The line break in front of the last line; empty for the first line. */
  breakBefore = "";

  constructor(
    input: Pick<Input, "read" | "close">,
    { onlyLf = false, isPart = false }: LineOptions = {},
  ) {
    this.#input = input;
    this.#onlyLf = onlyLf;
    this.#isPart = isPart;
  }

  get lineCount(): number {
    return this.line;
  }

  readonly hasOpenRecord = false;

  get unread(): number {
    return (this.#decoder?.unread ?? 0) + this.#text.length - this.#position;
  }

  /** @throws {InputError} By its promise, if the input breaks off. */
  next(): MaybePromise<Step<Line>> {
    return this.#take() ?? this.#refill();
  }

  /** The next line, if its end is in the block at hand. */
  #take(): Step<Line> | undefined {
    let end;
    while ((end = this.#lf < this.#cr ? this.#lf : this.#cr) === this.#text.length) {
      this.#keep(this.#text.slice(this.#position));
      const text = this.#decoder?.next();
      this.#begin(text ?? "");
      if (text === undefined) return undefined;
    }
    return this.#cut(end);
  }

  /** Starts on a piece of text. */
  #begin(text: string): void {
    this.#text = text;
    this.#position = 0;
    if (this.#endsInCr && text !== "") {
      this.#endsInCr = false;
      if (text[0] === "\n") {
        this.#position = 1;
        this.#breakBehind = "\r\n";
      }
    }
    this.#lf = this.#find("\n");
    this.#cr = this.#onlyLf ? text.length : this.#find("\r");
  }

  #find(character: string): number {
    const at = this.#text.indexOf(character, this.#position);
    return at < 0 ? this.#text.length : at;
  }

  /** The line that ends at a line break. */
  #cut(end: number): Step<Line> {
    const line = this.#text.slice(this.#position, end);
    let lineBreak = "\n";
    this.#position = end + 1;
    if (end === this.#cr) {
      const isCrlf = this.#text[this.#position] === "\n";
      lineBreak = isCrlf ? "\r\n" : "\r";
      if (isCrlf) this.#position++;
      else this.#endsInCr = this.#position === this.#text.length;
      this.#cr = this.#find("\r");
    }
    if (this.#lf < this.#position) this.#lf = this.#find("\n");
    return this.#finish(line, lineBreak);
  }

  /** Ends the line that has begun. */
  #finish(end: string, lineBreak: string): Step<Line> {
    let line = this.#rest === "" ? end : this.#rest + end;
    if (this.#onlyLf && line.endsWith("\r")) {
      line = line.slice(0, -1);
      lineBreak = "\r\n";
    }
    const isTooLong = this.#isTooLong || line.length > MAX_LINE;
    this.#rest = "";
    this.#isTooLong = false;
    this.line++;
    this.breakBefore = this.#breakBehind;
    this.#breakBehind = lineBreak;
    return { value: isTooLong ? new OverlongLine(line) : line, done: false };
  }

  async #refill(): Promise<Step<Line>> {
    while (!this.#isAtEnd) {
      const block = await this.#read();
      // It may have been closed in the meantime.
      if (this.#isAtEnd) break;
      if (block === undefined) {
        this.#isAtEnd = true;
        if (this.#decoder !== undefined) this.#keep(this.#decoder.end());
        if (this.#rest !== "") return this.#finish("", "");
      } else {
        this.#decoder ??= this.#isPart ? new Utf8Reader(false) : createTextReader(block);
        this.#decoder.add(block);
        const step = this.#take();
        if (step !== undefined) return step;
      }
    }
    if (this.#failure !== undefined) this.#fail(this.#failure);
    return { value: undefined, done: true };
  }

  async #read(): Promise<Uint8Array | undefined> {
    try {
      return await this.#input.read();
    } catch (error) {
      // Otherwise the line that has begun lacks its end.
      if (!(error instanceof InputError && error.isDataWhole)) this.#fail(error);
      this.#failure = error;
    }
  }

  #fail(error: unknown): never {
    this.#failure = undefined;
    this.return();
    throw error;
  }

  /** Keeps a piece of a line until its end comes, but no more than is allowed. */
  #keep(piece: string): void {
    if (piece === "") return;
    if (!this.#isTooLong) this.#rest += piece;
    // One more, for the CR that may be the last of it.
    if (this.#rest.length > MAX_LINE + 1) {
      this.#rest = new OverlongLine(this.#rest).start;
      this.#isTooLong = true;
    }
  }

  return(): void {
    this.#isAtEnd = true;
    this.#decoder = undefined;
    this.#begin("");
    this.#rest = "";
    this.#input.close();
  }
}
