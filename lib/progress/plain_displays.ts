import { formatLogLine } from "./bar.ts";
import type { Display } from "./display.ts";

/** A line now and then, as a file or a service's log is to have it. */
export const LOG: Display = {
  everyMs: 10_000,
  show: ({ snapshot, rate, limit }) => `myriad: ${formatLogLine(snapshot, rate, limit)}\n`,
  say: (lines) => lines,
  end: () => "",
  forget() {},
};

/** What others say, and nothing else. */
export const NONE: Display = { ...LOG, everyMs: Infinity, show: () => "" };
