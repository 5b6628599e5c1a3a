import { assertEquals } from "@std/assert";
import { Deadlines, InFlight, type StopReason } from "../../lib/engine/deadlines.ts";
import { SimulatedClock } from "../fixtures/simulated_clock.ts";

class Item extends InFlight {
  readonly stops: StopReason[] = [];
  override stop(why: StopReason): void {
    this.stops.push(why);
  }
}

Deno.test("Deadlines.hold() stops the clock of an item", () => {
  const deadlines = new Deadlines(100);
  const [held, other, late] = [new Item(), new Item(), new Item()];
  deadlines.add(held, 0);
  deadlines.add(other, 10);
  // It has used 40 of its 100 ms.
  deadlines.hold(held, 40);
  deadlines.sweep(1_000);
  assertEquals([held.stops, other.stops], [[], ["timeout"]]);
  deadlines.add(late, 1_000);
  deadlines.resume(held, 1_010);
  deadlines.sweep(1_069);
  assertEquals(held.stops, []);
  deadlines.sweep(1_070);
  assertEquals([held.stops, late.stops], [["timeout"], []]);
  deadlines.sweep(1_100);
  assertEquals(late.stops, ["timeout"]);
  deadlines.close();
});

Deno.test("Deadlines.cancel() and remove() work for held items", () => {
  const deadlines = new Deadlines(100);
  const [held, removed] = [new Item(), new Item()];
  for (const item of [held, removed]) {
    deadlines.add(item, 0);
    deadlines.hold(item, 10);
  }
  deadlines.remove(removed);
  deadlines.cancel();
  assertEquals([held.stops, removed.stops], [["cancelled"], []]);
  deadlines.close();
});

Deno.test("Deadlines.cancelOne() ends the one that is wanted, also if its clock stands still", () => {
  const deadlines = new Deadlines(100);
  const [first, held, last] = [new Item(), new Item(), new Item()];
  for (const item of [first, held, last]) deadlines.add(item, 0);
  deadlines.hold(held, 10);
  deadlines.cancelOne((item) => item === held);
  deadlines.cancelOne((item) => item === last);
  deadlines.cancelOne((item) => item === last);
  assertEquals([first.stops, held.stops, last.stops], [[], ["cancelled"], ["cancelled"]]);
  deadlines.sweep(1_000);
  assertEquals(first.stops, ["timeout"]);
  deadlines.close();
});

/** An item that has made a step, and does something else when it is stopped. */
class IdleItem extends Item {
  #progress = 1;
  readonly #onStop: () => void;

  constructor(onStop: () => void = () => {}) {
    super();
    this.#onStop = onStop;
  }

  override get progress(): number {
    return this.#progress;
  }

  /** No step is expected any more, as when a request is begun anew. */
  begin(): void {
    this.#progress = 0;
  }

  override stop(why: StopReason): void {
    super.stop(why);
    this.#onStop();
  }
}

Deno.test("Deadlines.sweep() ends all idle items when the end of one takes others with it", () => {
  const deadlines = new Deadlines(100_000, 100);
  const [removed, held, begun, last] = Array.from({ length: 4 }, () => new IdleItem());
  const first = new IdleItem(() => {
    deadlines.remove(removed);
    held.begin();
    deadlines.hold(held, 200);
    begun.begin();
  });
  for (const item of [first, removed, held, begun, last]) deadlines.add(item, 0);
  deadlines.sweep(50);
  deadlines.sweep(200);
  assertEquals(
    [first, removed, held, begun, last].map(({ stops }) => stops),
    [["idle"], [], [], [], ["idle"]],
  );
  deadlines.close();
});

Deno.test("Deadlines stop an item after 60 days, and not before", async () => {
  const day = 86_400_000;
  using clock = new SimulatedClock(0, day / 4);
  const deadlines = new Deadlines(60 * day);
  const item = new Item();
  deadlines.add(item, performance.now());
  await clock.to(60 * day - 1);
  assertEquals(item.stops, []);
  await clock.to(60 * day + 1_000);
  assertEquals(item.stops, ["timeout"]);
  deadlines.close();
});
