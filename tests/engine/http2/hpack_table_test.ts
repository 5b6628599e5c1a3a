import { assertEquals } from "@std/assert";
import { DynamicTable, HeaderField, STATIC_FIELDS } from "../../../lib/engine/http2/hpack_table.ts";

/** The values of all entries, the newest first. */
function list(table: DynamicTable): string[] {
  const values: string[] = [];
  for (let field; (field = table.at(values.length)) !== undefined;) values.push(field.value);
  return values;
}

Deno.test("STATIC_FIELDS has the entries of RFC 7541 at their indexes", () => {
  assertEquals(STATIC_FIELDS.length, 61);
  for (
    const [index, name, value] of [
      [1, ":authority", ""],
      [2, ":method", "GET"],
      [8, ":status", "200"],
      [14, ":status", "500"],
      [15, "accept-charset", ""],
      [16, "accept-encoding", "gzip, deflate"],
      [28, "content-length", ""],
      [32, "cookie", ""],
      [33, "date", ""],
      [46, "location", ""],
      [54, "server", ""],
      [55, "set-cookie", ""],
      [61, "www-authenticate", ""],
    ] as const
  ) assertEquals(STATIC_FIELDS[index - 1], new HeaderField(name, value));
});

Deno.test("DynamicTable.add() evicts the oldest entries for the room of a new one", () => {
  const table = new DynamicTable(100);
  // 34 bytes each: the third one evicts the first.
  for (const value of ["1", "2", "3"]) table.add(new HeaderField("a", value));
  assertEquals(list(table), ["3", "2"]);
  // 99 bytes evict both.
  table.add(new HeaderField("a", "4".repeat(66)));
  assertEquals(list(table), ["4".repeat(66)]);
  // One that just fits.
  table.add(new HeaderField("a", "5".repeat(67)));
  assertEquals(list(table), ["5".repeat(67)]);
});

Deno.test("DynamicTable.add() of an entry larger than the table empties it", () => {
  const table = new DynamicTable(100);
  table.add(new HeaderField("a", "1"));
  table.add(new HeaderField("a", "2".repeat(68)));
  assertEquals(list(table), []);
  table.add(new HeaderField("a", "3"));
  assertEquals(list(table), ["3"]);
});

Deno.test("DynamicTable.resize() evicts at once, and gives room again", () => {
  const table = new DynamicTable(4_096);
  for (let k = 0; k < 1_000; k++) table.add(new HeaderField("", String(k % 10)));
  assertEquals(list(table).length, Math.floor(4_096 / 33));
  assertEquals(list(table).slice(0, 11).join(""), "98765432109");
  table.resize(99);
  assertEquals(list(table), ["9", "8", "7"]);
  table.resize(0);
  assertEquals(list(table), []);
  table.add(new HeaderField("", ""));
  assertEquals(list(table), []);
  table.resize(4_096);
  // As many entries as there can be.
  for (let k = 0; k < 200; k++) table.add(new HeaderField("", ""));
  assertEquals(list(table).length, 128);
});

Deno.test("DynamicTable.version is another one after each change", () => {
  const table = new DynamicTable(64);
  const versions = [table.version];
  table.add(new HeaderField("a", "1"));
  versions.push(table.version);
  table.add(new HeaderField("a", "2".repeat(100)));
  versions.push(table.version);
  table.resize(0);
  versions.push(table.version);
  table.at(0);
  assertEquals(new Set(versions).size, 4);
  assertEquals(table.version, versions[3]);
});

Deno.test("DynamicTable keeps no entry that was evicted", () => {
  const table = new DynamicTable(4_096);
  // What is behind the entries is not seen, whatever was there before.
  for (let k = 0; k < 128; k++) table.add(new HeaderField("", ""));
  table.add(new HeaderField("", "x".repeat(4_064)));
  assertEquals([1, 127, 128].map((k) => table.at(k)), [undefined, undefined, undefined]);
});
