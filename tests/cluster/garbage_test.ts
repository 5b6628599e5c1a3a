import { assert, assertEquals } from "@std/assert";
import type { NatsConnection } from "@nats-io/transport-node";
import { Cluster, range } from "../fixtures/cluster.ts";
import { generator, valueOf } from "../fixtures/random_json.ts";
import { until } from "../fixtures/until.ts";

// What others send to the bus of a run neither ends nor changes it.

const COUNT = 200;
const SLICE = 20;

/** Texts that look like what belongs there. */
const FORGED: readonly string[] = [
  "",
  "null",
  "[]",
  "{}",
  '{"id":"x-1","count":1,"runs":[0,1]}',
  '{"id":"x-1","count":1000000,"runs":[0,1000000]}',
  '{"id":"\\u001b[31m","count":1,"runs":[0,1]}',
  '{"id":"x-2","count":2,"runs":[5000,2],"block":{"seqs":[1],"bytes":67108864,"sha256":"' +
  "0".repeat(64) + '"}}',
  '{"worker":"\\u001b]0;x\\u0007"}',
  "[".repeat(5_000),
];

/** Sends garbage to each subject of the run. */
function flood(nc: NatsConnection, run: string, random: (below: number) => number): void {
  const subjects = [
    ...["slice", "live", "rate", "store.part.x", "store.other"].map((it) => `myriad.${run}.${it}`),
    ...["control", "origin", "commit.x-1", "clock.x", "hold.x", "other"]
      .map((key) => `$KV.MYRIAD_${run}.${key}`),
  ];
  for (const subject of subjects) {
    for (const text of FORGED) nc.publish(subject, text);
    for (let k = 0; k < 10; k++) {
      nc.publish(subject, JSON.stringify(valueOf(random)));
      nc.publish(subject, Uint8Array.from({ length: random(200) }, () => random(256)));
    }
  }
}

for (const name of ["in clear", "sealed"]) {
  Deno.test(`garbage on each subject does not change a run, ${name}`, async () => {
    await using cluster = await Cluster.start();
    const { target, dir } = cluster;
    const key = await dir.write("key", "ab".repeat(32));
    const flags = name === "sealed" ? ["--cluster-key", key] : [];
    const output = dir.path("out.ndjson");
    const { messages, nc } = await cluster.tap("myriad.*.slice");
    target.hold(() => true);
    const run = cluster.submit([
      ...["-n", `${COUNT}`, "-c", "10", "--slice", `${SLICE}`, "--lost-after", "2s"],
      ...[target.url("/{}"), "-o", output, "--json", ...flags],
    ]);
    const id = await run.name();
    await until(() => messages.length >= COUNT / SLICE);
    const random = generator(name.length);
    flood(nc, id, random);
    const worker = cluster.work([id, ...flags], {
      permissions: ["--allow-net", `--allow-read=${dir.path("key")}`],
    });
    await cluster.sees(10);
    flood(nc, id, random);
    await nc.flush();
    target.release();
    const { code, stdout, stderr } = await run.ended;
    assertEquals(code, 0, stderr);
    const worked = await worker.ended;
    assertEquals(worked.code, 0, worked.stderr);
    assertEquals(JSON.parse(stdout).requests, COUNT);
    await cluster.verify(output, { numbers: range(COUNT), repeats: SLICE });
    // Each kind is told once.
    const notices = [stderr, worked.stderr].map((said) =>
      said.match(/that is damaged, or not of/g)
    );
    assert(notices.every((said) => said !== null && said.length <= 6), stderr + worked.stderr);
    assertEquals(stderr.includes("\x1b"), false);
  });
}

for (const mark of ["garbage", "closed"]) {
  Deno.test(`'${mark}' in the place of commits is replaced by the slices' own`, async () => {
    await using cluster = await Cluster.start();
    const { target, dir } = cluster;
    const output = dir.path("out.ndjson");
    const { messages, nc } = await cluster.tap("myriad.*.slice");
    const run = cluster.submit([
      ...["-n", `${COUNT}`, "--slice", `${SLICE}`, "--lost-after", "2s", target.url("/{}")],
      ...["-o", output],
    ]);
    const id = await run.name();
    await until(() => messages.length === COUNT / SLICE);
    for (const { data } of messages.slice(0, 3)) {
      const { id: slice } = JSON.parse(new TextDecoder().decode(data));
      nc.publish(`$KV.MYRIAD_${id}.commit.${slice}`, mark);
    }
    await nc.flush();
    await cluster.join(run);
    const { code, stderr } = await run.ended;
    assertEquals(code, 0, stderr);
    await cluster.verify(output, { numbers: range(COUNT), repeats: 3 * SLICE });
  });
}
