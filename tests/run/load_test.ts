import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { folder } from "../fixtures/folder.ts";
import { Http2RawServer } from "../fixtures/http2_raw_server.ts";
import { finish, myriad, readUntil, start } from "../fixtures/program.ts";
import { type Answer, ok, RawServer, refusedPort } from "../fixtures/raw_server.ts";
import { withThreads as test } from "../fixtures/threads.ts";
import { until } from "../fixtures/until.ts";

// Real processes against servers that limit, stall, reset, drop and recover; what the program says
// of it is compared with what the servers counted.

interface Row {
  i: number;
  url: string;
  status: number | null;
  ms: number;
  attempts: number;
  at: string;
  error?: string;
  detail?: string;
}

const rowsOf = async (path: string): Promise<Row[]> =>
  (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** That there is one row of each number. */
function assertComplete(rows: Row[], count: number): void {
  assertEquals(rows.map(({ i }) => i).sort((a, b) => a - b), numbers(count));
}

const pathOf = (request: string): string => request.split(" ")[1];

const TOO_MANY = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
const UNAVAILABLE = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

test("--rate starts requests within a millisecond of the schedule", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  // As many places as requests: none waits for a server that is slow to answer.
  const args = ["-n", "1500", "-q", "1000/s", "-c", "1500", server.url("/{}"), "-o", out, "--json"];
  const { code, stdout } = await myriad(args);
  assertEquals(code, 0);
  const at = (await rowsOf(out)).map(({ at }) => Date.parse(at)).sort((a, b) => a - b);
  const took = at.at(-1)! - at[0];
  const summary = JSON.parse(stdout);
  assertEquals([summary.requests, summary.target_rate], [1_500, 1_000]);
  // `at` is when a request started: it is as late as the summary says, however busy the machine is.
  const own = summary.own_late_ms;
  assert(Math.abs(took - 1_499) <= own.max + 2, `${took} ${own.max}`);
  assertEquals(Object.keys(own), ["mean", "p50", "p99", "max"]);
  assert(own.p50 <= own.p99 && own.p99 <= own.max && own.mean <= own.max, JSON.stringify(own));
  assertEquals(server.requests.length, 1_500);
});

test("--stages makes exactly the starts of its area, and ends with the last stage", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  // 30 starts, 40 and 20; as many places, so that none waits.
  const stages = "300ms:200/s,200ms:200/s,200ms:0";
  const { code, stdout } = await myriad(["--stages", stages, server.url("/{}"), "--json"]);
  const { requests, target_rate, failed } = JSON.parse(stdout);
  assertEquals([code, requests, failed, server.requests.length], [0, 90, 0, 90]);
  assertEquals(target_rate, 128.571);
});

test("--rate counts the wait for a stalled server, and reports late starts", async () => {
  let held: (() => void)[] | undefined = [];
  await using server = await RawServer.start(({ send }) => {
    const answer = (): void => void send(ok());
    if (held === undefined) answer();
    else held.push(answer);
  });
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const args = ["-n", "100", "-q", "100", "-c", "5", server.url("/{}"), "-o", out, "--json"];
  const running = myriad(args);
  await until(() => server.requests.length === 5);
  await new Promise((resolve) => setTimeout(resolve, 600));
  const stalled = held!;
  held = undefined;
  const endOfStall = Date.now();
  for (const answer of stalled) answer();
  const { code, stdout } = await running;
  assertEquals(code, 0);
  const rows = await rowsOf(out);
  assertComplete(rows, 100);
  // Whoever was due in the stall waited for its end, whether sent by then or not.
  const due = rows.filter(({ at }) => Date.parse(at) < endOfStall - 50);
  assert(due.length > 40, `${due.length}`);
  for (const { at, ms } of due) {
    assert(Date.parse(at) + ms >= endOfStall - 20, `${at} ${ms} ${endOfStall}`);
  }
  const { late, latency_ms } = JSON.parse(stdout);
  assert(late.count > 30 && late.max_ms > 400, JSON.stringify(late));
  assert(latency_ms.p50 > 50 && latency_ms.max > 500, JSON.stringify(latency_ms));
});

