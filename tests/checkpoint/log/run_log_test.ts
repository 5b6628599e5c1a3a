import { assert, assertEquals } from "@std/assert";
import { RunLog } from "../../../lib/checkpoint/log/run_log.ts";

Deno.test("RunLog turns to the other file once no thread writes into it any more", () => {
  const log = new RunLog({ path: "log", id: 7, isSynced: false, startMs: performance.timeOrigin });
  const turns: number[] = [];
  log.share(3, (file) => turns.push(file));
  log.note(0, { number: 3, file: 0 });
  log.note(2, { number: 5, file: 0 });
  const { seconds, ...first } = log.cover();
  assertEquals(first, { id: 7, covered: [3, 0, 5] });
  log.onJournal();
  assertEquals(turns, [1]);
  // One thread has not turned yet: what it has in the first file is not covered.
  log.note(0, { number: 4, file: 1 });
  log.note(1, { number: 1, file: 1 });
  const second = log.cover();
  assertEquals(second.covered, [4, 1, 5]);
  // The next one has the time until it was begun.
  assert(0 < seconds && seconds <= second.seconds);
  log.note(2, { number: 6, file: 1 });
  log.onJournal();
  assertEquals(turns, [1]);
  assertEquals(log.cover().covered, [4, 1, 6]);
  log.onJournal();
  assertEquals(turns, [1, 0]);
  // A thread that has ended writes into none of them.
  log.note(0, { number: 9, file: undefined });
  log.note(1, { number: 1, file: 0 });
  log.note(2, { number: 6, file: 0 });
  log.cover();
  log.onJournal();
  assertEquals(turns, [1, 0, 1]);
});

Deno.test("RunLog waits for a thread that has told nothing yet", () => {
  const log = new RunLog({ path: "log", id: 7, isSynced: false, startMs: performance.timeOrigin });
  const turns: number[] = [];
  log.share(2, (file) => turns.push(file));
  log.note(0, { number: 3, file: 0 });
  assertEquals(log.cover().covered, [3, 0]);
  log.onJournal();
  assertEquals(turns, [1]);
  // The other thread may still write into the first file.
  log.note(0, { number: 4, file: 1 });
  log.cover();
  log.onJournal();
  assertEquals(turns, [1]);
});
