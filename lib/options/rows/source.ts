/**
 * Which requests are made.
 *
 * @module
 */
import { choice, count, DURATION } from "../../cli/kinds.ts";
import { SCHEMES } from "../../source/default_scheme.ts";
import { INPUT_FORMAT_NAMES } from "../../source/formats.ts";
import { SHARD, SHARE } from "../kinds.ts";
import { showPath } from "../../source/remote_path.ts";
import { listWords } from "./flag.ts";
import type { RunFlag } from "./flag.ts";

/** What each input has, as one text. */
function identify(texts: readonly string[]): string | undefined {
  return texts.length > 1 ? JSON.stringify(texts) : texts[0];
}

/** The rows, in the order of the help. */
export const SOURCE_ROWS = [
  {
    name: "requests",
    short: "n",
    value: "N",
    kind: count({ min: 1 }),
    defaultWords: "all of the input; with neither input, duration nor stages: 1",
    help: "number of requests",
    identity: { of: ({ requests }) => requests === Infinity ? null : requests },
  },
  {
    name: "start",
    value: "K",
    kind: count(),
    default: "0",
    option: "start",
    help: "first number",
    identity: { of: ({ start }) => start },
  },
  {
    name: "duration",
    short: "z",
    value: "D",
    kind: DURATION,
    option: "durationMs",
    help: "start no request after D",
  },
  {
    name: "input",
    notWithFlow: "the flow reads its own data",
    short: "i",
    value: "FILE|URL",
    repeatable: true,
    path: { access: "read", stdio: true },
    help:
      "one request a line, read lazily; - is stdin; .gz, .zst, .xz, .bz2 and .zip are decompressed",
    identity: { of: ({ inputs }) => identify(inputs.map(({ path }) => showPath(path))) },
  },
  {
    name: "input-format",
    value: "FORMAT",
    kind: choice(...INPUT_FORMAT_NAMES),
    defaultWords: "by the file's ending",
    requires: ["input"],
    help: listWords(INPUT_FORMAT_NAMES),
    identity: { of: ({ inputs }) => identify(inputs.map(({ format }) => format)) },
  },
  {
    name: "comments",
    option: "comments",
    requires: ["input"],
    help: "skip lines of the input that begin with #",
    identity: { of: ({ comments }) => comments ? "on" : null },
  },
  {
    name: "default-scheme",
    value: "SCHEME",
    kind: choice(...SCHEMES),
    option: "defaultScheme",
    help: `${listWords(SCHEMES)}, for URLs without a scheme`,
    identity: { of: ({ defaultScheme }) => defaultScheme },
  },
  {
    name: "shuffle",
    notWithFlow: "the flow reads its own data",
    requires: [["input", "requests"]],
    help: "request the records of the input, or the numbers, in random order",
    identity: { of: ({ order }) => order?.isShuffled ? "on" : null },
  },
  {
    name: "sample",
    notWithFlow: "the flow reads its own data",
    value: "SHARE",
    kind: SHARE,
    requires: [["input", "requests", "duration", "stages"]],
    help: "only a share of the records, or of the numbers, as 10% or 0.1",
    identity: { of: ({ order }) => order?.share },
  },
  {
    name: "seed",
    value: "N",
    kind: count({ max: 2 ** 32 - 1 }),
    default: "0",
    requires: [["shuffle", "sample"]],
    help: "another order of --shuffle, other records of --sample",
    identity: { of: ({ order }) => order?.seed },
  },
  {
    name: "loop",
    option: "loop",
    // Without one of the two, the run would never end.
    requires: ["input", ["requests", "duration", "stages"]],
    requiresFile: "input",
    help: "start the input again at its end, until -n, -z or the last of --stages",
    identity: { of: ({ loop }) => loop ? "on" : null },
  },
  {
    name: "shard",
    value: "I/N",
    kind: SHARD,
    default: "0/1",
    option: "shard",
    help: "only requests whose number is I modulo N",
    identity: { of: ({ shard: { index, count } }) => `${index}/${count}` },
  },
] as const satisfies readonly RunFlag[];
