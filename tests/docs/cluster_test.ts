/**
 * Holds the users of `docs/cluster.md`: a run is made with exactly those permissions, and without
 * any one of them something of it fails.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Bus } from "../../lib/cluster/bus/bus.ts";
import type { RunBus } from "../../lib/cluster/bus/run_bus.ts";
import type { Control, Hold, Live } from "../../lib/cluster/messages.ts";
import { BusError } from "../../lib/errors.ts";
import { runs } from "../../lib/commands/runs/command.ts";
import { IDLE } from "../../lib/run/pipeline.ts";
import { folder } from "../fixtures/folder.ts";
import { HAS_NATS, NatsServer } from "../fixtures/nats_server.ts";
import { finish, readUntil, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

const RUN = "nightly";

/** A user of the document, with the subjects that it may use. */
interface User {
  readonly user: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** The permission that it does not have; undefined if it has all. */
  readonly lacks?: string;
}

const DOCUMENT = await Deno.readTextFile(new URL("../../docs/cluster.md", import.meta.url));
const CONFIG = /^authorization \{\n[^]*?^\}\n/m.exec(DOCUMENT)![0];
const USERS = readUsers(CONFIG);

function readUsers(config: string): User[] {
  return config.split(/(?=user: ")/).slice(1).map((text) => {
    const list = (name: string): string[] => {
      const [, subjects] = new RegExp(`${name}: \\[([^\\]]*)\\]`).exec(text)!;
      return Array.from(subjects.matchAll(/"([^"]+)"/g), ([, subject]) => subject);
    };
    const [, user] = /user: "(\w+)"/.exec(text)!;
    return { user, publish: list("publish"), subscribe: list("subscribe") };
  });
}

const find = (name: string): User => USERS.find(({ user }) => user === name)!;

/** A user without each one of its permissions. */
function listPoorer({ user, publish, subscribe }: User): User[] {
  return [...publish, ...subscribe].map((lacks, k) => {
    const name = `${user}_${k}`;
    const keep = (subjects: readonly string[], from: number): string[] =>
      subjects.filter((_, index) => from + index !== k)
        .map((subject) => subject.replace(`.${user}.`, `.${name}.`));
    return {
      user: name,
      publish: keep(publish, 0),
      subscribe: keep(subscribe, publish.length),
      lacks,
    };
  });
}

function toConfig(users: readonly User[]): string {
  const list = users.map(({ user, publish, subscribe }) =>
    JSON.stringify({ user, password: "p", permissions: { publish, subscribe } })
  );
  return `authorization { users: [
    { user: "admin", password: "p" }
    ${list.join("\n")}
  ] }`;
}

async function open(
  { host, port }: NatsServer,
  user: string,
): Promise<{ readonly bus: Bus } & AsyncDisposable> {
  const login = { user, password: "p" };
  const bus = await Bus.connect({ servers: [`${host}:${port}`], login, tls: undefined });
  return { bus, [Symbol.asyncDispose]: () => bus.close() };
}

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
/** What the server asks for after 1 MB; until it is answered, it sends no more. */
const FLOW_CONTROL = `$JS.FC.KV_MYRIAD_${RUN}.>`;
/** How many commits have more than that. */
const MANY = 600;
const BYTES = new Uint8Array(100);
const LIVE: Live = {
  worker: "w",
  activity: IDLE,
  engine: "http1",
  transport: "portable",
  loopBusy: 0,
  rate: 0,
  rssBytes: 0,
  peakRssKb: 0,
  cpuSeconds: 0,
  isShut: false,
  gaveUp: null,
  notices: [],
  open: [],
};

/** Waits for what comes at once if it comes at all. */
async function soon(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 40; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`No sign of ${what}`);
}

/**
 * All that a worker does on the bus.
 *
 * @param admin the same run, to one who may do everything
 * @param told receives what the worker is told
 */
