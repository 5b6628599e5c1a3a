import { assertEquals } from "@std/assert";
import { isPackedStats, packStats, unpackStats } from "../../lib/stats/packed_stats.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { moment } from "../fixtures/moment.ts";
import { result } from "../fixtures/result.ts";

function record(stats: Stats): void {
  for (let i = 0; i < 300; i++) {
    stats.record(result({ ms: i, ttfbMs: i / 2, status: i % 7 === 0 ? 404 : 200 }));
  }
  stats.record(result({ status: null, error: "refused", detail: "nobody there" }));
  stats.recordStart(1.5);
  stats.recordLateStart(3);
  stats.recordRetry("503", result({ ms: 2 }));
}

for (const options of [{ details: false }, { details: true }, { top: 300 }]) {
  Deno.test(`unpackStats() gives JSON that adds up to the same with ${JSON.stringify(options)}`, () => {
    const [direct, sent, sum] = [1, 2, 3].map(() => new Stats(options));
    record(direct);
    record(sent);
    const packed = JSON.parse(JSON.stringify(packStats(sent)));
    assertEquals([isPackedStats(packed), "top" in packed], [true, false]);
    sum.add(unpackStats(packed));
    assertEquals(sum.snapshot(moment()), direct.snapshot(moment()));
    assertEquals(sent.requests, 0);
  });
}

Deno.test("isPackedStats() refuses what packStats() does not give", () => {
  const stats = new Stats({ details: true });
  record(stats);
  const good = packStats(stats);
  const { details } = good;
  const [host] = details!.hosts;
  const [slow] = details!.slowest;
  const [message] = details!.messages;
  const withDetails = (change: object): object => ({ ...good, details: { ...details, ...change } });
  const wrong: readonly unknown[] = [
    null,
    [],
    { ...good, requests: 1.5 },
    { ...good, failed: good.requests + 1 },
    { ...good, latency: null },
    { ...good, phases: null },
    { ...good, phases: { other: good.phases.ttfb } },
    { ...good, details: 1 },
    withDetails({ hosts: new Array(1_002).fill(host) }),
    withDetails({ hosts: [{ ...host, requests: -1 }] }),
    withDetails({ hosts: [{ ...host, host: "x".repeat(2_000) }] }),
    withDetails({ slowest: new Array(1_001).fill(slow) }),
    withDetails({ slowest: [{ ...slow, url: null }] }),
    withDetails({ messages: [{ ...message, kind: "other" }] }),
    withDetails({ messages: [{ ...message, examples: new Array(4).fill(message.examples[0]) }] }),
  ];
  for (const value of wrong) {
    assertEquals(isPackedStats(value === null ? null : JSON.parse(JSON.stringify(value))), false);
  }
});
