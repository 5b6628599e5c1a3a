import { assertEquals, assertStringIncludes } from "@std/assert";
import { RecordExpectations, toRecord } from "../../lib/check/record_expectations.ts";
import type { Expectation } from "../../lib/target.ts";

for (
  const [value, problem] of [
    [5, "'expect' must be an object"],
    [[], "'expect' must be an object"],
    [{ code: 5 }, "'expect' has 'code', not one of status, headers, body, sha256, latency"],
    [{ status: "2x" }, "'expect.status' must be a list of statuses"],
    [{ status: [] }, "'expect.status' must be a list"],
    [{ status: { a: 1 } }, "'expect.status' must be a list"],
    [{ status: 20 }, "'expect.status' must be a list"],
    [{ headers: [] }, "'expect.headers' must be an object"],
    [{ headers: { "a b": "c" } }, "a name in 'expect.headers' must be a token"],
    [{ headers: { a: 5 } }, "a regular expression in 'expect.headers' must be a string"],
    [{ headers: { a: ["b", null] } }, "a regular expression in 'expect.headers' must be a string"],
    [{ headers: { "X-Token": null } }, "for 'X-Token' was left out as a secret"],
    [{ body: "(" }, "'expect.body' is not a regular expression: Unterminated group"],
    [{ body: {} }, "a regular expression in 'expect.body' must be a string"],
    [{ sha256: "abc" }, "'expect.sha256' must be 64 hexadecimal digits"],
    [{ latency: 5 }, "'expect.latency' must be a duration"],
    [{ latency: "0ms" }, "'expect.latency' must be a duration"],
  ] as [unknown, string][]
) {
  Deno.test(`RecordExpectations.parse() rejects ${JSON.stringify(value)} with a message`, () => {
    assertStringIncludes(new RecordExpectations().parse(value) as string, problem);
  });
}

Deno.test("toRecord() writes what RecordExpectations.of() reads, without secrets", () => {
  const records = new RecordExpectations();
  const sha256 = "a1".repeat(32);
  for (
    const record of [
      { status: "404" },
      { status: "2xx,304", headers: { a: "^b$" }, body: "c", sha256, latency: "1500ms" },
      { headers: { a: ["^b", "c$", "d"], b: "e" } },
    ]
  ) {
    const once = JSON.parse(JSON.stringify(toRecord(records.parse(record) as Expectation)));
    assertEquals(once, record);
  }
  const loose = records.parse({
    status: ["2xx", 304],
    sha256: sha256.toUpperCase(),
  }) as Expectation;
  assertEquals([toRecord(loose).status, toRecord(loose).sha256], ["2xx,304", sha256]);
  // Names that differ in case are one field, whose patterns all have to match.
  const both = records.parse({ headers: { A: "^b", a: "c$" } }) as Expectation;
  assertEquals({ ...toRecord(both).headers as object }, { a: ["^b", "c$"] });
  const secret = records.parse({ headers: { "X-Token": ["hunter2", "a"] } }) as Expectation;
  assertEquals({ ...toRecord(secret).headers as object }, { "x-token": null });
});
