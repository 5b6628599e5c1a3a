import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { parse } from "@std/csv/parse";
import { gunzipSync } from "node:zlib";
import { assertEach } from "../fixtures/assert_each.ts";
import { folder } from "../fixtures/folder.ts";
import { isInstalled } from "../fixtures/installed.ts";
import { descendants, isRunning } from "../fixtures/processes.ts";
import {
  commandWords,
  finish,
  myriad as run,
  type Ran,
  spawn,
  start as startProgram,
} from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { withThreads as test } from "../fixtures/threads.ts";
import { until } from "../fixtures/until.ts";

// Real processes, ended in every way, and gone on with: in the end there is one record of each.

const PERMISSIONS = ["--allow-net=127.0.0.1", "--allow-read", "--allow-write"];
/** A second goes by in 40 ms, so that a short run writes many journals. */
const FAST = [...PERMISSIONS, `--preload=${new URL("../fixtures/fast_clock.ts", import.meta.url)}`];

const start = (
  args: string[],
  limits?: string,
  permissions = PERMISSIONS,
): Deno.ChildProcess => startProgram(args, { permissions, limits });

const myriad = (args: string[], input?: string, limits?: string): Promise<Ran> =>
  run(args, { permissions: PERMISSIONS, input, limits });

function listNames(path: string): string[] {
  return Array.from(Deno.readDirSync(path), ({ name }) => name);
}

/** A server that answers at most so many requests a millisecond, and counts each path. */
async function counting(
  perMs = 4,
): Promise<RawServer & { readonly counts: Map<string, number>; isHeld: boolean }> {
  const counts = new Map<string, number>();
  const held: (() => void)[] = [];
  const server = await RawServer.start(({ send, request }) => {
    const path = request.split(" ")[1];
    counts.set(path, (counts.get(path) ?? 0) + 1);
    held.push(() => send(path.startsWith("/bad") ? "no answer\r\n\r\n" : ok()));
  });
  const dispose = server[Symbol.asyncDispose].bind(server);
  const counting = Object.assign(server, {
    counts,
    isHeld: false,
    [Symbol.asyncDispose]: () => {
      clearInterval(answers);
      return dispose();
    },
  });
  const answers = setInterval(() => {
    if (!counting.isHeld) { for (const answer of held.splice(0, 5 * perMs)) answer(); }
  }, 5);
  return counting;
}

/** Waits until a journal says that something is done. */
const journaled = (output: string): Promise<void> =>
  until(async () => /"low":[1-9]/.test(await Deno.readTextFile(`${output}.myriad`)));

const numbersOf = (text: string): number[] =>
  text.split("\n").slice(0, -1).map((line) => JSON.parse(line).i);

const total = ({ counts }: { counts: Map<string, number> }): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

for (
  const [kind, file, signals] of [
    ["NDJSON", "o.ndjson", ["SIGKILL", "SIGKILL", "SIGKILL"]],
    ["CSV", "o.csv", ["SIGKILL", "SIGTERM"]],
    ["gzip", "o.ndjson.gz", ["SIGTERM", "SIGKILL"]],
    ["signals", "o.ndjson", ["SIGINT", "SIGTERM", "SIGINT"]],
  ] as [string, string, Deno.Signal[]][]
) {
  test(`--resume continues after ${signals.join(", ")} (${kind})`, async () => {
    await using server = await counting(2);
    await using dir = await folder();
    const count = 2_000;
    const output = dir.path(file);
    const args = ["-n", `${count}`, "-c", "50", "-t", "10m", server.url("/{}"), "-o", output];
    args.push("-s", "--resume");
    // Far enough for some journals to have been written, at moments that the seed gives.
    let state = 11;
    const random = (): number => (state = state * 48_271 % 0x7fffffff) / 0x7fffffff;
    const exits: number[] = [];
    for (const signal of signals) {
      await using child = start(args, undefined, FAST);
      const from = total(server);
      const enough = Math.floor(count / (signals.length + 1) * (0.9 + random() * 0.2));
      await until(() => total(server) - from >= enough);
      child.kill(signal);
      exits.push((await finish(child)).code);
    }
    const codes = { SIGKILL: 137, SIGINT: 130, SIGTERM: 143 } as Record<
      string,
      number
    >;
    assertEquals(exits, signals.map((signal) => codes[signal]));
    const ran = await myriad([
      ...args.filter((arg) => arg !== "-s"),
      "--json",
      "--progress",
      "none",
    ]);
    assertEquals([ran.code, ran.stderr], [0, ""]);
    const summary = JSON.parse(ran.stdout);
    assertEquals([summary.requests, summary.succeeded, summary.resumed], [count, count, true]);
    assertEquals(summary.statuses, { "200": count });
    const bytes = await Deno.readFile(output);
    const text = new TextDecoder().decode(file.endsWith(".gz") ? gunzipSync(bytes) : bytes);
    const numbers = file.endsWith(".csv")
      ? parse(text, { skipFirstRow: true }).map((row: { i: string }) => Number(row.i))
      : numbersOf(text);
    assertEach(numbers, count);
    // Each was requested; again only what was in flight, or what no journal spoke of.
    assertEquals(server.counts.size, count);
    assert(total(server) < count * 2, `${total(server)}`);
    // Signals leave nothing but what was given up.
    if (!signals.includes("SIGKILL")) assert(total(server) <= count + 50 * signals.length);
  });
}

