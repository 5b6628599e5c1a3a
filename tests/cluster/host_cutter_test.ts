import { assert, assertEquals } from "@std/assert";
import { HostCutter, MAX_GROUPS } from "../../lib/cluster/host_cutter.ts";
import { listNumbers } from "../../lib/cluster/number_runs.ts";
import type { Cut } from "../../lib/cluster/slice_builder.ts";
import type { Item } from "../../lib/source/item.ts";
import { target } from "../fixtures/target.ts";

/** A cutter of records that are hosts. */
function open(length: number, delayMs = 0, hasOneHost = false): HostCutter {
  const make = ({ i, record }: Item) => target(`http://${record}/`, { i });
  const cutter = new HostCutter({
    make: hasOneHost ? undefined : make,
    delayMs,
    step: 1,
    hasRecords: true,
  });
  cutter.length = length;
  return cutter;
}

const numbers = ({ runs }: Cut): number[] => [...listNumbers(runs, 1)];

Deno.test("HostCutter cuts slices by host, and lets out one of a group at a time", () => {
  const cutter = open(2);
  const hosts = ["a", "b", "a", "a", "b", "a", "c"];
  hosts.forEach((record, i) => cutter.add({ i, record, line: i + 1, input: 0 }));
  assertEquals(cutter.count, 7);
  const first = [cutter.take(false, 0)!, cutter.take(false, 0)!];
  assertEquals(first.map(numbers), [[0, 2], [1, 4]]);
  assertEquals(first[0].records, { texts: ["a", "a"], lines: [1, 3], overlong: [], inputs: [] });
  // The next of the first host waits for the one before; that of the third is not whole.
  assertEquals(cutter.take(false, 0), undefined);
  cutter.release(first[0].group!, 5);
  assertEquals(numbers(cutter.take(false, 5)!), [3, 5]);
  assertEquals(cutter.take(false, 5), undefined);
  assertEquals(numbers(cutter.take(true, 5)!), [6]);
  assertEquals([cutter.take(true, 5), cutter.count], [undefined, 0]);
});

Deno.test("HostCutter waits for the time between two starts at a host", () => {
  const cutter = open(1, 1_000);
  for (const i of [0, 1]) cutter.add({ i, record: "a", line: i + 1, input: 0 });
  const { group } = cutter.take(false, 0)!;
  cutter.release(group!, 500);
  assertEquals([cutter.take(true, 1_499), cutter.readyAtMs], [undefined, 1_500]);
  assertEquals(numbers(cutter.take(false, 1_500)!), [1]);
  assertEquals(cutter.readyAtMs, Infinity);
});

Deno.test("HostCutter has one group for one host", () => {
  const cutter = open(2, 0, true);
  for (let i = 0; i < 4; i++) cutter.add({ i, record: "", line: i + 1, input: 0 });
  const cut = cutter.take(true, 0)!;
  assertEquals([numbers(cut), cut.group, cutter.take(true, 0)], [[0, 1], 0, undefined]);
});

Deno.test("HostCutter lets each number out once, with all of a host in one group", () => {
  const cutter = open(7);
  const groups = new Map<string, number>();
  const seen: number[] = [];
  const out: Cut[] = [];
  const note = (cut: Cut): void => {
    assert(!out.some(({ group }) => group === cut.group));
    out.push(cut);
    const { texts } = cut.records!;
    numbers(cut).forEach((i, k) => {
      seen.push(i);
      assertEquals(groups.get(texts[k]) ?? cut.group, cut.group);
      groups.set(texts[k], cut.group!);
    });
    if (out.length > 50) cutter.release(out.shift()!.group!, 0);
  };
  for (let i = 0; i < 5_000; i++) {
    cutter.add({ i, record: `host${i * 7919 % 300}`, line: i, input: 0 });
    for (let cut; (cut = cutter.take(false, 0)) !== undefined;) note(cut);
  }
  while (cutter.count > 0) {
    const cut = cutter.take(true, 0);
    if (cut !== undefined) note(cut);
    else cutter.release(out.shift()!.group!, 0);
  }
  assertEquals(seen.toSorted((a, b) => a - b), Array.from({ length: 5_000 }, (_, i) => i));
  assertEquals(new Set(groups.values()).size, MAX_GROUPS);
});

Deno.test("HostCutter is full once what waits takes 16 MiB", () => {
  const cutter = open(1_000);
  const record = "x".repeat(1 << 20);
  let i = 0;
  for (; !cutter.isFull; i++) cutter.add({ i, record, line: i + 1, input: 0 });
  assertEquals(i, 16);
  while (cutter.isFull) {
    const cut = cutter.take(true, 0)!;
    cutter.release(cut.group!, 0);
  }
  assertEquals(cutter.count < 16, true);
});
