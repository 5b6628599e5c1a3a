import { OutputError } from "../../errors.ts";
import { describeWriteError } from "../../process/os_error.ts";
import { writeAll } from "../../process/write_all.ts";
import { type LineFile, truncateTo } from "../line_writer.ts";
import type { ColumnType } from "../record.ts";
import { encodeFooter, type WrittenRowGroup } from "./footer.ts";
import { MAGIC } from "./format.ts";
import type { EncodedRowGroup } from "./row_group.ts";

/** How much is in memory before it is written. */
export interface PartLimits {
  /** From so many rows on, or bytes, a row group is to end: readers take it as a whole. */
  readonly groupRows: number;
  readonly groupBytes: number;
  /**
   * From so many row groups on, or bytes of what is known of them, a part ends: until then that is in
   * memory, and in a line of a tail.
   */
  readonly groups: number;
  readonly metadataBytes: number;
}

/** The limits of outputs. A row group is as long as those of DuckDB. */
export const PART_LIMITS: PartLimits = {
  groupRows: 122_880,
  groupBytes: 16 * 1024 * 1024,
  groups: 128,
  metadataBytes: 1024 * 1024,
};

/** A part that is being written. */
export class Part {
  readonly #file: LineFile;
  readonly #name: string;
  #end: number;
  readonly #groups: WrittenRowGroup[];

  /**
   * @param name the flag and its value, for messages
   * @param groups those that are in the file already
   * @param end where the last of them ends, in bytes; 0 for a file that is still to be begun
   */
  constructor(file: LineFile, name: string, groups: readonly WrittenRowGroup[] = [], end = 0) {
    this.#file = file;
    this.#name = name;
    this.#groups = [...groups];
    this.#end = end;
  }

  /** How many rows its row groups have. */
  get rows(): number {
    return this.#groups.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** The row groups that are on the disk. */
  get groups(): readonly WrittenRowGroup[] {
    return this.#groups;
  }

  /** Whether the part is to end. */
  reaches({ groups, metadataBytes }: PartLimits): boolean {
    return this.#groups.length >= groups ||
      this.#groups.reduce((sum, { metadata }) => sum + metadata.length, 0) >= metadataBytes;
  }

  /** Where the last row group ends, in bytes. */
  get end(): number {
    return this.#end;
  }

  /**
   * Writes a row group, and brings it to the disk.
   *
   * @throws {OutputError} If it cannot be written; then the part is as it was.
   */
  async append(group: EncodedRowGroup): Promise<void> {
    await this.#try(async () => {
      const start = Math.max(this.#end, MAGIC.length);
      await truncateTo(this.#file, this.#end);
      if (this.#end === 0) await writeAll(this.#file, MAGIC);
      for (const page of group.pages) await writeAll(this.#file, page);
      await this.#file.syncData?.();
      this.#groups.push({ rows: group.rows, metadata: group.toMetadata(start) });
      this.#end = start + group.byteLength;
    });
  }

  /**
   * Writes the footer behind the row groups: others can read the file.
   *
   * @throws {OutputError} If it cannot be written.
   */
  async finish(columns: readonly ColumnType[]): Promise<void> {
    await this.#try(async () => {
      await truncateTo(this.#file, this.#end);
      if (this.#end === 0) await writeAll(this.#file, MAGIC);
      await writeAll(this.#file, encodeFooter(columns, this.#groups));
      await this.#file.syncData?.();
    });
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // Half of a row group is of no use, and takes room that a journal may need.
      await truncateTo(this.#file, this.#end).catch(() => {});
      throw new OutputError(`Cannot write '${this.#name}': ${describeWriteError(error)}`);
    }
  }

  close(): void {
    this.#file.close();
  }
}
