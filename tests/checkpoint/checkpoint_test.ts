import { assert, assertEquals, assertRejects } from "@std/assert";
import { Checkpoint, type CheckpointOptions } from "../../lib/checkpoint/checkpoint.ts";
import { REACH } from "../../lib/checkpoint/done_set.ts";
import { type JournalState, readJournal } from "../../lib/checkpoint/journal.ts";
import { JournalFile } from "../../lib/checkpoint/journal_file.ts";
import { OutputError } from "../../lib/errors.ts";
import { LineOutput } from "../../lib/output/line_output.ts";
import type { Output } from "../../lib/output/output.ts";
import { Stats } from "../../lib/stats/stats.ts";
import type { MaybePromise, Source } from "../../lib/stream.ts";
import type { Target } from "../../lib/target.ts";
import { folder } from "../fixtures/folder.ts";
import { result } from "../fixtures/result.ts";
import { target as targetOf } from "../fixtures/target.ts";
import { turn } from "../fixtures/turn.ts";
import { until } from "../fixtures/until.ts";

const BEFORE: JournalState = {
  identity: {},
  salt: "",
  input: null,
  crEndsLines: true,
  complete: false,
  cluster: null,
  retry: null,
  done: { low: 0, above: "" },
  output: 0,
  failures: null,
  archive: null,
  log: null,
  stats: new Stats().toJSON(),
  seconds: 0,
  cpuSeconds: 0,
  peakRssKb: 0,
  shortages: {},
};

const now: CheckpointOptions["now"] = () => ({
  stats: new Stats().toJSON(),
  seconds: 1,
  cpuSeconds: 2,
  peakRssKb: 3,
  shortages: {},
  cluster: null,
});

const target = (i: number): Target => targetOf("", { i });

function targets(first: number, step = 1): Source<Target> {
  let i = first - step;
  return { next: () => ({ value: target(i += step), done: false }) };
}

const numberOf = async (pending: Source<Target>): Promise<number> =>
  ((await pending.next()).value as Target).i;

async function checkpointed<T>(
  before: Partial<JournalState>,
  numbers: { first: number; step: number },
  use: (
    checkpoint: Checkpoint,
    write: (line: string) => MaybePromise<void>,
    journal: string,
  ) => Promise<T>,
): Promise<T> {
  await using dir = await folder();
  const path = await dir.write("out", "");
  const file = await Deno.open(path, { write: true });
  const output = new LineOutput(
    { file, name: "--output x", gzip: false },
    ({ target }) => target.url,
  );
  const checkpoint = new Checkpoint({
    journal: new JournalFile(`${path}.myriad`),
    before: { ...BEFORE, ...before },
    output,
    failures: undefined,
    archive: undefined,
    bodies: undefined,
    log: undefined,
    endBlock: () => {},
    numbers,
    failed: undefined,
    now,
    onFailure: (error) => {
      throw error;
    },
  });
  try {
    return await use(checkpoint, (url) => output.write(result({}, { url })), `${path}.myriad`);
  } finally {
    await checkpoint.stop();
    await output.close();
  }
}

Deno.test("Checkpoint.pending() skips what is done, by position rather than number", async () => {
  // Of every third number from 5 on, the places 0 to 3 and 5 are done.
  const done = { low: 4, above: btoa("\x20") };
  await checkpointed({ done }, { first: 5, step: 3 }, async (checkpoint) => {
    const pending = checkpoint.pending(targets(5, 3));
    const numbers = [];
    for (let k = 0; k < 3; k++) numbers.push(await numberOf(pending));
    assertEquals(numbers, [5 + 4 * 3, 5 + 6 * 3, 5 + 7 * 3]);
  });
});

