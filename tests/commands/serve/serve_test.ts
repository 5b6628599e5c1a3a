import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { connect } from "node:net";
import { DelayServer } from "../../../lib/commands/serve/delay_server.ts";
import {
  drawDelay,
  drawStatus,
  parseDelay,
  parseStatuses,
  seedRandom,
} from "../../../lib/commands/serve/draw.ts";
import { UsageError } from "../../../lib/errors.ts";
import { folder } from "../../fixtures/folder.ts";
import { isInstalled } from "../../fixtures/installed.ts";
import {
  finish,
  MAIN,
  myriad,
  type Ran,
  readUntil,
  run as runCommand,
  SERVER,
  start,
  type StartOptions,
} from "../../fixtures/program.ts";
import { refusedPort } from "../../fixtures/raw_server.ts";
import { until } from "../../fixtures/until.ts";

const moduleUrl = (name: string): string =>
  new URL(`../../../lib/commands/serve/${name}`, import.meta.url).href;
const ANY_PORT = ["--port", "0"];
const NONE = ["--delay", "0"];

/** The delay server as a program of its own, unless a script says otherwise. */
const withDefaults = (options: StartOptions = {}): StartOptions => ({
  script: SERVER,
  permissions: ["--allow-net=127.0.0.1", "--allow-write"],
  ...options,
});

/** Runs it to its end, which has to come by itself. */
const run = (args: string[], options?: StartOptions): Promise<Ran> =>
  myriad(args, withDefaults(options));

/** It in a process of its own, from when it listens to when it ends. */
class Running implements AsyncDisposable {
  readonly url: string;
  readonly #child: Deno.ChildProcess;
  readonly #listening: string;

  static async start(args: string[], options?: StartOptions): Promise<Running> {
    const child = start(args, withDefaults(options));
    try {
      return new Running(child, await readUntil(child.stdout, "\n"));
    } catch {
      throw new Error(`It ended: ${(await finish(child)).stderr}`);
    }
  }

