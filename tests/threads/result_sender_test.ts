import { assert, assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { IDLE } from "../../lib/run/pipeline.ts";
import { Stats } from "../../lib/stats/stats.ts";
import type { FromWorker, Results, WorkerState } from "../../lib/threads/messages.ts";
import { packOptions, unpackOptions } from "../../lib/threads/packed_options.ts";
import { openEncoders, ResultSender } from "../../lib/threads/result_sender.ts";
import { result } from "../fixtures/result.ts";
import { turn } from "../fixtures/turn.ts";
import { until } from "../fixtures/until.ts";

/** A sender by hand, and what it has sent. */
class Sent implements Disposable {
  readonly results: Results[] = [];
  readonly stats = new Stats();
  /** How often it looked whether anything had changed. */
  looks = 0;
  inFlight = 0;
  #sender!: ResultSender;

  static async open(...flags: string[]): Promise<Sent> {
    const options = await parseRun(["http://h/{}", ...flags], "1") as RunOptions;
    const sent = new Sent();
    const encoders = await openEncoders(unpackOptions(packOptions(options)), 0);
    sent.#sender = new ResultSender(encoders, {
      log: undefined,
      bodies: undefined,
      thread: 0,
      onFailure: (error) => {
        throw error;
      },
      isResumable: options.output !== undefined,
      stats: sent.stats,
      getState: () => sent.#getState(),
      send: (message, transfer) => sent.#take(structuredClone(message, { transfer })),
    });
    return sent;
  }

  #getState(): WorkerState {
    this.looks++;
    const activity = { ...IDLE, inFlight: this.inFlight };
    return {
      activity,
      isShut: false,
      loopBusy: this.looks / 1e6,
      engine: "http1",
      hasResponses: true,
      transport: "portable",
    };
  }

  #take(message: FromWorker): void {
    if (message.type === "results") this.results.push(message.results);
  }

  write(i: number, detail?: string): unknown {
    const one = result(detail === undefined ? {} : { error: "reset", detail, status: null }, { i });
    this.stats.record(one);
    return this.#sender.write(one);
  }

  onTaken(bytes: number): void {
    this.#sender.onTaken(bytes);
  }

  close(): void {
    this.#sender.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The bytes of the records that were sent. */
  get bytes(): number {
    return this.results.reduce((sum, { records }) => sum + (records?.bytes.length ?? 0), 0);
  }
}

const decoder = new TextDecoder();

Deno.test("ResultSender sends records, failures, numbers and statistics of the same requests", async () => {
  const sent = await Sent.open("-o", "x.csv", "--fields", "i,detail", "--failures", "y");
  // Texts of more bytes than characters, and of more characters than are encoded at once.
  const detail = (i: number): string | undefined =>
    i % 3 === 0 ? "ü€😀".repeat(i % 7 * 700) : undefined;
  for (let i = 0; i < 1_000; i++) sent.write(i, detail(i));
  sent.close();
  assert(sent.results.length > 2);
  let i = 0;
  for (const { records, failures, numbers, stats } of sent.results) {
    let expected = "";
    let failed = 0;
    for (const number of numbers!) {
      assertEquals(number, i);
      expected += `${i},${detail(i) ?? ""}\n`;
      if (detail(i++) !== undefined) failed++;
    }
    const text = records === undefined ? "" : decoder.decode(records.bytes);
    assert(text === expected && !records?.isPacked);
    assert(expected.length < 300_000);
    const lines = failures === undefined ? "" : decoder.decode(failures.bytes);
    assertEquals(lines, '{"url":"http://host/"}\n'.repeat(failed));
    const merged = new Stats();
    merged.add(stats);
    assertEquals([merged.requests, merged.failed], [numbers!.length, failed]);
  }
  assertEquals(i, 1_000);
});

Deno.test("ResultSender.write() waits while 1 MB was not taken, and no longer", async () => {
  using sent = await Sent.open("-o", "x.ndjson");
  const detail = "x".repeat(10_000);
  const waits: unknown[] = [];
  let hasRoom = false;
  for (let i = 0; i < 120; i++) {
    const wait = sent.write(i, detail);
    // About 10,150 bytes each.
    assertEquals(wait !== undefined, i >= 103, `${i}`);
    if (wait !== undefined) waits.push((wait as Promise<void>).then(() => hasRoom = true));
  }
  const untaken = sent.bytes;
  assert(untaken > 700_000 && untaken < 1_300_000, `${untaken}`);
  sent.onTaken(100);
  await turn();
  assertEquals(hasRoom, false);
  // All that waited go on at once.
  sent.onTaken(untaken - 100);
  await Promise.all(waits);
  assertEquals(sent.write(121), undefined);
});

Deno.test("ResultSender sends what is left after a moment, and nothing when nothing has happened", async () => {
  using sent = await Sent.open("-o", "x.ndjson");
  sent.write(7);
  await until(() => sent.results.length === 1);
  assertEquals([...sent.results[0].numbers!], [7]);
  const { looks } = sent;
  await until(() => sent.looks >= looks + 2);
  assertEquals(sent.results.length, 1);
  // What is shown changes, too.
  sent.inFlight = 3;
  await until(() => sent.results.length === 2);
  assertEquals([sent.results[1].records, sent.results[1].numbers!.length], [undefined, 0]);
});

Deno.test("ResultSender compresses large blocks, and leaves small ones to the main thread", async () => {
  const sent = await Sent.open("-o", "x.ndjson.gz", "--fields", "i,detail");
  for (let i = 0; i < 30; i++) sent.write(i, "x".repeat(10_000));
  sent.close();
  const [large, small] = sent.results.map(({ records }) => records!);
  assertEquals([large.isPacked, small.isPacked], [true, false]);
  const text = decoder.decode(gunzipSync(large.bytes)) + decoder.decode(small.bytes);
  const records = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(records.map(({ i }) => i), [...Array(30).keys()]);
});
