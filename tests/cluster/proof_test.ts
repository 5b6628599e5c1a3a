import { assertEquals } from "@std/assert";
import { createClusterState, MAX_WORKERS } from "../../lib/checkpoint/cluster_state.ts";
import { sha256 } from "../../lib/checkpoint/journal.ts";
import { Proof } from "../../lib/cluster/proof.ts";

const part = (worker: string, sha256: string) => ({ worker, records: 10, sha256, isRedone: false });

Deno.test("Proof sums up what is collected, also after a resume", async () => {
  const [a, b] = ["a".repeat(64), "b".repeat(64)];
  const first = new Proof(createClusterState("x"));
  assertEquals(first.toJSON(), createClusterState("x"));
  first.add(part("one", a));
  // As a journal keeps it.
  const second = new Proof(JSON.parse(JSON.stringify(first.toJSON())));
  second.add({ ...part("two", b), isRedone: true });
  assertEquals(second.toJSON(), {
    run: "x",
    workers: ["one", "two"],
    slices: 2,
    redone: 1,
    records: 20,
    sha256: await sha256(await sha256(a) + b),
  });
});

Deno.test("Proof keeps no more names of workers than its state may have", () => {
  const proof = new Proof(createClusterState("x"));
  for (let k = 0; k < MAX_WORKERS + 10; k++) proof.add(part(`w${k}`, ""));
  assertEquals(proof.toJSON().workers.length, MAX_WORKERS);
  assertEquals(proof.toJSON().slices, MAX_WORKERS + 10);
});
