import { assertEquals } from "@std/assert";
import { describeShortfall } from "../../lib/source/shortfall.ts";

// What is said of an input that held too little.

for (
  const [wanted, records, text] of [
    [{}, 3, undefined],
    [{}, 0, "nothing was requested: '--input a' has no lines"],
    [{ requests: 3 }, 3, undefined],
    [
      { requests: 3, durationMs: 9 },
      3,
      "'--input a' ended before '--duration' was over: --loop starts it again",
    ],
    [
      { stages: { of: "rate", steps: [], lengthMs: 1 } },
      3,
      "'--input a' ended before '--stages' was over: --loop starts it again",
    ],
    [
      { requests: 4 },
      3,
      "'--input a' has 3 lines, fewer than '--requests 4' asks for: --loop starts it again",
    ],
    [
      { requests: 4, durationMs: 9 },
      1,
      "'--input a' has 1 line, fewer than '--requests 4' asks for: --loop starts it again",
    ],
    [
      { start: 2, requests: 2 },
      3,
      "'--input a' has 3 lines, fewer than '--start 2 --requests 2' asks for: --loop starts it again",
    ],
    [{ start: 1, requests: 2 }, 3, undefined],
    [
      { start: 3 },
      3,
      "nothing was requested: '--input a' has 3 lines, and '--start 3' begins behind them",
    ],
    [
      { start: 1, shard: { index: 0, count: 4 } },
      3,
      "nothing was requested: '--input a' has 3 lines, and '--start 1 --shard 0/4' begins behind them",
    ],
    [{ shard: { index: 2, count: 4 } }, 3, undefined],
    [
      { durationMs: 9, inputs: [{ path: "-", format: "csv" }] },
      3,
      "'--input -' ended before '--duration' was over",
    ],
    [
      { requests: 9, inputs: [{ path: "-", format: "csv" }] },
      3,
      "'--input -' has 3 records, fewer than '--requests 9' asks for",
    ],
    [{ requests: 9, inputs: [] }, 3, undefined],
    [
      {
        requests: 9,
        inputs: [{ path: "a", format: "csv" }, { path: "b", format: "lines" }],
      },
      3,
      "'--input a, b' have 3 records, fewer than '--requests 9' asks for: --loop starts them again",
    ],
  ] as [Partial<Parameters<typeof describeShortfall>[0]>, number, string | undefined][]
) {
  Deno.test(`describeShortfall() says ${text ?? `nothing of ${records} records for ${JSON.stringify(wanted)}`}`, () => {
    const all = {
      inputs: [{ path: "a", format: "lines" as const }],
      start: 0,
      requests: Infinity,
      shard: { index: 0, count: 1 },
      durationMs: undefined,
      stages: undefined,
    };
    assertEquals(describeShortfall({ ...all, ...wanted }, records), text);
  });
}
