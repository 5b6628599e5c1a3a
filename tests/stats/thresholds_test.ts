import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { formatReached } from "../../lib/report/verdict.ts";
import { ERROR_KINDS } from "../../lib/result.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import type { Statistics } from "../../lib/stats/snapshot.ts";
import { parseThreshold } from "../../lib/stats/thresholds.ts";

const FIGURES: Statistics = {
  requests: 2_000,
  succeeded: 1_986,
  failed: 14,
  skipped: 0,
  total: undefined,
  progress: undefined,
  inFlight: 10,
  errors: {
    timeout: { count: 9, examples: [] },
    refused: { count: 5, examples: [] },
  },
  statuses: { "200": 1_900, "404": 6, "500": 50, "503": 30 },
  tolerated: 0,
  seconds: 4,
  rate: 500,
  bytes: 3_145_728,
  latency: {
    min: 0.25,
    mean: 33.125,
    p50: 20,
    p75: 40,
    p90: 80,
    p95: 150,
    p99: 412,
    p999: 900,
    p9999: 1_500,
    max: 2_345.678,
    stddev: 21.5,
  },
  histogram: new Histogram(),
  phases: {},
  hosts: [],
  slowest: [],
  loopBusy: 0,
  threads: 1,
  workersBusy: [],
  concurrency: 10,
  meanInFlightMs: 40,
  utilization: 0.9,
  attempts: 2_040,
  retries: { "503": 30, timeout: 10 },
  retrying: 0,
  held: 0,
  paused: 0,
  targetRate: 500,
  late: { count: 100, meanMs: 3, maxMs: 9 },
  ownLate: undefined,
  ownLateHistogram: undefined,
  rssBytes: 5e7,
  peakRssKb: 61_440,
  cpuSeconds: 1.5,
  engine: "http1",
  transport: "portable",
  shortages: {},
  interrupted: false,
  resumed: false,
};

const NOTHING: Statistics = {
  ...FIGURES,
  requests: 0,
  succeeded: 0,
  failed: 0,
  errors: {},
  statuses: {},
  rate: 0,
  bytes: 0,
  retries: {},
  late: { count: 0, meanMs: 0, maxMs: 0 },
};

// Each name, the number that it has in FIGURES, and its unit.

for (
  const [text, value, unit] of [
    ["min>100us", 0.25, "ms"],
    ["mean<1s", 33.125, "ms"],
    ["p50<1s", 20, "ms"],
    ["p75<1s", 40, "ms"],
    ["p90<1s", 80, "ms"],
    ["p95<1s", 150, "ms"],
    ["p99<1s", 412, "ms"],
    ["p999<1s", 900, "ms"],
    ["p9999<1m", 1_500, "ms"],
    ["max<1m", 2_345.678, "ms"],
    ["stddev<1s", 21.5, "ms"],
    ["failed<100", 14, "count"],
    ["failed<1%", 0.7, "%"],
    ["succeeded>1k", 1_986, "count"],
    ["succeeded>99%", 99.3, "%"],
    ["errors.timeout<10", 9, "count"],
    ["errors.timeout<1%", 0.45, "%"],
    ["errors.dns<=0", 0, "count"],
    ["errors.dns<1%", 0, "%"],
    ["status.503<100", 30, "count"],
    ["status.5xx<100", 80, "count"],
    ["status.5xx<5%", 4, "%"],
    ["status.2xx>90%", 95, "%"],
    ["status.404<10", 6, "count"],
    ["status.418<=0", 0, "count"],
    ["retries<100", 40, "count"],
    ["retries<10%", 2, "%"],
    ["late<1k", 100, "count"],
    ["late<10%", 5, "%"],
    ["requests>=2k", 2_000, "count"],
    ["rate>100", 500, "/s"],
    ["seconds<1m", 4, "s"],
    ["bytes<4M", 3_145_728, "bytes"],
    ["peak_rss<100M", 62_914_560, "bytes"],
    ["cpu<2s", 1.5, "s"],
  ] as const
) {
  Deno.test(`Threshold.verdict() gives the value of '${text}'`, () => {
    const threshold = parseThreshold(text);
    assertEquals(threshold.value(FIGURES), value);
    const { bound: _, ...verdict } = threshold.verdict(FIGURES);
    assertEquals(verdict, { threshold: text, value, unit, holds: true });
  });
}

