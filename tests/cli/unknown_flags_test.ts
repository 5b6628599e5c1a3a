import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { closest } from "../../lib/cli/closest.ts";
import { addDashes, type Flag, listSpellings } from "../../lib/cli/flags.ts";
import { parseFlags } from "../../lib/cli/parse_flags.ts";
import { COMPARE_FLAGS } from "../../lib/commands/compare/options.ts";
import { REPORT_FLAGS } from "../../lib/commands/report/command.ts";
import { SERVE_FLAGS } from "../../lib/commands/serve/command.ts";
import { VERIFY_FLAGS } from "../../lib/commands/verify/command.ts";
import { UsageError } from "../../lib/errors.ts";
import { ELSEWHERE } from "../../lib/options/other_programs.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunFlag } from "../../lib/options/rows/flag.ts";
import { RUN_FLAGS } from "../../lib/options/table.ts";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";

const URL_ = "http://127.0.0.1:1/";

const refused = async (...args: string[]): Promise<string> =>
  (await assertRejects(() => parseRun([...args, URL_], "0"), UsageError)).message;

const COMMANDS: [string, readonly Flag[]][] = [
  ["myriad", RUN_FLAGS],
  ["myriad serve", SERVE_FLAGS],
  ["myriad verify", VERIFY_FLAGS],
  ["myriad report", REPORT_FLAGS],
  ["myriad compare", COMPARE_FLAGS],
];

for (const [command, flags] of COMMANDS) {
  Deno.test(`${command} says which flag was probably meant`, () => {
    const names = flags.map(({ name }) => name);
    for (const name of names.filter(({ length }) => length >= 5)) {
      const wrong = [name.slice(0, 1) + name.slice(2), `${name.slice(0, 3)}x${name.slice(3)}`];
      wrong.push(name.slice(0, 2) + name[3] + name[2] + name.slice(4));
      for (const it of wrong.filter((it) => !names.includes(it) && it !== name)) {
        let message = "";
        try {
          parseFlags(flags, [`--${it}`], command);
        } catch (error) {
          message = (error as Error).message;
        }
        const meant = closest(it, names)!;
        assertEquals(message, `Unknown option '--${it}': did you mean '--${meant}'?`);
      }
    }
    let message = "";
    try {
      parseFlags(flags, ["--nothing-of-the-kind"], command);
    } catch (error) {
      message = (error as Error).message;
    }
    assertEquals(message, `Unknown option '--nothing-of-the-kind': see '${command} --help'`);
  });
}

for (
  const [args, words] of [
    [["-sS"], "leave it out"],
    [["-a", "x:y"], "'-u NAME:PASSWORD'"],
    [["--body", "x"], "'--data DATA'"],
    [["--max-time", "10"], "'--timeout D' (-t), with its unit"],
    [["--vus", "10"], "'--concurrency C' (-c)"],
    [["--iterations", "10"], "'--requests N' (-n)"],
    [["--rps", "10"], "'--rate R' (-q)"],
    [["--qps=10"], "'--rate R' (-q)"],
    [["--http-debug"], "'-v' shows the first request and its response"],
    [["--url"], "write the URL without a flag"],
    [["-j"], "'--json'"],
    [["--http2-prior-knowledge"], "'--http2'"],
    [["--fail-with-body"], "'--fail' (-f)"],
    [["--no-keepalive"], "'--disable-keepalive'"],
    [["--output-format", "json"], "'--format FORMAT'"],
    // Go's flags have one dash.
    [["-disable-compression"], "leave it out"],
    [["-disable-redirects"], "'--redirects 0'"],
    [["-host", "foo"], "Host: NAME"],
    [["-h2"], "'--http2'"],
    [["-nc", "5"], "'-c C'"],
    [["-cpus", "2"], "'--threads N'"],
    [["-name=x"], "a run has no name"],
    [["-targets=x"], "'--input FILE'"],
    [["-max-workers", "9"], "'--concurrency C' (-c)"],
  ] as const
) {
  Deno.test(`parseRun() names its own flag for another program's ${args.join(" ")}`, async () => {
    const message = await refused(...args);
    assertMatch(message, /^Unknown option '-[^']+': /);
    assertStringIncludes(message, words);
  });
}

