import { assertEquals } from "@std/assert";
import { type Findings, logsAgree } from "../../../lib/commands/verify/findings.ts";

const EMPTY = { count: 0, examples: [] };

function findings(more: Partial<Findings> = {}): Findings {
  return {
    results: { records: 2, answered: 2, failed: 0, unsent: 0, attempts: 2, unreadable: 0 },
    log: { requests: 2, unreadable: 0 },
    left_out: 0,
    missing: EMPTY,
    unknown: EMPTY,
    repeated: { ...EMPTY, allowed: 0 },
    other_status: EMPTY,
    uncounted: 0,
    ...more,
  };
}

Deno.test("logsAgree() is true when nothing differs", () => {
  assertEquals(logsAgree(findings()), true);
  const repeated = { ...EMPTY, count: 2, allowed: 2 };
  assertEquals(logsAgree(findings({ repeated, log: { requests: 4, unreadable: 3 } })), true);
});

Deno.test("logsAgree() is false when any one thing differs", () => {
  const one = { ...EMPTY, count: 1 };
  for (
    const more of [
      { missing: one },
      { unknown: one },
      { other_status: one },
      { repeated: { ...one, count: 3, allowed: 2 } },
      { results: { ...findings().results, unreadable: 1 } },
    ]
  ) assertEquals(logsAgree(findings(more)), false, JSON.stringify(more));
});
