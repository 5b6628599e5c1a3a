/**
 * `myriad curl`: a command of curl as a run.
 *
 * @module
 */
import { formatHelp } from "../../cli/format_help.ts";
import { parseFlags } from "../../cli/parse_flags.ts";
import { UsageError } from "../../errors.ts";
import { readFromDisk, readShortText } from "../../options/read_file.ts";
import { quoteVisibly } from "../../text/quote_word.ts";
import { CURL_FLAGS_HERE, CURL_HELP } from "./help.ts";
import { parseCurl } from "./parse_curl.ts";
import { splitShellWords } from "./shell_words.ts";
import { translateCurl, type Translation } from "./translate.ts";

/** A text to print, or a run to make. */
export type CurlOutcome =
  | { readonly text: string; readonly notes: readonly string[] }
  | Translation;

/**
 * Reads the command line, and the command of curl in it.
 *
 * @param argv the command line, without the command
 * @throws {UsageError} If one of them is wrong, or a run cannot do what curl does.
 */
export async function curl(argv: readonly string[]): Promise<CurlOutcome> {
  const own = countOwn(argv);
  const values = parseFlags(CURL_FLAGS_HERE, argv.slice(0, own), "myriad curl");
  if (values.get("help")) return { text: formatHelp(CURL_HELP), notes: [] };
  const { words, rest } = await readWords(argv.slice(own));
  const { argv: translated, notes } = translateCurl(parseCurl(words));
  const url = translated.at(-1)!;
  const ofRun = rest.filter((arg) => arg !== "--print");
  const all = [...translated.slice(0, -1), ...ofRun, url];
  // It may also stand where those of the run do.
  const isPrint = values.get("print") || ofRun.length < rest.length;
  if (!isPrint) return { argv: all, notes };
  return { text: `${["myriad", ...all].map(quoteVisibly).join(" ")}\n`, notes };
}

/** How many arguments, the first ones, are flags of this command. */
function countOwn(argv: readonly string[]): number {
  const isOwn = (arg: string): boolean => ["--print", "--help", "-h"].includes(arg);
  const end = argv.findIndex((arg) => !isOwn(arg));
  return end < 0 ? argv.length : end;
}

/** The words of a command of curl without its name, and the flags of a run behind them. */
async function readWords(
  argv: readonly string[],
): Promise<{ words: readonly string[]; rest: readonly string[] }> {
  const [first, ...rest] = argv;
  if (first === undefined || first === "-") {
    if (first === undefined && Deno.stdin.isTerminal()) {
      throw new UsageError(
        "No curl command is given: add one in quotes, or - to read it from stdin",
      );
    }
    return { words: splitPasted(await readShortText(readFromDisk, "-", "curl -")), rest };
  }
  if (/\s/.test(first)) return { words: splitPasted(first), rest };
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  if (words.some((word) => /^curl\s/.test(word.trim().replace(PROMPT, "")))) {
    throw new UsageError(
      "Cannot read options before the curl command: put them behind it, as in " +
        "myriad curl 'curl …' -n 100",
    );
  }
  return { words: withoutName(words), rest: end < 0 ? [] : argv.slice(end + 1) };
}

/** What a shell prints before a command, which is copied with it. */
const PROMPT = /^[$%#] /;
const NAME = /(?:^|[\\/])curl(?:\.exe)?$/i;

function withoutName(words: readonly string[]): readonly string[] {
  return NAME.test(words[0]) ? words.slice(1) : words;
}

/** The words of a command as it is pasted, perhaps with the prompt before it. */
function splitPasted(text: string): readonly string[] {
  if (/\^(?:"|\r?\n)/.test(text)) {
    throw new UsageError(
      "Cannot read the curl command: it is for cmd of Windows: copy the one for bash",
    );
  }
  const command = text.trim().replace(PROMPT, "");
  // Other text, such as `fetch(…)`, is told of before a bracket in it.
  const words = /^(?:["'][^"']*|[^\s(]*)curl/i.test(command) ? splitShellWords(command) : [];
  if (words.length > 0 && NAME.test(words[0])) return words.slice(1);
  throw new UsageError("Cannot read the curl command: it does not begin with 'curl'");
}
