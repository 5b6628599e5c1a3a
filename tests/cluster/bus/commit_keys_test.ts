import { assertEquals } from "@std/assert";
import { CommitKeys } from "../../../lib/cluster/bus/commit_keys.ts";
import { RunAccess } from "../../../lib/cluster/bus/run_access.ts";
import { Codec } from "../../../lib/cluster/codec.ts";
import { NatsServer } from "../../fixtures/nats_server.ts";
import { at, open, rejectsBus, STREAMS, test } from "../../fixtures/opened_bus.ts";
import { until } from "../../fixtures/until.ts";

const PART = { seqs: [1], bytes: 1, sha256: "0".repeat(64) };

test("read() tells a commit from each mark in its place, and watch() does", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const { commits } = await one.bus.createRun("a", STREAMS);
  const commit = { id: "t-0", worker: "w", tries: 1, count: 1, part: PART };
  assertEquals(await commits.create(commit), true);
  await commits.close("t-1");
  await commits.markBad("t-2", "deadly");
  await commits.markBad("t-3", "damaged");
  // It has a commit.
  await commits.markBad("t-0", "deadly");
  const stand = await Promise.all(
    ["t-0", "t-1", "t-2", "t-3", "t-4"].map((id) => commits.read(id)),
  );
  assertEquals(stand, [commit, "closed", "deadly", "damaged", undefined]);
  const told: unknown[] = [];
  const stop = await commits.watch({
    onCommit: (commit) => told.push(commit),
    onBad: (id, why) => told.push(`${id} ${why}`),
    onForeign: (id) => told.push(id),
    onListed: () => told.push("listed"),
  });
  await until(() => told.includes("listed"));
  stop();
  assertEquals(told, [commit, "t-2 deadly", "t-3 damaged", "listed"]);
});

test("create() does not take a mark for its own commit", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const { commits } = await one.bus.createRun("a", STREAMS);
  const commit = { id: "t-0", worker: "w", tries: 1, count: 1, part: PART };
  await commits.close("t-0");
  assertEquals(await commits.create(commit), false);
  await commits.markBad("t-1", "damaged");
  assertEquals(await commits.create({ ...commit, id: "t-1" }), false);
  assertEquals(await commits.create({ ...commit, id: "t-2" }), true);
  // As when the answer of the server was lost.
  assertEquals(await commits.create({ ...commit, id: "t-2" }), true);
  assertEquals(await commits.create({ ...commit, id: "t-2", worker: "v" }), false);
});

Deno.test("create() waits for a write of the same key that is on its way", async () => {
  // Only a NATS cluster has such a moment.
  const commit = { id: "t-0", worker: "w", tries: 1, count: 1, part: PART };
  const codec = new Codec("a", undefined);
  let stands: Uint8Array | null = null;
  const kv = {
    create: () => Promise.reject(Object.assign(new Error("wrong last sequence"), { code: 10_164 })),
    get: () => Promise.resolve(stands && { value: stands, length: stands.length }),
  };
  const connection = {} as RunAccess["connection"];
  const access = new RunAccess("a", { codec, connection, kv: kv as unknown as RunAccess["kv"] });
  const commits = new CommitKeys(access);
  const { trouble } = await rejectsBus(() => commits.create(commit));
  assertEquals(trouble, "away");
  assertEquals((await rejectsBus(() => commits.markBad("t-0", "deadly"))).trouble, "away");
  stands = codec.encode("commit", "t-0", { ...commit, worker: "v" });
  assertEquals(await commits.create(commit), false);
  stands = codec.encode("commit", "t-0", commit);
  assertEquals(await commits.create(commit), true);
});
