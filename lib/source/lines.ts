import type { MaybePromise, Source } from "../types.ts";
import type { Input } from "./input.ts";

/** Longest line, in UTF-16 code units: 1 MiB of ASCII. */
export const MAX_LINE = 1024 * 1024;

/** What a line is read as that is longer than {@linkcode MAX_LINE}: its first characters. */
export class TooLong {
  readonly start: string;
  constructor(start: string) {
    this.start = start;
  }
}

/** A line without its end, or what stands for one that is too long. */
export type Line = string | TooLong;

const START_LENGTH = 200;

/**
 * The lines of an input. LF or CRLF ends a line, the last one may lack it; a byte order mark at
 * the start is dropped, octets that are no UTF-8 become U+FFFD. Holds one block and one line.
 */
export class LineReader implements Source<Line> {
  readonly #input: Input;
  readonly #decoder = new TextDecoder();
  /** Decoded text, of which `#position` on is not read yet. */
  #text = "";
  #position = 0;
  /** The start of a line whose end has not been read yet. */
  #rest = "";
  /** Whether that line is too long already: then its remains are skipped. */
  #isTooLong = false;
  #isAtEnd = false;

  constructor(input: Input) {
    this.#input = input;
  }

  next(): MaybePromise<IteratorResult<Line, undefined>> {
    return this.#take() ?? this.#refill();
  }

  /** The next line, if its end is in the text at hand. */
  #take(): IteratorResult<Line, undefined> | undefined {
    const end = this.#text.indexOf("\n", this.#position);
    if (end < 0) return undefined;
    const line = this.#text.slice(this.#position, end);
    this.#position = end + 1;
    return this.#finish(line);
  }

  /** Ends the line that has begun. */
  #finish(end: string): IteratorResult<Line, undefined> {
    let line = this.#rest === "" ? end : this.#rest + end;
    if (line.endsWith("\r")) line = line.slice(0, -1);
    const isTooLong = this.#isTooLong || line.length > MAX_LINE;
    this.#rest = "";
    this.#isTooLong = false;
    return { value: isTooLong ? new TooLong(line.slice(0, START_LENGTH)) : line, done: false };
  }

  async #refill(): Promise<IteratorResult<Line, undefined>> {
    while (!this.#isAtEnd) {
      this.#keep(this.#text.slice(this.#position));
      const block = await this.#input.read();
      this.#isAtEnd = block === undefined;
      this.#text = this.#decoder.decode(block, { stream: !this.#isAtEnd });
      this.#position = 0;
      const step = this.#take();
      if (step !== undefined) return step;
    }
    const rest = this.#text.slice(this.#position);
    this.#text = "";
    this.#position = 0;
    if (this.#rest === "" && rest === "") return { value: undefined, done: true };
    return this.#finish(rest);
  }

  /** Keeps a piece of a line for when its end is there, but no more of it than is allowed. */
  #keep(piece: string): void {
    if (piece === "") return;
    if (!this.#isTooLong) this.#rest += piece;
    // One more, for the CR that may be the last of it.
    if (this.#rest.length > MAX_LINE + 1) {
      this.#rest = this.#rest.slice(0, START_LENGTH);
      this.#isTooLong = true;
    }
  }

  return(): void {
    this.#isAtEnd = true;
    this.#input.close();
  }
}
