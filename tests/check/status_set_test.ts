import { assert, assertEquals } from "@std/assert";
import { StatusSet } from "../../lib/check/status_set.ts";

for (
  const [text, has, hasNot] of [
    ["200", [200], [201, 100, 999]],
    ["200,204", [200, 204], [201, 203]],
    ["3xx", [300, 304, 399], [200, 299, 400]],
    [" 200 , 9XX ", [200, 900, 999], [899]],
  ] as [string, number[], number[]][]
) {
  Deno.test(`StatusSet.parse() has exactly the statuses of '${text}'`, () => {
    const list = StatusSet.parse(text)!;
    assert(has.every((status) => list.has(status)));
    assert(!hasNot.some((status) => list.has(status)));
  });
}

for (const text of ["", "20", "2000", "2x", "xxx", "200,", "200 204", "0xx", "-200", "!404"]) {
  Deno.test(`StatusSet.parse() rejects '${text}'`, () => {
    assertEquals(StatusSet.parse(text), undefined);
  });
}
