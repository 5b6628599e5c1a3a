import { joinBytes } from "../../byte_buffer.ts";
import type { ColumnType, FieldType } from "../record.ts";
import { toStoredType } from "./column_chunk.ts";
import { CONVERTED, MAGIC, REPETITION } from "./format.ts";
import { PlainBytes } from "./plain_bytes.ts";
import {
  encodeStruct,
  i32,
  i64,
  list,
  struct,
  text,
  type ThriftStruct,
  type ThriftValue,
} from "./thrift.ts";

/** `FileMetaData.version`: data pages are of the first form, logical types of the second. */
const VERSION = 2;

/** A row group in a file. */
export interface WrittenRowGroup {
  readonly rows: number;
  /** `RowGroup`, encoded. */
  readonly metadata: Uint8Array;
}

/** What a file ends with: its columns, where its row groups are, and the length of all that. */
export function encodeFooter(
  columns: readonly ColumnType[],
  groups: readonly WrittenRowGroup[],
): Uint8Array<ArrayBuffer> {
  const metadata = encodeStruct([
    [1, i32(VERSION)],
    [
      2,
      list("struct", [
        struct([4, text("records")], [5, i32(columns.length)]),
        ...columns.map(toSchemaElement),
      ]),
    ],
    [3, i64(groups.reduce((sum, { rows }) => sum + rows, 0))],
    [4, list("struct", groups.map(({ metadata }) => ({ kind: "encoded", value: metadata })))],
    [6, text("myriad")],
    // The least and the largest values are meant as their types are ordered.
    [7, list("struct", columns.map(() => struct([1, struct()])))],
  ]);
  const end = new PlainBytes();
  end.writeUint32(metadata.length);
  return joinBytes(metadata, end.view(), MAGIC);
}

function toSchemaElement(column: ColumnType): ThriftValue {
  return struct(
    [1, i32(toStoredType(column))],
    [3, i32(column.isNullable ? REPETITION.OPTIONAL : REPETITION.REQUIRED)],
    [4, text(column.name)],
    ...LOGICAL[column.type] ?? [],
  );
}

/** The converted and the logical type of those that are not what they are stored as. */
const LOGICAL: { readonly [type in FieldType]?: ThriftStruct } = {
  text: [[6, i32(CONVERTED.UTF8)], [10, struct([1, struct()])]],
  // A moment, not a time of day somewhere: readers have it with a time zone.
  time: [
    [6, i32(CONVERTED.TIMESTAMP_MILLIS)],
    [10, struct([8, struct([1, { kind: "bool", value: true }], [2, struct([1, struct()])])])],
  ],
};