Deno.test("Threshold.value() of a percentile is the value that so many responses do not exceed", () => {
  const histogram = new Histogram();
  for (let micros = 1; micros <= 200; micros++) histogram.record(micros);
  const value = (name: string): number | null =>
    parseThreshold(`${name}<1s`).value({ ...FIGURES, histogram });
  // The 196th and 197th of 200, the last, and the first.
  assertEquals(["p98", "p98.1", "p100", "p0.1"].map(value), [0.196, 0.197, 0.2, 0.001]);
  // 99.95 % of 200 are 199.9, which the 200th is the first to reach.
  assertEquals(["p99.5", "p99.95", "p99.999999"].map(value), [0.199, 0.2, 0.2]);
  assertEquals(parseThreshold("p98<1s").verdict({ ...FIGURES, histogram }), {
    threshold: "p98<1s",
    value: 0.196,
    bound: 1_000,
    unit: "ms",
    holds: true,
  });
});

Deno.test("Threshold.value() of a phase is null until the phase is measured", () => {
  const ttfb = new Histogram();
  for (let micros = 1; micros <= 200; micros++) ttfb.record(micros);
  const figures = { ...FIGURES, phases: { ttfb } };
  const names = ["ttfb.p99.5", "ttfb.mean", "ttfb.max", "ttfb.min", "tls.p99", "dns.p99"];
  assertEquals(
    names.map((name) => parseThreshold(`${name}<1s`).value(figures)),
    [0.199, 0.1005, 0.2, 0.001, null, null],
  );
  // It has 200 values to be believed by, though there were 2,000 requests.
  const lost = (seconds: number): boolean =>
    parseThreshold("ttfb.p99<1us").isLost({ ...figures, seconds });
  assertEquals([lost(9), lost(10)], [false, true]);
});

for (
  const [text, bound] of [
    ["p99<500ms", 500],
    ["p99<0.5s", 500],
    ["p99<250us", 0.25],
    ["p99<1.5m", 90_000],
    // The product is 1.1000000000000001.
    ["p99<0.0011s", 1.1],
    ["seconds<90s", 90],
    ["seconds<2h", 7_200],
    ["seconds<500ms", 0.5],
    ["failed<10k", 10_000],
    ["failed<0.3M", 300_000],
    ["failed<1e3", 1_000],
    ["failed<0.1%", 0.1],
    ["failed<1e0%", 1],
    ["rate>1000", 1_000],
    ["rate>1000/s", 1_000],
    ["rate>1.5k", 1_500],
    ["rate>60k/m", 1_000],
    ["rate>3.6M/h", 1_000],
    ["bytes<500", 500],
    ["bytes<500B", 500],
    ["bytes<10k", 10_240],
    ["bytes<10kB", 10_000],
    ["bytes<10KiB", 10_240],
    ["bytes<1.5MiB", 1_572_864],
    ["bytes<2G", 2_147_483_648],
  ] as const
) {
  Deno.test(`parseThreshold() reads the value of '${text}'`, () => {
    assertEquals(parseThreshold(text).verdict(FIGURES).bound, bound);
  });
}

Deno.test("parseThreshold() accepts blanks, and drops them", () => {
  for (const text of ["p99<500ms", " p99 < 500ms ", "p99<500 ms", "p99  <  500  ms"]) {
    const { text: short, name } = parseThreshold(text);
    assertEquals([short, name], ["p99<500ms", "p99"]);
  }
});

const NAMES =
  "use one of the names requests, succeeded, failed, skipped, errors.KIND, status.503, status.5xx, " +
  "seconds, rate, bytes, min, mean, p50, p75, p90, p95, p99, p999, p9999, max, stddev, " +
  "p98, p99.95, dns.p95, connect.p95, tls.p95, ttfb.p95, retries, late, peak_rss, cpu";
