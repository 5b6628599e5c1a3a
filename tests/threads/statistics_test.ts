import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { parseRun } from "../../lib/options/parse.ts";
import { type Outcome, Run } from "../../lib/run/run.ts";
import type { Snapshot } from "../../lib/stats/snapshot.ts";
import { Exposition } from "../fixtures/exposition.ts";
import { folder } from "../fixtures/folder.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

const VERSION = "1.2.3";

async function open(argv: readonly string[], onNotice?: (text: string) => void): Promise<Run> {
  return await Run.open(await parseRun(argv, VERSION) as RunOptions, onNotice);
}

async function finish(argv: readonly string[]): Promise<Outcome> {
  const outcome = await (await open(argv)).finish(VERSION);
  if (outcome.failure !== undefined) throw outcome.failure;
  return outcome;
}

/** A server on every address of the loopback, so that the number of a request can be its host. */
function startServer(): Promise<RawServer> {
  const attempts = new Map<number, number>();
  return RawServer.start(({ request, send, reset }) => {
    const i = Number(/host: 127\.0\.0\.(\d+)/i.exec(request)![1]);
    const nth = attempts.get(i) ?? 0;
    attempts.set(i, nth + 1);
    const status = [200, 201, 404, 503, 200, 200][i % 6];
    if (i % 7 === 3) return reset();
    // Half of these succeed at their second attempt.
    const isBetter = nth > 0 && i % 4 === 1;
    send(`HTTP/1.1 ${isBetter ? 200 : status} Any\r\nContent-Length: 3\r\n\r\nabc`);
  }, "0.0.0.0");
}

/** What does not depend on when something happened, or which of its like came first. */
function toComparable(snapshot: Snapshot): unknown {
  const { requests, succeeded, failed, skipped, statuses, tolerated, bytes, attempts } = snapshot;
  const byText = (values: readonly unknown[]) => values.map((it) => JSON.stringify(it)).sort();
  return {
    ...{ requests, succeeded, failed, skipped, statuses, tolerated, bytes, attempts },
    retries: byText(Object.entries(snapshot.retries)),
    errors: Object.entries(snapshot.errors).map(([kind, { count, reasons = [], examples }]) => [
      kind,
      count,
      examples.length,
      byText(reasons.map(({ expectation, count }) => [expectation, count])),
    ]),
    latencies: snapshot.histogram.count,
    hosts: byText(snapshot.hosts.map(({ host, requests, failed }) => [
      host.split(":")[0],
      requests,
      failed,
    ])),
    messages: byText(snapshot.messages!.map(({ kind, message, count }) => [kind, message, count])),
    thresholds: snapshot.thresholds,
    slowest: snapshot.slowest.map(({ i, status }) => `${i} ${status}`).sort(),
    state: [snapshot.inFlight, snapshot.retrying, snapshot.held, snapshot.engine],
  };
}

Deno.test("a run over several event loops shows what it shows with one", async () => {
  await using dir = await folder();
  const all: unknown[] = [];
  for (const threads of [1, 3]) {
    await using server = await startServer();
    const [output, page] = [dir.path(`${threads}.ndjson`), dir.path(`${threads}.html`)];
    const { snapshot } = await finish([
      ...[`http://127.0.0.{}:${server.port}/`, "--start", "1", "-n", "200", "-c", "20"],
      ...["--threads", `${threads}`, "--no-pause", "--retries", "1", "--retry-delay", "1ms"],
      ...["--expect-status", "2xx,404", "--expect-body", "b", "--threshold", "failed<10"],
      ...[
        "-o",
        output,
        "--fields",
        "i,ms,at,status,error,thread",
        "--report",
        page,
        "--top",
        "200",
      ],
    ]);
    all.push(toComparable(snapshot));
    assertEquals([snapshot.threads, snapshot.workersBusy.length], [threads, threads === 1 ? 0 : 3]);
    const records = (await Deno.readTextFile(output)).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    const workers = new Set(records.map(({ thread }) => thread));
    assertEquals([...workers].sort(), threads === 1 ? [0] : [0, 1, 2]);
    const responses = records.filter(({ error }) => error === null);
    const slowest = responses.map(({ ms }) => ms).sort((a, b) => b - a);
    const inMicros = (ms: number): number => Math.round(ms * 1_000);
    assertEquals(
      snapshot.slowest.map(({ ms }) => inMicros(ms)),
      slowest.map(inMicros),
    );
    assertEquals(snapshot.histogram.count, responses.length);
    assertEquals(
      snapshot.histogram.sum,
      responses.reduce((sum, { ms }) => sum + inMicros(ms), 0),
    );
    assertEquals(snapshot.histogram.max, inMicros(slowest[0]));
    const text = await Deno.readTextFile(page);
    for (const { host, meanMs } of snapshot.hosts.slice(0, 5)) {
      assertStringIncludes(text, host);
      assert(meanMs >= 0);
    }
    assertEquals(text.includes("the run in 3 threads"), threads === 3);
  }
  assertEquals(all[1], all[0]);
});

Deno.test("--metrics tells how busy each event loop of a run is, and what they do together", async () => {
  const held: (() => void)[] = [];
  await using server = await RawServer.start(({ request, send }) => {
    if (/^GET \/\d*7 /.test(request)) held.push(() => send(ok()));
    else send(ok("abc"));
  });
  const notices: string[] = [];
  const run = await open(
    [server.url("/{}"), "-n", "60", "-c", "30", "--threads", "3", "--metrics", "127.0.0.1:0"],
    (text) => notices.push(text),
  );
  const ended = run.finish(VERSION);
  const url = /^metrics at (.*)$/.exec(notices[0])![1];
  await until(() => held.length === 6);
  let exposition: Exposition;
  do {
    const response = await fetch(url);
    exposition = new Exposition(await response.text());
  } while (exposition.by("myriad_requests_total").succeeded < 54);
  assertEquals(exposition.by("myriad_responses_total"), { 200: 54 });
  assertEquals(exposition.value("myriad_body_bytes_total"), 162);
  assertEquals(exposition.value("myriad_request_duration_seconds_count"), 54);
  assertEquals(exposition.value("myriad_requests_in_flight"), 6);
  assertEquals(exposition.value("myriad_progress_ratio"), 0.9);
  assertEquals(exposition.value("myriad_threads"), 3);
  const busy = exposition.by("myriad_event_loop_busy_ratio");
  assertEquals(Object.keys(busy).sort(), ["0", "1", "2", "main"]);
  assert(Object.values(busy).every((share) => share >= 0 && share <= 1));
  for (const respond of held) respond();
  const { snapshot, failure } = await ended;
  assertEquals([snapshot.requests, snapshot.inFlight, failure], [60, 0, undefined]);
});

Deno.test("--abort-on-threshold ends a run over several event loops", async () => {
  await using server = await RawServer.start(({ send }) =>
    send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
  );
  const { snapshot } = await finish([
    ...[server.url("/{}"), "-n", "100M", "-c", "6", "--threads", "3", "--fail", "--no-pause"],
    ...["--threshold", "failed<=5", "--abort-on-threshold"],
  ]);
  const { aborted, requests, failed, statuses, inFlight } = snapshot;
  assertEquals([aborted, failed, statuses, inFlight], ["failed<=5", requests, { 500: failed }, 0]);
  assertEquals(server.requests.length, requests);
});