for (
  const [args, use] of [
    [["-insecure"], "use '--insecure'"],
    [["-silent"], "use '--silent'"],
    [["-duration=1s"], "use '--duration'"],
    [["-timeout", "1s"], "use '--timeout', or '-t' with its value apart"],
    [["-data-binary=x"], "use '--data-binary', or '-d' with its value apart"],
    [["-head"], "use '--head'"],
    [["-disable-keepalive"], "use '--disable-keepalive'"],
    [["-data"], "use '--data', or '-d' with its value apart"],
    [["-data=hunter2"], "use '--data', or '-d' with its value apart"],
  ] as const
) {
  Deno.test(`parseRun() says that ${args.join(" ")} takes two dashes`, async () => {
    const [name] = args[0].split("=");
    assertEquals(
      await refused(...args),
      `Unknown option '${name}': long options take two dashes: ${use}`,
    );
  });
}

Deno.test("the flags of other programs are not flags here, and their substitutes exist", () => {
  const flags: readonly RunFlag[] = RUN_FLAGS;
  const spellings = flags.flatMap(listSpellings);
  assertEquals(new Set(spellings).size, spellings.length);
  for (const [unknown, words] of Object.entries(ELSEWHERE)) {
    assertEquals(spellings.includes(addDashes(unknown)), false, unknown);
    for (const [, name] of words.matchAll(/--([a-z][a-z0-9.-]*)/g)) {
      assertEquals(spellings.includes(`--${name}`), true, `${unknown}: ${words}`);
    }
    for (const [, letter] of words.matchAll(/(?:^|[' (])-([a-zA-Z])\b/g)) {
      assertEquals(spellings.includes(`-${letter}`), true, `${unknown}: ${words}`);
    }
  }
});

for (
  const [args, long, words] of [
    // wrk's duration, curl's --max-time, its file to upload and its file of cookies.
    [["-d", "30s"], "--data", "'-z 30s' for a duration"],
    [["-d10m"], "--data", "'-z 30s' for a duration"],
    [["-m", "10"], "--method", "'-t 10s' for a time limit"],
    [["-T", "upload.bin"], "--content-type", "'-d @FILE'"],
    [["-T", "./a/b"], "--content-type", "'-d @FILE'"],
    [["-b", "hunter2"], "--cookie", "'--cookie-jar=FILE'"],
    [["-X10s"], "--method", "'-t 10s' for a time limit"],
    // hey's and oha's -A.
    [["-A", "application/json"], "--user-agent", "'-H \"Accept: TYPE\"'"],
    [["-e", "http://other/;auto"], "--referer", "redirects do not set the field"],
  ] as const
) {
  Deno.test(`parseRun() rejects ${args.join(" ")}, which has another meaning elsewhere`, async () => {
    const message = await refused(...args);
    assertStringIncludes(message, words);
    assertStringIncludes(message, `or write '${long}' if you mean`);
    assertEquals(message.includes("hunter2"), false);
    // In full it is meant.
    await parseRun([long, args[1] ?? args[0].slice(2), URL_], "0");
  });
}

Deno.test("parseRun() accepts letters whose values fit its own meaning", async () => {
  for (
    const args of [
      ["-d", "x=30s"],
      ["-d", '{"a":1}'],
      ["-m", "PURGE"],
      ["-T", "text/plain", "-d", "x"],
      ["-b", "a=b"],
      ["-b", "{}", "-n", "2"],
      // Letters with their values, and letters in one word.
      ["-dtext"],
      ["-d", "ata"],
      ["-HAccept: x"],
      ["-n5"],
      ["-sk"],
      ["-skn5"],
      ["-Lsk"],
      ["-A", "curl/8.0"],
      ["-mPUT", "-ddata"],
    ]
  ) {
    await parseRun([...args, URL_], "0");
  }
});

Deno.test("--config reports an unknown name like an unknown flag", async () => {
  await using dir = await folder();
  const config = await dir.write("c.json", '{"concurency":3}');
  const message = await refused("--config", config);
  assertStringIncludes(message, "there is no flag 'concurency': did you mean 'concurrency'?");
  const alias = await dir.write("alias.json", '{"request":"PUT"}');
  assertStringIncludes(
    await refused("--config", alias),
    "there is no flag 'request': did you mean 'method'?",
  );
});

Deno.test("myriad suggests the command that was probably meant, also after flags", async () => {
  for (
    const [wrong, right] of [["verfy", "verify"], ["servce", "serve"], ["repport", "report"], [
      "help",
      "--help",
    ]]
  ) {
    const { code, stderr } = await myriad([wrong, "x"]);
    assertEquals([code, stderr], [
      2,
      `myriad: There is no command '${wrong}': did you mean 'myriad ${right}'?\n`,
    ]);
  }
  // That is a flag of a run.
  const { stderr } = await myriad(["--report", "x.pdf", URL_]);
  assertStringIncludes(stderr, "--report x.pdf");
});
