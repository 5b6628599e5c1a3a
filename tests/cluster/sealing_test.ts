import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { Cluster, range } from "../fixtures/cluster.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

const COUNT = 60;
const SLICE = 20;
/** The first byte of all that is sealed. */
const SEALED = 1;
const KEY = "0123456789abcdef".repeat(4);

/** Texts of a run that nobody else may read. */
function listSecrets({ target, dir }: Cluster): string[] {
  const { host } = new URL(target.url("/"));
  return [
    "hunter2",
    "header-of-a-file",
    "password-of-a-record",
    "path-of-a-record",
    host,
    dir.path("headers"),
    "in.jsonl",
    KEY,
  ];
}

/** What a message of a run is about. */
const findKind = (subject: string): string =>
  /\.(?:store\.)?(block|commit|live|part|slice|spec)\b/.exec(subject)![1];

/** Starts a run with secrets whose submitter sleeps until a worker has done everything. */
async function beginWithSecrets(cluster: Cluster, flags: readonly string[]) {
  const { dir, target } = cluster;
  const headers = await dir.write("headers", "X-Token: header-of-a-file\n");
  const records = range(COUNT).map((i) => ({
    url: target.url(`/path-of-a-record/${i}`),
    headers: { Authorization: `password-of-a-record ${i}` },
  }));
  const input = await dir.write("in.jsonl", records.map((it) => JSON.stringify(it)).join("\n"));
  const output = dir.path("out.ndjson.gz");
  const { messages } = await cluster.tap(">");
  const count = (pattern: RegExp): number =>
    messages.filter(({ subject }) => pattern.test(subject)).length;
  const run = cluster.submit([
    ...["-i", input, "-H", `@${headers}`, "-H", "Cookie: a=hunter2", "-c", "5", "-o", output],
    ...["--failures", dir.path("failed.jsonl"), "--slice", `${SLICE}`, ...flags],
  ]);
  // One is published again where the bus was slow to confirm it.
  await until(() => count(/^myriad\.\w+\.slice$/) >= COUNT / SLICE, () => run.said.stderr);
  run.kill("SIGSTOP");
  const key = flags.includes("--cluster-key") ? ["--cluster-key", flags[1]] : [];
  const worker = cluster.work([await run.name(), ...key], {
    permissions: ["--allow-net", `--allow-read=${dir.path("key")}`],
  });
  await until(
    () => count(/\.commit\./) >= COUNT / SLICE && count(/\.live$/) > 0,
    () => worker.said.stderr,
  );
  return { run, worker, output, messages };
}

Deno.test("nobody without the key reads anything of a sealed run", async () => {
  await using cluster = await Cluster.start({
    status: (path) => path.endsWith("7") ? 404 : 200,
  });
  const key = await cluster.dir.write("key", KEY);
  const flags = ["--cluster-key", key, "--fail"];
  const { run, worker, output, messages } = await beginWithSecrets(cluster, flags);
  const secrets = listSecrets(cluster);
  assertEquals(cluster.nats.findInStore(secrets), []);
  const sent = messages.map(({ subject, data }) =>
    `${subject} ${new TextDecoder("latin1").decode(data)}`
  ).join("\n");
  assertEquals(secrets.filter((secret) => sent.includes(secret)), []);
  // Compressed bytes would not show a text either.
  const isOfRun = /^myriad\.\w+\.(slice|live|store\..*)$|\.commit\.[\w]+-\d+$/;
  console.log(messages.map(({ subject }) => subject).filter((s) => isOfRun.test(s)).join(" "));
  const payloads = messages.filter(({ subject }) => isOfRun.test(subject));
  const kinds = new Set(payloads.map(({ subject }) => findKind(subject)));
  assertEquals([...kinds].sort(), ["block", "commit", "live", "part", "slice", "spec"]);
  assertEquals(payloads.filter(({ data }) => data[0] !== SEALED), []);
  run.kill("SIGCONT");
  const { code, stderr } = await run.ended;
  assertEquals(code, 1, stderr);
  assertEquals((await worker.ended).code, 0);
  await cluster.verify(output, { numbers: range(COUNT) });
  const failed = await Deno.readTextFile(cluster.dir.path("failed.jsonl"));
  assertEquals(failed.trim().split("\n").length, 6);
  assertEquals(cluster.nats.findInStore(secrets), []);
});

Deno.test("without a key anybody can read what describes a run", async () => {
  await using cluster = await Cluster.start();
  const { messages } = await cluster.tap("myriad.*.store.spec.*");
  cluster.submit([cluster.target.url("/"), "-H", "Cookie: hunter2", "--cluster-plain"]);
  await until(() => messages.length === 1);
  assertStringIncludes(gunzipSync(messages[0].data).toString(), "hunter2");
});