const FORM = "use a name, one of < <= > >=, and a value, like p99<500ms, failed<1% or rate>1000";
const COUNT = "a whole number, like 10, 10k or 1M";
const SHARE = "a share of the requests, like 1%";
const PERCENTILE = "use a percentile above p0 and up to p100, like p98 or p99.95";
const LATENCY = "a duration with its unit (us, ms, s, m), like 500ms";

for (
  const [text, message] of [
    ["", FORM],
    ["p99", FORM],
    ["<500ms", FORM],
    ["p99<", FORM],
    ["p99 500ms", FORM],
    ["p99<500ms<1s", FORM],
    ["p99<500ms, failed<1%", FORM],
    ["p 99<500ms", FORM],
    ["p99==500ms", "use one of < <= > >=, as in failed<=0"],
    ["failed!=0", "use one of < <= > >=, as in failed<=0"],
    ["p99=<500ms", "use one of < <= > >="],
    ["p<500ms", NAMES],
    ["p0<500ms", PERCENTILE],
    ["p100.5<500ms", PERCENTILE],
    ["p101<500ms", PERCENTILE],
    ["p995<500ms", PERCENTILE],
    ["p99999<500ms", PERCENTILE],
    ["p99.<500ms", PERCENTILE],
    ["p99.9999999<500ms", PERCENTILE],
    ["p9.9.9<500ms", PERCENTILE],
    ["p98<500", `for p98 use ${LATENCY}`],
    ["P99<500ms", NAMES],
    ["ttfb<5ms", "use ttfb.min, ttfb.mean, ttfb.max, ttfb.stddev or a percentile, like ttfb.p95"],
    ["dns.p101<5ms", "use dns.min, dns.mean"],
    ["ttfb.toString<5ms", "use ttfb.min"],
    ["ttfb.p99<5", `for ttfb.p99 use ${LATENCY}`],
    ["ttfbs.p99<5ms", NAMES],
    ["errors<5", "use a kind of errors: dns"],
    ["constructor<5", NAMES],
    ["__proto__<5", NAMES],
    ["p99<500", `for p99 use ${LATENCY}`],
    ["p99<0", `for p99 use ${LATENCY}`],
    ["p99<1%", `for p99 use ${LATENCY}`],
    ["p99<-5ms", `for p99 use ${LATENCY}`],
    ["p99<ms", `for p99 use ${LATENCY}`],
    ["p99<1,5s", `for p99 use ${LATENCY}`],
    ["p99<NaNms", `for p99 use ${LATENCY}`],
    ["p99<1h", `for p99 use ${LATENCY}`],
    ["p99<1\nms", `for p99 use ${LATENCY}`],
    [`p99<${"9".repeat(400)}ms`, `for p99 use ${LATENCY}`],
    ["failed<5ms", `for failed use ${COUNT}, or ${SHARE}`],
    ["failed<0.5", `for failed use ${COUNT}, or ${SHARE}`],
    ["failed<1%%", `for failed use ${COUNT}, or ${SHARE}`],
    ["failed<1toString", `for failed use ${COUNT}, or ${SHARE}`],
    ["requests>5%", `for requests use ${COUNT}`],
    ["seconds<60", "for seconds use a duration with its unit (ms, s, m, h), like 90s"],
    ["rate>1000ms", "for rate use a number a second, like 1000, 1000/s or 60k/m"],
    ["bytes<5%", "for bytes use a size, like 500, 10k or 64M"],
    ["errors.slow<5", `use a kind of errors: ${ERROR_KINDS.join(", ")}, as in errors.timeout<5`],
    ["errors.toString<5", "use a kind of errors: dns"],
    ["status.6<5", "use a status, like status.503 or status.5xx"],
    ["status.0xx<5", "use a status, like status.503 or status.5xx"],
    ["status.5xx.5<5", "use a status, like status.503 or status.5xx"],
  ]
) {
  Deno.test(`parseThreshold() rejects ${JSON.stringify(text.slice(0, 30))}`, () => {
    const error = assertThrows(() => parseThreshold(text), UsageError);
    assertStringIncludes(error.message, `Cannot read '--threshold ${text}': `);
    assertStringIncludes(error.message, message);
  });
}

