/**
 * The body of a run's requests, by the flags that say what is in it.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { parseParts, type TemplatePart, TextTemplate } from "../source/text_template.ts";
import type { Variables } from "./environment.ts";
import { type ReadFile, readShortText } from "./read_file.ts";
import { JOINED_FLAGS } from "./rows/request.ts";
import type { RunValues } from "./table.ts";
import { isFileReference, nameFlagFile, refuseReplaced } from "./value_file.ts";

/** What a body is read with. */
export interface BodyContext {
  readonly readFile: ReadFile;
  readonly variables: Variables;
  /** Whether files can be read while requests are made: not by other machines. */
  readonly streams: boolean;
}

/** A body as it is given: bytes that are sent as they are, or the parts of a template. */
export type GivenBody =
  | {
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly parts?: undefined;
    readonly flag?: undefined;
  }
  | {
    readonly bytes?: undefined;
    readonly parts: readonly TemplatePart[];
    /** The flag that gives it, for messages. */
    readonly flag: string;
  };

const encoder = new TextEncoder();

/**
 * The body; undefined without one.
 *
 * @throws {UsageError} If a flag has no valid value, or a file cannot be read.
 */
export async function readBody(
  values: RunValues,
  context: BodyContext,
): Promise<GivenBody | undefined> {
  const file = values.get("data-template");
  if (file !== undefined) return await readTemplate(file, context);
  const fields = values.get("json-body");
  if (fields.length > 0) return { parts: toJson(fields, context), flag: "--json-body" };
  const pieces = await readPieces(values, context);
  return pieces.length === 0 ? undefined : join(pieces);
}

async function readTemplate(file: string, context: BodyContext): Promise<GivenBody> {
  const text = await readShortText(context.readFile, file, `--data-template ${file}`);
  return { parts: parseText("data-template", text, context), flag: "--data-template" };
}

/** What is joined by `&`, in the order of the command line, as with curl. */
async function readPieces(values: RunValues, context: BodyContext): Promise<GivenBody[]> {
  const pieces: GivenBody[] = [];
  const given = values.all.filter(([name]) => JOINED_FLAGS.includes(name));
  for (const [name, value] of given) {
    const text = `${value}`;
    const flag = `--${name}`;
    if (name === "data-urlencode") {
      pieces.push({ parts: await readEncoded(text, context), flag });
    } else if (name === "data" && isFileReference(text)) {
      pieces.push({ bytes: await context.readFile(text.slice(1), `${flag} ${text}`) });
    } else {
      // Alone it is JSON's empty object, not a placeholder.
      const isObject = text === "{}" && given.length === 1;
      pieces.push({ parts: isObject ? [text] : parseText(name, text, context), flag });
    }
  }
  return pieces;
}

/** The parts of a text, with the values of variables. */
function parseText(
  flag: string,
  text: string,
  { variables }: BodyContext,
): readonly TemplatePart[] {
  refuseReplaced(flag, text, "put the body in a file: --data @FILE");
  return variables.fill(parseParts(text));
}

/** Pieces with `&` between them. The text of a file is not a template. */
function join(pieces: readonly GivenBody[]): GivenBody {
  if (pieces.length === 1) return pieces[0];
  const template = pieces.find(({ parts }) => parts && new TextTemplate(parts).isTemplate);
  if (template !== undefined) {
    const texts = pieces.map(({ parts, bytes }) =>
      parts ?? [decodeText(bytes, "a file of '--data' beside a template")]
    );
    const parts = texts.flatMap((parts, k) => k === 0 ? parts : ["&", ...parts]);
    return { parts, flag: template.flag! };
  }
  const bytes = pieces.map(({ parts, bytes }) =>
    bytes ?? encoder.encode(new TextTemplate(parts).start)
  );
  const length = bytes.reduce((sum, { length }) => sum + length, bytes.length - 1);
  const all = new Uint8Array(length).fill("&".charCodeAt(0));
  let at = 0;
  for (const one of bytes) {
    all.set(one, at);
    at += one.length + 1;
  }
  return { bytes: all };
}

/**
 * The text of a file.
 *
 * @param what names it, for the message
 * @throws {UsageError} If it is not UTF-8.
 */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`Cannot use ${what}: it is not text in UTF-8: convert it`);
  }
}

/**
 * What stays as it is in a percent-encoded value, as with curl: the rest is encoded byte by byte, and
 * a space becomes `+`, as in forms.
 */
const UNRESERVED = /^[\w.~-]$/;

function percentEncode(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    if (UNRESERVED.test(character)) return character;
    if (character === " ") return "+";
    return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/**
 * A value of `--data-urlencode` in one of curl's forms: `TEXT`, `=TEXT`, `NAME=TEXT`, `@FILE` or
 * `NAME@FILE`. The name stays as it is.
 */
async function readEncoded(given: string, context: BodyContext): Promise<readonly TemplatePart[]> {
  const [, name, sign, text] = /^([^=@]*)([=@])([^]*)$/.exec(given) ?? [undefined, "", "=", given];
  const start = name === "" ? [] : [`${name}=`];
  if (sign === "@") {
    const flag = `--data-urlencode ${nameFlagFile(undefined, `@${text}`)}`;
    return [...start, percentEncode(await context.readFile(text!, flag))];
  }
  const parts = parseText("data-urlencode", text!, context).map((part) =>
    typeof part === "string"
      ? percentEncode(encoder.encode(part))
      : part.isRaw
      ? part
      : part.value === undefined
      ? { ...part, name: `${part.name}|urlencode` }
      : percentEncode(encoder.encode(part.value))
  );
  return [...start, ...parts];
}

/** A field of a JSON body: `NAME=TEXT`, or `NAME:=JSON`. */
const FIELD = /^((?:[^=:]|:(?!=))+)(:?=)([^]*)$/;

/** A JSON object of fields, whose values are templates. */
function toJson(fields: readonly string[], context: BodyContext): TemplatePart[] {
  const names = new Set<string>();
  const parts: TemplatePart[] = [];
  for (const field of fields) {
    const [, name, sign, text] = FIELD.exec(field) ?? [];
    if (name === undefined) {
      throw new UsageError("Cannot read a '--json-body': use NAME=TEXT, or NAME:=JSON");
    }
    if (names.has(name)) {
      throw new UsageError(`'--json-body' has '${name}' twice: give it once`);
    }
    parts.push(`${names.size === 0 ? "{" : ","}${JSON.stringify(name)}:`);
    names.add(name);
    const value = parseText("json-body", text, context);
    if (sign === "=") {
      const inside = value.map((part) =>
        typeof part === "string" ? JSON.stringify(part).slice(1, -1) : part
      );
      parts.push('"', ...inside, '"');
    } else {
      checkJson(name, value);
      parts.push(...value);
    }
  }
  parts.push("}");
  return parts;
}

/** @throws {UsageError} If it is not JSON, with a number for each placeholder. It is not repeated. */
function checkJson(name: string, parts: readonly TemplatePart[]): void {
  try {
    JSON.parse(new TextTemplate(parts, "json").with("0"));
  } catch {
    throw new UsageError(
      `Cannot read '--json-body ${name}:=…': it is not JSON: use '${name}=TEXT' for a text`,
    );
  }
}
