import type { Figure } from "./figure.ts";
import { toSummaryFlow } from "./flow_summary.ts";
import { readLatency } from "./latency.ts";
import { adviseLatency, LATENCY_BOUND } from "./latency_bound.ts";
import type { FlowFigures } from "./snapshot.ts";
import type { Summary } from "./summary.ts";

/** What came of a flow, as a row of the table of figures. */
export const FLOW_FIGURE: Figure<Summary["flow"]> = {
  kind: "flow or null",
  of: ({ flow }) => flow === undefined ? null : toSummaryFlow(flow),
  merge: "flow of tally",
  metrics: [
    {
      name: "myriad_iterations_total",
      type: "counter",
      help: "Iterations of a flow that ended.",
      label: "result",
      of: ({ flow }) => flow && { succeeded: flow.iterations - flow.failed, failed: flow.failed },
    },
    {
      name: "myriad_checks_total",
      type: "counter",
      help: "Checks of a flow, by whether they held.",
      label: "result",
      of: ({ flow }) => flow && countChecks(flow),
    },
  ],
  thresholds: [
    {
      name: "iterations",
      unit: "count",
      trend: "grows",
      of: ({ flow }) => flow?.iterations ?? null,
    },
    {
      ...LATENCY_BOUND,
      name: "iteration",
      of: ({ flow }, name) => flow === undefined ? null : readLatency(flow.durationHistogram, name),
      sample: ({ flow }) => flow?.durationHistogram.count ?? 0,
      members: {
        form: /^iteration(?:\.(.*))?$/,
        examples: ["iteration.p95"],
        advise: (name) => adviseLatency("iteration", name),
      },
    },
    {
      name: "checks",
      unit: "%",
      trend: "settles",
      of: (statistics) => {
        const { passed, failed } = countChecks(statistics.flow);
        return passed + failed > 0 ? 100 * passed / (passed + failed) : null;
      },
      sample: (statistics) => {
        const { passed, failed } = countChecks(statistics.flow);
        return passed + failed;
      },
    },
  ],
};

/** How many checks held, and how many did not. */
function countChecks(
  flow: Pick<FlowFigures, "checks"> | undefined,
): { passed: number; failed: number } {
  const counts = { passed: 0, failed: 0 };
  for (const { passed, failed } of flow?.checks ?? []) {
    counts.passed += passed;
    counts.failed += failed;
  }
  return counts;
}
