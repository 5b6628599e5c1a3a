import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { nkeys } from "@nats-io/nats-core/internal";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Bus } from "../../../lib/cluster/bus/bus.ts";
import type { RunBus } from "../../../lib/cluster/bus/run_bus.ts";
import type { Control } from "../../../lib/cluster/messages.ts";
import { BusError, UsageError } from "../../../lib/errors.ts";
import type { BusLogin, BusOptions } from "../../../lib/options/run_options.ts";
import { HAS_NATS, NatsServer } from "../../fixtures/nats_server.ts";
import { folder } from "../../fixtures/folder.ts";
import { finish, readUntil, start } from "../../fixtures/program.ts";
import { ok, RawServer, refusedPort } from "../../fixtures/raw_server.ts";
import { AUTHORITY, CLIENT } from "../../fixtures/tls_server.ts";
import { until } from "../../fixtures/until.ts";

const FIXTURES = new URL("../../fixtures/", import.meta.url).pathname;
const STREAMS = { lostAfterMs: 30_000, holdBytes: 8 * 1024 ** 2, replicas: 1, key: undefined };

/** A test that needs a NATS server. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !HAS_NATS, fn });
}

function at(
  { host, port }: Pick<NatsServer, "host" | "port">,
  options: Partial<BusOptions> = {},
): BusOptions {
  return { servers: [`${host}:${port}`], login: undefined, tls: undefined, ...options };
}

/** A bus, until the end of the scope. */
async function open(options: BusOptions): Promise<{ bus: Bus } & AsyncDisposable> {
  const bus = await Bus.connect(options);
  return { bus, [Symbol.asyncDispose]: () => bus.close() };
}

const describe = (run: RunBus): Promise<void> =>
  run.writeSpec({
    command: { argv: [], files: [], password: null },
    columns: ["a"],
    hasOneHost: true,
    ids: null,
    lostAfterMs: 30_000,
    details: false,
  }, "1");

const rejectsBus = (act: () => Promise<unknown>): Promise<BusError> => assertRejects(act, BusError);

const TLS_CONFIG = `tls {
  cert_file: "${FIXTURES}server.crt", key_file: "${FIXTURES}server.key"
  ca_file: "${FIXTURES}authority.crt", verify: true
}`;

test("Bus.connect() says why it cannot connect, and never the password", async () => {
  await using nats = await NatsServer.start({
    config: `authorization { user: "u", password: "secret" }`,
  });
  const refused = { host: "127.0.0.1", port: await refusedPort() };
  const login = { user: "u", password: "secret-but-wrong" };
  for (
    const [options, words] of [
      [at(refused, { login }), "connection refused: start 'nats-server -js' there, or correct"],
      [at(nats), "it asks who you are: put USER:PASSWORD@ or TOKEN@ before its host, or"],
      [at(nats, { login }), "it does not let this user in: correct the user, password, token or"],
      [at(nats, { login, tls: { insecure: false } }), "the server does not offer TLS: use nats://"],
    ] as const
  ) {
    const error = await assertRejects(() => Bus.connect(options), UsageError);
    assertStringIncludes(
      error.message,
      `Cannot connect to the NATS server '${options.servers[0]}': ${words}`,
    );
    assert(!error.message.includes("secret"), error.message);
  }
  const several = {
    ...at(nats, { login }),
    servers: [at(refused).servers[0], at(nats).servers[0]],
  };
  const error = await assertRejects(() => Bus.connect(several), UsageError);
  assertStringIncludes(error.message, `any of the NATS servers '${several.servers.join("', '")}'`);
  await using _ = await open({ ...several, login: { user: "u", password: "secret" } });
});

