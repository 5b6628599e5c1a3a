import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import type { Flag } from "../../lib/cli/flags.ts";
import { choice, count, DURATION } from "../../lib/cli/kinds.ts";
import { parseFlags } from "../../lib/cli/parse_flags.ts";
import { UsageError } from "../../lib/errors.ts";

const MISTAKEN = { value: /^\d+$/, is: "the mode", instead: "'-n N'" };

const FLAGS = [
  { name: "requests", short: "n", value: "N", kind: count({ min: 1 }), help: "" },
  { name: "timeout", short: "t", value: "D", kind: DURATION, default: "30s", help: "" },
  { name: "header", short: "H", value: "TEXT", repeatable: true, help: "" },
  { name: "data", short: "d", value: "TEXT", help: "" },
  { name: "json", short: "j", aliases: ["J", "as-json"], help: "" },
  { name: "mode", aliases: ["M", "way"], value: "M", help: "", mistaken: MISTAKEN },
  { name: "silent", short: "s", help: "" },
  { name: "resume", optionalValue: "force", kind: choice("force"), help: "" },
  { name: "no-pause", help: "" },
] as const satisfies readonly Flag[];

const parse = (...argv: string[]) => parseFlags(FLAGS, argv, "myriad");

Deno.test("parseFlags() reads values in each form, and keeps the order of a list", () => {
  for (
    const argv of [
      ["-n", "5", "-H", "a", "-H", "b", "u"],
      ["-n5", "-Ha", "u", "-Hb"],
      ["--requests", "5", "--header=a", "--header", "b", "--", "u"],
      ["u", "--requests=5", "-H", "a", "--header", "b"],
    ]
  ) {
    const values = parse(...argv);
    assertEquals(values.get("requests"), 5);
    assertEquals(values.get("header"), ["a", "b"]);
    assertEquals(values.positionals, ["u"]);
  }
});

Deno.test("parseFlags() reads letters in one word, the last with or without a value", () => {
  const values = parse("-jsn10k", "u");
  assertEquals([values.get("json"), values.get("silent")], [true, true]);
  assertEquals([values.get("requests"), values.positionals], [10_000, ["u"]]);
  assertEquals(parse("-js").get("requests"), undefined);
  assertEquals(parse("-jsn", "7").get("requests"), 7);
});

Deno.test("parseFlags() reads an alias as the flag itself", () => {
  for (const argv of [["-Js", "-Mx"], ["--as-json", "-s", "--way", "x"], ["-jsM", "x"]]) {
    const values = parse(...argv);
    assertEquals([values.get("json"), values.get("silent"), values.get("mode")], [true, true, "x"]);
  }
  assertEquals(parse("--mode", "5").get("mode"), "5");
  for (
    const [argv, message] of [
      [["--mode", "a", "-Mb"], "'--mode' is given 2 times"],
      [["-way", "a"], "Unknown option '-way': long options take two dashes: use '--way'"],
      [["--way"], "'--way' has no value: add one; write '--way=VALUE'"],
      [["--M", "a"], "Unknown option '--M': "],
      [["-M5"], "'-M' is the mode here: use '-n N', or write '--mode'"],
      [["--way=5"], "'--way' is the mode here: use '-n N', or write '--mode'"],
    ] as const
  ) {
    const error = assertThrows(() => parse(...argv), UsageError);
    assert(error.message.startsWith(message), error.message);
  }
});

Deno.test("parseFlags() keeps texts unchanged", () => {
  for (const text of ["", "-", "a=b", "Accept: a=b", "007", "true", "ä\n", "--", "-x"]) {
    assertEquals(parse(`--data=${text}`).get("data"), text);
    if (text !== "") assertEquals(parse(`-d${text}`).get("data"), text);
    if (!/^-./.test(text)) assertEquals(parse("-d", text).get("data"), text);
  }
  assertEquals(parse("--", "-n", "--json", "--").positionals, ["-n", "--json", "--"]);
  assertEquals(parse("-", "0x10").positionals, ["-", "0x10"]);
});