for (
  const [operator, below, equal, above] of [
    ["<", true, false, false],
    ["<=", true, true, false],
    [">", false, false, true],
    [">=", false, true, true],
  ]
) {
  Deno.test(`Threshold.holds() compares the bound itself with '${operator}'`, () => {
    const threshold = parseThreshold(`p99${operator}412ms`);
    const at = (p99: number): boolean =>
      threshold.holds({ ...FIGURES, latency: { ...FIGURES.latency, p99 } });
    assertEquals([at(411.999), at(412), at(412.001)], [below, equal, above]);
  });
}

Deno.test("Threshold.holds() compares shares without rounding errors", () => {
  for (let of = 1; of <= 1_000; of++) {
    // 7 / 100 * 100 is 7.000000000000001.
    const figures = { ...FIGURES, requests: 1_000, failed: of };
    const text = (of / 10).toString();
    assert(parseThreshold(`failed<=${text}%`).holds(figures), text);
    assert(parseThreshold(`failed>=${text}%`).holds(figures), text);
  }
});

Deno.test("Threshold.holds() compares latencies without rounding errors", () => {
  for (let micros = 1; micros < 5_000; micros++) {
    const figures = { ...FIGURES, latency: { ...FIGURES.latency, p99: micros / 1_000 } };
    for (const text of [`${micros}us`, `${micros / 1_000}ms`, `${(micros / 1e6).toFixed(6)}s`]) {
      assert(parseThreshold(`p99<=${text}`).holds(figures), text);
      assert(parseThreshold(`p99>=${text}`).holds(figures), text);
    }
  }
});

Deno.test("Threshold.holds() compares exactly: 1 of 100 million is more than 0", () => {
  const figures = { ...FIGURES, requests: 1e8, failed: 1 };
  assert(!parseThreshold("failed<=0%").holds(figures));
  assertEquals(parseThreshold("failed<=0%").value(figures), 1e-6);
});

Deno.test("Threshold.holds() is false when nothing was measured", () => {
  for (
    const text of [
      "p99<500ms",
      "p99>0us",
      "p98>0us",
      "min>0us",
      "failed<1%",
      "succeeded>=0%",
      "late<1%",
    ]
  ) {
    const threshold = parseThreshold(text);
    assertEquals(threshold.value(NOTHING), null);
    assertEquals([threshold.holds(NOTHING), threshold.isLost(NOTHING)], [false, false], text);
  }
  for (const text of ["failed<1", "requests<=0", "rate<1", "bytes<1", "errors.dns<1"]) {
    assert(parseThreshold(text).holds(NOTHING), text);
  }
  // There were requests, but no answer.
  const unanswered = { ...NOTHING, requests: 5, failed: 5 };
  assert(!parseThreshold("p99<500ms").holds(unanswered));
  assertEquals(parseThreshold("failed<1%").value(unanswered), 100);
});

// When a run is hopeless: all of these do not hold.

const LATENCIES = new Histogram();
LATENCIES.record(5);

const EARLY = {
  ...FIGURES,
  histogram: LATENCIES,
  requests: 50,
  succeeded: 40,
  failed: 10,
  seconds: 1,
};
const SLOW = { ...EARLY, requests: 120, succeeded: 110, seconds: 10 };
const QUICK = { ...EARLY, requests: 1_000, succeeded: 1_000 };

