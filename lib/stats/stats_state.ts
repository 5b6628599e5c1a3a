import { ERROR_KINDS } from "../result.ts";
import {
  type Check,
  findWrongMember,
  isCount,
  isList,
  isMap,
  isNumber,
  isObject,
  isShape,
  type Shape,
} from "../text/json_shape.ts";
import { SLOTS } from "./histogram.ts";

const isText: Check = (value) => typeof value === "string";
const isStatusCounts = isMap(isCount, (name) => /^[1-9]\d\d$/.test(name));
const isSum: Check = (value) => Number.isFinite(value);
const TOTALS = { bytes: isCount, attempts: isCount, sent: isCount, busyMs: isSum };
const isHistogram = isShape({
  min: isNumber,
  max: isNumber,
  sum: isNumber,
  sumOfSquares: isNumber,
  counts: isList(
    (value) =>
      Array.isArray(value) && value.length === 2 && value.every(isCount) && value[0] < SLOTS,
    SLOTS,
  ),
});
const isExamples = isList(isShape({ url: isText, detail: isText }), 100);
const SHAPE: Shape = {
  ...TOTALS,
  requests: isCount,
  failed: isCount,
  skipped: isCount,
  tolerated: isCount,
  retries: isMap(isCount),
  late: isShape({ count: isCount, ms: isNumber, maxMs: isNumber }),
  ofFailed: isShape({ ...TOTALS, statuses: isStatusCounts }),
  statuses: isStatusCounts,
  latency: isHistogram,
  errors: isMap(
    isShape({ count: isCount, examples: isExamples }, {
      reasons: isList(
        isShape({ expectation: isText, count: isCount, examples: isExamples }),
        1_000,
      ),
    }),
    (kind) => (ERROR_KINDS as readonly string[]).includes(kind),
  ),
};

/** The name of the first field of a journal's statistics that is missing or wrong, if there is one. */
export function findWrongStat(stats: unknown): string | undefined {
  return isObject(stats) ? findWrongMember(stats, SHAPE, { ownLate: isHistogram }) : "requests";
}
