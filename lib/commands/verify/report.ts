import { escapeForTerminal, escapeJson } from "../../text/escape.ts";
import { formatCount } from "../../text/format.ts";
import { type Example, type Finding, type Findings, logsAgree } from "./findings.ts";

/** The longest path in the table, in characters. */
const MAX_PATH_LENGTH = 100;

/** Formats findings as JSON that is safe to print on a terminal. */
export function formatFindingsJson(findings: Findings): string {
  return `${
    escapeJson(JSON.stringify({ agree: logsAgree(findings), ...findings }, undefined, 2))
  }\n`;
}

/** Formats findings as a table: the counts, then each kind of difference with its examples. */
export function formatFindingsTable(findings: Findings): string {
  const { results, log, missing, unknown, repeated, other_status } = findings;
  const rows: [string, number, Finding?][] = [
    ["requests in the results", results.records],
    ["  answered", results.answered],
    ["  failed", results.failed],
    ["  not sent", results.unsent],
    ["  attempts", results.attempts],
    ["requests in the server's log", log.requests],
  ];
  const more: [string, number][] = [
    ["lines of the results that are not records", results.unreadable],
    ["lines of the server's log that are not requests", log.unreadable],
    ["left out by --only and --ignore", findings.left_out],
    ["records that were not compared", findings.uncounted],
  ];
  rows.push(...more.filter(([, count]) => count > 0));
  rows.push(
    ["answered, but not in the server's log", missing.count, missing],
    ["in the server's log, but not in the results", unknown.count, unknown],
    [`sent more often than attempts explain${formatAllowed(repeated)}`, repeated.count, repeated],
    ["with another status", other_status.count, other_status],
  );
  const width = Math.max(...rows.map(([name]) => name.length));
  const digits = Math.max(...rows.map(([, count]) => formatCount(count).length));
  let text = "";
  for (const [name, count, difference] of rows) {
    text += `${name.padEnd(width)}  ${formatCount(count).padStart(digits)}\n`;
    for (const example of difference?.examples ?? []) text += `  ${formatExample(example)}\n`;
  }
  return `${text}${logsAgree(findings) ? "The logs agree." : "The logs differ."}\n`;
}

function formatAllowed({ allowed }: Findings["repeated"]): string {
  return allowed === 0 ? "" : ` (${formatCount(allowed)} allowed)`;
}

function formatExample({ path, status, logged, beyond }: Example): string {
  const parts = [
    status === undefined ? "" : `${status} in the results`,
    logged === undefined ? "" : `${logged} in the log`,
    beyond === undefined ? "" : `${formatCount(beyond)} more`,
  ];
  const details = parts.filter((part) => part !== "").join(", ");
  return escapeForTerminal(path, MAX_PATH_LENGTH) + (details === "" ? "" : `: ${details}`);
}
