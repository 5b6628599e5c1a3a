import { least, median, ratio } from "./median.ts";
import { cell, printTable, range } from "./table.ts";

/** One run of a row. */
export interface Cost {
  /** Microseconds of CPU a request; undefined where they could not be measured. */
  readonly cpuMicros: number | undefined;
  /** Requests a second. */
  readonly rate: number;
}

/**
 * Prints what each row costs beside the first. It compares the least of all rounds: other work on
 * the machine adds to a run's CPU and takes nothing from it, and adds more than what is to be told
 * apart here.
 *
 * @returns the ratio of a row to the first, by name; undefined where one was not measured
 */
export function printCosts(
  title: string,
  samples: Readonly<Record<string, readonly Cost[]>>,
): (name: string) => number | undefined {
  const microsOf = (name: string): number[] =>
    (samples[name] ?? []).flatMap(({ cpuMicros }) => cpuMicros ?? []);
  const leastOf = (name: string): number | undefined => least(microsOf(name));
  const [first] = Object.keys(samples);
  const toFirst = (name: string): number | undefined => ratio(leastOf(name), leastOf(first));
  console.log(`\n${title}\n`);
  printTable(
    ["run", "least CPU a request", "ratio", "median", "range", "requests/s"],
    Object.entries(samples).map(([name, costs]) => [
      name,
      cell(leastOf(name), 2, " us"),
      cell(toFirst(name), 3),
      cell(median(microsOf(name)), 2),
      range(microsOf(name), 2),
      cell(median(costs.map(({ rate }) => rate)), 0),
    ]),
  );
  return toFirst;
}
