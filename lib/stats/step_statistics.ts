import type { Statistics } from "./snapshot.ts";

/** The statistics of a step, as far as it has its own; undefined where it has no requests. */
export function selectStep(statistics: Statistics, step: string): Statistics | undefined {
  const own = statistics.flow?.steps.find((one) => one.step === step);
  if (own === undefined) return undefined;
  const { requests, failed, latency, histogram } = own;
  const { seconds } = statistics;
  const rate = seconds > 0 ? requests / seconds : 0;
  return {
    ...statistics,
    requests,
    failed,
    succeeded: requests - failed,
    rate,
    latency,
    histogram,
  };
}
