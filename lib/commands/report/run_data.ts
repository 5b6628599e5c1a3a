import type { PageData, PageSummary } from "../../report/page/data.ts";

/** What is known of a run afterwards; what is undefined, nobody can tell. */
export interface RunData
  extends Pick<PageData, "series" | "hosts" | "slowest" | "messages" | "tolerated" | "parts"> {
  readonly summary: PageSummary;
  /** Lines of records that are none; undefined where it is of summaries. */
  readonly unusable?: number;
}
