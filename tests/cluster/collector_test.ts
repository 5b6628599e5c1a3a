import { assert, assertEquals } from "@std/assert";
import { Collector } from "../../lib/cluster/collector.ts";
import type { Commit } from "../../lib/cluster/messages.ts";

const commit = (id: string): Commit => ({
  id,
  worker: "w",
  tries: 1,
  count: 1,
  part: { seqs: [], bytes: 0, sha256: "" },
});

Deno.test("Collector reads several parts at once, and no more while one has to wait", async () => {
  const full = Promise.withResolvers<void>();
  const taken: string[] = [];
  let reading = 0;
  let most = 0;
  const collector = new Collector<string>({
    read: async ({ id }) => {
      most = Math.max(most, ++reading);
      await Promise.resolve();
      reading--;
      return id === "damaged" ? undefined : id;
    },
    take: (_, part) => {
      taken.push(part);
      return full.promise;
    },
    onFailure: (error) => {
      throw error;
    },
  });
  await collector.idle;
  const ids = Array.from({ length: 20 }, (_, k) => `${k}`);
  for (const id of [...ids, "damaged"]) collector.add(commit(id));
  for (let k = 0; k < 20; k++) await Promise.resolve();
  assert(most > 1 && most <= 4, `${most}`);
  assertEquals(taken.length, most);
  full.resolve();
  await collector.idle;
  assertEquals(taken.sort(), ids.sort());
});

Deno.test("Collector drops what it reads after it was stopped, and tells what fails", async () => {
  const failures: unknown[] = [];
  const read = Promise.withResolvers<string>();
  const collector = new Collector<string>({
    read: ({ id }) => id === "bad" ? Promise.reject(id) : read.promise,
    take: () => {
      throw new Error("taken");
    },
    onFailure: (error) => failures.push(error),
  });
  collector.add(commit("bad"));
  await collector.idle;
  assertEquals(failures, ["bad"]);
  collector.add(commit("late"));
  collector.stop();
  read.resolve("late");
  await collector.idle;
  collector.add(commit("later"));
  await collector.idle;
  assertEquals(failures, ["bad"]);
});
