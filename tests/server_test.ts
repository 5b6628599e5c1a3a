import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import net from "node:net";
import { UsageError } from "../lib/flags.ts";
import {
  DelayServer,
  type DelayServerOptions,
  drawDelay,
  drawStatus,
  parseDelay,
  parseStatuses,
  randomNumbers,
} from "../server.ts";

const SERVER = new URL("../server.ts", import.meta.url).pathname;

const OPTIONS: DelayServerOptions = {
  hostname: "127.0.0.1",
  port: 0,
  delay: parseDelay("0"),
  statuses: parseStatuses("200"),
  body: "Hello, World!",
  accessLog: undefined,
  seed: undefined,
};

/** The program in a process of its own, listening. */
async function start(
  args: string[],
  permissions = ["--allow-net=127.0.0.1", "--allow-write"],
): Promise<{ url: string; child: Deno.ChildProcess; rest(): Promise<string> }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...permissions, SERVER, "--port", "0", ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const line = (await reader.read()).value ?? "";
  assertMatch(line, /^Listening on http:\/\/127\.0\.0\.1:\d+\/\n$/);
  return {
    url: line.slice("Listening on ".length, -1),
    child,
    rest: async () => {
      await reader.cancel();
      return await new Response(child.stderr).text();
    },
  };
}

/** Runs it to its end. */
async function ended(args: string[], permissions = ["--allow-net", "--allow-write"]): Promise<
  { code: number; stdout: string; stderr: string }
> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...permissions, SERVER, ...args],
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

for (
  const [text, from, to, unitMs] of [
    ["0-3s", 0, 3, 1000],
    ["100-500ms", 100, 500, 1],
    ["50ms", 50, 50, 1],
    ["2m", 2, 2, 60_000],
    ["0", 0, 0, 1],
    ["0s", 0, 0, 1000],
  ] as const
) {
  Deno.test(`parseDelay() reads ${text}`, () => {
    assertEquals(parseDelay(text), { from, to, unitMs });
  });
}

Deno.test("parseDelay() throws UsageError when the text is no delay", () => {
  for (const text of ["", "3", "3-1s", "-1s", "1.5s", "1-2-3s", "0-1000h", "fast", "1s-2s"]) {
    const error = assertThrows(() => parseDelay(text), UsageError);
    assertStringIncludes(error.message, `'--delay ${text}'`);
  }
});

Deno.test("parseStatuses() reads a status, and several by weight", () => {
  assertEquals(parseStatuses("404"), [{ status: 404, weight: 1 }]);
  assertEquals(parseStatuses("200:98,500:2"), [
    { status: 200, weight: 98 },
    { status: 500, weight: 2 },
  ]);
  for (const text of ["", "100", "600", "20", "200:0", "200:", "200;500", "200:-1"]) {
    assertThrows(() => parseStatuses(text), UsageError);
  }
});

Deno.test("drawDelay() draws whole units evenly, both ends in it", () => {
  const delay = parseDelay("0-3s");
  assertEquals([0, 0.2499, 0.25, 0.5, 0.75, 0.9999999].map((x) => drawDelay(delay, x)), [
    ...[0, 0, 1000, 2000, 3000, 3000],
  ]);
  const random = randomNumbers(1);
  const counts = new Map<number, number>();
  for (let i = 0; i < 40_000; i++) {
    const ms = drawDelay(delay, random());
    counts.set(ms, (counts.get(ms) ?? 0) + 1);
  }
  assertEquals([...counts.keys()].sort((a, b) => a - b), [0, 1000, 2000, 3000]);
  for (const count of counts.values()) assert(Math.abs(count - 10_000) < 300, `${count}`);
});

Deno.test("drawStatus() draws by weight", () => {
  const statuses = parseStatuses("200:98,500:1,429:1");
  assertEquals([0, 0.9799, 0.98, 0.9899, 0.99, 0.9999999].map((x) => drawStatus(statuses, x)), [
    ...[200, 200, 500, 500, 429, 429],
  ]);
});

