import { addDashes, type Flag } from "./flags.ts";

/** The width of the help, in columns. */
export const COLUMNS = 80;

/** The help for a table of flags, under their headings. */
export function formatFlags(flags: readonly Flag[]): string {
  const indent = Math.max(...flags.map((flag) => formatUse(flag).length)) + 2;
  let text = "";
  for (const [section, rows] of Map.groupBy(flags, ({ section = "Options" }) => section)) {
    text += `\n${section}:\n`;
    for (const flag of rows) {
      const lines = wrap(describeFlag(flag), COLUMNS - indent);
      text += `${formatUse(flag).padEnd(indent)}${lines.join(`\n${" ".repeat(indent)}`)}\n`;
    }
  }
  return text;
}

/** How a flag is written, such as `  -n, --requests N`. */
function formatUse({ short, name, value, optionalValue }: Flag): string {
  const letter = short === undefined ? "    " : `-${short}, `;
  const argument = value === undefined
    ? optionalValue === undefined ? "" : `[=${optionalValue}]`
    : ` ${value}`;
  return `  ${letter}--${name}${argument}`;
}

/**
 * What the help says of a flag, in one line: also its other spellings, its default, and which
 * engines lack it.
 */
export function describeFlag(flag: Flag): string {
  const { defaultWords, lackedBy, repeatable, aliases } = flag;
  const notes = [
    aliases && `also ${aliases.map(addDashes).join(", ")}`,
    repeatable ? "repeatable" : undefined,
    flag.default === undefined ? undefined : `default ${flag.default}`,
    defaultWords === undefined ? undefined : `default: ${defaultWords}`,
    lackedBy && `not with engine ${lackedBy.join(" or ")}`,
  ].filter((note) => note !== undefined);
  return notes.length === 0 ? flag.help : `${flag.help} (${notes.join("; ")})`;
}

/** A text in lines of at most so many characters, unless a word is longer. */
export function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
