import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Bus } from "../../../lib/cluster/bus/bus.ts";
import type { RunBus } from "../../../lib/cluster/bus/run_bus.ts";
import type { Live } from "../../../lib/cluster/messages.ts";
import { runs, RUNS_FLAGS } from "../../../lib/commands/runs/command.ts";
import type { RunStatus } from "../../../lib/commands/runs/run_status.ts";
import { UsageError } from "../../../lib/errors.ts";
import { IDLE } from "../../../lib/run/pipeline.ts";
import { folder } from "../../fixtures/folder.ts";
import { HAS_NATS, NatsServer } from "../../fixtures/nats_server.ts";
import { myriad } from "../../fixtures/program.ts";
import { refusedPort } from "../../fixtures/raw_server.ts";

const STREAMS = { lostAfterMs: 30_000, holdBytes: 16 * 1024 ** 2, replicas: 1, key: undefined };
const SPEC = {
  command: { argv: [], files: [], variables: [], password: null },
  columns: [],
  seed: "0".repeat(32),
  hasOneHost: true,
  ids: null,
  lostAfterMs: 30_000,
  details: false,
};

const live = (worker: string, rate: number): Live => ({
  worker,
  activity: { ...IDLE, inFlight: 64 },
  engine: "http1",
  transport: "portable",
  loopBusy: 0.5,
  rate,
  rssBytes: 93_000_000,
  peakRssKb: 93_000,
  cpuSeconds: 12,
  isShut: false,
  gaveUp: null,
  notices: [],
  open: [],
});

/** A bus to make runs on. */
class Stage implements AsyncDisposable {
  readonly nats: NatsServer;
  readonly bus: Bus;
  readonly #timers: ReturnType<typeof setInterval>[] = [];

  static async set(): Promise<Stage> {
    const nats = await NatsServer.start();
    const options = { servers: [`${nats.host}:${nats.port}`], login: undefined, tls: undefined };
    return new Stage(nats, await Bus.connect(options));
  }

  private constructor(nats: NatsServer, bus: Bus) {
    this.nats = nats;
    this.bus = bus;
  }

  async make(name: string, key?: Uint8Array): Promise<RunBus> {
    const run = await this.bus.createRun(name, { ...STREAMS, key });
    await run.writeSpec(SPEC, "1");
    await run.control.write("run");
    return run;
  }

  async deleteStream(name: string): Promise<void> {
    const nc = await connect({ servers: `${this.nats.host}:${this.nats.port}` });
    await (await jetstreamManager(nc)).streams.delete(name);
    await nc.close();
  }

  /** Workers that tell what they do, over and over. */
  tell(run: RunBus, ...lives: Live[]): void {
    this.#timers.push(setInterval(() => lives.forEach((one) => run.live.tell(one)), 100));
  }

  async runs(...argv: string[]): Promise<string> {
    return await runs([this.nats.url, ...argv]);
  }

  async read(...argv: string[]): Promise<RunStatus[]> {
    return JSON.parse(await this.runs(...argv, "--json")).runs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.bus.close();
    await this.nats[Symbol.asyncDispose]();
  }
}

function test(name: string, fn: (stage: Stage) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !HAS_NATS,
    async fn() {
      await using stage = await Stage.set();
      await fn(stage);
    },
  });
}

test("runs() lists the runs of a bus, and what is heard of their workers", async (stage) => {
  assertEquals(await stage.runs(), "No run is on the bus.\n");
  assertEquals(await stage.read(), []);
  const run = await stage.make("a");
  stage.tell(run, live("w1", 1_000), live("w2", 500));
  for (let k = 0; k < 3; k++) {
    await run.queue.publish({ id: `t-${k}`, count: 1, runs: [k, 1], block: undefined });
  }
  (await run.queue.next())!.acknowledge();
  await run.queue.next();
  const [[status], text] = await Promise.all([stage.read(), stage.runs()]);
  assertEquals(
    [status.run, status.state, status.slices, status.done, status.held, status.rate],
    ["a", "running", 3, 1, 1, 1_500],
  );
  assertEquals(status.workers.map(({ worker, in_flight }) => [worker, in_flight]), [
    ["w1", 64],
    ["w2", 64],
  ]);
  assert(Math.abs(Date.now() - Date.parse(status.since!)) < 60_000, `${status.since}`);
  assertMatch(
    text,
    /^run +state +slices +done +workers +rate +since\na +running +3 +1 +2 +1,500\/s +20.* UTC\n$/,
  );
});

test("runs() shows one run with a line for each worker", async (stage) => {
  const run = await stage.make("a");
  stage.tell(run, live("w1", 1_000));
  const text = await stage.runs("a");
  assertMatch(text, /^run +a\nstate +running, since 20.* UTC\nslices +0 published, 0 done, /);
  assertMatch(text, /\nworkers +1\n\nworker +rate +in flight .*\nw1 +1,000\/s +64 +0 +50\.0 % +93/);
  const error = await assertRejects(() => stage.runs("b"), UsageError);
  assertStringIncludes(error.message, "There is no run 'b' on the bus: 'myriad runs URL' lists");
});

