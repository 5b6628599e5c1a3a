import { assert, assertEquals } from "@std/assert";
import { SliceSource } from "../../lib/cluster/slice_source.ts";
import type { Item } from "../../lib/source/item.ts";
import type { Step } from "../../lib/stream.ts";
import { openSlice } from "../fixtures/slices.ts";

function number(step: unknown): number | undefined {
  assert(!(step instanceof Promise));
  const { done, value } = step as Step<Item>;
  return done ? undefined : value.i;
}

Deno.test("SliceSource goes from one slice to the next, and asks for another when it begins one", async () => {
  let asked = 0;
  const source = new SliceSource(() => asked++);
  source.add(await openSlice([0, 2]));
  source.add(await openSlice([7, 1]));
  assertEquals(asked, 0);
  assertEquals([source.next(), source.next()].map(number), [1, 1]);
  assertEquals(asked, 1);
  assertEquals(number(source.next()), 7);
  assertEquals(asked, 2);
});

Deno.test("SliceSource waits for a slice, and ends when it is told", async () => {
  const source = new SliceSource(() => {});
  const first = source.next();
  assert(first instanceof Promise);
  source.add(await openSlice([4, 1]));
  assertEquals(number(await first), 4);
  const second = source.next();
  assert(second instanceof Promise);
  source.end();
  assertEquals(await second, { value: undefined, done: true });
  source.return();
  assertEquals(number(source.next()), undefined);
});
