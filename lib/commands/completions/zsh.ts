import type { CompletedCommand, CompletedFlag, Completion } from "./words.ts";

/** The script by which zsh completes the commands: as a file of `$fpath`, or if it is sourced. */
export function formatZsh(commands: readonly CompletedCommand[]): string {
  return `#compdef myriad
# What zsh completes of myriad. Written by 'myriad completions zsh'.
_myriad_at() {
  if compset -P @; then _files; else _message -e value; fi
}
_myriad_commands() {
  local -a commands=(
${commands.map(({ name, about }) => `    ${quote(`${name}:${about}`)}`).join("\n")}
  )
  _describe -t commands command commands
}
_myriad() {
  local curcontext=$curcontext command=run
  local -A opt_args
  if ((CURRENT > 2)); then
    case $words[2] in
      ${commands.map(({ name }) => name).join("|")})
        command=$words[2]
        shift words
        ((CURRENT--))
        ;;
    esac
  elif [[ $words[2] != -* ]]; then
    _myriad_commands
    return
  fi
  case $command in
${commands.map(formatCommand).join("\n")}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _myriad "$@"; else compdef _myriad myriad; fi
`;
}

function formatCommand({ name, flags, argument }: CompletedCommand): string {
  const specs = [
    ...flags.flatMap(formatFlag),
    // A message about what is not known would keep flags from being completed.
    quote(`*: :${argument === "nothing" ? "{ : }" : formatAction(argument)}`),
  ];
  return `    ${name})
      _arguments -s -S \\
${specs.map((spec) => `        ${spec}`).join(" \\\n")}
      ;;`;
}

/** A specification for each way to write the flag. */
function formatFlag(flag: CompletedFlag): string[] {
  const { names, help, takes, value, completion, isRepeatable, excludes } = flag;
  const others = [...isRepeatable ? [] : names, ...excludes];
  const before = isRepeatable ? "*" : "";
  const excluded = others.length === 0 ? "" : `(${others.join(" ")})`;
  return names.map((name) => {
    const isLong = name.startsWith("--");
    const sign = takes === "nothing" ? "" : takes === "value" ? isLong ? "=" : "+" : "=-";
    const colons = takes === "optional value" ? "::" : ":";
    const argument = takes === "nothing"
      ? ""
      : `${colons}${escape(value)}:${formatAction(completion)}`;
    return quote(`${excluded}${before}${name}${sign}[${escape(help)}]${argument}`);
  });
}

function formatAction(completion: Completion): string {
  if (completion === "file") return "_files";
  if (completion === "@file") return "_myriad_at";
  return completion === "nothing" ? " " : `(${completion.join(" ")})`;
}

/** Characters that mean something within a specification. */
function escape(text: string): string {
  return text.replace(/[\\:[\]]/g, "\\$&");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
