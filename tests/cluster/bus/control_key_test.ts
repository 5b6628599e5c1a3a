import { assertEquals } from "@std/assert";
import type { Control } from "../../../lib/cluster/messages.ts";
import { NatsServer } from "../../fixtures/nats_server.ts";
import { until } from "../../fixtures/until.ts";
import { at, describe, open, STREAMS, test } from "../../fixtures/opened_bus.ts";

test("what the submitter tells is heard after the server was away, and its commits too", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  await using other = await open(at(nats));
  const made = await one.bus.createRun("a", STREAMS);
  await describe(made);
  await made.control.write("run");
  const run = (await other.bus.openRun("a"))!;
  const heard: Control[] = [];
  const reconnects = [0, 0];
  const stopOne = made.onReconnect(() => reconnects[0]++);
  const stopOther = run.onReconnect(() => reconnects[1]++);
  const stopControl = await run.control.watch((control) => heard.push(control));
  const commits: string[] = [];
  const stopCommits = await made.commits.watch({ onCommit: ({ id }) => commits.push(id) });
  assertEquals(heard, ["run"]);
  await nats.kill();
  await nats.restart();
  // What is asked while the connection is broken has no answer.
  await until(() => reconnects.every((count) => count > 0));
  await until(() => one.bus.listRuns().then((runs) => runs.length === 1, () => false));
  await made.control.write("stop");
  await until(() => heard.at(-1) === "stop");
  const part = await run.store.write("part.t-1.x", new Uint8Array(1));
  await run.commits.create({ id: "t-1", worker: "w", tries: 1, count: 1, part });
  await until(() => commits.length === 1);
  assertEquals([heard, reconnects], [["run", "stop"], [1, 1]]);
  for (const stop of [stopOne, stopOther, stopControl, stopCommits]) stop();
});
