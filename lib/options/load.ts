/**
 * How fast requests are made, as far as that follows from several flags.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { RunOptions } from "./run_options.ts";
import { findPeak } from "./stages.ts";
import type { RunValues } from "./table.ts";

/**
 * What follows from the stages of a run: its rate, or its concurrency.
 *
 * @throws {UsageError} If `--concurrency` says something else.
 */
export function parseStages(
  values: RunValues,
  { stages, think }: Pick<RunOptions, "stages" | "think">,
): Partial<Pick<RunOptions, "rate" | "concurrency">> {
  if (stages === undefined) return {};
  const { of, steps } = stages;
  const peak = findPeak(steps);
  if (of === "rate") {
    if (think === undefined) return { rate: peak };
    throw new UsageError(
      "'--think' and '--stages' with rates contradict each other: a rate does not wait for " +
        "places; use numbers of requests in flight as stages, like 30s:50",
    );
  }
  if (values.has("concurrency")) {
    throw new UsageError(
      "'--stages' with numbers of requests in flight and '--concurrency' contradict each other: " +
        "use one of them, or rates like 100/s as stages",
    );
  }
  return { concurrency: peak };
}

/** @throws {UsageError} If the warm-up is as long as the run, of which nothing would be counted. */
export function checkWarmUp({ warmUpMs = 0, stages, durationMs = Infinity }: RunOptions): void {
  const stagesMs = stages?.lengthMs ?? Infinity;
  if (warmUpMs < Math.min(stagesMs, durationMs)) return;
  const whole = stagesMs < durationMs ? "stages" : "duration";
  throw new UsageError(
    `Cannot use '--warm-up': '--${whole}' includes it, and nothing would be counted: ` +
      "use a shorter one",
  );
}

/** The time between two starts for each host that `--host-rate` comes to. */
export function parseHostRate(
  { hostRate }: Pick<RunOptions, "hostRate">,
): Partial<Pick<RunOptions, "hostDelayMs">> {
  return hostRate === undefined ? {} : { hostDelayMs: 1_000 / hostRate };
}
