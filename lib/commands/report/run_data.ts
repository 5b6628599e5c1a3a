import type { PageData } from "../../report/page/data.ts";
import type { KnownSummary } from "../../stats/figures.ts";

/** What is known of a run afterwards; undefined is what the files do not tell. */
export interface RunData
  extends Pick<PageData, "series" | "hosts" | "slowest" | "messages" | "tolerated" | "parts"> {
  readonly summary: KnownSummary;
  /** Lines that are not records; undefined where the files are summaries. */
  readonly invalidLines?: number;
}
