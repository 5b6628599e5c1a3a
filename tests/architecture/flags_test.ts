import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { checkFlags } from "../../lib/cli/check_flags.ts";
import type { FlagValues } from "../../lib/cli/flag_values.ts";
import type { Flag } from "../../lib/cli/flags.ts";
import { formatFlags } from "../../lib/cli/format_flags.ts";
import { choice, count, DURATION, SIZE } from "../../lib/cli/kinds.ts";
import { parseFlags } from "../../lib/cli/parse_flags.ts";
import { UsageError } from "../../lib/errors.ts";
import { redactCommand } from "../../lib/options/redact_command.ts";
import { RUN_FLAGS } from "../../lib/options/table.ts";

// A new flag is a row of the table, a member of the options, and the code that uses it. So nothing
// but its row may have to be told what it is: neither parser nor help nor checks know a name.

const FLAGS = [
  {
    name: "depth",
    short: "d",
    value: "N",
    kind: count({ max: 9 }),
    default: "3",
    help: "how deep",
  },
  { name: "wait", value: "D", kind: DURATION, requires: ["depth"], help: "how long" },
  {
    name: "room",
    aliases: ["R", "rm"],
    value: "SIZE",
    kind: SIZE,
    lackedBy: ["http1", "fetch"],
    help: "how much",
  },
  { name: "mode", value: "M", kind: choice("fast", "off"), off: "off", help: "which" },
  { name: "calm", excludes: ["mode"], help: "no hurry" },
  { name: "either", requires: [["wait", "room"]], help: "one of them" },
  { name: "from", value: "FILE", path: { access: "read", stdio: true }, help: "where from" },
  {
    name: "to",
    value: "FILE",
    path: {
      access: "write",
      stdio: true,
      endings: { formats: ["txt"] },
      formatFlag: "mode",
      derives: (named, path) => path.startsWith(`${named}.own`),
    },
    help: "where to",
  },
  { name: "log", optionalValue: "FILE", path: { access: "write" }, help: "what happened" },
  { name: "print", path: { access: "write", fixed: "-" }, help: "on stdout" },
  { name: "again", requiresFile: "to", help: "once more" },
  { name: "pin", value: "PIN", fromFile: true, secret: "value", help: "a secret" },
  { name: "gate", value: "URL", fromFile: true, secret: "userinfo", help: "a URL" },
  { name: "field", value: "F", repeatable: true, secret: "field", help: "fields" },
] as const satisfies readonly Flag[];

const parse = (argv: string): FlagValues<(typeof FLAGS)[number]> =>
  parseFlags(FLAGS, argv === "" ? [] : argv.split(" "), "x");

Deno.test("a flag's row types and reads its value", () => {
  const values = parse("--wait 2s --room 1k --mode fast --log --field a --field b");
  const depth: number = values.get("depth");
  const wait: number | undefined = values.get("wait");
  const mode: "fast" | "off" | undefined = values.get("mode");
  const log: string | boolean = values.get("log");
  const fields: readonly string[] = values.get("field");
  const calm: boolean = values.get("calm");
  assertEquals([depth, wait, values.get("room"), mode], [3, 2_000, 1_024, "fast"]);
  assertEquals([log, fields, calm], [true, ["a", "b"], false]);
  assertThrows(() => parse("-d 10").get("depth"), UsageError, "from 0 to 9");
});

Deno.test("a flag's row has everything that the help shows", () => {
  const help = formatFlags(FLAGS);
  assertStringIncludes(help, "\nOptions:\n  -d, --depth N");
  assertStringIncludes(help, "how deep (default 3)\n");
  assertStringIncludes(
    help.replace(/\s+/g, " "),
    "how much (also -R, --rm; not with engine http1 or fetch)",
  );
  assertStringIncludes(help, "--log[=FILE]");
  assertStringIncludes(help, "fields (repeatable)\n");
});

