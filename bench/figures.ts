import type { Answers } from "./peers/peer.ts";
import { cell, grouped, NOT_MEASURED, printTable, range } from "./table.ts";

/** A figure of a run: a table has a column for it, and for its range and ratio where they are told. */
export interface Figure<S> {
  readonly title: string;
  /** Written behind the value, with its space. @default {""} */
  readonly unit?: string;
  /** Decimals. @default {0} */
  readonly digits?: number;
  /** Whether thousands are set apart. @default {false} */
  readonly isGrouped?: boolean;
  /** What stands for all rounds. @default {"median"} */
  readonly pick?: "median" | "least" | "most";
  /** Whether the range over all rounds is told. @default {false} */
  readonly hasRange?: boolean;
  /** The title of the column with the ratio to the first row. @default no such column */
  readonly ratio?: string;
  /** Undefined where it was not measured. */
  readonly value: (sample: S) => number | undefined;
}

/** A column of a table of runs that has no figure in it. */
export interface Column<S> {
  readonly title: string;
  readonly text: (samples: readonly S[], name: string) => string;
}

export const RATE: Figure<{ readonly rate: number }> = {
  title: "requests/s",
  value: ({ rate }) => rate,
};

/** The median: good for what differs by more than a few percent. */
export const CPU: Figure<{ readonly cpuMicros: number | undefined }> = {
  title: "CPU a request",
  unit: " us",
  digits: 1,
  hasRange: true,
  value: ({ cpuMicros }) => cpuMicros,
};

/** The least of all rounds: for what differs by a few percent, as other work only adds to a run. */
export const LEAST_CPU = { ...CPU, digits: 2, pick: "least" } as const;

export const PEAK_MEMORY: Figure<{ readonly peakKilobytes: number | undefined }> = {
  title: "peak memory",
  unit: " MB",
  value: ({ peakKilobytes }) => peakKilobytes === undefined ? undefined : peakKilobytes / 1024,
};

type Latencies = Pick<Answers, "latencyMs">;

/** As far as the client tells it. */
export function latency(which: "p99" | "p999" | "max"): Figure<Latencies> {
  const title = which === "p999" ? "p99.9" : which;
  return { title, unit: " ms", digits: 1, value: ({ latencyMs }) => latencyMs?.[which] };
}

/** How many requests failed, round by round. */
export const FAILED: Column<{ readonly failed: number }> = {
  title: "failed",
  text: (samples) => samples.map(({ failed }) => grouped(failed)).join(", "),
};

/** What a figure comes to over all rounds; undefined where no round measured it. */
export function summarize<S>(
  { pick = "median", ...figure }: Pick<Figure<NoInfer<S>>, "pick" | "value">,
  samples: readonly S[] = [],
): number | undefined {
  const values = measuredValues(figure, samples);
  if (pick === "median") return median(values);
  if (values.length === 0) return undefined;
  return pick === "least" ? Math.min(...values) : Math.max(...values);
}

/** What each round measured. */
function measuredValues<S>(
  { value }: Pick<Figure<NoInfer<S>>, "value">,
  samples: readonly S[],
): number[] {
  return samples.flatMap((sample) => value(sample) ?? []);
}

/**
 * Prints a table with a row for each run, and how many rounds there were. Ratios are those to the
 * first row, or to `base`.
 */
export function printRuns<S>(
  title: string,
  samples: Readonly<Record<string, readonly S[]>>,
  columns: readonly (Figure<NoInfer<S>> | Column<NoInfer<S>>)[],
  { first = "run", base = Object.keys(samples)[0] }: { first?: string; base?: string } = {},
): void {
  const all = columns.flatMap((column) =>
    "value" in column ? toColumns(column, samples[base]) : [column]
  );
  const rounds = Math.max(...Object.values(samples).map(({ length }) => length));
  console.log(`\n${title}, ${rounds === 1 ? "1 round" : `${rounds} rounds`}\n`);
  printTable(
    [first, ...all.map(({ title }) => title)],
    Object.entries(samples).map(([name, rounds]) => [
      name,
      ...all.map(({ text }) => text(rounds, name)),
    ]),
  );
}

function toColumns<S>(figure: Figure<S>, base: readonly S[] | undefined): Column<S>[] {
  const { title, unit = "", digits = 0, isGrouped, hasRange } = figure;
  const columns: Column<S>[] = [{
    title: figure.pick === undefined ? title : `${figure.pick} ${title}`,
    text(samples) {
      const value = summarize(figure, samples);
      if (isGrouped) return value === undefined ? NOT_MEASURED : grouped(value);
      return cell(value, digits, unit);
    },
  }];
  if (hasRange) {
    columns.push({
      title: "range",
      text: (samples) => range(measuredValues(figure, samples), digits, unit),
    });
  }
  if (figure.ratio !== undefined) {
    columns.push({
      title: figure.ratio,
      text: (samples) => cell(ratio(summarize(figure, samples), summarize(figure, base)), 2),
    });
  }
  return columns;
}

/** The middle one, or the upper of two. Undefined without any. */
function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b).at(values.length >> 1);
}

/** A quotient, where both were measured. */
export function ratio(value: number | undefined, base: number | undefined): number | undefined {
  return value === undefined || base === undefined ? undefined : value / base;
}
