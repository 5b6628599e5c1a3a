import { assertEquals } from "@std/assert";
import { DelayQueue } from "../../lib/schedule/delay_queue.ts";

Deno.test("DelayQueue.pop() gives items when they are due, the earliest first", () => {
  const queue = new DelayQueue<string>();
  assertEquals([queue.length, queue.firstAtMs, queue.pop(1_000)], [0, Infinity, undefined]);
  for (const [item, atMs] of [["b", 20], ["a", 10], ["c", 30]] as const) queue.add(item, atMs);
  assertEquals([queue.length, queue.firstAtMs, queue.pop(9)], [3, 10, undefined]);
  assertEquals([queue.pop(20), queue.pop(20), queue.pop(20)], ["a", "b", undefined]);
  assertEquals([queue.length, queue.firstAtMs], [1, 30]);
});

Deno.test("DelayQueue.hasten() makes chosen items due now, and none later", () => {
  const queue = new DelayQueue<string>();
  for (const [item, atMs] of [["early", 5], ["meant", 50], ["other", 60]] as const) {
    queue.add(item, atMs);
  }
  queue.hasten((item) => item !== "other", 10);
  assertEquals([queue.length, queue.firstAtMs], [3, 5]);
  assertEquals([queue.pop(10), queue.pop(10), queue.pop(59)], ["early", "meant", undefined]);
  assertEquals(queue.pop(60), "other");
});
