import { assertEquals, assertThrows } from "@std/assert";
import { ReservedDescriptors } from "../../lib/process/reserved_descriptors.ts";

/** A system with so many descriptors, and spares that are taken of them. */
function system(most: number): { used: number; spares: ReservedDescriptors; open(): void } {
  const state = {
    used: 0,
    spares: undefined as unknown as ReservedDescriptors,
    open(): void {
      if (state.used >= most) throw new Error("Too many open files (os error 24)");
      state.used++;
    },
  };
  state.spares = new ReservedDescriptors("any", () => {
    state.open();
    return { [Symbol.dispose]: () => void state.used-- };
  });
  return state;
}

Deno.test("ReservedDescriptors.use() lends a reserve when nothing can be opened, and takes it back", () => {
  const it = system(10);
  it.used = 10;
  for (let k = 0; k < 20; k++) {
    assertEquals(it.spares.use(() => (it.open(), it.used--, "written")), "written");
    assertEquals(it.used, 10);
  }
});

Deno.test("ReservedDescriptors.refill() takes back what stayed open for a while, before others do", () => {
  const it = system(10);
  it.used = 10;
  for (let k = 0; k < 20; k++) {
    it.spares.use(it.open);
    // The file is closed.
    it.used--;
    it.spares.refill();
    // A socket waits.
    assertThrows(() => it.open(), Error, "Too many");
  }
});

Deno.test("ReservedDescriptors.use() recovers when others take what it released", () => {
  const it = system(10);
  it.used = 10;
  let thefts = 3;
  const work = (): string => {
    // Somebody is faster.
    if (it.used < 10 && thefts-- > 0) it.used++;
    it.open();
    it.used--;
    return "written";
  };
  assertEquals(it.spares.use(work), "written");
  // What was taken is given back, and the spares are whole again at the next use.
  it.used -= 3;
  it.spares.use(work);
  it.used = 10;
  thefts = 3;
  assertEquals(it.spares.use(work), "written");
});

Deno.test("ReservedDescriptors.use() throws other errors, and when no reserve is left", () => {
  const it = system(4);
  assertThrows(
    () =>
      it.spares.use(() => {
        throw new Error("No space left on device (os error 28)");
      }),
    Error,
    "No space",
  );
  assertEquals(it.used, 4);
  it.spares.close();
  assertEquals(it.used, 0);
  it.used = 4;
  assertThrows(() => it.spares.use(() => it.open()), Error, "Too many");
});
