/**
 * The texts that a run writes at its end.
 *
 * @module
 */
import { nameExpectations } from "../check/expectation_names.ts";
import type { RunOptions } from "../options/run_options.ts";
import type { SummaryFormat } from "../options/summary_formats.ts";
import { formatSummary, toSummary } from "../report/json.ts";
import type { Snapshot } from "../stats/snapshot.ts";

/** A text that a run writes at its end: a summary, or the latency by percentile. */
export type FinalText = SummaryFormat | "hdr";

/** What the texts are made of. */
export interface FinalTextContext extends Pick<RunOptions, "expect"> {
  /** The program's version. */
  readonly version: string;
  /** Why the run could not go on; undefined if it could. */
  readonly failure: unknown;
}

/** Makes a text of what a run came to. Each format is loaded by the runs that write it. */
export async function formatFinalText(
  text: FinalText,
  snapshot: Snapshot,
  { version, expect, failure }: FinalTextContext,
): Promise<string> {
  if (text === "json") return formatSummary(snapshot, { version });
  if (text === "hdr") {
    const { formatHdr } = await import("../report/hdr.ts");
    return formatHdr(snapshot);
  }
  const summary = toSummary(snapshot, { version });
  const data = { summary, tolerated: snapshot.tolerated, total: snapshot.total };
  const problem = failure === undefined
    ? undefined
    : failure instanceof Error
    ? failure.message
    : String(failure);
  if (text === "markdown") {
    const { formatMarkdown } = await import("../report/markdown.ts");
    return formatMarkdown(data, problem);
  }
  const { formatJunit } = await import("../report/junit.ts");
  return formatJunit({ ...data, expectations: nameExpectations(expect), problem });
}
