import type { Result } from "../result.ts";
import type { MaybePromise } from "../stream.ts";
import { LineWriter } from "./line_writer.ts";
import type { Output, RecordOptions } from "./output.ts";
import type { EncodedRecords } from "./record_encoder.ts";

/** How often the lines of an output may be brought to the disk. */
const SYNC_MS = 1_000;
/** With gzip each time ends a member, and small ones compress badly. */
const GZIP_SYNC_MS = 5_000;

/** An output of lines of text, whose position is its length in bytes. */
export class LineOutput implements Output {
  readonly #lines: LineWriter;
  readonly #format: (result: Result) => string;
  readonly #header: string;
  readonly syncIntervalMs: number;

  /**
   * @param format makes the lines of a result, each with its newline; empty for none
   * @param header the lines that the output begins with
   */
  constructor(
    { file, name, gzip }: Pick<RecordOptions, "file" | "name" | "gzip">,
    format: (result: Result) => string,
    header = "",
  ) {
    this.#lines = new LineWriter(file, name, gzip);
    this.#format = format;
    this.#header = header;
    this.syncIntervalMs = gzip ? GZIP_SYNC_MS : SYNC_MS;
  }

  get written(): number {
    return this.#lines.length;
  }

  write(result: Result): MaybePromise<void> {
    return this.#lines.write(this.#format(result));
  }

  writeEncoded(records: EncodedRecords): MaybePromise<void> {
    return this.#lines.writeEncoded(records);
  }

  writeLines(lines: Uint8Array): MaybePromise<void> {
    return this.#lines.writeCopy(lines);
  }

  sync(): Promise<number> {
    return this.#lines.sync();
  }

  reaches(position: number): Promise<boolean> {
    return this.#lines.reaches(position);
  }

  async cutTo(position: number): Promise<void> {
    await this.#lines.cutTo(position);
    if (position === 0) await this.#lines.write(this.#header);
  }

  close(): Promise<void> {
    return this.#lines.close();
  }
}
