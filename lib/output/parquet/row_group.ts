import type { ColumnType } from "../record.ts";
import type { Row } from "../rows/row_lines.ts";
import { ColumnChunk } from "./column_chunk.ts";
import { encodeStruct, i64, list } from "./thrift.ts";

/** A row group that has ended, as it stands in a file. */
export interface EncodedRowGroup {
  readonly rows: number;
  readonly pages: readonly Uint8Array[];
  readonly byteLength: number;
  /** `RowGroup`, encoded. @param offset where in the file its pages begin */
  toMetadata(offset: number): Uint8Array<ArrayBuffer>;
}

/** Rows by column: what Parquet compresses together, and readers read together. */
export class RowGroup {
  readonly #columns: readonly ColumnChunk[];
  #rows = 0;

  /** @param before the row group before, whose columns may have shown what they are like */
  constructor(columns: readonly ColumnType[], before?: RowGroup) {
    const chunks = before === undefined ? [] : before.#columns;
    this.#columns = columns.map((column, k) => new ColumnChunk(column, chunks[k]));
  }

  get rows(): number {
    return this.#rows;
  }

  /** About how many bytes it holds. */
  get byteLength(): number {
    return this.#columns.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Adds a row, whose values are of the columns' types. */
  add(row: Row): void {
    this.#rows++;
    for (let k = 0; k < row.length; k++) this.#columns[k].add(row[k]);
  }

  /** Ends the group, which takes no row any more. */
  end(): EncodedRowGroup {
    const rows = this.#rows;
    const chunks = this.#columns.map((column) => column.end());
    const byteLength = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const rawByteLength = chunks.reduce((sum, { rawByteLength }) => sum + rawByteLength, 0);
    return {
      rows,
      pages: chunks.flatMap(({ pages }) => pages),
      byteLength,
      toMetadata: (offset) => {
        let at = offset;
        const columns = chunks.map((chunk) => {
          const metadata = chunk.toMetadata(at);
          at += chunk.byteLength;
          return metadata;
        });
        return encodeStruct([
          [1, list("struct", columns)],
          [2, i64(rawByteLength)],
          [3, i64(rows)],
          [5, i64(offset)],
          [6, i64(byteLength)],
        ]);
      },
    };
  }
}