  private constructor(child: Deno.ChildProcess, listening: string) {
    this.#child = child;
    this.#listening = listening;
    this.url = /http:\S+\//.exec(listening)?.[0] ?? "";
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** All that it printed, when it has ended. */
  async ended(): Promise<Ran> {
    const ran = await finish(this.#child);
    return { ...ran, stdout: this.#listening + ran.stdout };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

/** Status and body of one request. */
async function ask(url: string, init?: RequestInit): Promise<[number, string]> {
  const response = await fetch(url, init);
  return [response.status, await response.text()];
}

interface Line {
  n: number;
  at: string;
  method: string;
  path: string;
  status: number;
  delay_ms: number;
  ms: number;
}

const readLog = async (path: string): Promise<Line[]> => {
  const text = await Deno.readTextFile(path);
  assert(text === "" || text.endsWith("\n"));
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
};

/** Sends bytes on a connection of its own, and reads until the other side closes it. */
async function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const conn = await Deno.connect({
    hostname: hostname.replace(/[[\]]/g, ""),
    port: Number(port),
  });
  await conn.write(new TextEncoder().encode(text));
  return await new Response(conn.readable).text();
}

const LAST = "host: h\r\nconnection: close\r\n\r\n";

Deno.test("parseDelay() reads a range, a fixed delay and zero", () => {
  assertEquals(parseDelay("0-3s"), { from: 0, to: 3, unitMs: 1000 });
  assertEquals(parseDelay("100-500ms"), { from: 100, to: 500, unitMs: 1 });
  assertEquals(parseDelay("50ms"), { from: 50, to: 50, unitMs: 1 });
  assertEquals(parseDelay("2-2m"), { from: 2, to: 2, unitMs: 60_000 });
  for (const none of ["0", "0s", "0-0ms"]) assertEquals(parseDelay(none).to, 0);
});

Deno.test("parseDelay() throws UsageError when the text is not a delay", () => {
  for (const text of ["", "3", "0-3", "3-0s", "-1s", "1.5s", "1s-2s", "1-2-3s", "s", " 1s", "1d"]) {
    assertThrows(() => parseDelay(text), UsageError, `--delay ${text}': use a whole number`);
  }
  assertThrows(() => parseDelay("501h"), UsageError, "use at most 500h");
});

Deno.test("seedRandom() gives mulberry32's numbers", () => {
  const random = seedRandom(1);
  const states = [random(), random(), random()].map((number) => number * 2 ** 32);
  assertEquals(states, [2693262067, 11749833, 2265367787]);
});

Deno.test("drawDelay() draws whole units evenly, both ends included", () => {
  const delay = parseDelay("0-3s");
  assertEquals(drawDelay(delay, 0), 0);
  assertEquals(drawDelay(delay, 1 - 2 ** -32), 3000);
  const counts = new Map<number, number>();
  const random = seedRandom(7);
  for (let k = 0; k < 40_000; k++) {
    const ms = drawDelay(delay, random());
    counts.set(ms, (counts.get(ms) ?? 0) + 1);
  }
  assertEquals([...counts.keys()].sort(), [0, 1000, 2000, 3000]);
  for (const count of counts.values()) assert(Math.abs(count - 10_000) < 300, `${count}`);
  assertEquals(drawDelay(parseDelay("50ms"), 0.99), 50);
});

Deno.test("drawStatus() draws by weight", () => {
  const statuses = parseStatuses("200:98,500:1,429:1,404:0");
  assertEquals(drawStatus(statuses, 0), 200);
  assertEquals(drawStatus(statuses, 0.985), 500);
  assertEquals(drawStatus(statuses, 1 - 2 ** -32), 429);
  const counts: Record<number, number> = {};
  const random = seedRandom(7);
  for (let k = 0; k < 100_000; k++) {
    const status = drawStatus(statuses, random());
    counts[status] = (counts[status] ?? 0) + 1;
  }
  assertEquals(Object.keys(counts), ["200", "429", "500"]);
  assert(Math.abs(counts[500] - 1000) < 150 && Math.abs(counts[429] - 1000) < 150);
});

Deno.test("parseStatuses() throws UsageError when the text is not a list of statuses", () => {
  for (const text of ["", "99", "101", "600", "ok", "200:", "200:0", "200,", "200:-1", "200:1.5"]) {
    assertThrows(() => parseStatuses(text), UsageError, `--status ${text}': use a status`);
  }
});

Deno.test("DelayServer gives every path and method the same response", async () => {
  await using server = await DelayServer.start();
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]) {
    assertEquals(await ask(`${server.url}${method}/x?y=z`, { method }), [200, "Hello, World!"]);
  }
  const response = await fetch(server.url);
  await response.body?.cancel();
  assertEquals(response.headers.get("content-type"), "text/plain;charset=UTF-8");
  assertEquals(response.headers.get("content-length"), "13");
});

const WITHOUT_CURL = { ignore: !isInstalled("curl") };

for (const version of ["--http1.1", "--http2-prior-knowledge"]) {
  Deno.test(
    `DelayServer responds to curl's ${version} for HEAD, GET and POST`,
    WITHOUT_CURL,
    async () => {
      await using dir = await folder();
      const log = dir.path("access.log");
      for (
        const options of [
          { body: "caf\u00e9" },
          { body: "caf\u00e9", accessLog: log, delay: parseDelay("1ms") },
          { body: "", statuses: parseStatuses("404") },
          { statuses: parseStatuses("204") },
        ]
      ) {
        await using server = await DelayServer.start(options);
        const curl = async (...args: string[]): Promise<string[]> => {
          const command = ["curl", "-sS", "-i", version, "--max-time", "10", ...args, server.url];
          const { code, stdout, stderr } = await runCommand(command);
          assertEquals([code, stderr], [0, ""]);
          const [head, body] = stdout.split("\r\n\r\n");
          const [status, ...fields] = head.split("\r\n");
          return [
            status.split(" ")[1],
            // Deno says over HTTP/1.1 alone that a body is empty.
            fields.map((field) => field.toLowerCase())
              .filter((field) => !/^date:|^content-length: 0$/.test(field)).toSorted().join(),
            body,
          ];
        };
        const [status, fields, body] = await curl();
        assertEquals(body, options.statuses === undefined ? "caf\u00e9" : "");
        // RFC 9110 §9.3.2: the same fields as for GET, and no body.
        assertEquals(await curl("-I"), [status, fields, ""]);
        assertEquals(await curl("-d", "x".repeat(100_000)), [status, fields, body]);
      }
    },
  );
}

Deno.test("DelayServer sends no body when the method is HEAD", async () => {
  await using server = await DelayServer.start();
  const answer = await exchange(server.url, `HEAD / HTTP/1.1\r\n${LAST}`);
  assertMatch(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assertMatch(answer, /\r\ncontent-length: 13\r\n[^]*\r\n\r\n$/);
});

Deno.test("DelayServer sends no body when the status allows none", async () => {
  for (const status of [204, 205, 304]) {
    await using server = await DelayServer.start({ statuses: parseStatuses(`${status}`) });
    const answer = await exchange(server.url, `GET / HTTP/1.1\r\n${LAST}`);
    assertMatch(answer, new RegExp(`^HTTP/1\\.1 ${status} [^]*\r\n\r\n$`));
    assert(!answer.includes("Hello"));
  }
});

Deno.test("DelayServer drops a large request body and keeps the connection", async () => {
  for (const delay of ["0", "1ms"]) {
    await using server = await DelayServer.start({ delay: parseDelay(delay) });
    const conn = await Deno.connect({ port: Number(new URL(server.url).port) });
    const answers = new Response(conn.readable).text();
    const writer = conn.writable.getWriter();
    const text = (part: string): Promise<void> => writer.write(new TextEncoder().encode(part));
    await text(`POST / HTTP/1.1\r\nhost: h\r\ncontent-length: ${64 * 2 ** 20}\r\n\r\n`);
    const part = new Uint8Array(2 ** 20);
    for (let k = 0; k < 64; k++) await writer.write(part);
    await text(`GET / HTTP/1.1\r\n${LAST}`);
    assertEquals((await answers).match(/HTTP\/1\.1 200 OK/g)?.length, 2);
  }
});

Deno.test("DelayServer never responds before the delay", async () => {
  await using server = await DelayServer.start({ delay: parseDelay("20-40ms"), seed: 3 });
  const random = seedRandom(3);
  for (let k = 0; k < 20; k++) {
    const leastMs = drawDelay(parseDelay("20-40ms"), random());
    const start = performance.now();
    await ask(server.url);
    const ms = performance.now() - start;
    assert(ms >= leastMs, `${ms} < ${leastMs}`);
  }
});

Deno.test("DelayServer listens on IPv6", async () => {
  for (const hostname of ["::1", "[::1]"]) {
    await using server = await DelayServer.start({ hostname });
    assertMatch(server.url, /^http:\/\/\[::1\]:\d+\/$/);
    assertEquals(await ask(server.url), [200, "Hello, World!"]);
  }
});

Deno.test("DelayServer.stop() sends held responses when they are due", async () => {
  await using server = await DelayServer.start({ delay: parseDelay("200ms") });
  const answer = ask(server.url);
  await until(() => server.held > 0);
  await Promise.all([server.stop(60_000), answer]);
  assertEquals(await answer, [200, "Hello, World!"]);
  assertEquals(server.held, 0);
  await server.stop(0);
});

Deno.test("DelayServer.stop() sends 503 to requests held at the end of the grace", async () => {
  await using dir = await folder();
  const options = { delay: parseDelay("1h"), accessLog: dir.path("log") };
  for (const graces of [[0], [10], [3_600_000, 0]]) {
    await using server = await DelayServer.start(options);
    const answer = ask(server.url);
    await until(() => server.held > 0);
    await Promise.all(graces.map((graceMs) => server.stop(graceMs)));
    assertEquals((await answer)[0], 503);
    const [{ status, delay_ms, ms }, ...more] = await readLog(options.accessLog);
    assertEquals([status, delay_ms, more], [503, 3_600_000, []]);
    assert(ms < delay_ms);
  }
});

Deno.test("DelayServer.stop() settles when a request never ends", async () => {
  await using server = await DelayServer.start();
  const conns = [];
  for (const text of ["", "GET /", "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\nhalf"]) {
    const conn = await Deno.connect({ port: Number(new URL(server.url).port) });
    if (text !== "") await conn.write(new TextEncoder().encode(text));
    conns.push(conn);
  }
  await ask(server.url);
  await server.stop(10);
  for (const conn of conns) conn.close();
});

Deno.test("DelayServer.start() throws when the port is in use", async () => {
  await using server = await DelayServer.start();
  const port = Number(new URL(server.url).port);
  const start = (): Promise<unknown> => DelayServer.start({ port });
  await assertRejects(start, UsageError, `127.0.0.1:${port}: the port is in use: choose`);
});

Deno.test("DelayServer delays responses and loses no line when its log is slow", async () => {
  await using dir = await folder();
  const path = await dir.pipe("fifo");
  // Opened for both, it opens without a writer.
  const fifo = await Deno.open(path, { read: true, write: true });
  await using server = await DelayServer.start({ accessLog: path });
  const total = 400;
  const long = "x".repeat(5000);
  let answered = 0;
  const some = Promise.withResolvers<void>();
  const asks = Array.from({ length: total }, async (_, i) => {
    await ask(`${server.url}${i}?${long}`);
    // Two blocks gather, one of them more than goes into the pipe: no fewer lines than these.
    if (++answered === 20) some.resolve();
  });
  await some.promise;
  const answeredUnread = answered;
  const all = Promise.all(asks).then(() => server.stop(0));
  const numbers = new Set<number>();
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4096);
  let rest = "";
  while (numbers.size < total) {
    const bytes = await fifo.read(buffer);
    const lines = (rest + decoder.decode(buffer.subarray(0, bytes!))).split("\n");
    rest = lines.pop()!;
    for (const line of lines) numbers.add(JSON.parse(line).n);
  }
  await all;
  fifo.close();
  assertEquals([rest, answered], ["", total]);
  // The pipe, the block that is being written, and the next one; each of 64 KB and a line.
  assert(answeredUnread <= 3 * (64 * 1024 / long.length + 1), `${answeredUnread}`);
});

Deno.test("DelayServer holds 10,000 responses at once", async () => {
  const total = 10_000;
  // Delays that never end, so that it depends on no machine's speed that all of them are held.
  const program = `
    import { DelayServer } from ${JSON.stringify(moduleUrl("delay_server.ts"))};
    import { parseDelay } from ${JSON.stringify(moduleUrl("draw.ts"))};
    const server = await DelayServer.start({ delay: parseDelay("1h") });
    console.log("Listening on " + server.url);
    while (server.held < ${total}) await new Promise((resolve) => setTimeout(resolve, 20));
    console.log("held");
    await server.stop(0);
  `;
  const script = `data:application/typescript,${encodeURIComponent(program)}`;
  await using server = await Running.start([], {
    script,
    permissions: ["--allow-net", "--allow-read", "--allow-import"],
  });
  const port = Number(new URL(server.url).port);
  let next = 0;
  const answers: Promise<string>[] = [];
  const connectMore = async (): Promise<void> => {
    while (next++ < total) {
      const connected = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<string>();
      const socket = connect(port, "127.0.0.1", () => {
        socket.write(`GET / HTTP/1.1\r\n${LAST}`);
        connected.resolve();
      });
      let text = "";
      socket.on("data", (data) => text += data);
      socket.on("error", connected.reject);
      socket.on("close", () => answer.resolve(text.slice(0, 12)));
      answers.push(answer.promise);
      await connected.promise;
    }
  };
  await Promise.all(Array.from({ length: 50 }, connectMore));
  assertEquals(new Set(await Promise.all(answers)), new Set(["HTTP/1.1 503"]));
  assertEquals(answers.length, total);
  const { code, stdout, stderr } = await server.ended();
  assertEquals([code, stdout, stderr], [0, `Listening on ${server.url}\nheld\n`, ""]);
});

for (const [script, ...command] of [[SERVER], [MAIN, "serve"]]) {
  const name = script === SERVER ? "server.ts" : "myriad serve";
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.test(`${name} prints one line, and exits with 0 on ${signal}`, async () => {
      const permissions = ["--allow-net=127.0.0.1:0"];
      const args = [...command, ...ANY_PORT, ...NONE];
      await using server = await Running.start(args, { script, permissions });
      assertMatch(server.url, /^http:\/\/127\.0\.0\.1:[1-9]\d*\/$/);
      assertEquals(await ask(`${server.url}any/path`), [200, "Hello, World!"]);
      server.kill(signal);
      const { code, stdout, stderr } = await server.ended();
      assertEquals([code, stdout, stderr], [0, `Listening on ${server.url}\n`, ""]);
    });
  }

  Deno.test(`${name} --help lists each flag`, async () => {
    const { code, stdout, stderr } = await run([...command, "--help"], { script, permissions: [] });
    assertEquals([code, stderr], [0, ""]);
    for (const flag of ["host", "port", "delay", "status", "body", "access-log", "seed", "help"]) {
      assertMatch(stdout, new RegExp(`^ .*--${flag}\\b`, "m"));
    }
    assertMatch(stdout, /Exit codes: 0 /);
  });
}

Deno.test("server.ts --port listens there, and exits with 2 when the port is in use", async () => {
  // Not one that systems give out: nobody has it at the other address, either.
  const chosen = await refusedPort();
  await using _server = await DelayServer.start({ port: chosen });
  const port = `${chosen}`;
  const ran = await run(["--port", port]);
  assertEquals([ran.code, ran.stdout], [2, ""]);
  const mend = "choose another with --port, or 0 for one that is free";
  assertEquals(
    ran.stderr,
    `myriad: Cannot listen on 127.0.0.1:${port}: the port is in use: ${mend}\n`,
  );
  // The same number is free at the other address.
  const permissions = ["--allow-net=[::1]"];
  await using other = await Running.start(["--host", "::1", "--port", port], { permissions });
  assertEquals(other.url, `http://[::1]:${port}/`);
});

Deno.test("server.ts --host listens at the address", async () => {
  const permissions = ["--allow-net=[::1]"];
  await using server = await Running.start([...NONE, ...ANY_PORT, "--host", "::1"], {
    permissions,
  });
  assertMatch(server.url, /^http:\/\/\[::1\]:\d+\/$/);
  assertEquals(await ask(server.url), [200, "Hello, World!"]);
});

Deno.test("server.ts --status and --body choose the response", async () => {
  const args = [...ANY_PORT, ...NONE, "--status", "418", "--body", "é\n"];
  await using server = await Running.start(args);
  assertEquals(await ask(server.url), [418, "é\n"]);
});

Deno.test("server.ts --access-log has a line for each request", async () => {
  await using dir = await folder();
  const log = dir.path("log");
  await Deno.writeTextFile(log, "an old line");
  await using server = await Running.start([...ANY_PORT, "--delay", "0-20ms", "--access-log", log]);
  const asked: string[] = [];
  const started = Date.now();
  await Promise.all(Array.from({ length: 500 }, async (_, i) => {
    const method = i % 3 === 0 ? "POST" : "GET";
    const path = `/${i}/%22?a=b&c="'`;
    asked.push(`${method} ${new URL(path, server.url).href.slice(server.url.length - 1)}`);
    await ask(new URL(path, server.url).href, { method });
  }));
  await exchange(server.url, `GET /"\\ HTTP/1.1\r\n${LAST}`);
  await exchange(server.url, `GET http://other?q HTTP/1.1\r\n${LAST}`);
  asked.push(`GET /"\\`);
  server.kill("SIGTERM");
  assertEquals((await server.ended()).code, 0);
  const lines = await readLog(log);
  const other = lines.pop();
  assertEquals(other?.n, 501);
  const got = lines.map(({ method, path }) => `${method} ${path}`);
  assertEquals(got.sort(), asked.sort());
  assertEquals(
    lines.map(({ n }) => n).sort((a, b) => a - b),
    Array.from({ length: 501 }, (_, n) => n),
  );
  for (const line of lines) {
    assertEquals(Object.keys(line), ["n", "at", "method", "path", "status", "delay_ms", "ms"]);
    assertEquals(line.status, 200);
    assert(line.delay_ms >= 0 && line.delay_ms <= 20 && line.ms >= line.delay_ms);
    assert(Date.parse(line.at) >= started && Date.parse(line.at) <= Date.now());
  }
});

/** Sends a request that the server is known to have when this is done. */
async function hold(url: string): Promise<Deno.Conn> {
  const conn = await Deno.connect({ port: Number(new URL(url).port) });
  const send = (text: string): Promise<number> => conn.write(new TextEncoder().encode(text));
  await send(`POST /held HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n${LAST}`);
  const interim = "HTTP/1.1 100 Continue\r\n\r\n";
  const buffer = new Uint8Array(interim.length);
  for (let length = 0; length < buffer.length;) {
    length += (await conn.read(buffer.subarray(length)))!;
  }
  assertEquals(new TextDecoder().decode(buffer), interim);
  await send("ab");
  return conn;
}

Deno.test("server.ts sends held responses and finishes its log on SIGTERM", async () => {
  await using dir = await folder();
  const log = dir.path("log");
  await using server = await Running.start([...ANY_PORT, "--delay", "1s", "--access-log", log]);
  const conn = await hold(server.url);
  server.kill("SIGTERM");
  assertMatch(await new Response(conn.readable).text(), /^HTTP\/1\.1 200 OK\r\n/);
  const ran = await server.ended();
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const [line, ...more] = await readLog(log);
  assertEquals([line.method, line.path, line.status, more], ["POST", "/held", 200, []]);
});

Deno.test("server.ts drops held responses and finishes its log on a second signal", async () => {
  await using dir = await folder();
  const log = dir.path("log");
  await using server = await Running.start([...ANY_PORT, "--delay", "1h", "--access-log", log]);
  const conn = await hold(server.url);
  server.kill("SIGTERM");
  server.kill("SIGINT");
  assertMatch(await new Response(conn.readable).text(), /^HTTP\/1\.1 503 /);
  const ran = await server.ended();
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const [line, ...more] = await readLog(log);
  assertEquals([line.path, line.status, line.delay_ms, more], ["/held", 503, 3_600_000, []]);
});

Deno.test("server.ts continues silently when clients leave during the delay", async () => {
  await using server = await Running.start([...ANY_PORT, "--delay", "100ms"]);
  for (let k = 0; k < 10; k++) (await hold(server.url)).close();
  assertEquals(await ask(server.url), [200, "Hello, World!"]);
  server.kill("SIGTERM");
  const { code, stderr } = await server.ended();
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("server.ts --seed repeats the same delays and statuses", async () => {
  await using dir = await folder();
  const log = dir.path("log");
  const draw = async (seed: string): Promise<number[][]> => {
    const args = [
      "--delay",
      "0-9ms",
      "--status",
      "200:5,500:3,429:2",
      "--access-log",
      log,
      ...ANY_PORT,
    ];
    await using server = await Running.start([...args, "--seed", seed]);
    for (let k = 0; k < 40; k++) await ask(server.url);
    server.kill("SIGTERM");
    await server.ended();
    return (await readLog(log)).map(({ status, delay_ms }) => [status, delay_ms]);
  };
  const [first, again, other] = [await draw("42"), await draw("42"), await draw("43")];
  assertEquals(first.length, 40);
  assertEquals(again, first);
  assert(JSON.stringify(other) !== JSON.stringify(first));
});

Deno.test("server.ts exits with 2 and one line when a flag is wrong", async () => {
  const cases: [args: string[], message: RegExp][] = [
    [["--delay", "3-0s"], /'--delay 3-0s': use a whole number/],
    [["--delay=soon"], /'--delay soon': use/],
    [["--status", "100"], /'--status 100': use a status/],
    [["--port", "65536"], /'--port 65536': use a whole number from 0 to 65535/],
    [["--port", "http"], /'--port http': use/],
    [["--seed", "-1"], /--seed/],
    [["--seed", "4294967296"], /'--seed 4294967296': use a whole number from 0 to 4294967295/],
    [
      ["--host", "no such\nhost", ...ANY_PORT],
      /^myriad: Cannot listen on no such host:0: .*--host/,
    ],
    [["--host", "192.0.2.1", ...ANY_PORT], /192\.0\.2\.1:0: this machine has no such address: /],
    [["--host", "", ...ANY_PORT], /Cannot listen on :0: .*: choose another with --host/],
    [["--body", "a", "--body", "b"], /'--body' is given 2 times: use it once/],
    [
      ["--access-log", "/no/such/log", ...ANY_PORT],
      /'--access-log \/no\/such\/log': no such folder/,
    ],
    [["--access-log", "/tmp", ...ANY_PORT], /'--access-log \/tmp': it is a folder: give/],
    [["--quick"], /--quick.*: see 'myriad serve --help'/],
    [["8080"], /Cannot serve '8080': use flags only/],
  ];
  const permissions = ["--allow-net", "--allow-write"];
  await Promise.all(cases.map(async ([args, message]) => {
    const { code, stdout, stderr } = await run(args, { permissions });
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, message);
    assertMatch(stderr, /^myriad: [^\n]*: [^\n]*\n$/);
  }));
});

Deno.test("server.ts exits with 2 and one line when a permission is missing", async () => {
  await using dir = await folder();
  const log = dir.path("log");
  assertEquals(
    (await run(["--port", "8099"], { permissions: [] })).stderr,
    "myriad: Cannot listen on 127.0.0.1:8099: no permission: run with --allow-net=127.0.0.1:8099\n",
  );
  const ran = await run(["--access-log", log, ...ANY_PORT], { permissions: ["--allow-net"] });
  assertEquals(ran, {
    code: 2,
    stdout: "",
    stderr:
      `myriad: Cannot write '--access-log ${log}': no permission: run with --allow-write=${log}\n`,
  });
});

Deno.test({
  name: "server.ts exits with 3 and one line when its log's reader has closed",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using dir = await folder();
    const path = dir.path("fifo");
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const reader = Deno.open(path);
    await using server = await Running.start([...ANY_PORT, ...NONE, "--access-log", path]);
    (await reader).close();
    await ask(server.url);
    const { code, stderr } = await server.ended();
    assertEquals(code, 3);
    assertEquals(stderr, `myriad: Cannot write '--access-log ${path}': its reader has closed it\n`);
  },
});

Deno.test({
  name: "server.ts exits with 3 when the disk is full at the log's last lines",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const args = [...ANY_PORT, "--delay", "1h", "--access-log", "/dev/full"];
    await using server = await Running.start(args, { permissions: ["--allow-all"] });
    const conn = await hold(server.url);
    server.kill("SIGTERM");
    server.kill("SIGINT");
    assertMatch(await new Response(conn.readable).text(), /^HTTP\/1\.1 503 /);
    const { code, stderr } = await server.ended();
    assertEquals(code, 3);
    assertMatch(stderr, /^myriad: Cannot write '--access-log \/dev\/full': no space left[^\n]*\n$/);
  },
});

Deno.test({
  name: "server.ts exits with 3 and one line when the disk is full",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const args = [...ANY_PORT, ...NONE, "--access-log", "/dev/full"];
    await using server = await Running.start(args, { permissions: ["--allow-all"] });
    await ask(server.url);
    const { code, stderr } = await server.ended();
    assertEquals(code, 3);
    assertMatch(
      stderr,
      /^myriad: Cannot write '--access-log \/dev\/full': no space left on device: free [^\n]*\n$/,
    );
  },
});

Deno.test({
  name: "server.ts exits with 3 and one line when file descriptors run out",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using server = await Running.start(ANY_PORT, { limits: "ulimit -n 64" });
    const port = Number(new URL(server.url).port);
    const conns = await Promise.allSettled(
      Array.from({ length: 100 }, () => Deno.connect({ port })),
    );
    const { code, stderr } = await server.ended();
    for (const conn of conns) if (conn.status === "fulfilled") conn.value.close();
    assertEquals(code, 3);
    assertMatch(stderr, /^myriad: Cannot accept connections: too many open files: [^\n]*\n$/);
  },
});
