import { escapeForTerminal } from "../lib/text/escape.ts";

/** Prints a Markdown table. */
export function printTable(head: readonly string[], rows: readonly string[][]): void {
  for (const row of [head, head.map(() => "---"), ...rows]) console.log(`| ${row.join(" | ")} |`);
}

/** What stands in a cell that could not be measured. */
export const NOT_MEASURED = "-";

/** A number with so many decimals and its unit, or a dash. */
export function cell(value: number | undefined, digits: number, unit = ""): string {
  return value === undefined ? NOT_MEASURED : `${value.toFixed(digits)}${unit}`;
}

/** The least and the most of what was measured. */
export function range(values: readonly number[], digits: number, unit = ""): string {
  if (values.length === 0) return NOT_MEASURED;
  return `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}${unit}`;
}

/** A count with its thousands apart. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** The longest that a text of somebody else may be in a cell. */
const MAX_CHARACTERS = 160;

/** A text of somebody else, for a cell: in one line, its bars no borders. */
export function markdownCell(text: string): string {
  return escapeForTerminal(text.replace(/\s+/g, " ").trim(), MAX_CHARACTERS)
    .replaceAll("|", "\\|");
}

/** A line of CSV (RFC 4180); nothing where nothing was measured. */
export function csvRow(values: readonly (string | number | undefined)[]): string {
  const fields = values.map((value) => {
    const text = `${value ?? ""}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${fields.join(",")}\n`;
}