Deno.test("a worker says that it needs the key, another key, or none", async () => {
  await using cluster = await Cluster.start();
  const { dir } = cluster;
  const key = await dir.write("key", KEY);
  const other = await dir.write("other", KEY.replaceAll("0", "1"));
  const sealed = cluster.submit([cluster.target.url("/"), "--cluster-key", key]);
  const plain = cluster.submit([cluster.target.url("/")]);
  const permissions = ["--allow-net", `--allow-read=${dir.path(".")}`];
  const cases = [
    [await sealed.name(), [], /it is sealed: add --cluster-key/],
    [await sealed.name(), ["--cluster-key", other], /--cluster-key is not the key that it was/],
    [await plain.name(), ["--cluster-key", key], /it is not sealed, and --cluster-key says/],
  ] as const;
  for (const [run, flags, words] of cases) {
    const { code, stderr } = await cluster.work([run, ...flags], { permissions }).ended;
    assertMatch(stderr, words);
    assertEquals(code, 2);
  }
});

Deno.test("--resume with another key says that it makes the run anew", async () => {
  await using cluster = await Cluster.start();
  const { dir, target } = cluster;
  const key = await dir.write("key", KEY);
  const other = await dir.write("other", KEY.replaceAll("0", "1"));
  const output = dir.path("out.ndjson");
  const args = [target.url("/{}"), "-n", "3", "-o", output, "--cluster-key"];
  target.hold(() => true);
  const run = cluster.submit([...args, key]);
  const permissions = ["--allow-net", `--allow-read=${dir.path(".")}`];
  cluster.work(["--cluster-key", key], { permissions });
  await cluster.sees(3);
  run.kill("SIGKILL");
  await run.ended;
  target.release();
  const resumed = cluster.submit([...args, other, "--resume"]);
  await resumed.says("the run on the bus had another --cluster-key or version of myriad");
  cluster.work([await resumed.name(), "--cluster-key", other], { permissions });
  const { code, stderr } = await resumed.ended;
  assertEquals(code, 0, stderr);
  await cluster.verify(output, { numbers: range(3), repeats: 3 });
});

Deno.test("a request has the same idempotency key when its slice is done again", async () => {
  await using cluster = await Cluster.start();
  const keys = new Map<string, string[]>();
  let holds = true;
  await using target = await RawServer.start(({ request, send }) => {
    const [, path] = request.split(" ", 2);
    const [, key] = /^idempotency-key: (.*)$/im.exec(request)!;
    keys.set(path, [...keys.get(path) ?? [], key.trim()]);
    if (!holds || path !== "/15") void send(ok());
  });
  const output = cluster.dir.path("out.ndjson");
  const run = cluster.submit([
    ...["-n", `${SLICE}`, "-c", "4", "--slice", `${SLICE}`, "--lost-after", "1s", "-m", "POST"],
    ...["--request-id=Idempotency-Key", "-o", output, target.url("/{}")],
  ]);
  const dying = await cluster.join(run);
  await until(() => keys.size === SLICE);
  dying.kill("SIGKILL");
  holds = false;
  await cluster.join(run);
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  const all = [...keys.values()];
  assert(all.every((list) => list.length === 2), "each request was made twice");
  assertEquals(new Set(all.flat()).size, SLICE);
  assert(all.every(([one, two]) => one === two), "with the same key");
});

Deno.test("--resume with another key makes the run anew, and workers need that key", async () => {
  await using cluster = await Cluster.start();
  const { dir, target } = cluster;
  const keys = [await dir.write("one", KEY), await dir.write("two", KEY.replaceAll("0", "1"))];
  const output = dir.path("out.ndjson");
  const { messages } = await cluster.tap("myriad.*.slice");
  const args = ["-n", `${COUNT}`, "--slice", `${SLICE}`, target.url("/{}"), "-o", output];
  const first = cluster.submit([...args, "--cluster-key", keys[0]]);
  const name = await first.name();
  await until(() => messages.length === COUNT / SLICE);
  first.kill("SIGKILL");
  await first.ended;
  const second = cluster.submit([...args, "--cluster-key", keys[1], "--resume"]);
  assertEquals(await second.name(), name);
  await until(() => messages.length === 2 * COUNT / SLICE);
  const permissions = ["--allow-net", `--allow-read=${dir.path(".")}`];
  const [startOld, startFresh] = keys.map((key) => () =>
    cluster.work([name, "--cluster-key", key], { permissions })
  );
  // One after the other: the run could be over before the other has looked for it.
  assertMatch((await startOld().ended).stderr, /is not the key that it was submitted with/);
  const fresh = startFresh();
  const { code, stderr } = await second.ended;
  assertEquals(code, 0, stderr);
  assertEquals((await fresh.ended).code, 0);
  await cluster.verify(output, { numbers: range(COUNT) });
});
