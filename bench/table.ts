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

/** Kilobytes of 1,024 bytes, as the operating system counts memory, in megabytes of 1,024. */
export function megabytes(kilobytes: number | undefined): string {
  return cell(kilobytes === undefined ? undefined : kilobytes / 1024, 0, " MB");
}

/** A count with its thousands apart. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
