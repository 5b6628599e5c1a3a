import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { folder } from "../fixtures/folder.ts";
import { DENO_RUN, myriad } from "../fixtures/program.ts";
import { hasPseudoTerminal, runOnTerminal, type TerminalRun } from "../fixtures/pseudo_terminal.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const PROGRAM = [
  ...DENO_RUN,
  ...["--allow-net=127.0.0.1", "--allow-read", "--allow-write"],
];
const ON_TERMINAL = { ignore: !hasPseudoTerminal };
const ASKED = "Password for me: ";

/** Runs a program whose standard output goes to a file. */
const runInto = (
  file: string,
  command: readonly string[],
  steps: Parameters<typeof runOnTerminal>[1],
): Promise<TerminalRun> =>
  runOnTerminal(["bash", "-c", 'exec "$@" > "$0"', file, ...command], steps);

for (
  const [keys, password] of [
    ["hunter2\r", "hunter2"],
    ["hunter2\n", "hunter2"],
    ["hunter2\x04", "hunter2"],
    ["\r", ""],
    ["x\x7fhunté\x7f\x08ter2\r", "hunter2"],
    ["forgotten\x15hü nt:er2\r", "hü nt:er2"],
    ["\x7f\x1bhunter2\r", "hunter2"],
    ["hun\x1b[D\x1b[1;5C\x1bOAter2\r", "hunter2"],
  ] as const
) {
  Deno.test(
    `-u NAME asks for the password on the terminal: ${JSON.stringify(keys)}`,
    ON_TERMINAL,
    async () => {
      await using server = await RawServer.start(({ send }) => send(ok()));
      await using dir = await folder();
      const [file, records] = [dir.path("stdout"), dir.path("o.ndjson")];
      const args = ["-u", "me", server.url("/"), "-o", records, "--report", dir.path("r.html")];
      args.push("--summary", dir.path("s.json"), "--failures", dir.path("f.jsonl"));
      const ran = await runInto(file, [...PROGRAM, MAIN, ...args], [{ until: ASKED, keys }]);
      assertEquals([ran.code, ran.echoes], [0, [false, true]], ran.shown);
      assertEquals(ran.shown.slice(0, ASKED.length + 2), `${ASKED}\r\n`);
      const bytes = new TextEncoder().encode(`me:${password}`);
      const credentials = bytes.toBase64();
      assertMatch(server.requests[0], /^authorization: Basic \S+\r$/im);
      assertStringIncludes(server.requests[0], `Basic ${credentials}\r\n`);
      // The table alone.
      assertMatch(await Deno.readTextFile(file), /^1 request in /);
      let all = ran.shown;
      for (const name of ["stdout", "o.ndjson", "o.ndjson.myriad", "r.html", "s.json", "f.jsonl"]) {
        all += await Deno.readTextFile(dir.path(name));
      }
      assert(!all.includes(credentials) && !/hunter2|nt:er2/.test(all));
    },
  );
}

Deno.test("-u NAME asks before anything else reads the terminal", ON_TERMINAL, async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  await using dir = await folder();
  const file = dir.path("out.ndjson");
  const args = ["-u", "me", "-i", "-", server.url("/{}"), "-o", "-", "-s", "-c", "1"];
  const ran = await runInto(file, [...PROGRAM, MAIN, ...args], [
    { until: ASKED, keys: "hunter2\r" },
    { until: "\n", keys: "a\nb\n\x04" },
  ]);
  assertEquals([ran.code, ran.echoes], [0, [false, true, true]], ran.shown);
  const paths = server.requests.map((request) => request.split(" ")[1]);
  assertEquals(paths, ["/a", "/b"]);
  const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).status), [200, 200]);
});

