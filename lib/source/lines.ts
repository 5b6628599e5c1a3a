import type { MaybePromise, Source } from "../types.ts";
import type { Input } from "./input.ts";

/** Longest line, in UTF-16 code units: 1 MiB of ASCII. */
export const MAX_LINE = 1024 * 1024;

/** How much of a longer one is kept, in UTF-16 code units. */
const START_LENGTH = 200;

/** What a line is read as that is longer than {@linkcode MAX_LINE}: its first characters. */
export class TooLong {
  readonly start: string;
  constructor(text: string) {
    // Put together anew: a slice would keep the whole of it in memory.
    this.start = [...text.slice(0, START_LENGTH)].join("").toWellFormed();
  }
}

/** A line without its end, or what stands for one that is too long. */
export type Line = string | TooLong;

/** Lines or records, and where the last one that was given began. */
export interface Lines extends Source<Line> {
  next(): MaybePromise<IteratorResult<Line, undefined>>;
  /** The number of its line in the input, from 1. */
  readonly line: number;
}

/**
 * How much is decoded at once. A line is a slice of what was decoded with it and keeps that in
 * memory, so this, not a whole block, is what a request in flight can hold (measured, with 10,000
 * URLs held that are 2,000 lines apart: a peak of 200 MB, and 707 MB with 64 KiB).
 */
const PIECE_BYTES = 8 * 1024;

const STREAM = { stream: true } as const;

/**
 * The lines of an input. LF or CRLF ends a line, the last one may lack it; a byte order mark at
 * the start is dropped, octets that are no UTF-8 become U+FFFD. Holds one block and one line.
 */
export class LineReader implements Lines {
  readonly #input: Pick<Input, "read" | "close">;
  readonly #decoder = new TextDecoder();
  /** What of the block is not decoded yet. */
  #block = new Uint8Array();
  /** Decoded text, of which `#position` on is not read yet. */
  #text = "";
  #position = 0;
  /** The start of a line whose end has not been read yet; at most `MAX_LINE` + 1 and a piece. */
  #rest = "";
  /** Whether that line is too long already: then its remains are skipped. */
  #isTooLong = false;
  #isAtEnd = false;
  line = 0;

  constructor(input: Pick<Input, "read" | "close">) {
    this.#input = input;
  }

  /** @throws {InputError} By its promise, if the input breaks off. */
  next(): MaybePromise<IteratorResult<Line, undefined>> {
    return this.#take() ?? this.#refill();
  }

  /** The next line, if its end is in the block at hand. */
  #take(): IteratorResult<Line, undefined> | undefined {
    let end;
    while ((end = this.#text.indexOf("\n", this.#position)) < 0) {
      this.#keep(this.#text.slice(this.#position));
      this.#position = 0;
      this.#text = this.#decoder.decode(this.#block.subarray(0, PIECE_BYTES), STREAM);
      if (this.#block.length === 0) return undefined;
      this.#block = this.#block.subarray(PIECE_BYTES);
    }
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
    this.line++;
    return { value: isTooLong ? new TooLong(line) : line, done: false };
  }

  async #refill(): Promise<IteratorResult<Line, undefined>> {
    while (!this.#isAtEnd) {
      let block;
      try {
        block = await this.#input.read();
      } catch (error) {
        // What was begun is no line: its end is missing.
        this.return();
        throw error;
      }
      // It may have been closed in the meantime.
      if (this.#isAtEnd) break;
      if (block === undefined) {
        this.#isAtEnd = true;
        this.#keep(this.#decoder.decode());
        if (this.#rest !== "") return this.#finish("");
      } else {
        this.#block = block;
        const step = this.#take();
        if (step !== undefined) return step;
      }
    }
    return { value: undefined, done: true };
  }

  /** Keeps a piece of a line for when its end is there, but no more of it than is allowed. */
  #keep(piece: string): void {
    if (piece === "") return;
    if (!this.#isTooLong) this.#rest += piece;
    // One more, for the CR that may be the last of it.
    if (this.#rest.length > MAX_LINE + 1) {
      this.#rest = new TooLong(this.#rest).start;
      this.#isTooLong = true;
    }
  }

  return(): void {
    this.#isAtEnd = true;
    this.#block = new Uint8Array();
    this.#text = this.#rest = "";
    this.#position = 0;
    this.#input.close();
  }
}