test("Bus.connect() uses TLS with a private authority and a certificate of its own", async () => {
  await using nats = await NatsServer.start({ config: TLS_CONFIG });
  const tls = { ca: AUTHORITY, ...CLIENT, insecure: false };
  for (const host of ["127.0.0.1", "localhost"]) {
    await using _ = await open(at({ host, port: nats.port }, { tls }));
  }
  for (
    const [options, words] of [
      [at(nats), "one of an unknown issuer: --cluster-ca FILE trusts it"],
      [at(nats, { tls: { insecure: false } }), "unknown issuer: --cluster-ca FILE trusts it"],
      [
        at(nats, { tls: { ca: AUTHORITY, insecure: false } }),
        "the server wants a client certificate: add",
      ],
    ] as const
  ) {
    const error = await assertRejects(() => Bus.connect(options), UsageError);
    assertStringIncludes(error.message, words);
    assert(!error.message.includes("-k"), error.message);
  }
});

/** A token of an nkey: who is told by whom that it is somebody (JWT). */
function sign(issuer: ReturnType<typeof nkeys.createUser>, subject: string, nats: unknown): string {
  const encode = (value: unknown): string =>
    Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
  const text = [
    { typ: "JWT", alg: "ed25519-nkey" },
    {
      jti: crypto.randomUUID(),
      iat: Math.floor(Date.now() / 1000),
      iss: issuer.getPublicKey(),
      name: "x",
      sub: subject,
      nats,
    },
  ].map(encode).join(".");
  const signature = issuer.sign(new TextEncoder().encode(text));
  return `${text}.${Buffer.from(signature).toString("base64url")}`;
}

