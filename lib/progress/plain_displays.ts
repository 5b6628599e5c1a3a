import { formatLogLine } from "./bar.ts";
import type { Display } from "./display.ts";

/** A line now and then, for a file or the log of a service. */
export const LOG: Display = {
  everyMs: 10_000,
  show: ({ snapshot, rate, limit }) => `myriad: ${formatLogLine(snapshot, rate, limit)}\n`,
  say: (lines) => lines,
  end: () => "",
  forget() {},
};

/** Only the lines that others say. */
export const NONE: Display = { ...LOG, everyMs: Infinity, show: () => "" };