for (
  const [how, step, code] of [
    ["Ctrl-C", { keys: "hunter2\x03" }, 130],
    ["Ctrl-D before any character", { keys: "\x04" }, 130],
    ["SIGINT", { signal: 2 }, 130],
    ["SIGTERM", { signal: 15 }, 143],
    ["SIGHUP", { signal: 1 }, 129],
  ] as const
) {
  Deno.test(
    `${how} at the password prompt ends myriad, and restores the terminal`,
    ON_TERMINAL,
    async () => {
      await using server = await RawServer.start(({ send }) => send(ok()));
      await using dir = await folder();
      const args = ["-u", "me", server.url("/"), "-o", dir.path("o")];
      const ran = await runOnTerminal([...PROGRAM, MAIN, ...args], [{ until: ASKED, ...step }]);
      assertEquals([ran.code, ran.echoes], [code, [false, true]]);
      assertEquals(ran.shown, `${ASKED}\r\nmyriad: interrupted\r\n`);
      assertEquals([server.requests.length, [...Deno.readDirSync(dir.path(""))].length], [0, 0]);
    },
  );
}

Deno.test(
  "-u NAME escapes the name in its prompt, and does not ask when a flag is wrong",
  ON_TERMINAL,
  async () => {
    const name = "m\x1b[2Je\n";
    const args = ["-u", name, "http://127.0.0.1:1/"];
    const asked = await runOnTerminal([...PROGRAM, MAIN, ...args], [{ until: ": ", keys: "\x03" }]);
    assertEquals(asked.code, 130);
    // deno-lint-ignore no-control-regex
    assert(!/\x1b|\n./.test(asked.shown.split(": ")[0]), JSON.stringify(asked.shown));
    const wrong = await runOnTerminal([...PROGRAM, MAIN, ...args, "-c", "0"], []);
    assertEquals(wrong.code, 2);
    assertMatch(wrong.shown, /^myriad: Cannot read '--concurrency 0': [^\n]*\r\n$/);
  },
);

Deno.test("-u NAME says how to give the password without a terminal", async () => {
  for (const args of [["-u", "hunter2"], ["-u", "hunter2", "-i", "-"]]) {
    const { code, stdout, stderr } = await myriad([...args, "http://127.0.0.1:1/"]);
    assertEquals([code, stdout], [2, ""]);
    assertEquals(
      stderr,
      "myriad: Cannot ask for the password of '--user': standard input is not a terminal: " +
        "use '-u NAME:PASSWORD' or '-u @FILE'\n",
    );
  }
});

Deno.test(
  "std's promptSecret() does not suit a program that writes records to stdout",
  ON_TERMINAL,
  async () => {
    await using dir = await folder();
    const program = [...PROGRAM, new URL("../fixtures/ask_by_std.ts", import.meta.url).pathname];
    // The question goes to standard output, here a file.
    const file = dir.path("stdout");
    const echoIsOff = { until: "", isEchoOff: true };
    await runInto(file, program, [{ ...echoIsOff, keys: "x\r" }]);
    assertEquals(await Deno.readTextFile(file), "Password: \n[x]\n");
    // A character of two bytes is cut in half, and other keys of the terminal become characters.
    await runInto(file, program, [{ ...echoIsOff, keys: "é\x7f\x15\x04\r" }]);
    assertStringIncludes(await Deno.readTextFile(file), "[\ufffd\x15\x04]");
    // Ctrl-C ends the program, and leaves a terminal that does not show what is typed.
    const { code, echoes } = await runInto(file, program, [{ ...echoIsOff, keys: "\x03" }]);
    assertEquals([code, echoes], [-2, [false, false]]);
  },
);

Deno.test(
  "-u NAME refuses a password that is too long, and sends nothing",
  ON_TERMINAL,
  async () => {
    await using server = await RawServer.start(({ send }) => send(ok()));
    const keys = `${"x".repeat(4_097)}\r`;
    const args = ["-u", "me", server.url("/")];
    const ran = await runOnTerminal([...PROGRAM, MAIN, ...args], [{ until: ASKED, keys }]);
    assertEquals([ran.code, ran.echoes], [2, [false, true]], ran.shown);
    assertStringIncludes(ran.shown, "the password: it has more than 4096 bytes");
    assertEquals(server.requests.length, 0);
  },
);
