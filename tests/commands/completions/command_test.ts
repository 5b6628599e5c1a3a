import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { listSpellings } from "../../../lib/cli/flags.ts";
import { COMMANDS } from "../../../lib/commands/commands.ts";
import { completions } from "../../../lib/commands/completions/command.ts";
import { HELP_PAGES } from "../../../lib/commands/help_pages.ts";
import { UsageError } from "../../../lib/errors.ts";
import { type Folder, folder } from "../../fixtures/folder.ts";
import { isInstalled } from "../../fixtures/installed.ts";
import { run } from "../../fixtures/program.ts";
import { hasPseudoTerminal, runOnTerminal } from "../../fixtures/pseudo_terminal.ts";

/** What is typed, with Tab, and the words that the shell then runs. */
const TYPED: readonly (readonly [keys: string, words: readonly string[]])[] = [
  ["myriad ser\t --po\t 8", ["serve", "--port", "8"]],
  ["myriad run --eng\t fe\t", ["run", "--engine", "fetch"]],
  ["myriad --overw\t http://localhost:80/{} --requests\t 5", [
    "--overwrite",
    "http://localhost:80/{}",
    "--requests",
    "5",
  ]],
  ["myriad -o al\t", ["-o", "alpha.csv"]],
  ["myriad --output=al\t", ["--output=alpha.csv"]],
  ["myriad --input wi\t", ["--input", "with space.txt"]],
  ["myriad -d @al\t", ["-d", "@alpha.csv"]],
  ["myriad --data @wi\t", ["--data", "@with space.txt"]],
  ["myriad --data=@al\t", ["--data=@alpha.csv"]],
  ["myriad --resume=f\t", ["--resume=force"]],
  // No file is completed where none can stand, and no flag behind '--'.
  ["myriad -m al\t", ["-m", "al"]],
  ["myriad al\t", ["al"]],
  ["myriad -- --requ\t", ["--", "--requ"]],
  ["myriad report al\t wi\t", ["report", "alpha.csv", "with space.txt"]],
  ["myriad completions f\t", ["completions", "fish"]],
];

/** How a shell is started that reads none of the user's files, and what it reads first. */
const SHELLS = {
  bash: {
    command: ["bash", "--norc", "--noprofile", "-i"],
    setUp: "bind 'set bell-style none'",
  },
  zsh: { command: ["zsh", "-f", "-i"], setUp: "autoload -U compinit; compinit -D" },
};

async function makeFolder(shell: string): Promise<Folder> {
  const dir = await folder();
  await dir.write("script", completions([shell]));
  for (const name of ["alpha.csv", "with space.txt"]) await dir.write(name, "");
  return dir;
}

for (const [shell, { command, setUp }] of Object.entries(SHELLS)) {
  Deno.test({
    name: `${shell} completes commands, flags, words and files`,
    ignore: !hasPseudoTerminal || !isInstalled(shell),
    async fn() {
      await using dir = await makeFolder(shell);
      const print = `myriad() { printf '=%s' "$@" ''; echo; }`;
      const begin = `PS1='>> '; cd '${dir.path("")}'; ${setUp}; . ./script; ${print}\n`;
      const { shown } = await runOnTerminal(command, [
        { until: "", keys: begin },
        ...TYPED.map(([keys]) => ({ until: ">> ", keys: `${keys}\n` })),
        { until: ">> ", keys: "exit\n" },
      ]);
      const ran = Array.from(shown.matchAll(/^=(.*)=\r*$/gm), ([, words]) => words);
      assertEquals(ran, TYPED.map(([, words]) => words.join("=")), shown);
    },
  });
}

/** All ways to write the flags of each command. */
function listNames(): Map<string, string[]> {
  return new Map(
    Object.entries(HELP_PAGES).map(([command, { flags }]) => [
      command,
      flags.flatMap(listSpellings).sort(),
    ]),
  );
}

