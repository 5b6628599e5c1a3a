import { assert, assertEquals, assertMatch } from "@std/assert";
import { Cluster, range, readOutput } from "../fixtures/cluster.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

const HOSTS = 6;
const EACH = 12;

/** A host that knows how many requests it had at once. */
class Host implements AsyncDisposable {
  most = 0;
  count = 0;
  #open = 0;
  #server!: RawServer;

  static async start(): Promise<Host> {
    const host = new Host();
    host.#server = await RawServer.start(({ send }) => {
      host.count++;
      host.most = Math.max(host.most, ++host.#open);
      // So long that another worker's request would come meanwhile.
      setTimeout(() => {
        host.#open--;
        void send(ok());
      }, 10);
    });
    return host;
  }

  url(path: string): string {
    return this.#server.url(path);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

/** Starts hosts, and what requests each of them so often, in turn. */
async function startHosts(cluster: Cluster): Promise<{ hosts: Host[]; urls: string }> {
  const hosts = await Promise.all(range(HOSTS).map(() => Host.start()));
  for (const host of hosts) cluster.use(host);
  const urls = range(HOSTS * EACH).map((i) => hosts[i % HOSTS].url(`/${i}\n`)).join("");
  return { hosts, urls };
}

Deno.test("--host-concurrency and --host-delay hold for all workers together", async () => {
  await using cluster = await Cluster.start();
  const { hosts, urls } = await startHosts(cluster);
  // Half of it is longer than a busy machine is late with the first.
  const delayMs = 400;
  const output = cluster.dir.path("out.ndjson");
  const flags = ["--host-concurrency", "1", "--host-delay", `${delayMs}ms`, "--slice", "4"];
  const run = cluster.submit(["-i", "-", "-o", output, "--fields", "i,url,at", ...flags], {
    input: urls,
  });
  const workers = await Promise.all(range(3).map(() => cluster.join(run)));
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  for (const worker of workers) assertEquals((await worker.ended).code, 0);
  assertEquals(hosts.map(({ most }) => most), range(HOSTS).map(() => 1));
  assertEquals(hosts.map(({ count }) => count), range(HOSTS).map(() => EACH));
  const records = (await readOutput(output)).trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(records.map(({ i }) => i).sort((a, b) => a - b), range(HOSTS * EACH));
  for (const of of Map.groupBy(records, ({ url }) => new URL(url).port).values()) {
    // Each is later than the schedule says if this machine is busy, and the next one is not; if one
    // were too early, so would be all behind it.
    const starts = of.map(({ at }) => Date.parse(at)).sort((a, b) => a - b);
    const tookMs = starts.at(-1)! - starts[0];
    assert(
      tookMs >= (starts.length - 1 - 1 / 2) * delayMs,
      `${starts.map((ms) => ms - starts[0])}`,
    );
  }
});

Deno.test("one host that has limits is requested by one worker at a time, which a notice says", async () => {
  await using cluster = await Cluster.start();
  const host = cluster.use(await Host.start());
  const run = cluster.submit([
    ...["-n", "60", "-c", "4", host.url("/{}"), "--host-concurrency", "2", "--slice", "10"],
  ]);
  await cluster.join(run);
  await cluster.join(run);
  const { code, stderr } = await run.ended;
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /one worker at a time makes requests, as they go to one host/);
  assertEquals([host.count, host.most], [60, 2]);
});

Deno.test("Retry-After of a host that one worker requests holds the others back, also later ones", async () => {
  await using cluster = await Cluster.start();
  let isBusy = true;
  const paths: string[] = [];
  const server = cluster.use(
    await RawServer.start(({ request, send }) => {
      paths.push(request.split(" ", 2)[1]);
      if (!isBusy) return void send(ok());
      isBusy = false;
      void send("HTTP/1.1 503 X\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n");
    }),
  );
  const run = cluster.submit([
    ...["-n", "40", "-c", "1", server.url("/{}"), "--slice", "1", "-o", cluster.dir.path("o")],
  ]);
  const holds = await cluster.tap("$KV.*.hold.*");
  const first = await cluster.join(run);
  await until(() => holds.messages.length === 1);
  const [{ subject, data }] = holds.messages;
  assertMatch(subject, /\.hold\.[0-9a-f]{64}$/);
  const { host, untilMs } = JSON.parse(new TextDecoder().decode(data));
  assertEquals(host, new URL(server.url("/")).host);
  assert(untilMs > Date.now() + 3_500_000);
  const second = await cluster.join(run);
  // It holds slices, and requests nothing.
  const { messages } = await cluster.tap("myriad.*.live");
  await until(() => {
    const told = messages.map(({ data }) => JSON.parse(new TextDecoder().decode(data)));
    return new Set(told.filter(({ open }) => open.length > 0).map(({ worker }) => worker)).size ===
      2;
  });
  run.kill("SIGINT");
  const { code, stderr } = await run.ended;
  assertEquals(code, 130, stderr);
  for (const worker of [first, second]) await worker.ended;
  assertEquals(paths.length, 1);
});