async function work(bus: Bus, admin: RunBus, id: string, told: string[]): Promise<void> {
  const run = (await bus.openRun(RUN))!;
  run.onNotice = (text) => told.push(text);
  assertEquals((await run.readSpec("1"))?.lostAfterMs, 30_000);
  const heard: Control[] = [];
  const ends = [await run.control.watch((control) => heard.push(control))];
  const live: Live[] = [];
  ends.push(admin.live.listen((one) => live.push(one)));
  try {
    await admin.control.write("stop");
    await soon(() => heard.at(-1) === "stop", "an order");
    const block = await admin.store.write(`block.${id}`, BYTES);
    await admin.queue.publish({ id, count: 1, runs: [0, 1], block });
    const lease = (await run.queue.next())!;
    assertEquals(lease.slice.id, id);
    await run.commits.writeTries(id, await run.commits.readTries(id) + 1);
    await run.store.read(lease.slice.block!);
    const part = await run.store.write(`part.${id}.x`, BYTES);
    const commit = { id, worker: "w", tries: 1, count: 1, part };
    assert(await run.commits.create(commit));
    assert(await run.commits.create(commit));
    lease.acknowledge();
    await soon(async () => (await admin.queue.list()).length === 0, "an ack");
    run.live.tell(LIVE);
    await soon(() => live.length > 0, "a worker");
    const turns: number[] = [];
    ends.push(await run.turns.watchOrigin((atMs) => turns.push(atMs), () => {}));
    await run.turns.take();
    assert(await run.turns.readClock("w") !== undefined);
    const last = turns.at(-1);
    const next = (last ?? 0) + 1;
    assertEquals(await run.turns.moveOrigin(next, last), next);
    assertEquals(await admin.turns.moveOrigin(next + 1, next), next + 1);
    await soon(() => turns.at(-1) === next + 1, "the begin of the turns");
    const holds: string[] = [];
    const onHold = ({ host }: Hold): Promise<void> => Promise.resolve(void holds.push(host));
    ends.push(await run.holds.watch(onHold, () => {}));
    const host = `${id.replace("_", "-")}:80`;
    await run.holds.write({ host, untilMs: Date.now() });
    await soon(() => holds.includes(host), "a host");
  } finally {
    for (const end of ends) end();
    await admin.control.write("run");
    for (const slice of await admin.queue.list()) await admin.queue.remove(slice);
  }
}

/**
 * All that a submitter does on the bus.
 *
 * @param admin one who may do everything
 * @param count how many slices are committed
 */
async function submit(bus: Bus, admin: Bus, count: number): Promise<void> {
  const ends: (() => void)[] = [];
  try {
    const run = await bus.createRun(RUN, STREAMS);
    await run.writeSpec(SPEC, "1");
    await run.control.write("run");
    const other = (await admin.openRun(RUN))!;
    const live: Live[] = [];
    const commits: string[] = [];
    const heard: Control[] = [];
    ends.push(run.live.listen((one) => live.push(one)));
    ends.push(await run.commits.watch({ onCommit: ({ id }) => commits.push(id) }));
    ends.push(await run.control.watch((control) => heard.push(control)));
    await other.control.write("stop");
    await soon(() => heard.at(-1) === "stop", "an order");
    other.live.tell(LIVE);
    await soon(() => live.length > 0, "a worker");
    const block = await run.store.write("block.t-0", BYTES);
    await run.queue.publish({ id: "t-0", count: 1, runs: [0, 1], block });
    const [queued] = await run.queue.list();
    const part = await other.store.write("part.t-0.x", BYTES);
    const seqs = Array.from({ length: 400 }, (_, k) => 10 ** 9 + k);
    await Promise.all(Array.from({ length: count }, (_, k) => {
      const large = { ...part, seqs: k === 0 ? part.seqs : seqs };
      return other.commits.create({
        id: `t-${k}`,
        worker: "w",
        tries: 1,
        count: 1,
        part: large,
      });
    }));
    await soon(() => commits.length === count, "the commits");
    await run.store.read(part);
    await run.commits.close("t-0");
    await run.queue.remove(queued);
    await soon(async () => (await other.queue.list()).length === 0, "an empty queue");
    await run.store.dropName("part.t-0.x");
    await run.store.drop(block);
    const isEmpty = async (): Promise<boolean> =>
      (await other.store.list()).every((name) => name.startsWith("spec."));
    await soon(isEmpty, "room in the store");
    await run.store.list();
    assert(await run.exists());
    assertEquals((await bus.deleteRun(RUN)).length, 4);
  } finally {
    for (const end of ends) end();
    await admin.deleteRun(RUN);
  }
}

