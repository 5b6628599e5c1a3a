import type { KnownSummary } from "../stats/summary.ts";
import type { PhaseFigures } from "../stats/phase_times.ts";
import { PHASE_TITLES, PHASES } from "../stats/phases.ts";

/** A phase as people read it. */
export interface ShownPhase {
  readonly title: string;
  readonly figures: PhaseFigures;
}

/** The phases that were measured, in their order. */
export function listPhases({ phases_ms = {} }: KnownSummary): ShownPhase[] {
  return PHASES.flatMap((phase) => {
    const figures = phases_ms[phase];
    return figures ? [{ title: PHASE_TITLES[phase], figures }] : [];
  });
}
