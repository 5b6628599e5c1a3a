import { truncate } from "../text/truncate.ts";
import type { ErrorCount } from "./snapshot.ts";

/** How many examples are kept of what failures have in common. */
export const EXAMPLES = 5;

/** How many failures, and the first few of them. */
export interface Failures {
  count: number;
  /** At most {@linkcode EXAMPLES}. */
  readonly examples: ErrorCount["examples"][number][];
}

/** Counts a failure to those of its key. */
export function addFailure<K>(
  counts: Map<K, Failures>,
  key: K,
  { url, detail }: { readonly url: string; readonly detail: string },
): void {
  let failures = counts.get(key);
  if (failures === undefined) counts.set(key, failures = { count: 0, examples: [] });
  if (++failures.count > EXAMPLES) return;
  failures.examples.push({ url: truncate(url), detail: truncate(detail) });
}
