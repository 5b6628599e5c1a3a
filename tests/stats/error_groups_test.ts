import { assert, assertEquals } from "@std/assert";
import { ErrorGroups, normalizedMessage } from "../../lib/stats/error_groups.ts";

const MESSAGES: [string, string][] = [
  ["no complete response within 500 ms", "no complete response within N ms"],
  ["took 12.345 ms, expected at most 10 ms", "took N ms, expected at most N ms"],
  ["status 404, expected 200,3xx", "status 404, expected 200,3xx"],
  ["connect to 10.0.0.17:8080 failed", "connect to ADDRESS failed"],
  ["connect to [::1]:81 failed", "connect to ADDRESS failed"],
  ["http://h/17?x=1: more than 10 redirects", "URL more than N redirects"],
  ["request 7f3a99c0-1b2c-4d5e-8f90-aabbccddeeff is gone", "request ID is gone"],
  ["decade facade", "decade facade"],
  ["", ""],
];

for (const [detail, words] of MESSAGES) {
  Deno.test(`normalizedMessage() gives '${words}' for '${detail}'`, () => {
    assertEquals(normalizedMessage(detail), words);
  });
}

Deno.test("normalizedMessage() is linear in the length of a hostile text", () => {
  for (
    const text of [
      "[:".repeat(5_000),
      "1.".repeat(5_000),
      "a-".repeat(5_000),
      "status ".repeat(2_000),
    ]
  ) {
    const start = performance.now();
    assert(normalizedMessage(text).length <= 200);
    assert(performance.now() - start < 1_000);
  }
});

Deno.test("ErrorGroups counts failures by kind and message, with first examples", () => {
  const messages = new ErrorGroups();
  for (let k = 0; k < 5; k++) {
    messages.record("timeout", `nothing within ${k} ms`, `http://name:pass@h/${k}`);
  }
  messages.record("reset", "nothing within 5 ms", "http://h/r");
  assertEquals(messages.list(), [
    {
      kind: "timeout",
      message: "nothing within N ms",
      count: 5,
      examples: [0, 1, 2].map((k) => ({ url: `http://h/${k}`, detail: `nothing within ${k} ms` })),
    },
    {
      kind: "reset",
      message: "nothing within 5 ms",
      count: 1,
      examples: [{ url: "http://h/r", detail: "nothing within 5 ms" }],
    },
  ]);
});

Deno.test("ErrorGroups keeps a bounded number of messages", () => {
  const messages = new ErrorGroups();
  const words = (k: number): string =>
    String(k).replace(/\d/g, (digit) => "abcdefghij"[Number(digit)]);
  for (let k = 0; k < 5_000; k++) {
    messages.record(
      k % 2 === 0 ? "tls" : "protocol",
      `${words(k)} ${"x".repeat(9_000)}`,
      "http://h/",
    );
  }
  const list = messages.list();
  assertEquals(list.length, 102);
  assertEquals(list.slice(0, 2).map(({ message, count }) => [message, count]), [
    ["others", 2_450],
    ["others", 2_450],
  ]);
  assertEquals(list.reduce((sum, { count }) => sum + count, 0), 5_000);
  for (const { message, examples } of list) {
    assert(message.length <= 200 && examples.every(({ detail }) => detail.length <= 200));
  }
});
