import { parseCapture } from "../../lib/check/capture.ts";
import { Pattern } from "../../lib/check/pattern.ts";
import { StatusSet } from "../../lib/check/status_set.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseDuration, parseSize } from "../../lib/cli/units.ts";
import { parseThreshold } from "../../lib/stats/thresholds.ts";
import { attempt, decode, type FuzzTarget, hold, holdEqual } from "../target.ts";

/** Texts on which patterns backtrack. */
const TEXTS = ["a".repeat(40), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "", '{"a":[1,{"b":null}]}'];

export const target: FuzzTarget = {
  reads: "thresholds, statuses, captures, patterns and units that users write",
  seeds: [
    "p99<500ms",
    "failed@login step<=0.5%",
    "rate >= 60k/m",
    "200,204,3xx",
    "a=json:/a/0/~1~0",
    "b=regex:^(a+)+$",
    "c=header:ETag",
    "(?:a|b)*[c-e]{2,3}(?<n>x)\\k<n>\\u{41}",
    "1.5h",
    "64MiB",
  ],
  tokens: [
    "<",
    "<=",
    "p99.",
    "@",
    "%",
    "/s",
    "ms",
    "xx",
    "=json:/",
    "=regex:",
    "(",
    ")+",
    "*",
    "{1,9}",
    "\\",
    "|",
    "~1",
  ],
  maxSteps: (bytes) => 300_000 + 1_000 * bytes,

  run(input) {
    const text = decode(input);
    const outcomes: unknown[] = [];
    const threshold = attempt(() => parseThreshold(text), UsageError);
    if ("value" in threshold) {
      const { text: short, bound, name, step } = threshold.value;
      hold(Number.isFinite(bound), "a bound is not a number");
      const again = parseThreshold(short);
      holdEqual(
        [again.text, again.bound, again.step],
        [short, bound, step],
        "it reads differently",
      );
      outcomes.push([short, bound, name]);
    }
    const statuses = StatusSet.parse(text);
    if (statuses !== undefined) {
      outcomes.push(statuses.text, StatusSet.parse(statuses.text)?.text);
      hold(!statuses.has(99) && !statuses.has(1_000), "a status that there is not");
    }
    for (const parse of [parseDuration, parseSize]) {
      const read = attempt(() => parse(text, "flag"), UsageError);
      if ("value" in read) hold(Number.isFinite(read.value) && read.value >= 0, "not a number");
      outcomes.push(read);
    }
    const capture = parseCapture(text);
    if (typeof capture !== "string" && capture.from === "json") {
      outcomes.push(TEXTS.map((it) => capture.extract(attempt(() => JSON.parse(it), SyntaxError))));
    }
    const pattern = attempt(() => new Pattern(text), SyntaxError);
    if ("value" in pattern) {
      // A match that is given up has no outcome: how far it comes depends on the machine.
      const plain = TEXTS.slice(2).map((it) => pattern.value.test(it));
      outcomes.push(plain.includes(undefined) ? "slow" : plain);
    }
    return JSON.stringify(outcomes);
  },
};
