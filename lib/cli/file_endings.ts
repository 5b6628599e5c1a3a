import { UsageError } from "../errors.ts";
import { isGranted } from "../process/permission.ts";

const COMPRESSED = "gz gzip tgz zst zstd bz2 xz lz lz4 br sz z zip 7z rar tar".split(" ");

/** Endings that tell people and programs a format. Others, such as `.log`, promise nothing. */
const PROMISING = new Set([
  ...COMPRESSED,
  ..."json jsonl ndjson csv tsv tab psv xls xlsx ods xml yaml yml toml html htm md txt pdf".split(
    " ",
  ),
  ..."parquet arrow feather avro orc sqlite sqlite3 db duckdb cbor msgpack warc har".split(" "),
  ..."svg png jpg jpeg gif webp".split(" "),
]);

/** How the name of a file can end. */
export interface Endings {
  /**
   * The endings of the formats that the file can have, such as `csv`, the usual ones first; `any`
   * where another flag says the format.
   */
  readonly formats: readonly string[] | "any";
  /** How many of them a message names, the first ones. @default {2} */
  readonly shown?: number;
  /** What a message says of endings that another flag takes: what to do instead. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** Whether `.gz` can follow, which compresses the file. @default {false} */
  readonly gzip?: boolean;
}

/**
 * The format whose files have names that end as a path does, also with the ending of a compression
 * behind it.
 *
 * @param formats by name, each with endings in lower case, without the dot
 * @param compressions the endings of compressions, such as `gz`
 * @returns its name; undefined if no format has that ending
 */
export function findByEnding<Name extends string>(
  formats: Readonly<Record<Name, { readonly endings: readonly string[] }>>,
  path: string,
  compressions: readonly string[] = ["gz"],
): Name | undefined {
  const endings = path.toLowerCase().split(".").slice(1);
  const last = endings.at(-1) ?? "";
  const ending = compressions.includes(last) ? endings.at(-2) : last;
  if (ending === undefined) return undefined;
  return (Object.keys(formats) as Name[]).find((name) => formats[name].endings.includes(ending));
}

/** All endings of formats, the usual one of each first. */
export function listEndings(
  formats: Readonly<Record<string, { readonly endings: readonly string[] }>>,
): readonly string[] {
  const lists = Object.values(formats).map(({ endings }) => endings);
  return [...lists.flatMap(([usual]) => usual ?? []), ...lists.flatMap(([, ...others]) => others)];
}

/**
 * Refuses a path that is only the name of a format, as in hey's `-o csv`.
 *
 * @param flag the flag that names the file, such as `--output`
 * @throws {UsageError} If the path is the name of a format, and there is no such file.
 */
export function checkBareFormat(path: string, flag: string, { formats }: Endings): void {
  if (formats === "any" || !formats.includes(path) || exists(path)) return;
  throw new UsageError(
    `Cannot write '${flag} ${path}': that names a format: did you mean ` +
      `'${flag} results.${path}'? './${path}' is a file of that name`,
  );
}

function exists(path: string): boolean {
  // Without the permission, it would ask the user for it.
  if (!isGranted({ name: "read", path })) return false;
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** How many endings a message names, unless a flag says so. */
const USUALLY_SHOWN = 2;

/**
 * Refuses a name with the ending of another format. The file would not hold what its name promises,
 * and somebody would find out long after the run.
 *
 * @param flag the flag that names the file, such as `--output`
 * @throws {UsageError} If the ending is that of another format.
 */
export function checkEnding(
  path: string,
  flag: string,
  { formats, shown = USUALLY_SHOWN, elsewhere, gzip = false }: Endings,
): void {
  const name = path.split(/[/\\]/).at(-1)!.toLowerCase();
  const ending = /\.([a-z0-9]+)$/.exec(gzip ? name.replace(/\.gz$/, "") : name)?.[1];
  if (ending === undefined || !PROMISING.has(ending)) return;
  if (formats === "any" ? !COMPRESSED.includes(ending) : formats.includes(ending)) return;
  const usual = (formats === "any" ? [] : formats).slice(0, shown).map((it) => `.${it}`);
  const instead = elsewhere?.[ending];
  const how = instead !== undefined ? [instead] : [
    ...usual.length > 0
      ? [`use ${usual.join(", ").replace(/, (?=[^,]*$)/, " or ")}`]
      : gzip
      ? []
      : ["use another one"],
    ...gzip ? [".gz compresses"] : [],
  ];
  throw new UsageError(
    `Cannot write '${flag} ${path}': the ending '.${ending}' is not supported: ${how.join("; ")}`,
  );
}
