import { parseRetryAfter } from "../../lib/schedule/retry_after.ts";
import { type FuzzTarget, hold, toText } from "../target.ts";

const NOW = Date.UTC(2026, 0, 1);

export const target: FuzzTarget = {
  reads: "Retry-After: seconds and dates, of one field or several, against Date",
  seeds: [
    "120",
    "Wed, 21 Oct 2026 07:28:00 GMT",
    "Wednesday, 21-Oct-26 07:28:00 GMT",
    "Wed Oct  7 07:28:00 2026",
    "1, 5, Wed, 21 Oct 2026 07:28:00 GMT, x",
  ],
  tokens: [", ", "GMT", "Oct", "Wed, ", "-", ":", "Feb", "99", "00"],

  run(input) {
    const text = toText(input);
    const wait = parseRetryAfter(text, NOW);
    if (wait === undefined) return "";
    hold(Number.isFinite(wait) && wait >= 0, "it is not a time from 0");
    // A part of what stands there says so.
    const parts = text.split(/, (?!\d\d[ -])/);
    const waits = parts.map((part) =>
      /^\d+$/.test(part)
        ? Number(part) * 1000
        : Math.max(0, Date.parse(part.endsWith("GMT") ? part : `${part} GMT`) - NOW)
    );
    hold(waits.includes(wait), "nothing says that time");
    return String(wait);
  },
};
