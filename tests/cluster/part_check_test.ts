import { assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { DamagedError } from "../../lib/cluster/damaged_error.ts";
import type { Part } from "../../lib/cluster/part.ts";
import { checkPart } from "../../lib/cluster/part_check.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { packStats } from "../../lib/stats/packed_stats.ts";
import { Stats } from "../../lib/stats/stats.ts";

type Output = NonNullable<RunOptions["output"]>;

const NDJSON = { path: "a.ndjson", format: "ndjson", gzip: false } as Output;
const CSV = { path: "a.csv", format: "csv", gzip: false } as Output;
const NONE = new Uint8Array();
const encode = (text: string) => new TextEncoder().encode(text);
const pack = (text: string) => gzipSync(text) as Uint8Array<ArrayBuffer>;

/** A part of two requests. */
function part(records: Uint8Array<ArrayBuffer>, failures = NONE): Part {
  return { runs: [3, 2], stats: packStats(new Stats({ details: false })), records, failures };
}

Deno.test("checkPart() unpacks the records of a part and its failures", () => {
  const { runs, records, failures } = checkPart(part(pack("a\nb\n"), pack("f\n")), NDJSON);
  assertEquals(runs, [3, 2]);
  assertEquals(records, { bytes: encode("a\nb\n"), isPacked: false });
  assertEquals(failures, { bytes: encode("f\n"), isPacked: false });
});

Deno.test("checkPart() leaves records packed for an output that is compressed", () => {
  const packed = pack("a\nb\n");
  const { records } = checkPart(part(packed), { ...NDJSON, gzip: true });
  assertEquals(records, { bytes: packed, isPacked: true });
});

Deno.test("checkPart() counts a line break between quotes of CSV to its record", () => {
  const { records } = checkPart(part(pack('"a\nb",1\nc,2\n')), CSV);
  assertEquals(records, { bytes: encode('"a\nb",1\nc,2\n'), isPacked: false });
});

Deno.test("checkPart() wants no records of a run without an output", () => {
  const { records, failures } = checkPart(part(NONE), undefined);
  assertEquals([records, failures], [undefined, undefined]);
});

Deno.test("checkPart() refuses a part whose last failure is cut off", () => {
  assertThrows(() => checkPart(part(pack("a\nb\n"), pack("f\ng")), NDJSON), DamagedError);
});

for (
  const [what, records] of [
    ["fewer records than numbers", pack("a\n")],
    ["more records than numbers", pack("a\nb\nc\n")],
    ["a record without an end", pack("a\nb")],
    ["no records", NONE],
    ["bytes that are not gzip", encode("a\nb\n")],
  ] as const
) {
  Deno.test(`checkPart() refuses a part with ${what}`, () => {
    assertThrows(() => checkPart(part(records), NDJSON), DamagedError);
  });
}