for (
  const [text, early, slow, quick] of [
    // What only grows does not come back.
    ["failed<10", true, true, true],
    ["errors.timeout<=8", true, true, true],
    ["status.5xx<80", true, true, true],
    ["retries<=39", true, true, true],
    ["late<100", true, true, true],
    ["requests<=10", true, true, true],
    ["seconds<1s", true, true, true],
    ["bytes<1M", true, true, true],
    ["peak_rss<1M", true, true, true],
    ["cpu<1s", true, true, true],
    ["max<1s", true, true, true],
    ["min>1ms", true, true, true],
    // What may still come.
    ["succeeded>1M", false, false, false],
    ["requests>=1M", false, false, false],
    ["bytes>1G", false, false, false],
    ["seconds>1h", false, false, false],
    ["max>1m", false, false, false],
    ["min<1us", false, false, false],
    ["rate>1000", false, false, false],
    ["rate<10", false, false, false],
    // What is to be believed after a while.
    ["failed<=0%", false, true, true],
    ["succeeded>100%", false, true, true],
    ["status.2xx<1%", false, true, true],
    ["mean<1ms", false, true, true],
    ["p50>1s", false, true, true],
    ["p99<400ms", false, true, true],
    ["stddev<1ms", false, true, true],
    ["p999<400ms", false, false, false],
    ["p9999<400ms", false, false, false],
    ["p98<4us", false, true, true],
    ["p99.95<4us", false, false, false],
    ["p0.1<4us", false, false, false],
    ["p100<4us", true, true, true],
  ] as const
) {
  Deno.test(`Threshold.isLost() is true when '${text}' can no longer hold`, () => {
    const threshold = parseThreshold(text);
    const all = [EARLY, SLOW, QUICK];
    assertEquals(all.map((figures) => threshold.holds(figures)), [false, false, false]);
    assertEquals(all.map((figures) => threshold.isLost(figures)), [early, slow, quick]);
  });
}

Deno.test("Threshold.isLost() waits for more responses at higher percentiles", () => {
  const lost = (text: string, succeeded: number): boolean =>
    parseThreshold(text).isLost({ ...EARLY, requests: succeeded, succeeded });
  assertEquals([lost("p99<1ms", 999), lost("p99<1ms", 1_000)], [false, true]);
  assertEquals([lost("p999<1ms", 9_999), lost("p999<1ms", 10_000)], [false, true]);
  assertEquals([lost("p9999<1ms", 99_999), lost("p9999<1ms", 100_000)], [false, true]);
  assertEquals([lost("p99.95<4us", 19_999), lost("p99.95<4us", 20_000)], [false, true]);
});

Deno.test("Threshold.isLost() counts responses for a latency, requests for a share", () => {
  const figures = { ...FIGURES, requests: 5_000, succeeded: 20, failed: 4_980, seconds: 60 };
  assertEquals(parseThreshold("p99<1ms").isLost(figures), false);
  assertEquals(parseThreshold("failed<1%").isLost(figures), true);
});

Deno.test("Threshold.isLost() is false while the threshold holds", () => {
  for (const text of ["failed<15", "failed<1%", "p99<500ms", "max<3s", "min>1us"]) {
    assert(!parseThreshold(text).isLost(FIGURES), text);
  }
});

for (
  const [text, figures, reached] of [
    ["p99<500ms", {}, "412 ms"],
    ["failed<1%", {}, "0.7 %"],
    ["failed<10", {}, "14"],
    ["requests>=10k", { requests: 12_345 }, "12,345"],
    ["rate>1000", {}, "500/s"],
    ["seconds<1m", {}, "4.00 s"],
    ["bytes<1M", {}, "3.15 MB"],
    ["peak_rss<1M", {}, "62.9 MB"],
    ["cpu<1s", {}, "1.50 s"],
    ["p99<1s", { succeeded: 0 }, "nothing was measured"],
    // In full where it would read as the bound, and contradict what came of it.
    ["p99<=412ms", { latency: { ...FIGURES.latency, p99: 412.003 } }, "412.003 ms"],
    ["p99<412ms", {}, "412 ms"],
    ["failed<=1%", { requests: 100_000, failed: 1_001 }, "1.001 %"],
    ["rate>=1000", { rate: 999.75 }, "999.75/s"],
    ["bytes<=3M", { bytes: 3_145_729 }, "3145729 bytes"],
  ] as [string, Partial<Statistics>, string][]
) {
  Deno.test(`formatReached() agrees with the verdict of '${text}' at ${reached}`, () => {
    const verdict = parseThreshold(text).verdict({ ...FIGURES, ...figures });
    assertEquals(formatReached(verdict), reached);
  });
}
