/**
 * Writes what the documents take from elsewhere: the flags in `docs/flags.md` from the code, the
 * fields in `docs/output.md` from the JSON schemas beside it.
 *
 * @module
 */
import { listSpellings } from "../lib/cli/flags.ts";
import { type CommandName, COMMANDS as NAMES } from "../lib/commands/commands.ts";
import { HELP_PAGES } from "../lib/commands/help_pages.ts";
import type { RunFlag } from "../lib/options/rows/flag.ts";

/** The page that explains each command. */
const COMMAND_PAGES: Readonly<Record<CommandName, string>> = {
  run: "../README.md",
  curl: "from-other-tools.md",
  serve: "commands/serve.md",
  compare: "commands/compare.md",
  verify: "commands/verify.md",
  report: "commands/report.md",
  work: "cluster.md",
  runs: "commands/runs.md",
  completions: "install.md",
  man: "install.md",
};

/** The flags of each command, and the page that explains the command. */
export const COMMANDS: readonly {
  readonly name: string;
  readonly flags: readonly RunFlag[];
  readonly page: string;
}[] = NAMES.map(({ name }) => ({
  name: name === "run" ? "myriad" : `myriad ${name}`,
  flags: HELP_PAGES[name].flags,
  page: COMMAND_PAGES[name],
}));

/** The pages that explain the flags of a section of `myriad`, by the section's first word. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  Source: ["requests.md", "inputs.md"],
  Load: ["load.md"],
  Request: ["requests.md"],
  Connection: ["engines.md"],
  Several: ["cluster.md"],
  Retry: ["load.md"],
  Expectations: ["checks.md"],
  Output: ["output.md", "archives.md", "resume.md", "monitoring.md"],
};

/** A column of the tables of flags. A table leaves out a column in which every cell is empty. */
interface Column {
  readonly title: string;
  readonly cell: (flag: RunFlag, all: readonly RunFlag[]) => string;
}

/** To show one more property of a flag, add a column. */
const COLUMNS: readonly Column[] = [
  {
    title: "Flag",
    cell: (flag) => listSpellings(flag).map((it) => `\`${it}\``).join(", "),
  },
  {
    title: "Argument",
    cell: ({ value, optionalValue }) =>
      value !== undefined
        ? `\`${value.replaceAll("|", "\\|")}\``
        : optionalValue !== undefined
        ? `\`[=${optionalValue}]\``
        : "",
  },
  { title: "Repeatable", cell: ({ repeatable }) => repeatable ? "yes" : "" },
  { title: "Meaning", cell: ({ help }) => toMarkdown(help) },
  {
    title: "Default",
    cell: ({ default: text, defaultWords }) =>
      text === undefined ? toMarkdown(defaultWords ?? "") : `\`${text}\``,
  },
  { title: "Rules", cell: (flag, all) => listRules(flag, all).join("; ") },
];

/** What a flag needs, and with what it cannot stand. */
function listRules(flag: RunFlag, all: readonly RunFlag[]): string[] {
  const quote = (text: string): string => `\`${text}\``;
  const code = (name: string): string => quote(`--${name}`);
  const { name, requires = [], requiresFile, excludes = [], lackedBy, off } = flag;
  const others = [
    ...excludes,
    ...all.filter((other) => other.excludes?.includes(name)).map((other) => other.name),
  ];
  const unless = off === undefined || others.length === 0 ? "" : `, unless it is \`${off}\``;
  return [
    ...requires.map((one) => `needs ${[one].flat().map(code).join(" or ")}`),
    ...requiresFile === undefined ? [] : [`not with \`--${requiresFile} -\``],
    ...others.length === 0 ? [] : [`not with ${others.map(code).join(", ")}${unless}`],
    ...lackedBy === undefined ? [] : [`not with engine ${lackedBy.map(quote).join(" or ")}`],
    ...flag.identity === undefined
      ? []
      : flag.identity.inRetry !== undefined
      ? ["`--resume` needs the same, `--retry-failed` does not"]
      : ["`--resume` needs the same"],
    ...flag.commandLineOnly ? ["not in a file of `--config`"] : [],
  ];
}