Deno.test("bash completes no name behind @ that it would run", async () => {
  await using dir = await makeFolder("bash");
  for (const name of ["al`id`", "al$(id)", "al'b"]) await dir.write(name, "");
  const lines = [". ./script; compopt() { :; }"];
  for (const [line, words] of [["myriad -d @al", "-d @al"], ["myriad --data=@", "--data =@"]]) {
    lines.push(
      `COMP_LINE='${line}' COMP_POINT=\${#COMP_LINE} COMP_WORDS=(myriad ${words}) COMP_CWORD=2`,
      `_myriad; printf '%s\\n' "\${COMPREPLY[@]}" | grep al | sort`,
    );
  }
  const script = await dir.write("ask", lines.join("\n"));
  const { stdout } = await run(["bash", script], { cwd: dir.path("") });
  assertEquals(stdout.split("\n"), ["@al'b", "@alpha.csv", "@al'b", "@alpha.csv", ""]);
});

Deno.test("bash completes each flag of each command", async () => {
  await using dir = await makeFolder("bash");
  const lines = [". ./script"];
  for (const command of listNames().keys()) {
    lines.push(
      `COMP_LINE='myriad ${command} -' COMP_POINT=$((\${#COMP_LINE}))`,
      `COMP_WORDS=(myriad ${command} -) COMP_CWORD=2`,
      `_myriad; echo ${command} "\${COMPREPLY[@]}"`,
    );
  }
  const script = await dir.write("ask", lines.join("\n"));
  const { stdout, stderr } = await run(["bash", script], { cwd: dir.path("") });
  assertEquals(stderr, "");
  const found = stdout.trimEnd().split("\n").map((line) => {
    const [command, ...words] = line.split(" ");
    return [command, words.filter((word) => !word.endsWith("=")).sort()] as const;
  });
  assertEquals(new Map(found), listNames());
});

Deno.test({
  name: "fish completes each flag of each command, words and files",
  ignore: !isInstalled("fish"),
  async fn() {
    await using dir = await makeFolder("fish");
    const names = listNames();
    const asked = [
      ...Array.from(names.keys(), (command) => [`myriad ${command} -`, `myriad ${command} --`])
        .flat(),
      "myriad ",
      "myriad --engine ",
      "myriad --resume=",
      "myriad -d @al",
      "myriad --data=@al",
      "myriad -o al",
      "myriad -m al",
      "myriad report wi",
    ];
    const lines = asked.map((line) => `echo "> ${line}"; complete -C '${line}'`);
    const script = await dir.write("ask", ["source ./script", ...lines].join("\n"));
    const { stdout, stderr } = await run(["fish", "--no-config", script], {
      cwd: dir.path(""),
      // There it keeps what it learns.
      env: { HOME: dir.path(""), XDG_DATA_HOME: dir.path("data"), XDG_CONFIG_HOME: dir.path("") },
    });
    assertEquals(stderr, "");
    const found = new Map(
      stdout.split(/^> /m).slice(1).map((text) => {
        const [line, ...rows] = text.trimEnd().split("\n");
        return [line, rows.map((row) => row.split("\t")[0]).sort()];
      }),
    );
    for (const [command, flags] of names) {
      const words = new Set(
        ["-", "--"].flatMap((dashes) => found.get(`myriad ${command} ${dashes}`)!)
          .map((word) => word.replace(/=$/, "")),
      );
      assertEquals([...words].sort(), flags, command);
    }
    assertEquals(found.get("myriad "), COMMANDS.map(({ name }) => name).sort());
    assertEquals(found.get("myriad --engine "), ["auto", "fetch", "http1", "http2"]);
    assertEquals(found.get("myriad --resume="), ["--resume=force"]);
    assertEquals(found.get("myriad -d @al"), ["@alpha.csv"]);
    assertEquals(found.get("myriad --data=@al"), ["--data=@alpha.csv"]);
    assertEquals(found.get("myriad -o al"), ["alpha.csv"]);
    assertEquals(found.get("myriad -m al"), []);
    assertEquals(found.get("myriad report wi"), ["with space.txt"]);
  },
});

Deno.test("completions() says which shells there are", () => {
  for (const argv of [[], ["bash", "zsh"]]) {
    const { message } = assertThrows(() => completions(argv), UsageError);
    assertStringIncludes(message, "name one of bash, zsh, fish");
  }
  const { message } = assertThrows(() => completions(["tcsh"]), UsageError);
  assertEquals(message, "Cannot read 'completions tcsh': use one of bash, zsh, fish");
  assertStringIncludes(completions(["--help"]), "Usage: myriad completions");
});
