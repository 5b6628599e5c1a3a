/**
 * A worker that makes no requests: it commits each slice with a part that it has made before. It
 * takes the URL's port of a NATS server and the name of a run, and ends with the run.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import config from "../../deno.json" with { type: "json" };
import type { RunBus } from "../../lib/cluster/bus/run_bus.ts";
import { encodePart, type Part } from "../../lib/cluster/part.ts";
import { openRecordEncoder } from "../../lib/output/open_output.ts";
import { parseSubmitted } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { packStats } from "../../lib/stats/packed_stats.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { connect } from "./cluster_run.ts";
import { toAnswer } from "../instant_engine.ts";

/** How many slices it commits at once. */
const AT_ONCE = 4;

type ReadyPart = Omit<Part, "runs">;

/** Makes parts, once for each count of requests. */
class PartMaker {
  readonly #options: RunOptions;
  /** By count: slices are of few sizes. */
  readonly #ready = new Map<number, Promise<ReadyPart>>();

  constructor(options: RunOptions) {
    this.#options = options;
  }

  async make(runs: readonly number[], count: number): Promise<Part> {
    let ready = this.#ready.get(count);
    if (ready === undefined) this.#ready.set(count, ready = this.#make(count));
    return { runs, ...await ready };
  }

  async #make(count: number): Promise<ReadyPart> {
    const output = { ...this.#options.output!, gzip: true };
    const encoder = await openRecordEncoder({ ...this.#options, output });
    const stats = new Stats();
    for (let i = 0; i < count; i++) {
      const target = { i, url: `http://127.0.0.1:9/${i}`, method: "GET" };
      const result = toAnswer(target as Parameters<typeof toAnswer>[0], Date.now());
      encoder.add(result);
      stats.record(result);
    }
    const { bytes, isPacked } = encoder.take()!;
    const records = isPacked ? bytes : gzipSync(bytes) as Uint8Array<ArrayBuffer>;
    return { stats: packStats(stats), records, failures: new Uint8Array() };
  }
}

async function commitSlices(bus: RunBus, parts: PartMaker, worker: string): Promise<void> {
  for (;;) {
    const lease = await bus.queue.next().catch(() => undefined);
    if (lease === undefined) {
      if (await bus.control.read() !== "run") return;
      continue;
    }
    const { slice: { id, runs, count } } = lease;
    const name = `part.${id}.${crypto.randomUUID()}`;
    const part = await bus.store.write(name, encodePart(await parts.make(runs, count)));
    await bus.commits.create({ id, worker, tries: 1, count, part });
    lease.acknowledge();
  }
}

const { version } = config;
const [port, name] = Deno.args;
const bus = await connect({ port: Number(port) });
const run = (await bus.openRun(name))!;
const options = await parseSubmitted((await run.readSpec(version))!.command, version);
const parts = new PartMaker(options);
await Promise.all(
  Array.from({ length: AT_ONCE }, (_, k) => commitSlices(run, parts, `ready${k}`)),
);
await bus.close();