/** A text for a cell of a table: flags as code, and what Markdown would read as markup escaped. */
function toMarkdown(text: string): string {
  return text.replace(/[\\|*<>`]/g, "\\$&")
    .replace(/(?<![\w-])--?[a-zA-Z][a-z0-9-]*/g, "`$&`");
}

/** A Markdown table as `deno fmt` writes it. */
function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, k) =>
    Math.max(title.length, ...rows.map((row) => row[k].length))
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, k) => cell.padEnd(widths[k])).join(" | ")} |\n`;
  return line(head) + line(widths.map((width) => "-".repeat(width))) + rows.map(line).join("");
}

/** @param all the flags of the command, of which a section has some */
function flagTable(flags: readonly RunFlag[], all: readonly RunFlag[]): string {
  const columns = COLUMNS.filter(({ cell }) => flags.some((flag) => cell(flag, all) !== ""));
  return formatTable(
    columns.map(({ title }) => title),
    flags.map((flag) => columns.map(({ cell }) => cell(flag, all))),
  );
}

/** All flags of all commands. */
function flagTables(): string {
  let page = "";
  for (const { name, flags, page: ofCommand } of COMMANDS) {
    page += `\n## ${name}\n\nExplained in [${ofCommand.replace("../", "")}](${ofCommand}).\n`;
    for (const [section, rows] of Map.groupBy(flags, ({ section }) => section)) {
      if (section !== undefined) {
        page += `\n### ${section}\n\n${wrap(`Explained in ${linksTo(section)}.`)}`;
      }
      page += `\n${flagTable(rows, flags)}`;
    }
  }
  return page;
}

/** Prose in lines of at most 100 characters, as the formatter breaks them. */
function wrap(text: string): string {
  return text.replace(/(.{1,100})(?: |$)/g, "$1\n");
}

/** @throws {Error} If no page explains the section: `PAGES` needs a row. */
function linksTo(section: string): string {
  const pages = PAGES[section.split(/\W/, 1)[0]];
  if (pages === undefined) throw new Error(`No page explains the section '${section}'`);
  return pages.map((page) => `[${page}](${page})`).join(", ");
}

/** As much of JSON Schema as the tables are made of. */
export interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
}

/** A value that a schema describes. */
export interface Field {
  /** Its path in the notation of jq, without the leading dot: `errors[].count`. */
  readonly path: string;
  readonly schema: Schema;
}

/** All values below a schema, each after the value that holds it. */
export function listFields(schema: Schema, root: Schema = schema, path = ""): Field[] {
  const fields: Field[] = [];
  const add = (path: string, schema: Schema): void => {
    const target = resolve(schema, root);
    if (target.description !== undefined || schema.description !== undefined) {
      fields.push({ path, schema: { ...target, ...schema } });
    }
    for (const it of [target, ...target.oneOf?.map((it) => resolve(it, root)) ?? []]) {
      fields.push(...listFields(it, root, path));
    }
  };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    add(path === "" ? name : `${path}.${name}`, property);
  }
  if (path === "") return fields;
  const { additionalProperties, items, prefixItems = [] } = schema;
  if (typeof additionalProperties === "object") add(`${path}[]`, additionalProperties);
  if (items !== undefined) add(`${path}[]`, items);
  prefixItems.forEach((item, k) => add(`${path}[${k}]`, item));
  return fields;
}

/** What a `$ref` within the same document points to; another document's is not looked up. */
function resolve(schema: Schema, root: Schema): Schema {
  const name = /^#\/\$defs\/(\w+)$/.exec(schema.$ref ?? "")?.[1];
  return name === undefined ? schema : root.$defs![name];
}

/** The type of a value and its range, in words. */
function describeType(
  { type, format, minimum, maximum, exclusiveMinimum, ...schema }: Schema,
): string {
  if (schema.enum !== undefined) return schema.enum.map((it) => `\`${it}\``).join(", ");
  const name = [type].flat().join(" or ");
  if (format !== undefined) return `${name}, ${format}`;
  if (maximum !== undefined) {
    const most = maximum === Number.MAX_SAFE_INTEGER ? "2^53 - 1" : maximum;
    return `${name}, ${minimum} to ${most}`;
  }
  if (minimum !== undefined) return `${name}, ${minimum} or more`;
  return exclusiveMinimum === undefined ? name : `${name}, more than ${exclusiveMinimum}`;
}

/** A table of all values that a schema describes. */
function fieldTable(schema: Schema): string {
  return formatTable(
    ["Field", "Type and range", "Meaning"],
    listFields(schema).map(({ path, schema }) => [
      `\`${path}\``,
      describeType(schema),
      schema.description!,
    ]),
  );
}

/** A table of the values that a `oneOf` lists, each a `const` with its description. */
function valueTable(title: string, { oneOf }: Schema): string {
  return formatTable(
    [title, "Meaning"],
    oneOf!.map((value) => [`\`${value.const}\``, value.description!]),
  );
}

/** The pages that hold generated text. */
export const PAGES_WITH_TABLES: readonly string[] = ["flags.md", "output.md"];

/** What stands between these two comments is generated. */
const GENERATED = /(<!-- generated by `deno task docs`: ([\w-]+) -->\n)[^]*?(<!-- end -->\n)/g;

/** A page with what is generated in it made anew. */
export function withTables(page: string, { record, summary }: Schemas): string {
  const tables: Readonly<Record<string, () => string>> = {
    "flags": flagTables,
    "record": () => fieldTable(record),
    "error-kinds": () => valueTable("`error`", record.$defs!.errorKind),
    "summary": () => fieldTable(summary),
  };
  return page.replace(
    GENERATED,
    (_, start, name, end) => `${start}\n${tables[name]().trim()}\n\n${end}`,
  );
}

/** The schemas of what a run writes. */
export interface Schemas {
  readonly record: Schema;
  readonly summary: Schema;
}

/** Reads the schemas, which stand beside this file. */
export async function readSchemas(): Promise<Schemas> {
  const read = async (name: string): Promise<Schema> =>
    JSON.parse(await Deno.readTextFile(new URL(`${name}.schema.json`, import.meta.url)));
  return { record: await read("record"), summary: await read("summary") };
}

if (import.meta.main) {
  const schemas = await readSchemas();
  for (const name of PAGES_WITH_TABLES) {
    const file = new URL(name, import.meta.url);
    await Deno.writeTextFile(file, withTables(await Deno.readTextFile(file), schemas));
  }
}
