import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Exposition } from "../fixtures/exposition.ts";
import { folder } from "../fixtures/folder.ts";
import { isOnPath } from "../fixtures/installed.ts";
import {
  finish,
  myriad,
  type Ran,
  readUntil,
  run as runCommand,
  start,
} from "../fixtures/program.ts";
import { ok, RawServer, refusedPort } from "../fixtures/raw_server.ts";
import { withThreads as test } from "../fixtures/threads.ts";
import { until } from "../fixtures/until.ts";

const FORMAT = "text/plain; version=0.0.4; charset=utf-8";

/** Where a run says that its metrics are. */
async function urlOf(child: Deno.ChildProcess): Promise<string> {
  const said = await readUntil(child.stderr, "\n");
  return /^myriad: metrics at (http:\S+\/metrics)\n/.exec(said)![1];
}

/** A run that has begun, and whose last request waits for its answer. */
class HeldRun implements AsyncDisposable {
  readonly #server: RawServer;
  readonly #child: Deno.ChildProcess;
  readonly #release: () => void;
  readonly port: number;

  /**
   * @param answers what each number is answered, but for the last; undefined resets
   * @param chosen the port of the metrics; 0 for any
   */
  static async start(
    answers: readonly (string | undefined)[],
    args: readonly string[] = [],
    limits?: string,
    chosen = 0,
  ): Promise<HeldRun> {
    const held: (() => void)[] = [];
    const server = await RawServer.start(({ request, send, reset }) => {
      const i = Number(/^GET \/(\d+) /.exec(request)![1]);
      if (i === answers.length) held.push(() => send(ok()));
      else if (answers[i] === undefined) reset();
      else send(answers[i]);
    });
    const load = ["-n", `${answers.length + 1}`, "-c", "4", "--metrics", `127.0.0.1:${chosen}`];
    const child = start(
      ["--progress", "none", "--no-pause", ...load, server.url("/{}"), ...args],
      { limits },
    );
    try {
      const port = chosen === 0 ? Number(new URL(await urlOf(child)).port) : chosen;
      await until(() => held.length > 0);
      return new HeldRun(server, child, port, () => held[0]());
    } catch (error) {
      await child[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(
    server: RawServer,
    child: Deno.ChildProcess,
    port: number,
    release: () => void,
  ) {
    this.#server = server;
    this.#child = child;
    this.port = port;
    this.#release = release;
  }

  get requests(): readonly string[] {
    return this.#server.requests;
  }

  async scrape(): Promise<Exposition> {
    const response = await fetch(`http://127.0.0.1:${this.port}/metrics`);
    assertEquals([response.status, response.headers.get("content-type")], [200, FORMAT]);
    return new Exposition(await response.text());
  }

  /** What is scraped once so many requests have ended. */
  async scrapeAt(requests: number): Promise<Exposition> {
    for (;;) {
      const exposition = await this.scrape();
      const { succeeded, failed } = exposition.by("myriad_requests_total");
      if (succeeded + failed >= requests) return exposition;
    }
  }

  /** What the other end says to bytes, up to its end. */
  async say(bytes: string): Promise<string> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    await connection.write(new TextEncoder().encode(bytes));
    return await new Response(connection.readable).text().catch(() => "");
  }

  /** Sends a signal, and waits until it is taken. */
  async interrupt(signal: Deno.Signal): Promise<void> {
    this.#child.kill(signal);
    await readUntil(this.#child.stderr, "interrupted");
  }

  async finish(): Promise<Ran> {
    this.#release();
    return await finish(this.#child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}

const answerOf = (status: number): string =>
  `HTTP/1.1 ${status} Any Words\r\nContent-Length: 3\r\nX-Evil: "}\\\r\n\r\nabc`;

test("--metrics agrees with the server's own counts", async () => {
  const answers = Array.from(
    { length: 60 },
    (_, i) => i % 20 === 7 ? undefined : answerOf([200, 200, 404, 503, 999][i % 5]),
  );
  await using run = await HeldRun.start(answers);
  const exposition = await run.scrapeAt(60);
  const sent = (status: number): number =>
    answers.filter((answer) => answer?.startsWith(`HTTP/1.1 ${status} `)).length;
  const resets = answers.filter((answer) => answer === undefined).length;
  assertEquals(exposition.by("myriad_responses_total"), {
    200: sent(200),
    404: sent(404),
    503: sent(503),
    999: sent(999),
  });
  assertEquals(exposition.by("myriad_requests_total"), { succeeded: 60 - resets, failed: resets });
  assertEquals(exposition.by("myriad_errors_total").reset, resets);
  assertEquals(exposition.value("myriad_request_duration_seconds_count"), 60 - resets);
  assertEquals(exposition.value("myriad_body_bytes_total"), 3 * (60 - resets));
  assertEquals(exposition.value("myriad_requests_in_flight"), 1);
  assertEquals(exposition.value("myriad_requests_planned"), 61);
  assertEquals(exposition.value("myriad_concurrency"), 4);
  assert(!exposition.text.includes("Evil"));
  const { code } = await run.finish();
  assertEquals(code, 1);
});

test("--metrics counts retries by cause, and late starts", async () => {
  const answers = [answerOf(503), ...Array(9).fill(answerOf(200))];
  const args = ["--retries", "2", "--retry-delay", "1ms", "--retry-max-delay", "1ms", "-q", "1000"];
  await using run = await HeldRun.start(answers, args);
  const exposition = await run.scrapeAt(10);
  assertEquals(exposition.by("myriad_retries_total"), { 503: 2 });
  assertEquals(exposition.value("myriad_attempts_total"), 12);
  assertEquals(exposition.value("myriad_target_requests_per_second"), 1_000);
  await run.finish();
});

const WITHOUT_PROMTOOL = { ignore: !isOnPath("promtool") };

test("--metrics passes promtool check metrics", WITHOUT_PROMTOOL, async () => {
  await using run = await HeldRun.start(
    [answerOf(200), answerOf(503), undefined],
    ["--threshold", "p99<500ms", "-q", "100", "--retries", "1", "--retry-delay", "1ms"],
  );
  const { text } = await run.scrapeAt(3);
  await run.finish();
  const ran = await runCommand(["promtool", "check", "metrics"], { input: text });
  assertEquals(ran, { code: 0, stdout: "", stderr: "" });
});

test("--metrics gives the same numbers to simultaneous scrapers", async () => {
  await using run = await HeldRun.start(Array(20).fill(answerOf(200)));
  await run.scrapeAt(20);
  // As many as are served at once: beyond that the oldest makes room.
  const all = await Promise.all(Array.from({ length: 16 }, () => run.scrape()));
  assertEquals(
    new Set(all.map((it) => it.value("myriad_requests_total", { result: "succeeded" }))),
    new Set([20]),
  );
  const { code } = await run.finish();
  assertEquals(code, 0);
});

Deno.test("--metrics sends a short error for other requests", async () => {
  await using run = await HeldRun.start([]);
  const at = async (path: string, init: RequestInit = {}): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${run.port}${path}`, init);
    return [response.status, await response.text()];
  };
  assertEquals(await at("/"), [404, "The metrics are at /metrics.\n"]);
  assertEquals(await at("/metrics/"), [404, "The metrics are at /metrics.\n"]);
  assertEquals(await at("/metrics", { method: "POST", body: "x" }), [405, "Use GET or HEAD.\n"]);
  assertEquals(await at("/metrics", { method: "HEAD" }), [200, ""]);
  assertEquals((await at("/metrics?collect[]=x"))[0], 200);
  const head = "GET /metrics HTTP/1.1\r\n";
  assertMatch(await run.say(`${head}Host: evil.example:${run.port}\r\n\r\n`), /^HTTP\/1.1 421 /);
  assertMatch(await run.say(`${head}Host: localhost:${run.port}\r\n\r\n`), /^HTTP\/1.1 200 OK\r\n/);
  for (const bytes of ["hello\r\n\r\n", "\r\n\r\n", `GET / HTTP/1.1\r\n${"x".repeat(20_000)}`]) {
    assertMatch(await run.say(bytes), /^HTTP\/1.1 400 /);
  }
  await run.finish();
});

test("--metrics and the run survive hostile scrapers", async (threads) => {
  // Few descriptors: those that are held open must not be the run's.
  const limit = `ulimit -n ${threads === 1 ? 64 : 170}`;
  await using run = await HeldRun.start(Array(50).fill(answerOf(200)), [], limit);
  const connections: Deno.TcpConn[] = [];
  const encoder = new TextEncoder();
  try {
    for (let k = 0; k < 300; k++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: run.port });
      connections.push(connection);
      // Some say nothing, some never end, some never read, some say too much.
      const bytes = ["", "GET /metr", "GET /metrics HTTP/1.0\r\n\r\n", "x".repeat(9_000)][k % 4];
      await connection.write(encoder.encode(bytes)).catch(() => {});
    }
    assertEquals((await run.scrapeAt(50)).by("myriad_responses_total"), { 200: 50 });
  } finally {
    for (const connection of connections) connection.close();
  }
  const { code, stderr } = await run.finish();
  assertEquals([code, stderr], [0, ""]);
});

test("--metrics drops the oldest connection when all are taken", async () => {
  await using run = await HeldRun.start([answerOf(200)]);
  const idle: Deno.TcpConn[] = [];
  for (let k = 0; k < 16; k++) {
    idle.push(await Deno.connect({ hostname: "127.0.0.1", port: run.port }));
  }
  await run.scrapeAt(1);
  // The oldest was closed for it.
  assertEquals(await idle[0].read(new Uint8Array(1)).catch(() => null), null);
  for (const connection of idle) connection.close();
  await run.finish();
});

// What one thread shows of the server of the metrics, three show too: it is in the main one.
Deno.test("--metrics closes a connection after 5 s when it is silent, drips or stays", async () => {
  await using run = await HeldRun.start([]);
  const ends = ["", "GET /metr", "GET /metrics HTTP/1.0\r\n\r\n"].map((bytes) => run.say(bytes));
  const [silent, dripping, answered] = await Promise.all(ends);
  assertEquals([silent, dripping], ["", ""]);
  assertMatch(answered, /^HTTP\/1\.1 200 OK\r\n/);
  await run.finish();
});

test("--metrics ends with the run when scrapers stay connected", async () => {
  // Not a port that systems give out: nobody takes it when the run is over.
  await using run = await HeldRun.start([], [], undefined, await refusedPort());
  using idle = await Deno.connect({ hostname: "127.0.0.1", port: run.port });
  const { code } = await run.finish();
  assertEquals(code, 0);
  assertEquals(await idle.read(new Uint8Array(1)).catch(() => null), null);
  let error;
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port: run.port })).close();
  } catch (it) {
    error = it;
  }
  assert(error instanceof Deno.errors.ConnectionRefused);
});

test("--metrics ends when the run is interrupted", async () => {
  await using run = await HeldRun.start([]);
  await run.scrape();
  await run.interrupt("SIGTERM");
  assertEquals((await run.finish()).code, 143);
});

test("--metrics prints the port that it picked for port 0", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  await using child = start(["-z", "1h", "-q", "10", server.url(), "--metrics", "[::1]:0"]);
  const url = await urlOf(child);
  assertMatch(url, /^http:\/\/\[::1\]:[1-9]\d*\/metrics$/);
  const response = await fetch(url);
  assertEquals(response.status, 200);
  assertEquals(
    new Exposition(await response.text()).value("myriad_target_requests_per_second"),
    10,
  );
  child.kill("SIGTERM");
  await finish(child);
});

// Before there are threads.

Deno.test("--metrics is refused before the first request when its port is in use", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  await using dir = await folder();
  const summary = dir.path("summary.json");
  await Deno.writeTextFile(summary, "what was there");
  const { port } = server;
  const args = [server.url(), "--metrics", `127.0.0.1:${port}`, "--summary", summary];
  const { code, stderr } = await myriad(args);
  assertEquals(code, 2);
  assertEquals(
    stderr,
    `myriad: Cannot listen at '--metrics 127.0.0.1:${port}': the port is in use: use another, or 0\n`,
  );
  assertEquals(server.connections, 0);
  assertEquals(await Deno.readTextFile(summary), "what was there");
});

Deno.test("--metrics is refused before the first request without permission", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const port = await refusedPort();
  const args = [server.url(), "--metrics", `:${port}`];
  const net = `--allow-net=127.0.0.1:${server.port}`;
  const { code, stderr } = await myriad(args, { permissions: [net] });
  assertEquals(code, 2);
  assertStringIncludes(stderr, `no permission: run with --allow-net=127.0.0.1:${port}\n`);
  assertEquals(server.connections, 0);
  const both = `${net},127.0.0.1:${port}`;
  assertEquals((await myriad(["-s", ...args], { permissions: [both] })).code, 0);
});

Deno.test("--metrics is refused when it is not an address", async () => {
  for (
    const [place, why] of [
      ["nonsense", /^myriad: Cannot read '--metrics nonsense': use HOST:PORT/],
      ["127.0.0.1:65536", /Cannot read/],
      ["http://localhost:1", /Cannot read/],
      ["::1:80", /Cannot read/],
      ["192.0.2.1:0", /has no such address/],
      ["%:80", /Cannot (read|listen at) '--metrics %:80'/],
      ["a*b:80", /Cannot (read|listen at) '--metrics a\*b:80'/],
    ] as const
  ) {
    const { code, stderr } = await myriad(["http://localhost:1/", "--metrics", place]);
    assertEquals(code, 2, place);
    assertMatch(stderr, why);
  }
  const { code, stderr } = await myriad(["-s", "http://localhost:1/", "--metrics", ":0"]);
  assertEquals(code, 2);
  assertMatch(stderr, /'--silent' would not tell the port of '--metrics :0'/);
});
