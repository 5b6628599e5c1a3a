import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connect } from "node:net";
import { DelayServer } from "../../../lib/commands/serve/delay_server.ts";
import {
  drawDelay,
  parseDelay,
  parseStatuses,
  seedRandom,
} from "../../../lib/commands/serve/draw.ts";
import { UsageError } from "../../../lib/errors.ts";
import { folder } from "../../fixtures/folder.ts";
import { isInstalled } from "../../fixtures/installed.ts";
import { run as runCommand } from "../../fixtures/program.ts";
import { ask, exchange, LAST, readLog, ServeProcess } from "../../fixtures/serve_program.ts";
import { until } from "../../fixtures/until.ts";

const moduleUrl = (name: string): string =>
  new URL(`../../../lib/commands/serve/${name}`, import.meta.url).href;

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
  await using server = await ServeProcess.start([], {
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
