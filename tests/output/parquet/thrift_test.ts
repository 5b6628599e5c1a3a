import { assertEquals } from "@std/assert";
import { encodeStruct, i32, i64, list, struct, text } from "../../../lib/output/parquet/thrift.ts";

// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

Deno.test("encodeStruct() writes fields as the compact protocol has them", () => {
  for (
    const [fields, expected] of [
      [[], "00"],
      [[[1, i32(0)], [2, i32(64)]], "1500158001" + "00"],
      [[[3, i64(Number.MAX_SAFE_INTEGER)]], "36feffffffffffff1f" + "00"],
      [[[1, { kind: "bool", value: true }], [3, { kind: "bool", value: false }]], "112200"],
      [[[4, text("ü")], [5, undefined], [7, text("")]], "4802c3bc" + "3800" + "00"],
      [[[2, struct([1, struct()])]], "2c1c0000" + "00"],
      [[[1, list("i32", [i32(1), i32(2)])]], "192502" + "04" + "00"],
      [
        [[1, list("struct", Array.from({ length: 15 }, () => struct()))]],
        "19fc0f" + "00".repeat(15) + "00",
      ],
      [[[2, { kind: "encoded", value: new Uint8Array([0x15, 2, 0]) }]], "2c150200" + "00"],
    ] as const
  ) assertEquals(encodeStruct(fields).toHex(), expected);
});
