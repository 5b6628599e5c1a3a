import { PHASE_TITLES, PHASES } from "../../stats/phases.ts";
import { formatMs } from "../../text/format.ts";
import type { Piece } from "./line.ts";
import { formatHeading, type Section, type View } from "./view.ts";

/** How long the phases of responses took so far: the first byte first, which each response has. */
export function phases(view: View): Section | undefined {
  const pieces = PHASES.toReversed().flatMap((phase): Piece[] => {
    const histogram = view.snapshot.phases[phase];
    if (histogram === undefined) return [];
    const [p50, p99] = histogram.percentiles([50, 99]).map((micros) => formatMs(micros / 1000));
    return [{ text: `${PHASE_TITLES[phase]} p50 ${p50}, p99 ${p99}   ` }];
  });
  if (pieces.length === 0) return undefined;
  return { least: 1, most: 1, draw: () => [[formatHeading(view, "phases"), ...pieces]] };
}