const WITHOUT_SCRIPT = { ignore: !isInstalled("script", "bsdutils") };

test(
  "myriad winds down on SIGHUP, unless SIGHUP is ignored",
  WITHOUT_SCRIPT,
  async () => {
    await using server = await counting();
    await using dir = await folder();
    const output = dir.path("o.ndjson");
    const args = ["-n", "4k", "-c", "50", server.url("/{}"), "-o", output, "-s", "--resume"];
    const words = commandWords(args, { permissions: PERMISSIONS }).map((word) => `'${word}'`);
    // `script` gives it a terminal, which ends with it.
    await using terminal = spawn(["script", "-qec", words.join(" "), "/dev/null"]);
    await until(() => total(server) >= 1_000);
    server.isHeld = true;
    const processes = await descendants(terminal.pid);
    terminal.kill("SIGKILL");
    await terminal.status;
    server.isHeld = false;
    // Until it has ended, it holds the output. Then as `nohup` has it: a hang-up is ignored.
    for (const pid of processes) await until(async () => !(await isRunning(pid)));
    const from = total(server);
    await using child = start(args, "trap '' HUP");
    await until(() => total(server) > from + 100);
    child.kill("SIGHUP");
    const { code, stderr } = await finish(child);
    assertEquals([code, stderr], [0, ""]);
    assertEach(numbersOf(await Deno.readTextFile(output)), 4_000);
    assert(total(server) <= 4_000 + 50, "what was in flight was finished, or given up");
  },
);

test("--resume does nothing when the run is complete, and exits with the same code", async () => {
  await using server = await counting();
  await using dir = await folder();
  const output = dir.path("o.ndjson");
  await Deno.writeTextFile(
    dir.path("urls"),
    [1, 2, 3].map((i) => server.url(`/bad${i}`)).join("\n"),
  );
  const args = ["-i", dir.path("urls"), "-o", output, "--json", "--progress", "none"];
  const ran = await myriad(args);
  assertEquals([ran.code, total(server)], [1, 3]);
  const text = await Deno.readTextFile(output);
  const journal = await Deno.readTextFile(`${output}.myriad`);
  assert(journal.length < 10_000);
  const again = await myriad([...args, "--resume"]);
  const said = `myriad: nothing to resume: the run of '${output}' is complete\n`;
  assertEquals([again.code, again.stderr, total(server)], [1, said, 3]);
  const silent = await myriad([...args.slice(0, 4), "-s", "--resume"]);
  assert(!silent.stderr.includes("nothing to resume"), silent.stderr);
  const [before, after] = [ran, again].map(({ stdout }) => JSON.parse(stdout));
  assertEquals([before.resumed, after.resumed], [false, true]);
  assertEquals([after.requests, after.failed], [before.requests, before.failed]);
  assertEquals(after.errors, before.errors);
  // What it took is what the run had taken, without the start of what did nothing.
  const taken = (name: string): number => Number(RegExp(`"${name}":([\\d.e-]+)`).exec(journal)![1]);
  assertAlmostEquals(after.seconds, taken("seconds"), 0.000_6);
  assertAlmostEquals(after.cpu_seconds, taken("cpuSeconds"), 0.000_6);
  assertAlmostEquals(after.rate, 3 / taken("seconds"), 0.000_6);
  assertEquals(after.peak_rss_kb, taken("peakRssKb"));
  assertEquals(await Deno.readTextFile(output), text);
  assertEquals(await Deno.readTextFile(`${output}.myriad`), journal);
  // A missing output is begun anew, whatever the journal says.
  await Deno.remove(output);
  const anew = await myriad([...args, "--resume"]);
  assertEquals([anew.code, total(server)], [1, 6]);
  assertEquals(numbersOf(await Deno.readTextFile(output)).length, 3);
});

