import { assertEquals } from "@std/assert";
import { ErrorTally, isErrorCounts, isSkipped } from "../../lib/stats/error_tally.ts";

const example = (k: number): { url: string; detail: string } => ({ url: `u${k}`, detail: "d" });

Deno.test("ErrorTally.toJSON() has each kind in the order of the contract, with five examples", () => {
  const tally = new ErrorTally();
  for (let k = 0; k < 7; k++) tally.record("timeout", example(k));
  tally.record("dns", example(9));
  assertEquals(JSON.stringify(tally.toJSON()).match(/"(dns|timeout)"/g), ['"dns"', '"timeout"']);
  assertEquals(tally.toJSON().timeout, { count: 7, examples: [0, 1, 2, 3, 4].map(example) });
  assertEquals([tally.has("dns"), tally.has("tls")], [true, false]);
});

Deno.test("ErrorTally has no secrets of URLs in its examples", () => {
  const tally = new ErrorTally();
  tally.record("expect", { url: "http://a:b@h/?token=c&d=1", detail: "d" }, "status");
  const { examples, reasons } = tally.toJSON().expect!;
  assertEquals(examples, [{ url: "http://h/?token=…&d=1", detail: "d" }]);
  assertEquals(reasons![0].examples, examples);
});

Deno.test("ErrorTally.toJSON() tells 100 expectations apart, and counts the others together", () => {
  const tally = new ErrorTally();
  for (let k = 0; k < 103; k++) tally.record("expect", example(k), `e${k}`);
  const { count, reasons } = tally.toJSON().expect!;
  assertEquals([count, reasons!.length], [103, 101]);
  assertEquals([reasons![0].expectation, reasons![0].count], ["e0", 1]);
  assertEquals([reasons![100].expectation, reasons![100].count], ["others", 3]);
});

Deno.test("ErrorTally.add() gives the same as one that recorded everything", () => {
  const [first, second, whole] = [new ErrorTally(), new ErrorTally(), new ErrorTally()];
  for (let k = 0; k < 8; k++) {
    for (const tally of [k < 3 ? first : second, whole]) {
      tally.record("reset", example(k));
      tally.record("expect", example(k), `e${k % 2}`);
    }
  }
  first.add(second.toJSON());
  assertEquals(first.toJSON(), whole.toJSON());
});

Deno.test("isErrorCounts() is true for what toJSON() gives, and false for other values", () => {
  const tally = new ErrorTally();
  tally.record("expect", example(1), "e");
  assertEquals(isErrorCounts(JSON.parse(JSON.stringify(tally))), true);
  for (const value of [null, [], { nope: {} }, { dns: {} }, { dns: { count: -1, examples: [] } }]) {
    assertEquals(isErrorCounts(value), false, JSON.stringify(value));
  }
});

Deno.test("isSkipped() is true for a request that was not sent because of its host", () => {
  assertEquals(isSkipped({ attempts: 0, error: "refused" }), true);
  for (const error of ["url", "cancelled", undefined] as const) {
    assertEquals(isSkipped({ attempts: 0, error }), false);
  }
  assertEquals(isSkipped({ attempts: 1, error: "refused" }), false);
});
