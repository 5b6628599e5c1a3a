/**
 * What a run is held to.
 *
 * @module
 */
import { type Capture, parseCapture } from "../check/capture.ts";
import { findPatternProblem, Pattern } from "../check/pattern.ts";
import { BELOW_400, StatusSet } from "../check/status_set.ts";
import { parseDuration } from "../cli/units.ts";
import { UsageError } from "../errors.ts";
import { FIELDS } from "../output/record.ts";
import { parseThreshold } from "../stats/thresholds.ts";
import type { Expectation } from "../target.ts";
import type { ThresholdOptions } from "./run_options.ts";
import type { FlagValues } from "./values.ts";

/** A header field's name, a colon, and what its value has to match. */
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): *(.+)$/s;

/**
 * What each answer is held against: one of the statuses of all lists, each header, each body, the
 * least of the latencies.
 *
 * @throws {UsageError} If a value is none, or two flags say which statuses are expected.
 */
export function parseExpectation(values: FlagValues): Expectation {
  const given = <T>(name: string, read: (text: string) => T): readonly T[] | undefined =>
    values.has(name) ? values.list(name).map(read) : undefined;
  const lists = given("expect-status", (text) => {
    if (StatusSet.parse(text) !== undefined) return text;
    throw new UsageError(`Cannot read '--expect-status ${text}': give a list like 200,204,3xx`);
  });
  const isFail = values.isOn("fail");
  if (isFail && lists !== undefined) {
    throw new UsageError(
      "'--fail' and '--expect-status' both say which statuses are failures: give one of them",
    );
  }
  const latencies = given("expect-latency", (text) => {
    const ms = parseDuration(text, "--expect-latency");
    if (ms > 0) return ms;
    throw new UsageError(`Cannot use '--expect-latency ${text}': give more than 0`);
  });
  return {
    statuses: isFail
      ? BELOW_400
      : lists === undefined
      ? undefined
      : StatusSet.parse(lists.join(",")),
    headers: given("expect-header", (text) => {
      const [, name, source] = HEADER.exec(text) ?? [];
      // Its text can be a secret.
      if (name === undefined) {
        throw new UsageError(
          "Cannot read '--expect-header': give a name and a regular expression, like 'content-type: ^text/'",
        );
      }
      return {
        name: name.toLowerCase(),
        pattern: parsePattern(source, `--expect-header ${name}: …`),
      };
    }),
    bodies: given("expect-body", (text) => parsePattern(text, "--expect-body …")),
    latencyMs: latencies === undefined ? undefined : Math.min(...latencies),
  };
}

function parsePattern(source: string, flag: string): Pattern {
  try {
    return new Pattern(source);
  } catch (error) {
    throw new UsageError(
      `Cannot read '${flag}': ${
        findPatternProblem(error)
      }: give a regular expression of JavaScript's`,
    );
  }
}

/** Most captures of a run. */
const MAX_CAPTURES = 100;

/**
 * What is taken of each answer.
 *
 * @throws {UsageError} If a value is none, or its name is taken.
 */
export function parseCaptures(values: FlagValues): readonly Capture[] {
  const names = new Set<string>(Object.keys(FIELDS));
  const list = values.list("capture");
  if (list.length > MAX_CAPTURES) {
    throw new UsageError(
      `'--capture' is given ${list.length} times: give at most ${MAX_CAPTURES}`,
    );
  }
  return list.map((text) => {
    const capture = parseCapture(text);
    if (typeof capture === "string") {
      throw new UsageError(`Cannot read '--capture ${text}': ${capture}`);
    }
    if (names.has(capture.name)) {
      throw new UsageError(
        `Cannot capture '${capture.name}': a field of the record has that name: give another`,
      );
    }
    names.add(capture.name);
    return capture;
  });
}

/**
 * The bounds for its numbers.
 *
 * @throws {UsageError} If one of them is none.
 */
export function parseThresholds(values: FlagValues): ThresholdOptions {
  const abortOnThreshold = values.isOn("abort-on-threshold");
  if (abortOnThreshold && !values.has("threshold")) {
    throw new UsageError("'--abort-on-threshold' is given without '--threshold': give both");
  }
  return { thresholds: values.list("threshold").map(parseThreshold), abortOnThreshold };
}
