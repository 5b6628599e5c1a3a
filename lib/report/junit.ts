/**
 * The summary as JUnit's XML, which CI systems show: a case for each expectation and each threshold.
 *
 * It is valid by the schema of Ant's JUnit task, the strictest of those in use, and by Jenkins'.
 *
 * @module
 */
import { groupErrors } from "../stats/error_groups.ts";
import type { Summary } from "../stats/summary.ts";
import { escapeMarkup } from "../text/escape.ts";
import { formatCount } from "../text/format.ts";
import { formatTable, type TableData } from "./table.ts";
import { formatReached } from "./verdict.ts";

/** What the cases are made of. */
export interface JunitData extends TableData {
  readonly summary: Summary;
  /** The expectations of the run, by their names in the errors of the summary. */
  readonly expectations: readonly string[];
  /** Why the run could not go on; undefined if it could. */
  readonly problem?: string | undefined;
}

/** One case, which failed if it has a failure. */
interface Case {
  readonly name: string;
  readonly failure?: {
    readonly type: string;
    readonly message: string;
    /** Lines with more on it. */
    readonly lines?: readonly string[];
  } | undefined;
}

/** A document with a suite of each kind that has cases: requests, expectations, thresholds. */
export function formatJunit(data: JunitData): string {
  const { summary } = data;
  const suites: readonly (readonly [name: string, cases: readonly Case[]])[] = [
    ["requests", listRequests(data)],
    ["expectations", listExpectations(data)],
    ["thresholds", listThresholds(summary)],
  ];
  const table = formatTable(data, { color: false });
  const lines = suites.filter(([, cases]) => cases.length > 0).flatMap(([name, cases], id) =>
    formatSuite(name, cases, { id, summary, output: id === 0 ? table : "" })
  );
  return ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", ...lines, "</testsuites>", ""]
    .join("\n");
}

function listRequests({ summary, problem }: JunitData): Case[] {
  const { interrupted, aborted, errors, requests } = summary;
  const failed = groupErrors(errors).filter(({ expectation }) => expectation === undefined);
  const end = problem !== undefined
    ? problem
    : interrupted
    ? "a signal interrupted it"
    : aborted === null
    ? undefined
    : `aborted by ${aborted}`;
  return [
    {
      name: "the run comes to its end",
      failure: end === undefined ? undefined : { type: "interrupted", message: end },
    },
    {
      name: "no request fails with an error",
      failure: failed.length === 0 ? undefined : {
        type: failed[0].kind,
        message: countFailed(failed.reduce((sum, { count }) => sum + count, 0), requests),
        lines: failed.flatMap(({ kind, count, examples }) => [
          `${kind}: ${formatCount(count)}`,
          ...formatExamples(examples),
        ]),
      },
    },
  ];
}

/** Those of the flags, and then those of records that were not met. */
function listExpectations({ summary: { errors, requests }, expectations }: JunitData): Case[] {
  const missed = new Map(
    groupErrors(errors).flatMap((group) =>
      group.expectation === undefined ? [] : [[group.expectation, group] as const]
    ),
  );
  return [...new Set([...expectations, ...missed.keys()])].map((name) => {
    const group = missed.get(name);
    return {
      name,
      failure: group && {
        type: group.kind,
        message: countFailed(group.count, requests),
        lines: formatExamples(group.examples),
      },
    };
  });
}

function listThresholds({ thresholds }: Summary): Case[] {
  return thresholds.map((verdict) => ({
    name: verdict.threshold,
    failure: verdict.passed ? undefined : { type: "threshold", message: formatReached(verdict) },
  }));
}

function countFailed(count: number, requests: number): string {
  return `${formatCount(count)} of ${formatCount(requests)} requests failed`;
}

function formatExamples(
  examples: readonly { readonly url: string; readonly detail: string }[],
): string[] {
  return examples.map(({ url, detail }) => `  ${url}${detail === "" ? "" : `: ${detail}`}`);
}

function formatSuite(
  name: string,
  cases: readonly Case[],
  { id, summary: { seconds, started }, output }: {
    readonly id: number;
    readonly summary: Summary;
    readonly output: string;
  },
): string[] {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const attributes = toAttributes({
    id: `${id}`,
    name,
    package: "myriad",
    // The schema has no time zone; it is UTC.
    timestamp: (started ?? new Date(0).toISOString()).slice(0, "2026-01-01T00:00:00".length),
    hostname: "localhost",
    tests: `${cases.length}`,
    failures: `${failures}`,
    errors: "0",
    time: seconds.toFixed(3),
  });
  return [
    `  <testsuite${attributes}>`,
    "    <properties/>",
    ...cases.flatMap((one) => formatCase(name, one, seconds)),
    `    <system-out>${escapeLines(output)}</system-out>`,
    "    <system-err/>",
    "  </testsuite>",
  ];
}

function formatCase(suite: string, { name, failure }: Case, seconds: number): string[] {
  // All cases are about the whole run.
  const time = suite === "requests" ? seconds : 0;
  const attributes = toAttributes({ classname: `myriad.${suite}`, name, time: time.toFixed(3) });
  if (failure === undefined) return [`    <testcase${attributes}/>`];
  const { type, message, lines = [] } = failure;
  const text = lines.map((line) => escapeMarkup(line)).join("\n");
  return [
    `    <testcase${attributes}>`,
    `      <failure${toAttributes({ type, message })}>${text}</failure>`,
    "    </testcase>",
  ];
}

function toAttributes(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes).map(([name, text]) => ` ${name}="${escapeMarkup(text)}"`)
    .join("");
}

function escapeLines(text: string): string {
  return text.split("\n").map((line) => escapeMarkup(line)).join("\n");
}
