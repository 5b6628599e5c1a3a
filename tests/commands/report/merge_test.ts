import { assertEquals } from "@std/assert";
import { readSchemas } from "../../../docs/generate.ts";
import { mergeSummaries } from "../../../lib/commands/report/merge.ts";
import { PhaseTimes } from "../../../lib/stats/phase_times.ts";
import { type Moment, Stats } from "../../../lib/stats/stats.ts";

Deno.test("mergeSummaries() adds unsent requests when each part tells them", () => {
  const part = { requests: 10, succeeded: 4, failed: 6, skipped: 5 };
  assertEquals(mergeSummaries([part, part]).skipped, 10);
  assertEquals(mergeSummaries([part, { ...part, skipped: undefined }]).skipped, undefined);
});

Deno.test("mergeSummaries() joins engines and transports as a run joins them", async () => {
  const part = (engine: string, transport: string) => ({
    ...{ requests: 1, succeeded: 1, failed: 0 },
    ...{ engine, transport },
  });
  const { properties } = (await readSchemas()).summary;
  const join = (...parts: readonly (readonly [engine: string, transport: string])[]) => {
    const { engine, transport } = mergeSummaries(parts.map((names) => part(...names)));
    const isListed = new RegExp(properties!.engine.pattern!).test(engine!) &&
      properties!.transport.enum!.includes(transport);
    return isListed ? [engine, transport] : undefined;
  };
  const both = ["http1+http2", "native+portable"] as const;
  assertEquals(join(["http2", "portable"], ["http1", "native"]), [...both]);
  assertEquals(join(both, ["http1", "native"]), [...both]);
  assertEquals(join(["http2", "native"], ["http2", "native"]), ["http2", "native"]);
  assertEquals(join(both, ["fetch", "portable"]), ["fetch+http1+http2", "native+portable"]);
});

Deno.test("mergeSummaries() adds threads, which older summaries do not tell", () => {
  const part = { requests: 1, succeeded: 1, failed: 0 };
  assertEquals(mergeSummaries([{ ...part, threads: 2 }, { ...part, threads: 3 }]).threads, 5);
  assertEquals(mergeSummaries([{ ...part, threads: 2 }, part]).threads, undefined);
});

Deno.test("mergeSummaries() measures from the first start to the last end", () => {
  const part = (started: string, seconds: number) => ({
    requests: 100,
    succeeded: 100,
    failed: 0,
    seconds,
    started: `2026-01-01T00:00:${started}Z`,
  });
  const { seconds, rate, started } = mergeSummaries([part("10.000", 5), part("08.000", 4)]);
  assertEquals([seconds, rate, started], [7, 28.571, "2026-01-01T00:00:08.000Z"]);
  const { seconds: unknown } = mergeSummaries([part("10.000", 5), {
    ...part("08.000", 4),
    started: null,
  }]);
  assertEquals(unknown, undefined);
});

Deno.test("mergeSummaries() merges the program's own lateness when each part has it", () => {
  const part = (...ms: number[]) => {
    const stats = new Stats();
    for (const late of ms) stats.recordStart(late);
    const { ownLateHistogram } = stats.snapshot({} as Moment);
    return {
      ...{ requests: ms.length, succeeded: ms.length, failed: 0 },
      own_late_histogram: ownLateHistogram?.toJSON() ?? null,
    };
  };
  const merged = mergeSummaries([part(0, 0, 0.01), part(0.02, 4)]);
  assertEquals(merged.own_late_ms, { mean: 0.806, p50: 0.01, p99: 4, max: 4 });
  assertEquals(mergeSummaries([merged, part(9)]).own_late_ms?.max, 9);
  // One part had no rate.
  const { own_late_ms, own_late_histogram } = mergeSummaries([merged, part()]);
  assertEquals([own_late_ms, own_late_histogram], [undefined, undefined]);
});

Deno.test("mergeSummaries() merges phases exactly, if each part has them", () => {
  const part = (...ms: number[]) => {
    const times = new PhaseTimes();
    for (const each of ms) times.recordPhase("ttfb", each);
    if (ms.length > 2) times.recordPhase("dns", 1);
    return { requests: 1, succeeded: 1, failed: 0, phase_histograms: times.toJSON() };
  };
  const { phases_ms, phase_histograms } = mergeSummaries([part(1, 2), part(3, 4, 5)]);
  assertEquals(phases_ms, {
    dns: { count: 1, mean: 1, p50: 1, p90: 1, p95: 1, p99: 1, max: 1 },
    connect: null,
    tls: null,
    ttfb: { count: 5, mean: 3, p50: 3.007, p90: 5, p95: 5, p99: 5, max: 5 },
  });
  assertEquals(phase_histograms, part(1, 2, 3, 4, 5).phase_histograms);
  const older = mergeSummaries([part(1), { requests: 1, succeeded: 1, failed: 0 }]);
  assertEquals([older.phases_ms, older.phase_histograms], [undefined, undefined]);
});

Deno.test("mergeSummaries() has hosts and slow responses only if each part has them", () => {
  const part = { requests: 1, succeeded: 1, failed: 0 };
  const at = "2026-01-01T00:00:00.000Z";
  const slowest = [{ i: 0, url: "http://h/", status: 200, ms: 2, at }];
  const hosts = [{ host: "h", requests: 1, failed: 0, mean_ms: 2, max_ms: 2 }];
  const merged = mergeSummaries([{ ...part, slowest, hosts }, { ...part, slowest, hosts }]);
  assertEquals(merged.slowest, [...slowest, ...slowest]);
  assertEquals(merged.hosts, [{ ...hosts[0], requests: 2 }]);
  const without = mergeSummaries([{ ...part, slowest, hosts }, { ...part, slowest: null }]);
  assertEquals([without.slowest, without.hosts], [undefined, undefined]);
});

Deno.test("mergeSummaries() adds what several runs on machines had, without a common digest", () => {
  const part = { requests: 1, succeeded: 1, failed: 0 };
  const cluster = { run: "a", workers: 2, slices: 5, redone: 1, records: 9, parts_sha256: "0" };
  const merge = (...clusters: (typeof cluster | null)[]) =>
    mergeSummaries(clusters.map((cluster) => ({ ...part, cluster }))).cluster;
  assertEquals(merge(cluster, null, { ...cluster, slices: 7 }), {
    ...{ run: null, workers: 4, slices: 12, redone: 2, records: 18, parts_sha256: null },
  });
  assertEquals(merge(null, null), undefined);
});
