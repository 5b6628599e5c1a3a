import { assertEquals } from "@std/assert";
import { ConnectPriority, type Traffic } from "../../../lib/engine/sockets/connect_priority.ts";

/** Looks at traffic at given times, and tells whether requests had to wait then. */
function looks(rows: [atMs: number, traffic: Partial<Traffic>][]): { on: boolean[]; ends: number } {
  let traffic: Traffic = { connecting: 64, made: 0, busy: 1_000 };
  let ends = 0;
  const rightOfWay = new ConnectPriority(() => traffic, () => ends++);
  const on: boolean[] = [];
  for (const [atMs, now] of rows) {
    traffic = { ...traffic, ...now };
    rightOfWay.look(atMs);
    on.push(rightOfWay.isOn);
  }
  rightOfWay.close();
  return { on, ends };
}

Deno.test("ConnectPriority lets requests wait when no connection succeeds beside them", () => {
  assertEquals(looks([[40, {}], [50, {}]]), { on: [false, true], ends: 0 });
});

Deno.test("ConnectPriority lets no request wait when connections succeed or few requests are made", () => {
  assertEquals(looks([[60, { made: 1 }], [70, { made: 2 }], [80, { made: 3 }]]).on, [
    false,
    false,
    false,
  ]);
  assertEquals(looks([[60, { busy: 99 }], [1_000, {}]]).on, [false, false]);
});

Deno.test("ConnectPriority ends when it no longer helps, when all are made, and after 2 s", () => {
  const helps = looks([[50, {}], [90, { made: 20 }], [130, { made: 40 }], [170, {}], [180, {}]]);
  assertEquals(helps, { on: [true, true, true, true, false], ends: 1 });
  const all = looks([[50, {}], [60, { made: 20 }], [70, { made: 64, connecting: 0 }]]);
  assertEquals(all, { on: [true, true, false], ends: 1 });
  const rows = Array.from(
    { length: 300 },
    (_, k): [number, Partial<Traffic>] => [50 + k * 10, { made: k }],
  );
  const long = looks(rows);
  assertEquals([long.on.indexOf(false), long.ends], [200, 1]);
});

Deno.test("ConnectPriority comes less often when it helped little, at least every 5 s", () => {
  const { on } = looks(Array.from({ length: 4_000 }, (_, k) => [k * 10, {}]));
  const begins = on.flatMap((isOn, k) => isOn && !on[k - 1] ? [k * 10] : []);
  const pauses = begins.slice(1).map((atMs, k) => atMs - begins[k]);
  // Each goes on for 50 ms.
  assertEquals(pauses.slice(0, 8), [150, 250, 450, 850, 1650, 3250, 5050, 5050]);
});

Deno.test("ConnectPriority does not begin after the last connect has failed", () => {
  // Nothing would end it: it looks only while connections are being made.
  assertEquals(looks([[40, {}], [50, { connecting: 0 }]]), { on: [false, false], ends: 0 });
});
