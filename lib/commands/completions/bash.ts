import type { CompletedCommand, CompletedFlag, Completion } from "./words.ts";

/**
 * The words of the line up to the cursor. Bash also ends words at `=`, `:` and `@`. It replaces what
 * follows the last of them, together with an `@`.
 */
const WORDS = `  local -a words=()
  local rest=\${COMP_LINE:0:COMP_POINT} piece= word k
  for ((k = 0; k <= COMP_CWORD; k++)); do
    word=\${COMP_WORDS[k]}
    if ((k == 0)) || [[ $rest == [[:space:]]* ]]; then words+=(''); fi
    rest=\${rest#"\${rest%%[![:space:]]*}"}
    if ((k == COMP_CWORD)); then word=$rest; fi
    rest=\${rest#"$word"}
    words[\${#words[@]}-1]+=$word
    piece=$word
  done
  if [[ $piece =~ ^[=:@]+$ ]]; then piece=; fi
  local last=$((\${#words[@]} - 1))
  local current=\${words[last]}
  local kept=\${current%"$piece"}
  kept=\${kept%@}`;

/** The script by which bash, from 4.0, completes the commands. */
export function formatBash(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  return `# What bash completes of myriad. Written by 'myriad completions bash'.
_myriad() {
${WORDS}
  local command=run flag= value=$current prefix= found=
  case " ${names} " in
    *" \${words[1]} "*) if ((last > 1)); then command=\${words[1]}; fi ;;
  esac
  # Behind '--' no word is a flag.
  local behind=
  for ((k = 1; k < last; k++)); do
    if [[ \${words[k]} == -- ]]; then behind=yes; fi
  done
  if [[ -z $behind ]]; then
    if [[ $current == --*=* ]]; then
      flag=\${current%%=*}= value=\${current#*=} prefix=$flag
    elif [[ $current == -* ]]; then
      case $command in
${commands.map(formatNames).join("\n")}
      esac
    else
      flag=\${words[last - 1]}
    fi
  fi
  if [[ -z $found ]]; then
    case $command:$flag in
${commands.flatMap(formatValues).join("\n")}
      *=) ;;
      *)
        case $command in
${commands.map(formatArgument).filter((line) => line !== "").join("\n")}
        esac
        if ((last == 1)); then found='words ${names}'; fi
        ;;
    esac
  fi
  local -a all=()
  case $found in
    words*) mapfile -t all < <(compgen -W "\${found#words}" -- "$value") ;;
    file) mapfile -t all < <(compgen -f -- "$value"); compopt -o filenames ;;
    @file)
      if [[ $value == @* ]]; then
        # Bash does not quote $ and \` where the word is not the name of a file: it would run what a
        # name says.
        mapfile -t all < <(compgen -f -X '*[$\`]*' -- "\${value#@}")
        all=("\${all[@]/#/@}")
        compopt -o filenames
      fi
      ;;
  esac
  all=("\${all[@]/#/$prefix}")
  # A flag that takes a value behind '=' is followed by it.
  if ((\${#all[@]} == 1)) && [[ \${all[0]} == --*= ]]; then compopt -o nospace; fi
  COMPREPLY=("\${all[@]#"$kept"}")
}
complete -F _myriad myriad
`;
}

function formatNames({ name, flags }: CompletedCommand): string {
  const words = flags.flatMap((flag) => {
    return flag.takes === "optional value" ? [...flag.names, ...listInOneWord(flag)] : flag.names;
  });
  return `        ${name}) found='words ${words.join(" ")}' ;;`;
}

/** A branch for all flags of a command whose values are completed alike. */
function formatValues({ name, flags }: CompletedCommand): string[] {
  const alike = Map.groupBy(
    flags.filter(({ takes }) => takes !== "nothing"),
    ({ completion }) => formatCompletion(completion),
  );
  return Array.from(alike, ([found, rows]) => {
    const patterns = rows.flatMap(listWritten).map((written) => `${name}:${written}`);
    return `      ${patterns.join(" | ")}) found='${found}' ;;`;
  });
}

/** How a flag is written before its value: in a word of its own, or with `=`. */
function listWritten(flag: CompletedFlag): readonly string[] {
  return flag.takes === "value" ? [...flag.names, ...listInOneWord(flag)] : listInOneWord(flag);
}

function listInOneWord({ names }: CompletedFlag): readonly string[] {
  return names.filter((name) => name.startsWith("--")).map((name) => `${name}=`);
}

function formatArgument({ name, argument }: CompletedCommand): string {
  const found = formatCompletion(argument);
  return found === "nothing" ? "" : `          ${name}) found='${found}' ;;`;
}

function formatCompletion(completion: Completion): string {
  return typeof completion === "string" ? completion : `words ${completion.join(" ")}`;
}
