import { assertEquals } from "@std/assert";
import { DelayQueue } from "../../lib/schedule/delay_queue.ts";

Deno.test("DelayQueue.take() gives items when they are due, the earliest first", () => {
  const queue = new DelayQueue<string>();
  assertEquals([queue.length, queue.firstAtMs, queue.take(1_000)], [0, Infinity, undefined]);
  for (const [item, atMs] of [["b", 20], ["a", 10], ["c", 30]] as const) queue.add(item, atMs);
  assertEquals([queue.length, queue.firstAtMs, queue.take(9)], [3, 10, undefined]);
  assertEquals([queue.take(20), queue.take(20), queue.take(20)], ["a", "b", undefined]);
  assertEquals([queue.length, queue.firstAtMs], [1, 30]);
});

Deno.test("DelayQueue.hasten() makes chosen items due now, and none later", () => {
  const queue = new DelayQueue<string>();
  for (const [item, atMs] of [["early", 5], ["meant", 50], ["other", 60]] as const) {
    queue.add(item, atMs);
  }
  queue.hasten((item) => item !== "other", 10);
  assertEquals([queue.length, queue.firstAtMs], [3, 5]);
  assertEquals([queue.take(10), queue.take(10), queue.take(59)], ["early", "meant", undefined]);
  assertEquals(queue.take(60), "other");
});