Deno.test("Checkpoint.pending() waits for the oldest when its window is full", async () => {
  // All but the first are done, as far as can be told apart.
  const above = new Uint8Array((REACH + 8) / 8).fill(0xff);
  above[0] = 0xfe;
  above[above.length - 1] = 0;
  const done = { low: 0, above: above.toBase64() };
  await checkpointed({ done }, { first: 0, step: 1 }, async (checkpoint) => {
    const pending = checkpoint.pending(targets(0));
    assertEquals(await numberOf(pending), 0);
    const last = REACH - 1;
    let given: number | undefined;
    const next = numberOf(pending).then((i) => given = i);
    await turn();
    assertEquals(given, undefined);
    checkpoint.add(0);
    assert((await next) > last);
    assertEquals(given, REACH);
  });
});

Deno.test("Checkpoint.finish() records exactly what was marked", async () => {
  await checkpointed({}, { first: 0, step: 1 }, async (checkpoint, write, journal) => {
    await write("one\n");
    checkpoint.add(0);
    await write("three\n");
    checkpoint.add(2);
    const finished = checkpoint.finish(false);
    // Of a later moment, while the file is being written.
    for (let k = 0; k < 5; k++) await Promise.resolve();
    await write("two\n");
    checkpoint.add(1);
    await finished;
    const state = await readJournal(journal);
    assertEquals([state.output, state.done.low, state.complete], [10, 1, false]);
    assertEquals([state.seconds, state.cpuSeconds, state.peakRssKb], [1, 2, 3]);
    await checkpoint.finish(true);
    const last = await readJournal(journal);
    assertEquals([last.output, last.done, last.complete], [14, { low: 3, above: "" }, true]);
  });
});

Deno.test("Checkpoint.onJournal() calls back once a journal that knows of it is on the disk", async () => {
  await checkpointed({}, { first: 0, step: 1 }, async (checkpoint, write, journal) => {
    await write("one\n");
    checkpoint.add(0);
    let low: number | undefined;
    checkpoint.onJournal(() => {
      low = JSON.parse(Deno.readTextFileSync(journal).split("\n")[1]).done.low;
    });
    assertEquals(low, undefined);
    await checkpoint.finish(false);
    assertEquals(low, 1);
  });
});

Deno.test("Checkpoint.isOpen() knows what is to be done, by position", async () => {
  const done = { low: 4, above: btoa("\x20") };
  await checkpointed({ done }, { first: 5, step: 3 }, (checkpoint) => {
    const open = [-1, 0, 1, 3, 4, 5, 6].filter((place) => checkpoint.isOpen(5 + place * 3));
    assertEquals(open, [4, 6]);
    assertEquals([checkpoint.isOpen(5 + 4 * 3 + 1), checkpoint.isOpen(NaN)], [false, false]);
    assertEquals(checkpoint.isOpen(5 + (4 + REACH) * 3), false);
    checkpoint.add(5 + 4 * 3);
    assertEquals(checkpoint.isOpen(5 + 4 * 3), false);
    return Promise.resolve();
  });
});

Deno.test("Checkpoint writes no journal behind one that failed, which finish() tells", async () => {
  await using dir = await folder();
  const path = dir.path("x.myriad");
  let failure: unknown;
  let syncs = 0;
  const output = {
    // As the system does: it tells once that the disk has failed.
    sync: () => syncs++ === 0 ? Promise.reject(new OutputError("the disk")) : Promise.resolve(7),
    syncIntervalMs: 0,
    written: 0,
  };
  const checkpoint = new Checkpoint({
    journal: new JournalFile(path),
    before: BEFORE,
    output: output as unknown as Output,
    failures: undefined,
    archive: undefined,
    bodies: undefined,
    log: undefined,
    endBlock: () => {},
    numbers: { first: 0, step: 1 },
    failed: undefined,
    now,
    onFailure: (error) => failure = error,
  });
  checkpoint.add(0);
  await until(() => failure instanceof OutputError);
  checkpoint.add(1);
  // A look comes each 100 ms.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await assertRejects(() => checkpoint.finish(true), OutputError, "the disk");
  assertEquals(syncs, 1);
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
});
