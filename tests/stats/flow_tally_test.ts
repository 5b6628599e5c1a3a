import { assert, assertEquals } from "@std/assert";
import { toSummaryFlow } from "../../lib/stats/flow_summary.ts";
import { MAX_NAMES } from "../../lib/stats/check_tally.ts";
import { FlowTally, isFlowState } from "../../lib/stats/flow_tally.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { parseThreshold } from "../../lib/stats/thresholds.ts";
import { moment } from "../fixtures/moment.ts";
import { result } from "../fixtures/result.ts";
import { target } from "../fixtures/target.ts";

function tally(): FlowTally {
  const tally = new FlowTally();
  for (let k = 1; k <= 100; k++) {
    tally.recordRequest(result({ target: target("http://h/", { step: "login" }), ms: k }));
  }
  tally.recordRequest(result({ target: target("http://h/", { step: "a b" }), error: "timeout" }));
  tally.recordRequest(result({ target: target("http://h/") }));
  tally.addChecks([{ check: "fits", passed: 3, failed: 1 }]);
  tally.recordIteration(5, false);
  tally.recordIteration(900, true);
  return tally;
}

Deno.test("FlowTally counts iterations, requests by step, and checks", () => {
  const { iterations, failed, duration, steps, checks } = tally().figures();
  assertEquals([iterations, failed, duration.max], [2, 1, 5]);
  assertEquals(steps.map(({ step, requests, failed }) => [step, requests, failed]), [
    ["login", 100, 0],
    ["a b", 1, 1],
  ]);
  assertEquals([steps[0].latency.max, steps[0].histogram.count, steps[1].latency.max], [
    100,
    100,
    0,
  ]);
  assertEquals(checks, [{ check: "fits", passed: 3, failed: 1 }]);
});

Deno.test("FlowTally is the same after a journal", () => {
  const one = tally();
  const state = JSON.parse(JSON.stringify(one));
  assert(isFlowState(state));
  const fromJournal = new FlowTally();
  fromJournal.add(state);
  assertEquals(fromJournal.toJSON(), tally().toJSON());
  assertEquals([isFlowState({ ...state, steps: 1 }), isFlowState({})], [false, false]);
});

Deno.test("FlowTally puts together what is beyond its bound of names", () => {
  const tally = new FlowTally();
  for (let k = 0; k < 2 * MAX_NAMES; k++) {
    const step = `${k}`.padEnd(300, "x");
    tally.recordRequest(result({ target: target("http://h/", { step }) }));
    tally.addChecks([{ check: step, passed: 1, failed: 1 }]);
  }
  const { steps, checks } = tally.figures();
  assertEquals([steps.length, steps.at(-1)!.step, steps.at(-1)!.requests], [
    ...[MAX_NAMES + 1, "others", MAX_NAMES],
  ]);
  assertEquals(checks.at(-1), { check: "others", passed: MAX_NAMES, failed: MAX_NAMES });
  assert(steps.every(({ step }) => step.length <= 200));
  assert(isFlowState(JSON.parse(JSON.stringify(tally))));
});

Deno.test("Stats keep the figures of a flow in a journal", () => {
  const stats = new Stats({ flow: {} });
  stats.flow!.add(tally().toJSON());
  const again = Stats.from(JSON.parse(JSON.stringify(stats)));
  assertEquals(toSummaryFlow(again.snapshot(moment()).flow!), toSummaryFlow(tally().figures()));
  assertEquals(new Stats().snapshot(moment()).flow, undefined);
});

Deno.test("a threshold is about a step, the iterations or the checks of a flow", () => {
  const stats = new Stats({ flow: {} });
  stats.flow!.add(tally().toJSON());
  const figures = stats.snapshot(moment({ seconds: 10 }));
  for (
    const [text, value, holds] of [
      ["p50@login<60ms", 50.2, true],
      ["max@login<99ms", 100, false],
      ["failed@a b<1", 1, false],
      ["failed@a b<=100%", 100, true],
      ["requests@login>=100", 100, true],
      ["rate@login>9", 10, true],
      ["p50@a b<1m", null, false],
      ["p50@nowhere<1m", null, false],
      ["iterations>=2", 2, true],
      ["iteration.max<6ms", 5, true],
      ["checks>=75%", 75, true],
    ] as const
  ) {
    const threshold = parseThreshold(text);
    const verdict = threshold.verdict(figures);
    const rounded = verdict.value === null ? null : Math.round(verdict.value * 10) / 10;
    assertEquals([verdict.threshold, rounded, verdict.holds], [text, value, holds]);
  }
});
