import { assertEquals } from "@std/assert";
import { CommonState, createCommonMemory } from "../../lib/schedule/common_state.ts";

const COUNT = 3;

function states(): CommonState[] {
  const memory = createCommonMemory(COUNT);
  return Array.from(
    { length: COUNT },
    (_, index) => new CommonState({ memory, index, count: COUNT }),
  );
}

Deno.test("CommonState gives each slot once, whatever several threads claim and return", async () => {
  const memory = createCommonMemory(COUNT);
  const slots = 20_000;
  const workers: Worker[] = [];
  const used = await Promise.all(
    Array.from({ length: COUNT }, (_, index) => {
      const url = new URL("../fixtures/slot_worker.ts", import.meta.url);
      const worker = new Worker(url, { type: "module" });
      workers.push(worker);
      worker.postMessage({ memory, index, count: COUNT, slots });
      return new Promise<number[]>((resolve) => worker.onmessage = ({ data }) => resolve(data));
    }),
  );
  for (const worker of workers) worker.terminate();
  const all = used.flat().sort((a, b) => a - b);
  assertEquals(all.length, COUNT * slots);
  // None is left out either.
  assertEquals(all.findIndex((slot, k) => slot !== k), -1);
  assertEquals(new CommonState({ memory, index: 0, count: COUNT }).claimed, 0);
});

Deno.test("CommonState gives a returned slot first, and in exchange for a later one", () => {
  const [a] = states();
  const claim = () => a.claimSlot();
  assertEquals([claim(), claim(), claim()], [0, 1, 2]);
  assertEquals([a.returnSlot(0), a.claimed], [true, 2]);
  assertEquals(a.exchangeSlot(2), 0);
  assertEquals(a.exchangeSlot(1), 1);
  assertEquals([claim(), claim()], [2, 3]);
  // The last ones are as though nobody had claimed them.
  assertEquals([a.returnSlot(2), a.returnSlot(3)], [true, false]);
  assertEquals(claim(), 2);
});

Deno.test("CommonState counts first failures only while they are at one place", () => {
  const [a, b] = states();
  assertEquals([a.countUnreachable("host"), b.countUnreachable("host")], [1, 2]);
  assertEquals([a.countUnreachable("other"), b.isReached], [undefined, true]);
});

Deno.test("CommonState is stuck when all have ended or wait, and one of them waits", () => {
  for (const [ends, isStuck] of [[0, false], [2, true], [3, false]] as const) {
    const [a, b, c] = states();
    [a, b, c].slice(0, ends).forEach((it) => it.recordEnd());
    if (ends < 3) c.recordStuck();
    assertEquals(b.isStuck, isStuck);
  }
});

Deno.test("CommonState knows the last hope of all, and 20 notices", () => {
  const [a, b, c] = states();
  assertEquals(a.lastHopeMs, -Infinity);
  a.recordHope(7);
  b.recordHope(9);
  a.recordHope(8);
  assertEquals(c.lastHopeMs, 9);
  assertEquals(
    Array.from({ length: 25 }, (_, k) => [a, b, c][k % 3].countNotice()).filter(Boolean).length,
    20,
  );
});
