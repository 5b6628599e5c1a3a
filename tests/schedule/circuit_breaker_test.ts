import { assertEquals } from "@std/assert";
import { CircuitBreaker } from "../../lib/schedule/circuit_breaker.ts";

Deno.test("CircuitBreaker opens at its threshold of failures without a success between them", () => {
  const breaker = new CircuitBreaker(2);
  assertEquals(breaker.end("a", true, 0), undefined);
  assertEquals(breaker.end("b", false, 0), undefined);
  assertEquals(breaker.end("c", true, 0), undefined);
  assertEquals(breaker.isOpen, false);
  assertEquals(breaker.end("d", true, 500), "opened");
  assertEquals([breaker.isOpen, breaker.probeAtMs, breaker.failures], [true, 1_500, 2]);
});

Deno.test("CircuitBreaker has one probe at a time, and waits twice as long after each", () => {
  const breaker = new CircuitBreaker(1);
  breaker.end("first", true, 0);
  const waits: number[] = [];
  for (let k = 0; k < 8; k++) {
    const nowMs = breaker.probeAtMs;
    breaker.begin(k);
    assertEquals([breaker.isHalfOpen, breaker.isProbe(k), breaker.isProbe("x")], [
      true,
      true,
      false,
    ]);
    assertEquals(breaker.end(k, true, nowMs), undefined);
    assertEquals(breaker.isHalfOpen, false);
    waits.push((breaker.probeAtMs - nowMs) / 1_000);
  }
  assertEquals(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
  breaker.hasten(1_000_000);
  assertEquals(breaker.probeAtMs, 1_001_000);
});

Deno.test("CircuitBreaker closes at any success", () => {
  for (const success of ["probe", "started before"]) {
    const breaker = new CircuitBreaker(1);
    breaker.end("first", true, 0);
    breaker.begin("probe");
    assertEquals(breaker.end(success, false, 10), "closed");
    assertEquals([breaker.isOpen, breaker.isHalfOpen, breaker.failures], [false, false, 0]);
  }
});

Deno.test("CircuitBreaker keeps its wait when an earlier request fails, or the probe tells nothing", () => {
  const breaker = new CircuitBreaker(1);
  breaker.end("first", true, 0);
  breaker.begin("probe");
  assertEquals(breaker.end("started before", true, 100), undefined);
  assertEquals([breaker.probeAtMs, breaker.isHalfOpen], [1_000, true]);
  assertEquals(breaker.end("probe", undefined, 100), undefined);
  assertEquals([breaker.probeAtMs, breaker.isHalfOpen, breaker.isOpen], [1_000, false, true]);
});

Deno.test("CircuitBreaker.begin() takes no probe when it is closed", () => {
  const breaker = new CircuitBreaker(1);
  breaker.begin("start");
  assertEquals([breaker.isHalfOpen, breaker.isProbe("start")], [false, false]);
  breaker.hasten(10);
  assertEquals(breaker.isOpen, false);
});