test("Bus.connect() logs in by a password, a token, an nkey or credentials", async () => {
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const operator = nkeys.createOperator();
  const [account, system] = [nkeys.createAccount(), nkeys.createAccount()];
  const user = nkeys.createUser();
  const userToken = sign(account, user.getPublicKey(), {
    type: "user",
    version: 2,
    subs: -1,
    data: -1,
    payload: -1,
  });
  const limits = { subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1 };
  const accountTokens = [account, system].map((account) => {
    const name = account.getPublicKey();
    return `${name}: ${sign(operator, name, { type: "account", version: 2, limits })}`;
  });
  const operatorToken = sign(operator, operator.getPublicKey(), { type: "operator", version: 2 });
  const seed = text(user.getSeed());
  const logins: [string, BusLogin][] = [
    [`authorization { user: "u", password: "p:/@" }`, { user: "u", password: "p:/@" }],
    [`authorization { token: "t" }`, { token: "t" }],
    [`authorization { users: [{ nkey: ${user.getPublicKey()} }] }`, { seed }],
    [
      `operator: ${operatorToken}
       resolver: MEMORY
       system_account: ${system.getPublicKey()}
       resolver_preload: { ${accountTokens.join("\n")} }`,
      {
        credentials:
          `-----BEGIN NATS USER JWT-----\n${userToken}\n------END NATS USER JWT------\n` +
          `\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
      },
    ],
  ];
  for (const [config, login] of logins) {
    await using nats = await NatsServer.start({ config });
    await using _ = await open(at(nats, { login }));
    await assertRejects(() => Bus.connect(at(nats)), UsageError, "it asks who you are");
  }
});

test("a whole run goes over TLS, with a certificate and an nkey from files", async () => {
  const user = nkeys.createUser();
  const seed = new TextDecoder().decode(user.getSeed());
  await using nats = await NatsServer.start({
    config: `${TLS_CONFIG}\nauthorization { users: [{ nkey: ${user.getPublicKey()} }] }`,
  });
  await using target = await RawServer.start(({ send }) => send(ok()));
  await using dir = await folder();
  const output = dir.path("out.ndjson");
  const connection = [
    ...["--cluster-creds", await dir.write("user.nk", seed)],
    ...["--cluster-ca", `${FIXTURES}authority.crt`],
    ...["--cluster-cert", `${FIXTURES}client.crt`, "--cluster-cert-key", `${FIXTURES}client.key`],
  ];
  const url = `tls://localhost:${nats.port}`;
  await using submitting = start([
    ...["-n", "50", target.url("/{}"), "-o", output, "--progress", "none"],
    ...["--cluster", url, "--cluster-run", "a", ...connection],
  ]);
  const told = await readUntil(submitting.stderr, `myriad work ${url} a`);
  await using working = start(["work", url, "a", ...connection]);
  const [submitted, worked] = await Promise.all([finish(submitting), finish(working)]);
  assertEquals([submitted.code, worked.code], [0, 0], submitted.stderr + worked.stderr);
  assertEquals(new Set(target.requests).size, 50);
  const journal = await Deno.readTextFile(`${output}.myriad`);
  for (const text of [told, journal, submitted.stderr, submitted.stdout, worked.stderr]) {
    assert(!text.includes(seed), text);
  }
});

test("Bus.connect() says what the server says", async () => {
  await using nats = await NatsServer.start({ config: "max_connections: 1" });
  await using _ = await open(at(nats));
  const error = await assertRejects(() => Bus.connect(at(nats)), UsageError);
  assertStringIncludes(error.message, "the server says 'maximum connections exceeded'");
});

test("Bus.connect() says that a seed is damaged, and nothing of it", async () => {
  await using nats = await NatsServer.start();
  const seed = `SU${"A".repeat(56)}`;
  const error = await assertRejects(() => Bus.connect(at(nats, { login: { seed } })), UsageError);
  assertStringIncludes(error.message, "the seed in '--cluster-creds' is damaged: copy it again");
  assert(!error.message.includes(seed), error.message);
});

test("Bus.connect() says that a server takes too short messages", async () => {
  await using nats = await NatsServer.start({ config: "max_payload: 8192" });
  const error = await assertRejects(() => Bus.connect(at(nats)), UsageError);
  assertStringIncludes(error.message, "messages of 8192 bytes at most: give it a 'max_payload' of");
});

test("Bus says what a server without JetStream lacks", async () => {
  await using nats = await NatsServer.start({
    config: `accounts { A { users: [{ user: u, password: p }] } }`,
  });
  await using one = await open(at(nats, { login: { user: "u", password: "p" } }));
  for (const act of [() => one.bus.listRuns(), () => one.bus.createRun("a", STREAMS)]) {
    assertMatch((await rejectsBus(act)).message, /no JetStream: start nats-server with -js/);
  }
});

test("createRun() makes a run once, and lists it", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  await using other = await open(at(nats));
  assertEquals(await one.bus.listAll(), []);
  const run = await one.bus.createRun("a", STREAMS);
  assertEquals(await run.isSealed(), undefined);
  await describe(run);
  const error = await assertRejects(() => other.bus.createRun("a", STREAMS), UsageError);
  assertStringIncludes(error.message, "A run 'a' is on the bus already");
  assertEquals(await other.bus.listRuns(), ["a"]);
  const both = await Promise.allSettled(
    [one, other].map(({ bus }) => bus.createRun("b", STREAMS)),
  );
  assert(both.some(({ status }) => status === "fulfilled"), JSON.stringify(both));
  await describe(await one.bus.openRun("b") as RunBus);
  assertEquals(await one.bus.listRuns(), ["a", "b"]);
  assertEquals(await one.bus.deleteRun("a"), [
    "MYRIAD_a_SLICES",
    "MYRIAD_a_STORE",
    "MYRIAD_a_RATE",
    "KV_MYRIAD_a",
  ]);
  assertEquals(await one.bus.deleteRun("a"), []);
  assertEquals(await one.bus.openRun("a"), undefined);
  assertEquals(await one.bus.openRun("A.b"), undefined);
});

test("createRun() leaves nothing if a stream cannot be made", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const copies = await rejectsBus(() => one.bus.createRun("a", { ...STREAMS, replicas: 3 }));
  assertStringIncludes(copies.message, "not part of a cluster: leave out --cluster-replicas");
  assertEquals(await one.bus.listAll(), []);
  const holdBytes = 2 ** 50;
  const large = await rejectsBus(() => one.bus.createRun("a", { ...STREAMS, holdBytes }));
  assertStringIncludes(large.message, "less room than the run reserves: use a smaller --cluster-h");
  assertEquals([large.trouble, await one.bus.listAll()], ["full", []]);
});

test("readSpec() waits for a description that is not written yet", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  await using other = await open(at(nats));
  const made = await one.bus.createRun("a", STREAMS);
  const reading = (await other.bus.openRun("a"))!.readSpec("1");
  await describe(made);
  assertEquals((await reading)?.columns, ["a"]);
});