// It is refused before a thread starts.
Deno.test("myriad does not overwrite an output without --overwrite", async () => {
  await using server = await counting();
  await using dir = await folder();
  const output = dir.path("o.ndjson");
  await Deno.writeTextFile(output, "mine\n");
  const args = ["-n", "5", server.url("/{}"), "-o", output, "-s"];
  const ran = await myriad(args);
  assertEquals(ran.code, 2);
  assertMatch(ran.stderr, /it holds 5 bytes already: use --resume .*, or use --overwrite/);
  const resumed = await myriad([...args, "--resume"]);
  assertEquals(resumed.code, 2);
  assertMatch(resumed.stderr, /there is no journal .* beside it: use --overwrite to start over/);
  assertEquals([await Deno.readTextFile(output), total(server)], ["mine\n", 0]);
  // An empty one is as good as none, and an old journal is not gone on with.
  await Deno.writeTextFile(output, "");
  assertEquals((await myriad(args)).code, 0);
  assertEquals((await myriad([...args.slice(2), "-n", "3", "--overwrite"])).code, 0);
  assertEach(numbersOf(await Deno.readTextFile(output)), 3);
});

// It is refused before a thread starts.
Deno.test("--resume refuses the output of another run", async () => {
  await using server = await counting();
  await using dir = await folder();
  const output = dir.path("o.ndjson");
  const input = dir.path("ids");
  await Deno.writeTextFile(input, "1\n2\n3\n");
  const base: Record<string, string> = {
    "-i": input,
    "-n": "3",
    "-m": "GET",
    "-H": "X-Secret: hunter2",
    "-c": "2",
    "-t": "5s",
    "-o": output,
  };
  const args = (changes: Record<string, string> = {}, url = server.url("/{}")): string[] => [
    ...Object.entries({ ...base, ...changes }).flat(),
    url,
    "-s",
  ];
  assertEquals((await myriad(args())).code, 0);
  const before = [await Deno.readTextFile(output), await Deno.readTextFile(`${output}.myriad`)];
  assert(!before[1].includes("hunter2"));
  await Deno.copyFile(input, dir.path("other"));
  for (
    const [what, changed] of [
      ["'URL' was", args({}, server.url("/x{}"))],
      ["'--requests' was '3' and is '2'", args({ "-n": "2" })],
      ["'--start' was", args({ "--start": "1" })],
      ["'--shard' was '0/1' and is '0/2'", args({ "--shard": "0/2" })],
      ["'--method' was", args({ "-m": "HEAD" })],
      ["'--header' is not what it was", args({ "-H": "X-Secret: other" })],
      ["'--fields' was not given and is 'i,url'", args({ "--fields": "i,url" })],
      ["'--format' was", args({ "--format": "csv" })],
      ["'--input' was", args({ "-i": dir.path("other") })],
    ] as [string, string[]][]
  ) {
    const ran = await myriad([...changed, "--resume"]);
    assertEquals(ran.code, 2, what);
    assertStringIncludes(ran.stderr, `: the journal belongs to another command: ${what}`);
    assertEquals(ran.stderr.split("\n").length, 2);
  }
  // How it is requested makes no difference.
  const same = { "-c": "3", "-t": "9s", "--engine": "fetch", "--user-agent": "x" };
  for (const [flag, value] of Object.entries(same)) {
    assertEquals((await myriad([...args({ [flag]: value }), "--resume"])).code, 0, flag);
  }
  await Deno.writeTextFile(input, "1\n2\n3\n4\n");
  const changed = await myriad([...args(), "--resume"]);
  assertEquals(changed.code, 2);
  assertMatch(changed.stderr, /the input has changed since: use --resume=force/);
  assertEquals((await myriad([...args(), "--resume=force"])).code, 0);
  assertEquals(before, [
    await Deno.readTextFile(output),
    await Deno.readTextFile(`${output}.myriad`),
  ]);
  assertEquals(total(server), 3);
});

