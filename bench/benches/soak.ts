import { type Bench, isWanted, scaled } from "../bench.ts";
import { type Check, printChecks } from "../checks.ts";
import { ratio } from "../figures.ts";
import { type Part, toPart } from "../soak/part.ts";
import { runSoak, type SoakOptions, type SoakResult, type SoakSample } from "../soak/run.ts";
import { cell, csvRow, grouped, printTable } from "../table.ts";

/** Two hours. */
const SECONDS = 7_200;
const CONCURRENCY = 10_000;
/**
 * The mean delay is 1.5 s, so the concurrency allows 6,666/s. A rate needs some room below that, so
 * that it is caught up with after a second in which the machine had no time.
 */
const PER_SECOND = 6_400;
/** The runs, which take place at the same time. */
const RUNS: readonly Pick<SoakOptions, "name" | "perSecond">[] = [
  { name: "closed model", perSecond: undefined },
  { name: "open model", perSecond: PER_SECOND },
];

/** Parts of the time: of two hours, two minutes of warm-up, and ten minutes that are compared. */
const WARM_UP = 1 / 60;
const COMPARED = 1 / 12;

/** The most that figures of the last part may be above those of the first. */
const MAX_GROWTH = 1.02;
/** The least share of what the concurrency or the rate allows, in percent. */
const MIN_SHARE = 99.9;

/** The columns of the file of samples. */
const COLUMNS: readonly (keyof SoakSample)[] = [
  "seconds",
  "done",
  "inFlight",
  "residentKb",
  "peakKb",
  "descriptors",
  "cpuSeconds",
  "latencySeconds",
  "ownLateSeconds",
  "ownLateMaxSeconds",
  "count",
  "drawnMs",
  "heldMs",
  "serverCpuSeconds",
  "load",
];

/** The rows of the table of a run, and how many decimals they have. */
const ROWS: readonly { figure: keyof Part; title: string; digits: number; unit: string }[] = [
  { figure: "residentMb", title: "memory", digits: 1, unit: " MB" },
  { figure: "descriptors", title: "descriptors", digits: 1, unit: "" },
  { figure: "cpuMicros", title: "CPU a request", digits: 2, unit: " us" },
  { figure: "addedMs", title: "latency above the server's time", digits: 3, unit: " ms" },
  { figure: "ownLateMs", title: "own lateness of a start, mean", digits: 4, unit: " ms" },
  { figure: "perSecond", title: "requests/s", digits: 1, unit: "" },
  { figure: "inFlight", title: "in flight", digits: 1, unit: "" },
  { figure: "drawnMs", title: "delay that the server drew, mean", digits: 1, unit: " ms" },
  { figure: "heldMs", title: "time at the server, mean", digits: 1, unit: " ms" },
  { figure: "serverCpuMicros", title: "the server's CPU a request", digits: 2, unit: " us" },
  { figure: "cpuByServer", title: "the client's CPU by the server's", digits: 3, unit: "" },
  { figure: "load", title: "load of the machine", digits: 2, unit: "" },
];

/** The rows that must not grow. */
const FLAT: readonly (keyof Part)[] = [
  "residentMb",
  "descriptors",
  "cpuMicros",
  "addedMs",
  "ownLateMs",
];

export const soak: Bench = {
  measures: "two hours with 10,000 in flight, with and without a rate: memory, descriptors, CPU " +
    "a request and lateness in the first and the last ten minutes",
  minutes: 122,
  onlyByName: "it takes two hours and 14 GB of disk",
  async run(context) {
    const seconds = scaled(SECONDS, context, 24);
    const sampleMs = Math.min(10_000, seconds * 1000 / 48);
    let csv = csvRow(["run", ...COLUMNS]);
    const runs = RUNS.filter(({ name }) => isWanted(name, context));
    const results = await Promise.allSettled(runs.map((run) =>
      runSoak(
        context,
        {
          ...run,
          seconds,
          sampleMs,
          concurrency: CONCURRENCY,
          rampUpSeconds: Math.ceil(seconds * WARM_UP / 2),
        },
        async (sample) => {
          csv += csvRow([run.name, ...COLUMNS.map((column) => sample[column])]);
          await context.keep("soak.csv", csv);
        },
      )
    ));
    const checks: Check[] = [];
    for (const [k, result] of results.entries()) {
      const run = runs[k];
      if (result.status === "fulfilled") checks.push(...printRun(run, seconds, result.value));
      else if (context.meter.isStopped) throw result.reason;
      else console.log(`\n${run.name}: ${result.reason.message}`);
    }
    printChecks(checks);
  },
};

