import { assertEquals } from "@std/assert";
import { Semaphore } from "../../../lib/commands/compare/semaphore.ts";

Deno.test("Semaphore grants permits in the order of the requests", async () => {
  const permits = new Semaphore(2);
  const order: number[] = [];
  const holders = [0, 1, 2, 3, 4].map(async (k) => {
    await permits.acquire();
    order.push(k);
  });
  await Promise.all(holders.slice(0, 2));
  assertEquals(order, [0, 1]);
  permits.release();
  await holders[2];
  permits.release();
  permits.release();
  await Promise.all(holders);
  assertEquals(order, [0, 1, 2, 3, 4]);
  for (let k = 0; k < 2; k++) permits.release();
  await permits.acquire();
  await permits.acquire();
  let isThird = false;
  const third = permits.acquire().then(() => isThird = true);
  await Promise.resolve();
  assertEquals(isThird, false);
  permits.release();
  await third;
});