test("-o names all permissions that it lacks at once, and runs with them", async () => {
  await using server = await counting();
  await using dir = await folder();
  const args = [server.url("/"), "-o", "o.ndjson", "-s"];
  const cwd = dir.path("");
  const net = "--allow-net=127.0.0.1";
  const flags = [
    "--allow-write=o.ndjson,o.ndjson.myriad,o.ndjson.myriad.tmp",
    "--allow-read=o.ndjson.myriad.tmp",
  ];
  for (const some of [[], ["--allow-write=o.ndjson"], flags.slice(0, 1)]) {
    const { code, stderr } = await run(args, { permissions: [net, ...some], cwd });
    assertEquals([code, stderr], [
      2,
      "myriad: Cannot write '--output o.ndjson': no permission for it and its journal: " +
      `run with ${flags.join(" ")}\n`,
    ]);
  }
  const { code, stderr } = await run(args, { permissions: [net, ...flags], cwd });
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("--resume names the permission for the log that the run has", async () => {
  await using dir = await folder();
  const output = dir.path("o.ndjson");
  await using server = await RawServer.start(({ request, send }) => {
    if (request.startsWith("GET /0 ")) send(ok());
  });
  const args = ["-n", "2", server.url("/{}"), "-o", output];
  await using child = start(args);
  const ended = finish(child);
  await until(async () => {
    const text = await Deno.readTextFile(`${output}.myriad`).catch(() => "");
    return text.includes('"low":1');
  });
  child.kill("SIGKILL");
  await ended;
  const paths = ["", ".myriad", ".myriad.tmp"].map((end) => `${output}${end}`).join();
  const permissions = ["--allow-net=127.0.0.1", `--allow-write=${paths}`, `--allow-read=${paths}`];
  const { code, stderr } = await run([...args, "--resume"], { permissions });
  const log = `${output}.myriad.log`;
  assertEquals([code, stderr], [
    2,
    `myriad: Cannot go on with '--output ${output}': no permission for its log: ` +
    `run with --allow-write=${log} --allow-read=${log}\n`,
  ]);
});

Deno.test("myriad refuses the place of its log where another program has a file, and changes nothing", async () => {
  await using server = await counting();
  await using dir = await folder();
  for (const name of ["o.ndjson", "o.sqlite"]) {
    const output = dir.path(name);
    const args = ["-n", "2", "-s", server.url("/{}"), "-o", output];
    const log = `${output}.myriad.log`;
    await Deno.writeTextFile(log, "mine");
    const refuses = async (...more: string[]): Promise<void> => {
      const { code, stderr } = await myriad([...args, ...more]);
      assertEquals([code, stderr], [
        2,
        `myriad: Cannot write '--output ${output}': its log '${log}' cannot be made: ` +
        "a file of another program has its name: move that away\n",
      ]);
      assertEquals(await Deno.readTextFile(log), "mine");
    };
    await refuses();
    assertEquals(listNames(dir.path("")), [`${name}.myriad.log`]);
    await Deno.rename(log, dir.path("moved"));
    assertEquals((await myriad(args)).code, 0);
    await Deno.rename(dir.path("moved"), log);
    const before = await Deno.readFile(output);
    await refuses("--overwrite");
    assertEquals(await Deno.readFile(output), before);
    assertEquals(total(server), 2);
    server.counts.clear();
    for (const left of listNames(dir.path(""))) await Deno.remove(dir.path(left));
  }
});

// It is refused before a thread starts.
Deno.test("--resume refuses a journal that does not fit its output, and changes nothing", async () => {
  await using server = await counting();
  await using dir = await folder();
  const output = dir.path("o.ndjson");
  const journal = `${output}.myriad`;
  const args = ["-n", "50", server.url("/{}"), "-o", output, "-s"];
  assertEquals((await myriad(args)).code, 0);
  const whole = await Deno.readTextFile(journal);
  const text = await Deno.readTextFile(output);
  for (
    const [bad, why] of [
      ["", "it is empty"],
      [whole.slice(0, -20), "it is damaged"],
      [whole.replace('"low":50', '"low":51'), "it is damaged"],
      [whole.replace("myriad journal 6 ", "myriad journal 7 "), "another version"],
      ["\0".repeat(100), "it is not a journal"],
      ["[]\n", "it is not a journal"],
    ]
  ) {
    await Deno.writeTextFile(journal, bad);
    const ran = await myriad([...args, "--resume"]);
    assertEquals(ran.code, 2, why);
    assertStringIncludes(ran.stderr, why);
    assertEquals([await Deno.readTextFile(journal), await Deno.readTextFile(output)], [bad, text]);
  }
  await Deno.writeTextFile(journal, whole);
  await Deno.writeTextFile(output, text.slice(0, -10));
  const short = await myriad([...args, "--resume"]);
  assertEquals(short.code, 2);
  assertStringIncludes(short.stderr, `it has ${text.length - 10} bytes, and its journal says`);
  assertEquals(total(server), 50);
});

test("myriad refuses a second run on the same output while the first one runs", async () => {
  await using dir = await folder();
  let hold = true;
  await using server = await RawServer.start(({ send }) => {
    if (!hold) send(ok());
  });
  const output = dir.path("o.ndjson");
  const args = ["-n", "5", server.url("/{}"), "-o", output, "-s"];
  await using first = start(args);
  await until(() => server.requests.length === 5);
  for (const more of [[], ["--resume"], ["--overwrite"]]) {
    const second = await myriad([...args, ...more]);
    assertEquals([second.code, server.requests.length], [2, 5]);
    assertMatch(second.stderr, /another run writes it/);
  }
  first.kill("SIGKILL");
  await finish(first);
  hold = false;
  assertEquals((await myriad([...args, "--resume"])).code, 0);
  assertEach(numbersOf(await Deno.readTextFile(output)), 5);
});

test("--resume continues after a full disk", async () => {
  await using server = await counting(20);
  await using dir = await folder();
  const output = dir.path("o.ndjson");
  const args = ["-n", "4500", "-c", "50", server.url("/{}"), "-o", output, "-s", "--resume"];
  for (const kilobytes of [150, 300]) {
    const ran = await myriad(args, "", `ulimit -f ${kilobytes}; trap "" XFSZ`);
    assertEquals(ran.code, 3);
    // Which of the two comes to the limit first depends on how often there is a journal.
    assertMatch(ran.stderr, /^myriad: Cannot write ('--output|the log) [^\n]*\n$/);
    const text = await Deno.readTextFile(output);
    assert(text.endsWith("}\n"));
    assertEquals(new Set(numbersOf(text)).size, numbersOf(text).length);
  }
  assertEquals((await myriad(args)).code, 0);
  assertEach(numbersOf(await Deno.readTextFile(output)), 4_500);
});

for (const source of ["stdin", "a file", "shards"]) {
  test(`--resume continues ${source}`, async () => {
    await using server = await counting();
    await using dir = await folder();
    // Enough of them for journals to have been written.
    const count = source === "shards" ? 3_000 : 1_000;
    const lines = Array.from({ length: count }, (_, k) => `${k}\n`).join("\n");
    await Deno.writeTextFile(dir.path("ids"), lines);
    const output = dir.path("o.ndjson");
    const more = {
      stdin: ["-i", "-"],
      "a file": ["-i", dir.path("ids"), "--failures", dir.path("f")],
      shards: ["-n", `${count}`, "--shard", "2/3", "--start", "4"],
    }[source]!;
    const args = [...more, "-c", "20", "-t", "10m", server.url("/{}"), "-o", output, "-s"];
    args.push("--resume");
    const wanted = Array.from({ length: count }, (_, k) => k)
      .map((k) => source === "shards" ? 4 + k : k)
      .filter((i) => source !== "shards" || i % 3 === 2);
    await using child = start(args, undefined, FAST);
    const ended = finish(child, source === "stdin" ? lines : "");
    await until(() => total(server) >= wanted.length * 0.7);
    server.isHeld = true;
    await journaled(output);
    child.kill("SIGKILL");
    await ended;
    server.isHeld = false;
    const before = total(server);
    const ran = await myriad(args, source === "stdin" ? lines : "");
    assertEquals([ran.code, ran.stderr], [0, ""]);
    const numbers = numbersOf(await Deno.readTextFile(output)).sort((a, b) => a - b);
    assertEquals(numbers, wanted);
    assert(total(server) - before < wanted.length, "what was done is not requested again");
  });
}
