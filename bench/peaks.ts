import type { Sample } from "./clients.ts";
import { median, ratio } from "./median.ts";
import { cell, megabytes, printTable } from "./table.ts";

/** Prints the peak memory of each row, and its ratio to the first row's. */
export function printPeaks(title: string, samples: Record<string, Sample[]>): void {
  const peak = (all: Sample[]): number | undefined =>
    median(all.map((sample) => sample.peak_rss_kb));
  const base = peak(Object.values(samples)[0]);
  console.log(`\n${title}\n`);
  printTable(
    ["run", "peak memory", "range", "ratio", "requests/s"],
    Object.entries(samples).map(([name, all]) => {
      const kilobytes = all.map((sample) => sample.peak_rss_kb);
      return [
        name,
        megabytes(peak(all)),
        `${megabytes(Math.min(...kilobytes))} to ${megabytes(Math.max(...kilobytes))}`,
        cell(ratio(peak(all), base), 2),
        cell(median(all.map((sample) => sample.rate)), 0),
      ];
    }),
  );
}
