/**
 * The page of the manual in the mdoc language (mdoc(7)), which groff and mandoc read.
 *
 * @module
 */
import type { Flag } from "../../cli/flags.ts";
import { describeFlag } from "../../cli/format_flags.ts";
import type { CommandHelp } from "../../cli/format_help.ts";

/** What the page says of the program. */
export interface ManualContext {
  readonly version: string;
  /** When the page was made. */
  readonly date: Date;
}

/** Examples, each with what it does. */
export const EXAMPLES: readonly (readonly [about: string, command: string])[] = [
  [
    "Make 1,000 requests, 100 at a time, and write a record of each:",
    "myriad -n 1000 -c 100 -o results.ndjson 'http://localhost:8080/{}'",
  ],
  [
    "Go on with that run after it was interrupted:",
    "myriad -n 1000 -c 100 -o results.ndjson --resume 'http://localhost:8080/{}'",
  ],
  [
    "Check the links of a list, two at a time for each host:",
    "myriad -i urls.txt --fail --retries 2 --host-concurrency 2 -o links.csv",
  ],
  [
    "Start 200 requests a second for a minute, and write a page with plots:",
    "myriad -q 200/s -z 1m --threshold 'p99<500ms' --report run.html http://localhost:8080/",
  ],
];

/** The longest line of the source, in bytes: mandoc's lint complains of longer ones. */
const MAX_LINE = 78;

const EXIT_CODES = "Exit codes: ";

/**
 * The page of the manual.
 *
 * @param pages the help of each command, that of a run first
 */
export function formatManual(
  pages: Readonly<Record<string, CommandHelp>>,
  { version, date }: ManualContext,
): string {
  const [[, run], ...others] = Object.entries(pages);
  const after = run.after.split("\n\n");
  const exit = after.filter((text) => text.startsWith(EXIT_CODES));
  const day = date.toLocaleDateString("en-US", {
    timeZone: "UTC",
    dateStyle: "long",
  });
  const lines = [
    '.\\" Written by "myriad man".',
    `.Dd ${day}`,
    ".Dt MYRIAD 1",
    ".Os",
    ".Sh NAME",
    ".Nm myriad",
    `.Nd ${lowerFirst(run.about).replace(/\.$/, "")}`,
    ".Sh SYNOPSIS",
    ...formatLiteral(run.usage),
    ".Sh DESCRIPTION",
    ...formatText(run.text ?? ""),
    ...formatText(after.filter((text) => !exit.includes(text)).join("\n\n")),
    ".Pp",
    ...formatSentences(`This is the manual of version ${version}.`),
    ".Sh OPTIONS",
    ...formatSections(run.flags),
    ".Sh COMMANDS",
    ...others.flatMap(([name, page]) => formatCommand(name, page)),
    ".Sh EXIT STATUS",
    ...formatText(exit.join("\n\n").replace(EXIT_CODES, "")),
    ".Sh EXAMPLES",
    ...EXAMPLES.flatMap(([about, command], k) => [
      ...k === 0 ? [] : [".Pp"],
      ...formatSentences(about),
      ...formatLiteral([command], ".Dl "),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

function formatSections(flags: readonly Flag[]): string[] {
  return [...Map.groupBy(flags, ({ section }) => section)].flatMap(([section, rows]) => [
    ...section === undefined ? [] : [`.Ss ${escape(section)}`],
    ...formatFlags(rows),
  ]);
}

function formatFlags(flags: readonly Flag[]): string[] {
  return [
    ".Bl -tag -width Ds",
    ...flags.flatMap((flag) => [
      `.It ${formatUse(flag)}`,
      ...formatSentences(describeFlag(flag)),
    ]),
    ".El",
  ];
}

/** How a flag is written. */
function formatUse({ short, name, value, optionalValue }: Flag): string {
  const letter = short === undefined ? "" : `Fl ${short} , `;
  const argument = value !== undefined
    ? ` Ar ${quote(value)}`
    : optionalValue !== undefined
    ? ` Ns Op Ns = Ns Ar ${quote(optionalValue)}`
    : "";
  return `${letter}Fl Fl ${name}${argument}`;
}

function formatCommand(name: string, { about, usage, text, flags, after }: CommandHelp): string[] {
  return [
    `.Ss myriad ${name}`,
    ...formatSentences(about),
    ...formatLiteral(usage),
    ...text === undefined ? [] : [".Pp", ...formatText(text)],
    ...formatSections(flags),
    ".Pp",
    ...formatText(after),
  ];
}

/** Paragraphs, of which lines that begin with two spaces are a table. */
function formatText(text: string): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split(/\n\n+/).filter((it) => it !== "")) {
    const isTable = (line: string): boolean => line.startsWith("  ");
    const words = paragraph.split("\n").filter((line) => !isTable(line));
    const table = paragraph.split("\n").filter(isTable);
    if (words.length > 0) {
      if (lines.length > 0) lines.push(".Pp");
      lines.push(...formatSentences(words.join(" ")));
    }
    if (table.length > 0) lines.push(...formatLiteral(table.map((line) => line.slice(2))));
  }
  return lines;
}

/** Lines that are shown as they are. @param macro that of one line, instead of a display */
function formatLiteral(lines: readonly string[], macro?: string): string[] {
  const escaped = lines.map((line) => escapeStart(escape(line)));
  if (macro !== undefined) return escaped.map((line) => `${macro}${line}`);
  return [".Bd -literal -offset indent", ...escaped, ".Ed"];
}

/** Running text: each sentence begins a line, as the language has it. */
function formatSentences(text: string): string[] {
  const lines = [""];
  let endsSentence = false;
  for (const word of text.split(" ").filter((it) => it !== "").map(escape)) {
    const line = lines.at(-1)!;
    if (line !== "" && (endsSentence || line.length + 1 + word.length > MAX_LINE)) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
    endsSentence = /[.!?][)"]?$/.test(word);
  }
  return lines.map(escapeStart);
}

/** A text as one argument of a macro. */
function quote(text: string): string {
  return `"${escape(text).replaceAll('"', "\\(dq")}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
  "-": "\\-",
};

/**
 * A text in which no character means anything to the formatter. Hyphens are shown as they are typed,
 * so that flags can be copied from the page.
 */
function escape(text: string): string {
  return text.replace(
    /[\\'`^~-]|[^\n -~]/gu,
    (character) =>
      ESCAPES[character] ??
        `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`,
  );
}

/** A line that begins with a dot would be a macro. */
function escapeStart(line: string): string {
  return line.startsWith(".") ? `\\&${line}` : line;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
