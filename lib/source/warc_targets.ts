/**
 * Targets of WARC files: the URL of each response, revisit and resource is a record.
 *
 * @module
 */
import { InputError, UsageError } from "../errors.ts";
import type { Step } from "../stream.ts";
import { WarcReader } from "../warc/read_records.ts";
import type { WarcHead } from "../warc/warc_head.ts";
import type { Input } from "./input.ts";
import type { ReadOptions } from "./input_format.ts";
import { type InputLines, type Line, type Lines, MAX_LINE, OverlongLine } from "./lines.ts";

export { openRecords } from "./line_targets.ts";

/** A record tells where the next one begins. */
export const isSequential = true;

/** @throws {UsageError} If lines are to be comments. */
export function readRecords(
  input: Pick<Input, "read" | "close">,
  { name, comments }: ReadOptions,
): InputLines {
  if (comments) {
    throw new UsageError(
      `Cannot use '--comments' with '${name}': a WARC file has no comments: leave it out`,
    );
  }
  return new WarcUrls(input, name);
}

/** @throws {UsageError} If it is not a WARC file. */
export async function readColumns(records: Lines): Promise<readonly string[]> {
  await (records as WarcUrls).begin();
  return [];
}

/** The URLs of a WARC file. It holds one, and a block of the input. */
class WarcUrls implements InputLines {
  readonly #input: Pick<Input, "read" | "close">;
  readonly #reader: WarcReader;
  /** The first record, which was looked at before it was asked for. */
  #first: WarcHead | undefined;
  #isClosed = false;
  readonly hasOpenRecord = true;

  constructor(input: Pick<Input, "read" | "close">, name: string) {
    this.#input = input;
    this.#reader = new WarcReader(input, name);
  }

  /** The number of the WARC record with the last URL: messages count records as they count lines. */
  get line(): number {
    return this.#reader.count;
  }

  get lineCount(): number {
    return this.#reader.count;
  }

  get unread(): number {
    return this.#reader.unread;
  }

  /** @throws {UsageError} If its first record is not one of WARC. */
  async begin(): Promise<void> {
    try {
      this.#first = await this.#reader.next();
    } catch (error) {
      if (!(error instanceof InputError) || error.isDataWhole) throw error;
      throw new UsageError(`${error.message}, or use --input-format if it is not WARC`);
    }
  }

  /** @throws {InputError} If it is not WARC up to its end, or breaks off. */
  async next(): Promise<Step<Line>> {
    for (;;) {
      const head = this.#first ?? await this.#readHead();
      this.#first = undefined;
      if (this.#isClosed || head === undefined) {
        this.#input.close();
        return { value: undefined, done: true };
      }
      const url = head.isCapture ? head.webUrl : undefined;
      if (url === undefined) continue;
      return { value: url.length > MAX_LINE ? new OverlongLine(url) : url, done: false };
    }
  }

  async #readHead(): Promise<WarcHead | undefined> {
    try {
      return await this.#reader.next();
    } catch (error) {
      this.#input.close();
      throw error;
    }
  }

  return(): void {
    this.#isClosed = true;
    this.#input.close();
  }
}
