import { assert, assertEquals } from "@std/assert";
import { StopGate } from "../../lib/schedule/stop_gate.ts";
import type { Source } from "../../lib/stream.ts";

const DONE = { value: undefined, done: true };

function numbers(length = Infinity): Source<number> & { asked: number; returned: number } {
  let i = 0;
  return {
    asked: 0,
    returned: 0,
    next() {
      this.asked++;
      return i < length ? { value: i++, done: false } : { value: undefined, done: true };
    },
    return() {
      this.returned++;
    },
  };
}

Deno.test("StopGate passes on the source's items, and does not ask after its end", () => {
  const source = numbers(2);
  const gate = new StopGate(source);
  assertEquals(gate.next(), { value: 0, done: false });
  assertEquals(gate.next(), { value: 1, done: false });
  assertEquals([gate.next(), gate.next()], [DONE, DONE]);
  assertEquals(source.asked, 3);
});

Deno.test("StopGate is shut after stop(), or after its source's end", () => {
  const gates = [new StopGate(numbers(0)), new StopGate(numbers())];
  assertEquals(gates.map((gate) => gate.isShut), [false, false]);
  gates[0].next();
  gates[1].stop();
  assertEquals(gates.map((gate) => gate.isShut), [true, true]);
});

Deno.test("StopGate lets nothing through after stop()", async () => {
  const source = numbers();
  const gate = new StopGate(source);
  gate.next();
  gate.stop();
  assertEquals(gate.next(), DONE);
  assertEquals(source.asked, 1);
  await gate.return();
  assertEquals(source.returned, 1);
});

Deno.test("StopGate.stop() settles a waiting next()", async () => {
  const { promise, resolve } = Promise.withResolvers<IteratorResult<number>>();
  const gate = new StopGate<number>({ next: () => promise });
  const next = gate.next();
  gate.stop();
  assertEquals(await next, DONE);
  // What comes later than that is not asked for any more.
  resolve({ value: 1, done: false });
  await promise;
  assertEquals([gate.isShut, gate.next()], [true, DONE]);
});

Deno.test("StopGate shuts when the time is up", async () => {
  const gate = new StopGate<number>({ next: () => new Promise(() => {}) }, 20);
  assertEquals(await gate.next(), DONE);
  assertEquals(gate.next(), DONE);
});

Deno.test("StopGate accepts a time longer than a timer's", () => {
  const gate = new StopGate(numbers(), 1e11);
  assertEquals(gate.next(), { value: 0, done: false });
  gate.stop();
});

Deno.test("StopGate leaves no timer when the source ends first", () => {
  const gate = new StopGate(numbers(0), 60_000);
  assertEquals(gate.next(), { value: undefined, done: true });
});

Deno.test("StopGate ends when the source throws, and keeps the error", async () => {
  const failure = new Error("broke off");
  for (
    const next of [() => Promise.reject(failure), () => {
      throw failure;
    }]
  ) {
    const gate = new StopGate<number>({ next });
    assertEquals(await gate.next(), DONE);
    assert(gate.failure === failure);
    assertEquals(gate.next(), DONE);
  }
});
