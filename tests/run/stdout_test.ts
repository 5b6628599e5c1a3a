import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { folder } from "../fixtures/folder.ts";
import { isInstalled } from "../fixtures/installed.ts";
import { commandWords, finish, myriad, type Ran, run, SERVER, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { withThreads } from "../fixtures/threads.ts";
import { until } from "../fixtures/until.ts";

// Standard output that takes nothing: /dev/full is a disk without room.

const FULL = "exec >/dev/full";
const full = (args: string[], permissions?: string[]): Promise<Ran> =>
  myriad(args, { limits: FULL, permissions });

const ONE_LINE =
  /^myriad: Cannot write (to standard output|'--\w+ -'): no space left on device[^\n]*\n$/;

Deno.test("myriad exits with 3 and a message when it cannot print", async () => {
  await using server = await RawServer.start(({ send }) => send(ok("Hello")));
  await using dir = await folder();
  const records = await dir.write("r", '{"url":"http://h/a","status":200,"attempts":1}\n');
  const log = await dir.write("access.log", '{"path":"/a","status":200}\n');
  const url = server.url("/{}");
  for (
    const args of [
      ["--help"],
      ["--version"],
      ["serve", "--help"],
      ["serve", "--port", "0"],
      ["compare", "--help"],
      ["verify", "--help"],
      ["verify", records, "--against", log],
      ["verify", records, "--against", log, "--json"],
      ["report", "--help"],
      ["report", records],
      ["report", records, "--json"],
      ["report", "--compare", records, records],
      ["-n", "3", url, "--progress", "none"],
      ["-n", "3", url, "--progress", "none", "--json"],
      ["-n", "3", url, "-s", "-o", "-"],
      ["-n", "3", url, "-s", "--summary", "-"],
      ["-n", "3", url, "-s", "--hdr", "-"],
      ["-n", "3", `${url}`, "-s", "--failures", "-", "--expect-status", "404"],
    ]
  ) {
    const { code, stderr } = await full(args);
    assertEquals(code, 3, `${args}: ${stderr}`);
    assertMatch(stderr, ONE_LINE, `${args}`);
  }
  // Nothing was to be printed.
  assertEquals(await full(["-n", "3", url, "-s"]), { code: 0, stdout: "", stderr: "" });
});

Deno.test("compare exits with 3 at the first line that it cannot print", async () => {
  const args = ["compare", "-n", "20,40", "--strategies", "workers", "--delay", "0"];
  const { code, stderr } = await full(args, ["--allow-all"]);
  assertEquals(code, 3, stderr);
  assertMatch(stderr, /no space left on device[^\n]*\n$/);
});

Deno.test("server.ts exits with 3 when it cannot print", async () => {
  const { code, stderr } = await myriad(["--port", "0"], { script: SERVER, limits: FULL });
  assertEquals(code, 3);
  assertMatch(stderr, ONE_LINE);
});

withThreads("-o - slows the requests while nobody reads, and loses nothing", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  // Records of 4 KB: more than the pipe and three threads hold.
  const count = 3_000;
  const url = server.url(`/{}?${"x".repeat(4_000)}`);
  await using child = start(["-n", `${count}`, "-c", "20", url, "-s", "-o", "-"]);
  let seen = 0;
  let looks = 0;
  // Until nothing has come for a while.
  await until(() => {
    looks = server.requests.length === seen ? looks + 1 : 0;
    seen = server.requests.length;
    return seen > 0 && looks > 200;
  });

  assert(seen < 2_000, `${seen}`);
  const { code, stdout, stderr } = await finish(child);
  assertEquals([code, stderr], [0, ""]);
  const numbers = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).i as number);
  assertEquals(numbers.sort((a, b) => a - b), [...Array(count).keys()]);
});

const WITHOUT_BASH = { ignore: !isInstalled("bash") };

Deno.test("--help exits with 0 when its reader has closed the pipe", WITHOUT_BASH, async () => {
  const words = commandWords(["--help"]);
  const { stdout } = await run([
    "bash",
    "-c",
    '"$@" | true; echo ${PIPESTATUS[0]}',
    "bash",
    ...words,
  ]);
  assertEquals(stdout, "0\n");
});

Deno.test({
  name: "-o - escapes what acts on a terminal",
  ignore: !isInstalled("script", "bsdutils"),
  fn: async () => {
    const sent = "/\u009b2J\u202e\u2066";
    const location = String.fromCharCode(...new TextEncoder().encode(sent));
    await using server = await RawServer.start(({ send }) =>
      send(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`)
    );
    await using dir = await folder();
    const input = await dir.write("in.jsonl", JSON.stringify({ url: server.url("/{}") }) + "\n");
    const args = ["-i", input, "--progress", "none", "-s", "--redirects", "0"];
    /** What a terminal gets. */
    const shown = async (more: string[]): Promise<string> => {
      const words = commandWords([...args, ...more]).map((word) => `'${word}'`).join(" ");
      const command = ["script", "--quiet", "--command", words, "/dev/null"];
      return (await run(command, { env: { SHELL: "/bin/sh" } })).stdout;
    };
    const fields = ["--fields", "status,location"];
    const table = dir.path("out.csv");
    const [json, csv, inFile] = await Promise.all([
      shown(["-o", "-", ...fields]),
      shown(["-o", "-", ...fields, "--format", "csv"]),
      myriad([...args, "-o", table, ...fields]),
    ]);
    assertEquals(JSON.parse(json).location, sent);
    assertStringIncludes(json, "/\\u009b2J\\u202e\\u2066");
    assertStringIncludes(csv, "302,/\\x9b2J\\u{202e}\\u{2066}");
    assertEquals(inFile.code, 0, inFile.stderr);
    assertStringIncludes(await Deno.readTextFile(table), sent);
  },
});
