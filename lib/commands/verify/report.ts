import { escapeForTerminal, escapeJson } from "../../text/escape.ts";
import { formatCount } from "../../text/format.ts";
import { agree, type Difference, type Example, type Findings } from "./findings.ts";

/** Longest path in the table, in characters. */
const SHOWN_LENGTH = 100;

/** The findings as JSON, safe to print on a terminal. */
export function formatFindings(findings: Findings): string {
  return `${escapeJson(JSON.stringify({ agree: agree(findings), ...findings }, undefined, 2))}\n`;
}

/** The findings as a table: what was read, then each kind of difference with its examples. */
export function formatTable(findings: Findings): string {
  const { results, log, missing, unknown, repeated, other_status } = findings;
  const rows: [string, number, Difference?][] = [
    ["requests in the results", results.records],
    ["  answered", results.answered],
    ["  failed", results.failed],
    ["  not sent", results.unsent],
    ["  attempts", results.attempts],
    ["requests in the server's log", log.requests],
  ];
  const more: [string, number][] = [
    ["lines of the results that are no record", results.unreadable],
    ["lines of the server's log that are no request", log.unreadable],
    ["left out by --only and --ignore", findings.left_out],
    ["records that were not compared", findings.uncounted],
  ];
  rows.push(...more.filter(([, count]) => count > 0));
  rows.push(
    ["answered, but not in the server's log", missing.count, missing],
    ["in the server's log, but not in the results", unknown.count, unknown],
    [`sent more often than attempts explain${allowed(repeated)}`, repeated.count, repeated],
    ["with another status", other_status.count, other_status],
  );
  const width = Math.max(...rows.map(([name]) => name.length));
  const digits = Math.max(...rows.map(([, count]) => formatCount(count).length));
  let text = "";
  for (const [name, count, difference] of rows) {
    text += `${name.padEnd(width)}  ${formatCount(count).padStart(digits)}\n`;
    for (const example of difference?.examples ?? []) text += `  ${line(example)}\n`;
  }
  return `${text}${agree(findings) ? "The logs agree." : "The logs differ."}\n`;
}

function allowed({ allowed }: Findings["repeated"]): string {
  return allowed === 0 ? "" : ` (${formatCount(allowed)} allowed)`;
}

function line({ path, status, logged, beyond }: Example): string {
  const parts = [
    status === undefined ? "" : `${status} in the results`,
    logged === undefined ? "" : `${logged} in the log`,
    beyond === undefined ? "" : `${formatCount(beyond)} more`,
  ];
  const told = parts.filter((part) => part !== "").join(", ");
  return escapeForTerminal(path, SHOWN_LENGTH) + (told === "" ? "" : `: ${told}`);
}
