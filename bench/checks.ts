import { cell, printTable } from "./table.ts";

/** A figure that is to be reached. */
export interface Check {
  readonly what: string;
  /** Undefined where it could not be measured. */
  readonly reached: number | undefined;
  readonly bound: "at most" | "at least";
  readonly limit: number;
  /** Of the value and the limit; without one they are ratios. */
  readonly unit?: string;
  /** Decimals of what was reached. @default 2 for a ratio, else 0 */
  readonly digits?: number;
}

/** Prints which figures were reached. No exit code depends on it: the machine may be busy. */
export function printChecks(checks: readonly Check[]): void {
  console.log("");
  printTable(
    ["figure", "to be", "reached", "holds"],
    checks.map((check) => [
      check.what,
      `${check.bound} ${check.limit}${check.unit ?? ""}`,
      cell(check.reached, check.digits ?? (check.unit === undefined ? 2 : 0), check.unit),
      holds(check),
    ]),
  );
}

function holds({ reached, bound, limit }: Check): string {
  if (reached === undefined) return "not measured";
  return (bound === "at most" ? reached <= limit : reached >= limit) ? "yes" : "NO";
}
