import { assertEquals } from "@std/assert";
import {
  cutHosts,
  listHosts,
  listSlowest,
  mergeHosts,
  mergeSlowest,
  type SummaryHost,
  type SummarySlow,
  toHostFigures,
  toSlowRequest,
} from "../../lib/stats/top.ts";

const host = (name: string, requests: number, failed = 0, mean_ms = 1): SummaryHost => ({
  ...{ host: name, requests, failed, mean_ms, max_ms: mean_ms * 2 },
});
const slow = (i: number, ms: number): SummarySlow => ({ i, url: "/", status: 200, ms, at: null });
const times = (list: readonly SummarySlow[]): number[] => list.map(({ ms }) => ms);

Deno.test("cutHosts() puts the others together, also those that were cut before", () => {
  const hosts = [host("a", 1, 0, 3), host("others", 10, 4, 5), host("b", 7), host("c", 9)];
  assertEquals(cutHosts(hosts, 2), [
    host("c", 9),
    host("b", 7),
    { host: "others", requests: 11, failed: 4, mean_ms: 33 / 7, max_ms: 10 },
  ]);
  assertEquals(cutHosts(hosts.slice(2), 2), [host("c", 9), host("b", 7)]);
  assertEquals(cutHosts([], 2), []);
});

Deno.test("mergeHosts() adds hosts by name, and weighs means by responses", () => {
  const a = [host("x", 4, 1, 2), host("y", 1, 1, 0)];
  const b = [host("y", 3, 0, 6), host("x", 1, 0, 10)];
  assertEquals(mergeHosts([a, b]), [
    { host: "x", requests: 5, failed: 1, mean_ms: 4, max_ms: 20 },
    { host: "y", requests: 4, failed: 1, mean_ms: 6, max_ms: 12 },
  ]);
});

Deno.test("mergeHosts() gives nothing when a part does not tell all of its hosts", () => {
  assertEquals(mergeHosts([[host("x", 4)], [host("y", 3), host("others", 1)]]), undefined);
  assertEquals(mergeHosts(undefined), undefined);
});

Deno.test("mergeSlowest() leaves out what may not be among the slowest", () => {
  const [a, b] = [[slow(0, 9), slow(2, 5)], [slow(1, 8), slow(3, 7), slow(5, 1)]];
  const merge = (ofA: number, ofB: number): number[] =>
    times(mergeSlowest([{ list: a, responses: ofA }, { list: b, responses: ofB }]));
  assertEquals(merge(2, 3), [9, 8, 7, 5, 1]);
  // The first part may have another response of 4.
  assertEquals(merge(3, 3), [9, 8, 7, 5]);
  assertEquals(merge(3, 4), [9, 8, 7, 5]);
  assertEquals(times(mergeSlowest([{ list: a, responses: 2 }, { list: [], responses: 1 }])), []);
});

Deno.test("listHosts() and listSlowest() are read back as they were", () => {
  const hosts = [{ host: "h", requests: 5, failed: 1, meanMs: 2, maxMs: 3 }];
  assertEquals(listHosts(hosts, 1).map(toHostFigures), hosts);
  const slowest = [{ i: 5, url: "http://h/", status: 200, ms: 3, at: 1_000 }];
  assertEquals(listSlowest(slowest, 1).map(toSlowRequest), slowest);
  assertEquals(listSlowest([{ ...slowest[0], at: 1e16 }], 1)[0].at, null);
  assertEquals(toSlowRequest(slow(0, 1)).at, NaN);
});
