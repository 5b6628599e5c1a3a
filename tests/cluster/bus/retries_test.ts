import { assertEquals, assertRejects } from "@std/assert";
import { BusRetries } from "../../../lib/cluster/bus/retries.ts";
import { BusError, type BusTrouble } from "../../../lib/errors.ts";

/** Does something after it has failed so often. */
function failing(...troubles: BusTrouble[]): () => Promise<string> {
  return () => {
    const trouble = troubles.shift();
    return trouble === undefined
      ? Promise.resolve("done")
      : Promise.reject(new BusError(trouble, trouble));
  };
}

Deno.test("persist() tries again while the bus is away or full, and tells it once", async () => {
  const said: string[] = [];
  const retries = new BusRetries((text) => said.push(text));
  assertEquals(await retries.persist(failing()), "done");
  assertEquals(said, []);
  const all = [failing("away", "away"), failing("away"), failing("away", "full")];
  assertEquals(await Promise.all(all.map((act) => retries.persist(act))), ["done", "done", "done"]);
  assertEquals(
    said,
    [
      "the bus does not answer: what was begun is done, and waits for it",
      "the bus is back",
      "the store of the run is full: what was done waits until the submitter has collected more",
      "the store of the run has room again",
    ].toSorted((a, b) => said.indexOf(a) - said.indexOf(b)),
  );
});

Deno.test("persist() throws what another try does not mend", async () => {
  const retries = new BusRetries(() => {});
  for (const trouble of ["denied", "failed", "gone"] as const) {
    const error = await assertRejects(() => retries.persist(failing("away", trouble)), BusError);
    assertEquals(error.trouble, trouble);
  }
  await assertRejects(() => retries.persist(() => Promise.reject(new TypeError())), TypeError);
});

Deno.test("stop() ends all waits, and nothing is tried after it", async () => {
  const retries = new BusRetries(() => {});
  let tries = 0;
  const failure = assertRejects(
    () =>
      retries.persist(() => {
        tries++;
        return failing("away")();
      }),
    BusError,
    "the run is over",
  );
  const wait = retries.wait(1_000_000);
  await Promise.resolve();
  retries.stop();
  await failure;
  await wait;
  await retries.wait(1_000_000);
  assertEquals(tries, 1);
  const error = await assertRejects(() => retries.persist(failing()), BusError);
  assertEquals(error.trouble, "gone");
});