for (
  const [argv, message] of [
    ["--wait 1s", "'--wait' needs '--depth': add it, or leave '--wait' out"],
    ["--either", "'--either' needs '--wait' or '--room': add one of them, or leave '--either' out"],
    ["--calm --mode fast", "'--calm' and '--mode' contradict each other: use one of them"],
    ["--again --to -", "'--again' needs a file: use '--to FILE' instead of '--to -'"],
    ["--from a.txt --to ./a.txt", "'--from' and '--to' both want the file 'a.txt'"],
    ["--to a.txt --log=a.txt", "'--to' and '--log' both want the file 'a.txt'"],
    ["--pin @a.txt --to a.txt", "'--pin' and '--to' both want the file 'a.txt'"],
    ["--to - --print", "'--to' and '--print' both want standard output"],
    [
      "--to a.txt --log=a.txt.own.tmp",
      "'--log a.txt.own.tmp' is the name of a file that '--to a.txt' makes by itself",
    ],
    ["--log=-", "'--log' cannot go to standard output: name a file"],
    ["--to a.json", "the ending '.json' is not supported: use .txt"],
    ["--from - --pin @-", "'--pin @-' and '--from -' both want stdin"],
    ["--pin @- --gate @-", "'--gate @-' and '--pin @-' both want stdin"],
  ]
) {
  Deno.test(`a flag's row refuses ${argv}`, () => {
    const error = assertThrows(() => checkFlags(parse(argv)), UsageError);
    assertStringIncludes(error.message, message);
  });
}

Deno.test("a flag's row accepts flags that go together", () => {
  for (
    const argv of [
      "",
      "-d 1 --wait 1s --either",
      "--calm --mode off",
      "--again --to a.txt",
      "--again",
      "--from - --to -",
      "--from a --pin @a",
      "--log --print --to a.txt",
      "--to a.json --mode fast",
      "--from x.json",
    ]
  ) checkFlags(parse(argv));
});

Deno.test("a flag's row says what is hidden in the command line", () => {
  const argv = "--pin 1 --gate http://a:b@h --field Authorization:x --field A:b --log=l --calm";
  assertEquals(
    redactCommand(parse(argv)),
    "myriad --pin '…' --gate http://h --field 'Authorization: …' --field A:b --log=l --calm",
  );
  assertEquals(redactCommand(parse("--pin @f --gate @g")), "myriad --pin @f --gate @g");
});

/** The files of lib/ and main.ts, without the tables of flags. */
async function* sources(folder = "lib"): AsyncGenerator<string> {
  if (folder === "lib") yield "main.ts";
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(`../../${folder}`, import.meta.url))
  ) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (path.endsWith(".ts") && !path.startsWith("lib/options/rows/")) yield path;
  }
}

/** Flags whose value, or whether they are given, is looked at in several files. */
const MOST_READERS: Readonly<Record<string, number>> = {
  // The field itself, and its column.
  "request-id": 2,
};

Deno.test("each flag of a run is read in one file, and no other file lists flags by name", async () => {
  const readers = new Map<string, Set<string>>(RUN_FLAGS.map(({ name }) => [name, new Set()]));
  const lists: string[] = [];
  for await (const path of sources()) {
    const text = await Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
    // Other commands have tables and values of their own.
    if (path.startsWith("lib/commands/")) continue;
    for (const [, name] of text.matchAll(/\.(?:get|has|isOn|texts|given)\("([a-z-]+)"\)/g)) {
      if (path.startsWith("lib/options/")) readers.get(name)?.add(path);
    }
    for (const [list] of text.matchAll(/\[[^[\]]*\]/g)) {
      const words = Array.from(list.matchAll(/"(?:--)?([a-z-]+)"/g), ([, word]) => word);
      // Some flags are named like other things.
      if (words.filter((word) => readers.has(word)).length >= 3) lists.push(`${path}: ${list}`);
    }
  }
  assertEquals(lists, []);
  for (const [name, files] of readers) {
    assert(files.size <= (MOST_READERS[name] ?? 1), `${name}: ${[...files].join(", ")}`);
  }
  const read = [...readers.values()].filter(({ size }) => size > 0);
  assert(read.length > 30, `${read.length} are read by name`);
});