for (const engine of ["http1", "fetch"]) {
  test(`--retries succeeds with a server that limits its rate (${engine})`, async () => {
    let refused = 0;
    let from = 0;
    await using server = await RawServer.start(({ send }) => {
      const now = Date.now();
      if (from === 0) from = now;
      // The first second is over its limit.
      if (now - from < 1_000) {
        refused++;
        send(TOO_MANY);
      } else send(ok());
    });
    await using dir = await folder();
    const out = dir.path("out.ndjson");
    const args = [..."-n 50 -c 10 --retries 3 --json --engine".split(" "), engine, "-o", out];
    const { code, stdout } = await myriad([...args, server.url("/{}")]);
    const summary = JSON.parse(stdout);
    assertEquals([code, summary.statuses], [0, { 200: 50 }]);
    const rows = await rowsOf(out);
    assertComplete(rows, 50);
    assertEquals(summary.retries, { 429: refused });
    assertEquals(summary.attempts, server.requests.length);
    assertEquals(sum(rows.map(({ attempts }) => attempts)), server.requests.length);
    // It asked for a second, so those that came back did not come before.
    assert(refused <= 20, `${refused}`);
  });

  test(`--retries succeeds after resets and cut responses (${engine})`, async () => {
    const seen = new Map<string, number>();
    await using server = await RawServer.start(({ request, send, reset, end }) => {
      const nth = (seen.get(pathOf(request)) ?? 0) + 1;
      seen.set(pathOf(request), nth);
      if (nth === 1) {
        send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
        end();
      } else if (nth === 2) {
        send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        reset();
      } else send(ok());
    });
    await using dir = await folder();
    const out = dir.path("out.ndjson");
    const options = "-n 40 -c 8 --retries 4 --retry-delay 10ms --json --engine".split(" ");
    const { code, stdout } = await myriad([...options, engine, "-o", out, server.url("/{}")]);
    const summary = JSON.parse(stdout);
    assertEquals([code, summary.statuses], [0, { 200: 40 }]);
    const rows = await rowsOf(out);
    assertComplete(rows, 40);
    assertEquals(rows.map(({ attempts }) => attempts), new Array(40).fill(3));
    assertEquals([summary.attempts, summary.retries], [120, { body: 80 }]);
    assertEquals(server.requests.length, 120);
  });

  // One request, so one thread.
  Deno.test(`--retries repeats a POST only with --retry-unsafe (${engine})`, async () => {
    await using server = await RawServer.start(({ send }) => send(UNAVAILABLE));
    const options = ["-d", "a=1", "--retries", "2", "--retry-delay", "1ms", "--engine", engine];
    const { code, stdout } = await myriad([...options, "--json", server.url()]);
    assertEquals([code, JSON.parse(stdout).attempts, server.requests.length], [1, 1, 1]);
    await myriad([...options, "--retry-unsafe", server.url()]);
    assertEquals(server.requests.length, 1 + 3);
  });
}

// One request, so one thread.
Deno.test("--retries gives up after its number, and records the attempts", async () => {
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const url = `http://127.0.0.1:${await refusedPort()}/`;
  const args = [url, "--retries", "3", "--retry-delay", "1ms", "-o", out];
  const { code, stdout } = await myriad(args);
  assertEquals(code, 1);
  const [row] = await rowsOf(out);
  assertEquals([row.status, row.error, row.attempts], [null, "refused", 4]);
  assertStringIncludes(stdout, "3 after refused");
});

