/**
 * What the responses of a run are held against, and what is taken from them.
 *
 * @module
 */
import type { Capture } from "../check/capture.ts";
import { BELOW_400, StatusSet } from "../check/status_set.ts";
import { UsageError } from "../errors.ts";
import { FIELDS } from "../output/record.ts";
import type { Expectation } from "../target.ts";
import type { RunValues } from "./table.ts";

/**
 * What each response is held against: one of the statuses of all lists, each header, each body, the
 * least of the latencies.
 *
 * @throws {UsageError} If a value is not of its kind.
 */
export function parseExpectation(values: RunValues): Expectation {
  const lists = values.get("expect-status");
  const headers = values.get("expect-header");
  const bodies = values.get("expect-body");
  const latencies = values.get("expect-latency");
  return {
    statuses: values.get("fail")
      ? BELOW_400
      : lists.length === 0
      ? undefined
      : StatusSet.parse(lists.join(",")),
    headers: headers.length === 0 ? undefined : headers,
    bodies: bodies.length === 0 ? undefined : bodies,
    latencyMs: latencies.length === 0 ? undefined : Math.min(...latencies),
  };
}

/** The maximum number of captures of a run. */
const MAX_CAPTURES = 100;

/**
 * What is taken from each response.
 *
 * @throws {UsageError} If there are too many, or two fields of the record would have one name.
 */
export function parseCaptures(values: RunValues): readonly Capture[] {
  const captures = values.get("capture");
  if (captures.length > MAX_CAPTURES) {
    throw new UsageError(
      `'--capture' is given ${captures.length} times: use at most ${MAX_CAPTURES}`,
    );
  }
  const names = new Set<string>(Object.keys(FIELDS));
  for (const { name } of captures) {
    if (names.has(name)) {
      throw new UsageError(
        `Cannot capture '${name}': a field of the record has that name: use another`,
      );
    }
    names.add(name);
  }
  return captures;
}
