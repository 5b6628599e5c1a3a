import { assert, assertEquals, assertMatch } from "@std/assert";
import { DelayServer } from "../../../lib/commands/serve/delay_server.ts";
import { folder } from "../../fixtures/folder.ts";
import { MAIN, SERVER } from "../../fixtures/program.ts";
import { refusedPort } from "../../fixtures/raw_server.ts";
import {
  ask,
  exchange,
  LAST,
  readLog,
  runServe,
  ServeProcess,
} from "../../fixtures/serve_program.ts";

const ANY_PORT = ["--port", "0"];
const NONE = ["--delay", "0"];

for (const [script, ...command] of [[SERVER], [MAIN, "serve"]]) {
  const name = script === SERVER ? "server.ts" : "myriad serve";
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.test(`${name} prints one line, and exits with 0 on ${signal}`, async () => {
      const permissions = ["--allow-net=127.0.0.1:0"];
      const args = [...command, ...ANY_PORT, ...NONE];
      await using server = await ServeProcess.start(args, { script, permissions });
      assertMatch(server.url, /^http:\/\/127\.0\.0\.1:[1-9]\d*\/$/);
      assertEquals(await ask(`${server.url}any/path`), [200, "Hello, World!"]);
      server.kill(signal);
      const { code, stdout, stderr } = await server.ended();
      assertEquals([code, stdout, stderr], [0, `Listening on ${server.url}\n`, ""]);
    });
  }

  Deno.test(`${name} --help lists each flag`, async () => {
    const { code, stdout, stderr } = await runServe([...command, "--help"], {
      script,
      permissions: [],
    });
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
  const ran = await runServe(["--port", port]);
  assertEquals([ran.code, ran.stdout], [2, ""]);
  const mend = "choose another with --port, or 0 for one that is free";
  assertEquals(
    ran.stderr,
    `myriad: Cannot listen on 127.0.0.1:${port}: the port is in use: ${mend}\n`,
  );
  // The same number is free at the other address.
  const permissions = ["--allow-net=[::1]"];
  await using other = await ServeProcess.start(["--host", "::1", "--port", port], { permissions });
  assertEquals(other.url, `http://[::1]:${port}/`);
});

Deno.test("server.ts --host listens at the address", async () => {
  const permissions = ["--allow-net=[::1]"];
  await using server = await ServeProcess.start([...NONE, ...ANY_PORT, "--host", "::1"], {
    permissions,
  });
  assertMatch(server.url, /^http:\/\/\[::1\]:\d+\/$/);
  assertEquals(await ask(server.url), [200, "Hello, World!"]);
});

Deno.test("server.ts --status and --body choose the response", async () => {
  const args = [...ANY_PORT, ...NONE, "--status", "418", "--body", "é\n"];
  await using server = await ServeProcess.start(args);
  assertEquals(await ask(server.url), [418, "é\n"]);
});

Deno.test("server.ts --access-log has a line for each request", async () => {
  await using dir = await folder();
  const log = dir.path("log");
  await Deno.writeTextFile(log, "an old line");
  await using server = await ServeProcess.start([
    ...ANY_PORT,
    "--delay",
    "0-20ms",
    "--access-log",
    log,
  ]);
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
  await using server = await ServeProcess.start([
    ...ANY_PORT,
    "--delay",
    "1s",
    "--access-log",
    log,
  ]);
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
  await using server = await ServeProcess.start([
    ...ANY_PORT,
    "--delay",
    "1h",
    "--access-log",
    log,
  ]);
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
  await using server = await ServeProcess.start([...ANY_PORT, "--delay", "100ms"]);
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
    await using server = await ServeProcess.start([...args, "--seed", seed]);
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
    [["--access-log", "/tmp", ...ANY_PORT], /'--access-log \/tmp': it is a folder: use/],
    [["--quick"], /--quick.*: see 'myriad serve --help'/],
    [["8080"], /Cannot serve '8080': use flags only/],
  ];
  const permissions = ["--allow-net", "--allow-write"];
  const all = await Promise.all(cases.map(([args]) => runServe(args, { permissions })));
  for (const [k, { code, stdout, stderr }] of all.entries()) {
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, cases[k][1]);
    assertMatch(stderr, /^myriad: [^\n]*: [^\n]*\n$/);
  }
});

Deno.test("server.ts exits with 2 and one line when a permission is missing", async () => {
  await using dir = await folder();
  const log = dir.path("log");
  assertEquals(
    (await runServe(["--port", "8099"], { permissions: [] })).stderr,
    "myriad: Cannot listen on 127.0.0.1:8099: no permission: run with --allow-net=127.0.0.1:8099\n",
  );
  const ran = await runServe(["--access-log", log, ...ANY_PORT], { permissions: ["--allow-net"] });
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
    await using server = await ServeProcess.start([...ANY_PORT, ...NONE, "--access-log", path]);
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
    await using server = await ServeProcess.start(args, { permissions: ["--allow-all"] });
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
    await using server = await ServeProcess.start(args, { permissions: ["--allow-all"] });
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
    await using server = await ServeProcess.start(ANY_PORT, { limits: "ulimit -n 64" });
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