Deno.test("--retry-on accepts statuses, classes and kinds of errors", async () => {
  await using server = await RawServer.start(({ request, send }) => {
    const status = pathOf(request).slice(1);
    send(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
  });
  for (
    const [on, status, sent] of [
      ["5xx", 500, 2],
      ["404", 404, 2],
      ["5xx", 404, 1],
      ["network", 503, 1],
    ] as const
  ) {
    const before = server.requests.length;
    await myriad([
      "--retries",
      "1",
      "--retry-delay",
      "1ms",
      "--retry-on",
      on,
      server.url(`/${status}`),
    ]);
    assertEquals(server.requests.length - before, sent, `${on} ${status}`);
  }
});

test("myriad pauses while its server is down, says so, and loses almost nothing", async () => {
  const answer: Answer = ({ send }) => send(ok());
  // Not one that systems give out: nobody takes it while the server is down.
  const port = await refusedPort();
  await using first = await RawServer.start(answer, "127.0.0.1", port);
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const url = `http://127.0.0.1:${port}/{}`;
  const args = [
    ..."-n 3000 -c 10 -q 2000 --retries 2 --retry-delay 20ms --json --progress none -o".split(" "),
    out,
  ];
  await using child = start([...args, url]);
  await until(() => first.requests.length > 500);
  await first[Symbol.asyncDispose]();
  assertMatch(
    await readUntil(child.stderr, "\n"),
    new RegExp(`^myriad: pausing 127\\.0\\.0\\.1:${port} .*Use '--no-pause' to go on .*\n`),
  );
  await using second = await RawServer.start(answer, "127.0.0.1", port);
  await readUntil(child.stderr, "going on");
  const { code, stdout } = await finish(child);
  const summary = JSON.parse(stdout);
  const rows = await rowsOf(out);
  assertComplete(rows, 3_000);
  // Of 2,500 that were left hardly any had all its attempts while nobody was there.
  assert(summary.failed <= 60, `${summary.failed}`);
  assertEquals(code, summary.failed > 0 ? 1 : 0);
  assert(first.requests.length + second.requests.length >= 3_000 - summary.failed);
});

test("--give-up-after ends a paused run, and --resume continues", async () => {
  const port = await refusedPort();
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const run = ["-n", "1000", "-c", "10", "-o", out, `http://127.0.0.1:${port}/{}`];
  const gone = await myriad([...run, "--give-up-after", "1s"]);
  assertEquals(gone.code, 3);
  assertMatch(
    gone.stderr,
    /^myriad: pausing .*\nmyriad: Cannot go on: .*1 s.*\n.*to continue, run the same command with --resume\n$/s,
  );
  const before = (await rowsOf(out)).length;
  assert(before >= 50 && before < 70, `${before}`);
  await using server = await RawServer.start(({ send }) => send(ok()), "127.0.0.1", port);
  const { code, stdout } = await myriad([...run, "--resume", "--json"]);
  assertEquals(code, 1);
  const rows = await rowsOf(out);
  assertComplete(rows, 1_000);
  const summary = JSON.parse(stdout);
  assertEquals([summary.failed, summary.succeeded], [before, 1_000 - before]);
  assertEquals(server.requests.length, 1_000 - before);
});

test("--no-pause continues when everything fails", async () => {
  const url = `http://127.0.0.1:${await refusedPort()}/{}`;
  const { code, stderr } = await myriad(["-n", "2000", "-c", "10", "--no-pause", url]);
  assertEquals([code, stderr], [1, ""]);
});

test("--host-concurrency bounds each host, and a slow host delays no other", async () => {
  const busy = new Map<string, number>();
  let most = 0;
  const held: (() => void)[] = [];
  let others = 0;
  await using server = await RawServer.start(({ request, send }) => {
    const host = /^host: (.*)\r$/im.exec(request)![1];
    const now = (busy.get(host) ?? 0) + 1;
    busy.set(host, now);
    most = Math.max(most, now);
    const answer = (): void => {
      busy.set(host, busy.get(host)! - 1);
      send(ok());
    };
    if (host.startsWith("127.0.0.1:")) held.push(answer);
    else {
      if (++others === 400) { for (const answer of held.splice(0)) answer(); }
      setTimeout(answer, 1);
    }
    if (others >= 400) { for (const answer of held.splice(0)) answer(); }
  }, "0.0.0.0");
  await using dir = await folder();
  const urls = numbers(500).map((i) => `http://127.0.0.${i % 5 + 1}:${server.port}/${i}`);
  const input = await dir.write("urls.txt", urls.join("\n"));
  const { code, stdout } = await myriad([
    "-i",
    input,
    "-c",
    "50",
    "--host-concurrency",
    "3",
    "--json",
  ]);
  assertEquals([code, JSON.parse(stdout).succeeded], [0, 500]);
  assertEquals(most, 3);
});

for (const engine of ["http1", "fetch"]) {
  test(`--concurrency bounds the requests in flight (${engine})`, async () => {
    const most = 7;
    let inFlight = 0;
    let highest = 0;
    const held: (() => void)[] = [];
    await using server = await RawServer.start(({ send }) => {
      highest = Math.max(highest, ++inFlight);
      held.push(() => {
        inFlight--;
        send(ok());
      });
      // All places are taken before the first response.
      if (held.length < most && server.requests.length <= 200 - most) return;
      for (const answer of held.splice(0)) answer();
    });
    const args = ["-n", "200", "-c", `${most}`, "--engine", engine, "--json", server.url("/{}")];
    const { code, stdout } = await myriad(args);
    assertEquals([code, JSON.parse(stdout).succeeded], [0, 200]);
    assertEquals(highest, most);
  });
}

test("--connections bounds the connections to a host", async () => {
  await using server = await Http2RawServer.start(({ send }) => send(ok()));
  const args = ["--engine", "http2", "-n", "400", "-c", "40", "--connections", "7", "--json"];
  const { code, stdout } = await myriad([...args, server.url("/{}")]);
  assertEquals([code, JSON.parse(stdout).succeeded], [0, 400]);
  assert(server.connections <= 7, `${server.connections}`);
});

test("--host-delay spaces the starts for each host", async () => {
  /** When each request came, by host. */
  const came = new Map<string, number[]>();
  await using server = await RawServer.start(({ request, send }) => {
    const host = /^host: (.*)\r$/im.exec(request)![1];
    came.set(host, [...came.get(host) ?? [], Date.now()]);
    send(ok());
  }, "0.0.0.0");
  await using dir = await folder();
  const hosts = numbers(20).map((k) => `http://127.0.0.${k + 1}:${server.port}/`);
  const input = await dir.write("urls.txt", numbers(80).map((i) => hosts[i % 20] + i).join("\n"));
  const out = dir.path("out.ndjson");
  const { code, stdout } = await myriad([
    "-i",
    input,
    "--host-delay",
    "100ms",
    "-o",
    out,
    "--json",
  ]);
  assertEquals(code, 0);
  const startedMs = Date.parse(JSON.parse(stdout).started);
  const rows = await rowsOf(out);
  assertComplete(rows, 80);
  assertEquals(came.size, 20);
  for (const times of came.values()) {
    for (const [k, ms] of times.entries()) assert(ms - startedMs >= k * 100 - 1, `${times}`);
  }
  for (const host of hosts) {
    const at = rows.filter(({ url }) => url.startsWith(host)).map(({ at }) => Date.parse(at))
      .sort((a, b) => a - b);
    assertEquals(at.length, 4);
    // None may be early. On a busy machine one that is late can be near to the next, which is not.
    for (const [k, ms] of at.entries()) assert(ms - startedMs >= k * 100 - 1, `${startedMs} ${at}`);
  }
});

// One request at a time, so one thread.
Deno.test("Retry-After of one host delays no other", async () => {
  let isHeld = false;
  const late: string[] = [];
  await using server = await RawServer.start(({ request, send }) => {
    const host = /^host: (.*)\r$/im.exec(request)![1];
    if (isHeld && host.startsWith("127.0.0.1:")) late.push(pathOf(request));
    if (pathOf(request) === "/0") {
      isHeld = true;
      return send(TOO_MANY.replace("Retry-After: 1", "Retry-After: 3600"));
    }
    send(ok());
  }, "0.0.0.0");
  await using dir = await folder();
  const urls = numbers(60).map((i) => `http://127.0.0.${i % 3 + 1}:${server.port}/${i}`);
  const input = await dir.write("urls.txt", urls.join("\n"));
  await using child = start(["-i", input, "-c", "1", "-o", dir.path("out.ndjson")]);
  await until(() => server.requests.length === 41);
  child.kill("SIGINT");
  const { code } = await finish(child);
  assertEquals([code, late], [130, []]);
  // The rest is made when the run is gone on with.
  const again = await myriad(["-i", input, "-c", "1", "-o", dir.path("out.ndjson"), "--resume"]);
  assertEquals(again.code, 0);
  assertComplete(await rowsOf(dir.path("out.ndjson")), 60);
});

test("--resume makes requests that waited for their next attempt", async () => {
  let isUp = false;
  await using server = await RawServer.start(({ request, send }) =>
    send(isUp || Number(pathOf(request).slice(1)) % 2 === 0 ? ok() : UNAVAILABLE)
  );
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const run = [
    ..."-n 40 -c 30 --retries 5 --retry-delay 1h --retry-max-delay 2h".split(" "),
    "-o",
    out,
  ];
  await using child = start([...run, server.url("/{}")]);
  await until(() => server.requests.length === 40);
  await until(() => Deno.readTextFileSync(`${out}.myriad`).includes('"requests":20'));
  child.kill("SIGTERM");
  const { code } = await finish(child);
  assertEquals([code, (await rowsOf(out)).length], [143, 20]);
  isUp = true;
  const again = await myriad([...run, server.url("/{}"), "--resume", "--json"]);
  assertEquals([again.code, JSON.parse(again.stdout).statuses], [0, { 200: 40 }]);
  assertComplete(await rowsOf(out), 40);
});

test("-z keeps the last result of a request that waits for its next attempt", async () => {
  await using server = await RawServer.start(({ send }) => send(UNAVAILABLE));
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const options = "-z 300ms -n 5 -c 10 --retries 5 --retry-delay 1h --retry-max-delay 1h".split(
    " ",
  );
  const { code } = await myriad([...options, "-o", out, server.url("/{}")]);
  assertEquals(code, 1);
  const rows = await rowsOf(out);
  assertComplete(rows, 5);
  for (const { status, error, detail } of rows) {
    assertEquals([status, error, detail], [503, "expect", "status 503 after 1 attempt"]);
  }
});

test("--ramp-up raises the requests in flight", async () => {
  await using server = await RawServer.start(({ send }) => {
    setTimeout(() => send(ok()), 20);
  });
  await using dir = await folder();
  const out = dir.path("out.ndjson");
  const args = ["-n", "1500", "-c", "40", "--ramp-up", "800ms", "-o", out, "--json"];
  const { code, stdout } = await myriad([...args, server.url()]);
  assertEquals(code, 0);
  const rows = await rowsOf(out);
  const startedMs = Date.parse(JSON.parse(stdout).started);
  const spans = rows.map(({ at, ms }) => ({ beganMs: Date.parse(at), ms }));
  let most = 0;
  for (const span of spans) {
    // Times are of whole milliseconds: those that are surely in flight in the next but one.
    const atMs = span.beganMs + 2;
    const inFlight = spans.filter(({ beganMs, ms }) =>
      beganMs <= atMs - 2 && beganMs + ms > atMs
    ).length;
    const places = Math.min(40, Math.floor((atMs - startedMs) / 800 * 40) + 1);
    assert(inFlight <= places, `${inFlight} of ${places} after ${atMs - startedMs} ms`);
    most = Math.max(most, inFlight);
  }
  assert(most > 20, `${most}`);
});