test("runs() shows what a run lacks", async (stage) => {
  await stage.bus.createRun("a", STREAMS);
  const ended = await stage.make("b");
  await ended.control.write("over");
  await stage.make("c");
  await stage.deleteStream("MYRIAD_c_STORE");
  await (await stage.make("d")).control.write("stop");
  const states = (await stage.read()).map(({ run, state }) => [run, state]);
  assertEquals(states, [["a", "preparing"], ["b", "over"], ["c", "damaged"], ["d", "stopping"]]);
  const error = await assertRejects(() => stage.runs("c", "--stop"), UsageError);
  assertStringIncludes(error.message, "The run 'c' is not whole");
  assertStringIncludes(await stage.runs("c", "--delete"), "MYRIAD_c_SLICES");
});

test("runs --stop tells the submitter and the workers to end", async (stage) => {
  const run = await stage.make("a");
  assertStringIncludes(await stage.runs("a", "--stop"), "The run 'a' stops: workers commit what");
  assertEquals(await run.control.read(), "stop");
  assertEquals(JSON.parse(await stage.runs("a", "--stop", "--json")), { run: "a", stopped: true });
});

test("runs --delete removes all of a run, and nothing of another", async (stage) => {
  await stage.make("a");
  const other = await stage.make("b");
  const streams = ["MYRIAD_a_SLICES", "MYRIAD_a_STORE", "MYRIAD_a_RATE", "KV_MYRIAD_a"];
  assertEquals(
    await stage.runs("a", "--delete"),
    `The run 'a' is deleted: the streams ${streams.join(", ")}\n`,
  );
  await assertRejects(() => stage.runs("a", "--delete"), UsageError, "There is no run 'a'");
  assert(await other.exists());
  assertEquals(await stage.bus.listRuns(), ["b"]);
});

test("runs() hears the workers of a sealed run with its key only", async (stage) => {
  await using dir = await folder();
  const key = crypto.getRandomValues(new Uint8Array(32));
  const path = await dir.write("key", key);
  stage.tell(await stage.make("a", key), live("w1", 1_000));
  const [[closed], one, all, [opened]] = await Promise.all([
    stage.read(),
    stage.runs("a"),
    stage.runs(),
    stage.read("--cluster-key", path),
  ]);
  assertEquals([closed.sealed, closed.workers.length], [true, 0]);
  assertStringIncludes(one, "unknown: the run is sealed, and --cluster-key FILE");
  assertMatch(all, /\na +running +0 +0 +\? /);
  assertEquals(opened.workers.length, 1);
});

for (
  const [argv, words] of [
    [[], "No URL is given: add that of the NATS server"],
    [["nats://h", "a", "b"], "'b' is one argument too many: leave it out"],
    [["nats://h", "--stop"], "'--stop' needs a RUN: add its name"],
    [["nats://h", "--delete"], "'--delete' needs a RUN: add its name"],
    [["nats://h", "a", "--stop", "--delete"], "'--delete' and '--stop' contradict each other"],
    [["http://h"], "Cannot use 'URL': unknown scheme"],
  ] as const
) {
  Deno.test(`runs() refuses '${argv.join(" ")}'`, async () => {
    const error = await assertRejects(() => runs(argv), UsageError);
    assertStringIncludes(error.message, words);
  });
}

Deno.test("myriad runs exits with 2 if the server cannot be reached, and repeats no password", async () => {
  const url = `nats://u:secret@127.0.0.1:${await refusedPort()}`;
  const { code, stdout, stderr } = await myriad(["runs", url], { permissions: ["--allow-net"] });
  assertEquals([code, stdout], [2, ""]);
  assertMatch(
    stderr,
    /^myriad: Cannot connect to the NATS server '127\.0\.0\.1:\d+': connection ref/,
  );
  assert(!stderr.includes("secret"), stderr);
});

Deno.test("myriad runs says which permission it needs", async () => {
  const { code, stderr } = await myriad(["runs", "nats://127.0.0.1:4222"], { permissions: [] });
  assertEquals(code, 2);
  assertStringIncludes(stderr, "no permission: run with --allow-net=127.0.0.1:4222");
});

test("myriad runs prints the list, with --allow-net alone", async (stage) => {
  const permissions = [`--allow-net=${stage.nats.host}:${stage.nats.port}`];
  const { code, stdout, stderr } = await myriad(["runs", stage.nats.url], { permissions });
  assertEquals([code, stdout, stderr], [0, "No run is on the bus.\n", ""]);
});

Deno.test("the help of myriad runs has each flag", async () => {
  const help = await runs(["--help"]);
  for (const { name } of RUNS_FLAGS) assertStringIncludes(help, `--${name}`);
});