Deno.test("randomNumbers() gives the same for the same seed, from 0 to below 1", () => {
  const take = (seed: number): number[] => Array.from({ length: 1000 }, randomNumbers(seed));
  assertEquals(take(7), take(7));
  assert(take(7)[0] !== take(8)[0]);
  for (const number of take(9)) assert(number >= 0 && number < 1);
});

Deno.test("DelayServer answers every path and method alike", async () => {
  const server = await DelayServer.start(OPTIONS);
  for (const [method, body] of [["GET"], ["POST", "x".repeat(1_000_000)], ["DELETE"], ["PURGE"]]) {
    const response = await fetch(`${server.url}any/${method}?x`, { method, body });
    assertEquals([response.status, await response.text()], [200, "Hello, World!"]);
    assertMatch(response.headers.get("content-type")!, /^text\/plain/);
  }
  const head = await fetch(server.url, { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
  await server.stop(0);
});

Deno.test("DelayServer sends the body and the status that it is given", async () => {
  for (const status of [201, 204, 304, 404, 503]) {
    const server = await DelayServer.start({
      ...OPTIONS,
      body: "näin",
      statuses: [{ status, weight: 1 }],
    });
    const response = await fetch(server.url);
    const text = await response.text();
    assertEquals([response.status, text], [status, status === 204 || status === 304 ? "" : "näin"]);
    await server.stop(0);
  }
});

Deno.test("DelayServer waits before it answers", async () => {
  const server = await DelayServer.start({ ...OPTIONS, delay: parseDelay("60ms") });
  const start = performance.now();
  await (await fetch(server.url)).text();
  // A timer may fire a little before its whole number of milliseconds.
  assert(performance.now() - start >= 59);
  await server.stop(0);
});

Deno.test("DelayServer draws the same delays and statuses again for the same seed", async () => {
  const runs: string[][] = [];
  for (const seed of [5, 5, 6]) {
    const server = await DelayServer.start({
      ...OPTIONS,
      seed,
      statuses: parseStatuses("200:1,404:1,500:1"),
    });
    const run: string[] = [];
    for (let i = 0; i < 30; i++) {
      const response = await fetch(server.url);
      await response.text();
      run.push(`${response.status}`);
    }
    runs.push(run);
    await server.stop(0);
  }
  assertEquals(runs[0], runs[1]);
  assert(runs[0].join() !== runs[2].join());
});

Deno.test("DelayServer goes on when a client leaves before its answer", async () => {
  const server = await DelayServer.start({ ...OPTIONS, delay: parseDelay("30ms") });
  const { port } = new URL(server.url);
  for (let i = 0; i < 20; i++) {
    await new Promise<void>((resolve) => {
      const socket = net.connect(Number(port), "127.0.0.1", () => {
        socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n", () => socket.resetAndDestroy());
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve());
    });
  }
  assertEquals(await (await fetch(server.url)).text(), "Hello, World!");
  await server.stop(0);
});

Deno.test("DelayServer answers what it holds when it stops", async () => {
  const server = await DelayServer.start({ ...OPTIONS, delay: parseDelay("1h") });
  const answers = Promise.all(
    Array.from({ length: 5 }, async () => await (await fetch(server.url)).text()),
  );
  while (server.held < 5) await new Promise((resolve) => setTimeout(resolve, 1));
  await server.stop(0);
  assertEquals(new Set(await answers), new Set(["Hello, World!"]));
});

Deno.test("DelayServer logs each answer", async () => {
  const directory = await Deno.makeTempDir();
  const accessLog = `${directory}/access.ndjson`;
  const server = await DelayServer.start({
    ...OPTIONS,
    accessLog,
    delay: parseDelay("1-2ms"),
    statuses: parseStatuses("200:1,404:1"),
  });
  const expected: [string, string, number][] = [];
  for (let i = 0; i < 50; i++) {
    const method = i % 2 === 0 ? "GET" : "POST";
    const response = await fetch(`${server.url}a/${i}?q="x`, { method });
    await response.body?.cancel();
    expected.push([method, `/a/${i}?q=%22x`, response.status]);
  }
  await server.stop(0);
  const lines = (await Deno.readTextFile(accessLog)).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals(lines.map(({ method, path, status }) => [method, path, status]), expected);
  for (const { at, delay_ms } of lines) {
    assert(!Number.isNaN(Date.parse(at)) && (delay_ms === 1 || delay_ms === 2));
  }
  await Deno.remove(directory, { recursive: true });
});

/** Connects 10,000 times, 100 at once, and prints how many of them were answered. */
const CLIENTS = `
import net from "node:net";
let answered = 0;
const ends = [];
const connect = () => new Promise((resolve, reject) => {
  const socket = net.connect(Number(Deno.args[0]), "127.0.0.1", () => {
    socket.write("GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n", resolve);
  });
  socket.once("data", () => (answered++, socket.destroy()));
  socket.once("error", reject);
  ends.push(new Promise((resolve) => socket.once("close", resolve)));
});
for (let i = 0; i < 100; i++) await Promise.all(Array.from({ length: 100 }, connect));
await Promise.all(ends);
console.log(answered);
`;

Deno.test("DelayServer holds 10,000 delayed answers at once", async () => {
  const server = await DelayServer.start({ ...OPTIONS, delay: parseDelay("1h") });
  const clients = new Deno.Command(Deno.execPath(), {
    args: ["eval", CLIENTS, new URL(server.url).port],
    stderr: "inherit",
  }).output();
  let isOver = false;
  clients.finally(() => isOver = true);
  while (server.held < 10_000 && !isOver) await new Promise((resolve) => setTimeout(resolve, 20));
  await server.stop(0);
  assertEquals(new TextDecoder().decode((await clients).stdout), "10000\n");
});

Deno.test("serve() writes the log whole on SIGTERM, and exits with 0", async () => {
  const directory = await Deno.makeTempDir();
  const log = `${directory}/access.ndjson`;
  const { url, child, rest } = await start(["--delay", "0", "--access-log", log]);
  for (let i = 0; i < 10; i++) await (await fetch(`${url}${i}`)).text();
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 0);
  assertEquals(await rest(), "");
  const paths = (await Deno.readTextFile(log)).trimEnd().split("\n").map((l) => JSON.parse(l).path);
  assertEquals(paths, Array.from({ length: 10 }, (_, i) => `/${i}`));
  await Deno.remove(directory, { recursive: true });
});

Deno.test("serve() exits with 3 when the log cannot be written any more", async () => {
  const { url, child, rest } = await start(["--delay", "0", "--access-log", "/dev/full"], [
    "--allow-all",
  ]);
  await (await fetch(url)).text();
  assertEquals((await child.status).code, 3);
  assertMatch(await rest(), /^myriad: Cannot write '--access-log \/dev\/full': [^\n]+\n$/);
});

Deno.test("serve() exits with 2, in one line, when the command line is wrong", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const cases: [string[], RegExp, string[]?][] = [
    [["--port", "99999"], /--port 99999/],
    [["--delay", "soon"], /--delay soon/],
    [["--status", "abc"], /--status abc/],
    [["--seed", "x"], /--seed x/],
    [["--nope"], /--nope/],
    [["here"], /'here'/],
    [["--port", `${taken.addr.port}`], /port is in use/],
    [["--host", "203.0.113.1", "--port", "0"], /203\.0\.113\.1/],
    [["--port", "0", "--access-log", "/does/not/exist"], /--access-log \/does\/not\/exist/],
    [["--port", "0"], /--allow-net/, []],
    [["--port", "0", "--access-log", "x"], /--allow-write=x/, ["--allow-net"]],
  ];
  for (const [args, message, permissions] of cases) {
    const { code, stdout, stderr } = await ended(args, permissions);
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, /^myriad: [^\n]+\n$/);
    assertMatch(stderr, message);
  }
  taken.close();
});

Deno.test("serve() --help says each flag", async () => {
  const { code, stdout } = await ended(["--help"], []);
  assertEquals(code, 0);
  for (const flag of ["host", "port", "delay", "status", "body", "access-log", "seed"]) {
    assertStringIncludes(stdout, `--${flag}`);
  }
});