test("a full store says so, and takes more when something was dropped", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", { ...STREAMS, holdBytes: 3 * 1024 ** 2 });
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const part = new Uint8Array(2 * 1024 ** 2).map((_, k) => bytes[k % bytes.length]);
  const first = await run.store.write("part.a", part);
  assertEquals(await run.store.read(first), part);
  const error = await rejectsBus(() => run.store.write("part.b", part));
  assertEquals(error.trouble, "full");
  assertStringIncludes(error.message, "the store of the run is full");
  await run.store.drop(first);
  await run.store.dropName("part.b");
  const second = await run.store.write("part.c", part);
  assertEquals(await run.store.read(second), part);
});

test("store() sends pieces that the server takes, and none twice", async () => {
  await using nats = await NatsServer.start({ config: "max_payload: 65536" });
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  const part = new Uint8Array(1_000_000).map((_, k) => k % 251);
  const stored = await run.store.write("part.a", part);
  assert(stored.seqs.length >= 1_000_000 / 65_536, `${stored.seqs.length} pieces`);
  assertEquals(await run.store.read(stored), part);
  assertEquals(await run.store.write("part.a", part), stored);
});

test("100 parts leave no consumers behind", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  await describe(run);
  const commits: string[] = [];
  const stop = await run.commits.watch(({ id }) => commits.push(id));
  const stopControl = await run.control.watch(() => {});
  for (let k = 0; k < 100; k++) {
    await run.queue.publish({ id: `t-${k}`, count: 1, runs: [k, 1], block: undefined });
    const lease = (await run.queue.next())!;
    const part = await run.store.write(`part.t-${k}.x`, new Uint8Array(10));
    const commit = { id: lease.slice.id, worker: "w", tries: 1, count: 1, part };
    assert(await run.commits.create(commit));
    lease.acknowledge();
    await run.store.read(part);
    await run.store.dropName(`part.t-${k}.x`);
    await run.commits.close(lease.slice.id);
  }
  await until(() => commits.length === 100);
  stop();
  stopControl();
  const nc = await connect({ servers: `${nats.host}:${nats.port}` });
  const jsm = await jetstreamManager(nc);
  const counts: Record<string, number> = {};
  for await (const { config: { name }, state } of jsm.streams.list()) {
    counts[name] = state.consumer_count;
  }
  await nc.close();
  // That of the queue, and at most the one of the watch.
  assertEquals([counts.MYRIAD_a_SLICES, counts.MYRIAD_a_STORE], [1, 0]);
  assert(counts.KV_MYRIAD_a <= 1, JSON.stringify(counts));
});

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
  const stopCommits = await made.commits.watch(({ id }) => commits.push(id));
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

test("a run that is deleted is over to its workers", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  await describe(run);
  const waiting = run.queue.next().catch((error) => error);
  await one.bus.deleteRun("a");
  const ended = await waiting;
  assert(ended === undefined || (ended as BusError).trouble === "gone", `${ended}`);
  assertEquals(await run.control.read(), "over");
  assertEquals(await run.exists(), false);
  assertEquals((await rejectsBus(() => run.isSealed())).trouble, "gone");
});

test("nextSlice() gives each slice to one worker, and again when it is given back", async () => {
  await using nats = await NatsServer.start();
  await using one = await open(at(nats));
  const run = await one.bus.createRun("a", STREAMS);
  const waiting = run.queue.next();
  await run.queue.publish({ id: "t-0", count: 1, runs: [0, 1], block: undefined });
  await run.queue.publish({ id: "t-0", count: 1, runs: [0, 1], block: undefined });
  const lease = (await waiting)!;
  assertEquals(lease.slice.id, "t-0");
  assertEquals(await run.queue.countHeld(), 1);
  lease.giveBack();
  const again = (await run.queue.next())!;
  assertEquals(again.slice.id, "t-0");
  again.acknowledge();
  await until(async () => (await run.queue.list()).length === 0);
});