Deno.test("parseFlags() gives a switch a value only after '='", () => {
  assertEquals(parse("--resume", "force").get("resume"), true);
  assertEquals(parse("--resume", "force").positionals, ["force"]);
  assertEquals(parse("--resume=force").get("resume"), "force");
  assertEquals(parse().get("resume"), false);
  assertThrows(() => parse("--resume=").get("resume"), UsageError, "'--resume=' has no value");
});

Deno.test("FlagValues tells a default from a given value", () => {
  assertEquals([parse().get("timeout"), parse().has("timeout")], [30_000, false]);
  const values = parse("-t", "2s");
  assertEquals([values.get("timeout"), values.has("timeout")], [2_000, true]);
  assertEquals([values.texts("timeout"), values.given("json")], [["2s"], []]);
  assertEquals(parse().get("header"), []);
});

for (
  const [argv, message] of [
    [["--nope"], "Unknown option '--nope': see 'myriad --help'"],
    [["--request=5"], "Unknown option '--request': did you mean '--requests'?"],
    [["-x"], "Unknown option '-x': "],
    [["-jx"], "Unknown option '-x': "],
    [["-😀"], "Unknown option '-😀': "],
    [["--no-json"], "Unknown option '--no-json': "],
    [["---json"], "Unknown option '---json': "],
    [["--=x"], "Unknown option '--': "],
    [["-n"], "'-n' has no value"],
    [["-jn"], "'-n' has no value"],
    [["--requests"], "'--requests' has no value"],
    [["-n", "-5"], "'-n' has no value: add one; write '-nVALUE' if it begins with '-'"],
    [["--header", "-H", "a"], "'--header' has no value"],
    [["-n", "1", "--requests=2"], "'--requests' is given 2 times: use it once"],
    [["--resume", "--resume=force"], "'--resume' is given 2 times"],
    [["--json=false"], "'--json' takes no value"],
    [["--json="], "'--json' takes no value"],
  ] as const
) {
  Deno.test(`parseFlags() rejects ${argv.join(" ")}`, () => {
    const error = assertThrows(() => parse(...argv), UsageError);
    assert(error.message.startsWith(message), error.message);
  });
}

Deno.test("std's parseArgs() is not strict enough for the table of flags", () => {
  const unknown: string[] = [];
  const std = (...args: string[]): Record<string, unknown> =>
    parseArgs(args, {
      boolean: ["json", "silent", "no-pause"],
      string: ["_", "requests", "header", "data", "resume"],
      collect: ["header"],
      alias: { requests: "n", header: "H", data: "d", json: "j", silent: "s" },
      unknown: (arg: string) => {
        unknown.push(arg);
        return false;
      },
    });
  // It loses what is given behind a letter, in front of a '='.
  assertEquals(std("-HAccept: a=b").H, ["b"]);
  assertEquals(parse("-HAccept: a=b").get("header"), ["Accept: a=b"]);
  // It takes a text behind a letter for more letters.
  assertEquals(std("-dtext").data, "");
  assertEquals(parse("-dtext").get("data"), "text");
  // A value that is missing is like one that is empty, and the next flag is none the wiser.
  assertEquals(std("--requests", "--json").requests, "");
  assertEquals(std("--requests=").requests, "");
  // A switch takes any value, and any but one turns it on; 'true' and 'false' behind it are lost.
  assertEquals(std("--json=no").json, true);
  assertEquals([std("--json", "false").json, std("--json", "false")._], [false, []]);
  // What is given twice counts once, and nobody is told.
  assertEquals(std("-n", "1", "-n", "2").n, "2");
  // A dot makes an object, which hides that the flag is unknown until somebody looks for it.
  unknown.length = 0;
  assertEquals(std("--requests.x", "1").requests, undefined);
  assertEquals(unknown, ["--requests.x"]);
  // A letter that is unknown is told with its whole word, which can hold a secret.
  unknown.length = 0;
  std("-phunter2");
  assert(unknown.every((arg) => arg === "-phunter2"), `${unknown}`);
  // It does not tell letters from names, and the table has values that only letters refuse.
  assertEquals(std("-d", "30s"), std("--data", "30s"));
});