/** Those of the users that can do something to its end. */
async function listAble(
  users: readonly User[],
  nats: NatsServer,
  act: (bus: Bus, user: User) => Promise<void>,
): Promise<User[]> {
  const able: User[] = [];
  for (const user of users) {
    await using one = await open(nats, user.user);
    try {
      await act(one.bus, user);
      able.push(user);
    } catch (error) {
      const isDenied = error instanceof BusError && error.trouble === "denied";
      const isSilent = error instanceof Error && error.message.startsWith("No sign of");
      if (user.lacks !== undefined && (isDenied || isSilent)) continue;
      throw new Error(`Without '${user.lacks}'`, { cause: error });
    }
  }
  return able;
}

Deno.test({
  name: "a worker of docs/cluster.md needs each of its permissions",
  ignore: !HAS_NATS,
  async fn() {
    const worker = find("worker");
    const users = [worker, ...listPoorer(worker)];
    await using nats = await NatsServer.start({ config: toConfig(users) });
    await using admin = await open(nats, "admin");
    const run = await admin.bus.createRun(RUN, STREAMS);
    await run.writeSpec(SPEC, "1");
    const told: string[] = [];
    const able = await listAble(users, nats, (bus, { user }) => work(bus, run, `t-${user}`, told));
    assertEquals(able.map(({ user }) => user), ["worker"], JSON.stringify(able.slice(1), null, 2));
    // Nobody waits for an answer to these, or hears that they do not come.
    const denied = told.map((text) => /may not (.*?)(?:\.\d.*)?':/.exec(text)?.[1]);
    assertEquals(denied.sort(), [
      "publish to '$JS.ACK.MYRIAD_nightly_SLICES.slices",
      "publish to 'myriad.nightly.live",
      "subscribe to '$KV.MYRIAD_nightly.control",
      "subscribe to '$KV.MYRIAD_nightly.hold.*",
      "subscribe to '$KV.MYRIAD_nightly.origin",
    ]);
  },
});

Deno.test({
  name: "a submitter of docs/cluster.md needs each of its permissions",
  ignore: !HAS_NATS,
  async fn() {
    const submitter = find("submitter");
    const users = [submitter, ...listPoorer(submitter)];
    await using nats = await NatsServer.start({ config: toConfig(users) });
    await using admin = await open(nats, "admin");
    const able = await listAble(
      users,
      nats,
      (bus, { lacks }) =>
        submit(bus, admin.bus, [undefined, FLOW_CONTROL].includes(lacks) ? MANY : 1),
    );
    assertEquals(able.map(({ user }) => user), ["submitter"], JSON.stringify(able.slice(1)));
  },
});

Deno.test({
  name: "a worker of docs/cluster.md can neither publish slices nor delete, nor read another run",
  ignore: !HAS_NATS,
  async fn() {
    await using nats = await NatsServer.start({ config: toConfig(USERS) });
    await using admin = await open(nats, "admin");
    await using worker = await open(nats, "worker");
    for (const name of [RUN, "other"]) {
      await (await admin.bus.createRun(name, STREAMS)).writeSpec(SPEC, "1");
    }
    const run = (await worker.bus.openRun(RUN))!;
    const stored = await run.store.write("part.t-0.x", BYTES);
    for (
      const [what, act] of Object.entries({
        publish: () => run.queue.publish({ id: "a", count: 1, runs: [0, 1], block: undefined }),
        block: () => run.store.write("block.t-0", BYTES),
        control: () => run.control.write("over"),
        describe: () => run.writeSpec(SPEC, "1"),
        purge: () => run.store.dropName("part.t-0.x"),
        list: () => worker.bus.listAll(),
        delete: () => worker.bus.deleteRun(RUN),
        other: () => worker.bus.openRun("other"),
        make: () => worker.bus.createRun("third", STREAMS),
      })
    ) {
      const error = await act().then(() => undefined, (error) => error);
      assertEquals([what, error?.trouble], [what, "denied"]);
    }
    await run.store.drop(stored);
    await run.store.read(stored);
    assertEquals(await admin.bus.listRuns(), [RUN, "other"]);
  },
});

Deno.test({
  name: "myriad runs works with the permissions of docs/cluster.md",
  ignore: !HAS_NATS,
  async fn() {
    const [text] = /^- \*\*`myriad runs`\*\*[^]*?(?=^- )/m.exec(DOCUMENT)!;
    const subjects = Array.from(text.matchAll(/`([$\w.*]+\.[\w*]+)`/g), ([, subject]) => subject);
    const isHeard = (subject: string): boolean => subject.endsWith(".live");
    const watcher = {
      user: "watcher",
      publish: subjects.filter((subject) => !isHeard(subject)),
      subscribe: [...subjects.filter(isHeard), "_INBOX.myriad.watcher.>"],
    };
    await using nats = await NatsServer.start({ config: toConfig([watcher]) });
    await using admin = await open(nats, "admin");
    const run = await admin.bus.createRun(RUN, STREAMS);
    await run.writeSpec(SPEC, "1");
    const timer = setInterval(() => run.live.tell(LIVE), 100);
    const url = `nats://watcher:p@${nats.host}:${nats.port}`;
    const list = JSON.parse(await runs([url, "--json"]));
    clearInterval(timer);
    assertEquals(list.runs[0].workers.length, 1);
    await runs([url, RUN, "--stop"]);
    assertEquals(await run.control.read(), "stop");
    await runs([url, RUN, "--delete"]);
    assertEquals(await admin.bus.listAll(), []);
  },
});

Deno.test({
  name: "a whole run is made with exactly the users of docs/cluster.md",
  ignore: !HAS_NATS,
  async fn() {
    await using nats = await NatsServer.start({ config: CONFIG });
    await using target = await RawServer.start(({ send }) => send(ok()));
    await using dir = await folder();
    const urls = Array.from({ length: 300 }, (_, k) => target.url(`/${k}`));
    const input = await dir.write("urls.txt", `${urls.join("\n")}\n`);
    const [submitterUrl, workerUrl] = await Promise.all(
      [["submitter", "change-this"], ["worker", "change-this-too"]].map(([user, password]) =>
        dir.write(user, `nats://${user}:${password}@${nats.host}:${nats.port}\n`)
      ),
    );
    const output = dir.path("out.ndjson");
    await using submitting = start([
      ...["-i", input, "-q", "1000/s", "-o", output, "--slice", "50", "--progress", "none"],
      ...["--cluster", `@${submitterUrl}`, "--cluster-run", RUN],
    ]);
    await readUntil(submitting.stderr, `the run is '${RUN}'`);
    await using working = start(["work", `@${workerUrl}`, RUN]);
    for (
      const { code, stderr } of await Promise.all([submitting, working].map((it) => finish(it)))
    ) {
      assertEquals(code, 0, stderr);
    }
    const lines = (await Deno.readTextFile(output)).trimEnd().split("\n");
    assertEquals(new Set(lines.map((line) => JSON.parse(line).i)).size, 300);
    assertEquals(new Set(target.requests).size, 300);
  },
});