/** Prints the tables of a run, and gives what it has to reach. */
function printRun(
  { name, perSecond }: Pick<SoakOptions, "name" | "perSecond">,
  seconds: number,
  { samples, summary, recordBytes, records, served }: SoakResult,
): Check[] {
  const [warmUp, compared] = [seconds * WARM_UP, seconds * COMPARED];
  const parts = [
    { from: warmUp, to: warmUp + compared },
    { from: seconds - compared, to: seconds },
    { from: warmUp, to: seconds },
  ].map((part) => toPart(samples, part));
  const [first, last, all] = parts;
  const rate = perSecond === undefined ? "" : ` -q ${perSecond}`;
  console.log(
    `\n${name}: \`myriad -z ${seconds}s -c ${CONCURRENCY}${rate} -o results.ndjson\`\n`,
  );
  printTable(
    [
      "figure",
      `from ${cell(warmUp, 0)} s, for ${cell(compared, 0)} s`,
      `the last ${cell(compared, 0)} s`,
      "ratio",
      "all after the warm-up",
    ],
    ROWS.map(({ figure, title, digits, unit }) => [
      title,
      cell(first?.[figure], digits, unit),
      cell(last?.[figure], digits, unit),
      cell(ratio(last?.[figure], first?.[figure]), 3),
      cell(all?.[figure], digits, unit),
    ]),
  );
  const peakKb = samples.at(-1)?.peakKb;
  const ownLate = summary.own_late_ms;
  console.log(
    `\nPeak memory ${cell(peakKb && peakKb / 1024, 0, " MB")}, ${
      grouped(samples.length)
    } samples, ` +
      `${cell(recordBytes / 1e9, 1, " GB")} of records, ${grouped(summary.requests)} requests, ` +
      `${grouped(summary.requests - summary.succeeded)} of them failed; late because of ` +
      `the concurrency: ${grouped(summary.late.count)}; own lateness p50 ` +
      `${cell(ownLate?.p50, 3, " ms")}, p99 ${cell(ownLate?.p99, 3, " ms")}`,
  );
  const named = (what: string): string => `${name}: ${what}`;
  const checks = ROWS.filter(({ figure }) =>
    FLAT.includes(figure) && !(figure === "ownLateMs" && perSecond === undefined)
  ).map(({ figure, title }): Check => ({
    what: named(`${title}, last to first`),
    reached: ratio(last?.[figure], first?.[figure]),
    bound: "at most",
    limit: MAX_GROWTH,
    digits: 3,
  }));
  const share = all &&
    (perSecond === undefined
      ? all.perSecond * all.heldMs / 1000 / CONCURRENCY
      : all.perSecond / perSecond);
  checks.push({
    what: named(`share of what the ${perSecond === undefined ? "concurrency" : "rate"} allows`),
    reached: share && share * 100,
    bound: "at least",
    limit: MIN_SHARE,
    unit: " %",
    digits: 2,
  });
  for (const [who, { count, missing, repeats }] of Object.entries({ records, served })) {
    const title = who === "records" ? "records" : "requests at the server";
    checks.push(
      none(named(`${title}, missing`), missing),
      none(named(`${title}, twice`), repeats),
      none(
        named(`${title}, more or less than ${grouped(summary.requests)}`),
        Math.abs(count - summary.requests),
      ),
    );
  }
  return checks;
}

function none(what: string, reached: number): Check {
  return { what, reached, bound: "at most", limit: 0, unit: "" };
}
