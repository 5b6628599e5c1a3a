import { assert, assertEquals } from "@std/assert";
import { countDone, DoneSet, isDoneSetState, REACH } from "../../lib/checkpoint/done_set.ts";

Deno.test("DoneSet holds what was added in any order, and so does its copy", () => {
  // A known disorder, through the end of the ring and around it.
  const start = REACH - 1_000;
  let set = DoneSet.from({ low: start, above: "" });
  const numbers = Array.from({ length: 3_000 }, (_, k) => start + k);
  let state = 7;
  const random = (below: number): number => (state = state * 48_271 % 0x7fffffff) % below;
  for (let k = 0; k < numbers.length; k++) {
    // Swapped with one of the next 200.
    const other = Math.min(numbers.length - 1, k + random(200));
    [numbers[k], numbers[other]] = [numbers[other], numbers[k]];
  }
  const done = new Set<number>();
  for (const [k, number] of numbers.entries()) {
    assert(set.reaches(number));
    set.add(number);
    done.add(number);
    if (k % 61 === 0) set = DoneSet.from(JSON.parse(JSON.stringify(set)));
    if (k % 13 !== 0) continue;
    let low = start;
    while (done.has(low)) low++;
    assertEquals(set.low, low);
    for (let n = start - 5; n < start + 3_010; n++) {
      assertEquals(set.has(n), n < start || done.has(n), `${n} after ${k}`);
    }
  }
  assertEquals(set.toJSON(), { low: start + 3_000, above: "" });
});

Deno.test("DoneSet reaches as far as its bitmap while one number is never done", () => {
  for (const low of [0, 5, 8, 1_000_003]) {
    const set = DoneSet.from({ low, above: "" });
    assert(set.reaches(low + REACH - 1));
    assert(!set.reaches(low + REACH));
    for (let n = low + 1; n < low + REACH; n++) set.add(n);
    assertEquals([set.low, set.has(low), set.has(low + REACH - 1)], [low, false, true]);
    const copy = DoneSet.from(set.toJSON());
    assertEquals(copy.toJSON(), set.toJSON());
    copy.add(low);
    assertEquals(copy.low, low + REACH);
    assert(copy.reaches(low + REACH) && !copy.has(low + REACH));
  }
});

Deno.test("DoneSet.from() takes no numbers that cannot be told apart", () => {
  const low = Number.MAX_SAFE_INTEGER;
  const set = DoneSet.from({ low, above: new Uint8Array([0xff, 0xff]).toBase64() });
  assertEquals(set.toJSON(), { low, above: "" });
  const last = DoneSet.from({ low: low - 3, above: new Uint8Array([0xff, 0xff]).toBase64() });
  assertEquals(countDone(last.toJSON()), low - 1);
});

Deno.test("isDoneSetState() is true for a set only", () => {
  for (const low of [0, 7, Number.MAX_SAFE_INTEGER]) {
    assert(isDoneSetState({ low, above: "" }));
    assert(isDoneSetState({ low, above: new Uint8Array(512 * 1024).toBase64() }));
  }
  for (
    const value of [
      undefined,
      null,
      [],
      {},
      { low: 0 },
      { above: "" },
      { low: -1, above: "" },
      { low: 1.5, above: "" },
      { low: "0", above: "" },
      { low: 0, above: 0 },
      { low: 0, above: "%%%" },
      { low: 0, above: "A" },
      { low: 0, above: new Uint8Array(512 * 1024 + 1).toBase64() },
    ]
  ) assert(!isDoneSetState(value), JSON.stringify(value)?.slice(0, 100));
});

Deno.test("countDone() counts below and above the low-water mark", () => {
  const set = new DoneSet();
  const all = [0, 1, 2, 4, 9, 17, 1_000];
  for (const [k, number] of all.entries()) {
    set.add(number);
    assertEquals(countDone(set.toJSON()), k + 1);
  }
  assertEquals(countDone(DoneSet.from(set.toJSON()).toJSON()), all.length);
});

Deno.test("DoneSet has bits for the last numbers that there are", () => {
  const last = Number.MAX_SAFE_INTEGER;
  const set = DoneSet.from({ low: last - 100, above: "" });
  for (let number = last - 99; number < last; number += 2) set.add(number);
  const copy = DoneSet.from(set.toJSON());
  for (let number = last - 110; number <= last; number++) {
    const isDone = number < last - 100 || (number < last && (last - number) % 2 === 1);
    assertEquals([set.has(number), copy.has(number)], [isDone, isDone], `${last - number}`);
  }
});
