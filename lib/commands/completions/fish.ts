import type { CompletedCommand, CompletedFlag, Completion } from "./words.ts";

/** The script by which fish, from 3.0, completes the commands. */
export function formatFish(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  return `# What fish completes of myriad. Written by 'myriad completions fish'.
function __myriad_is
    set -l words (commandline -opc)
    set -l command run
    if set -q words[2]; and contains -- $words[2] ${names}
        set command $words[2]
    end
    test $command = $argv[1]
end
function __myriad_at
    set -l value (commandline -ct | string replace -r -- '^--[^=]*=' '')
    if string match -q -- '@*' $value
        printf '@%s\\n' (__fish_complete_path (string sub -s 2 -- $value))
    end
end
complete -c myriad -f
${
    commands.map(({ name, about }) =>
      `complete -c myriad -n 'test (count (commandline -opc)) = 1' -a ${name} -d ${quote(about)}`
    ).join("\n")
  }
${commands.flatMap(formatCommand).join("\n")}
`;
}

function formatCommand({ name, flags, argument }: CompletedCommand): string[] {
  const start = `complete -c myriad -n '__myriad_is ${name}'`;
  const words = formatWords(argument);
  return [
    ...argument === "file" ? [`${start} -F`] : words === "" ? [] : [`${start}${words}`],
    ...flags.map((flag) => `${start} ${formatFlag(flag)}`),
  ];
}

function formatFlag({ names, help, takes, completion }: CompletedFlag): string {
  const written = names.map((name) =>
    name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`
  ).join(" ");
  const value = takes === "nothing"
    ? ""
    : `${takes === "value" ? " -r" : ""}${
      completion === "file" ? " -F" : ` -f${formatWords(completion)}`
    }`;
  return `${written}${value} -d ${quote(help)}`;
}

function formatWords(completion: Completion): string {
  if (completion === "@file") return " -a '(__myriad_at)'";
  return typeof completion === "string" ? "" : ` -a ${quote(completion.join(" "))}`;
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
