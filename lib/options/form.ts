/**
 * The form that is the body of a run's requests.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { formatPartHead } from "../form/part_head.ts";
import { Form, type FormPiece } from "../form/form.ts";
import { FormFile } from "../form/form_file.ts";
import { type FormPart, parsePart } from "../form/parse_part.ts";
import { isGranted } from "../process/permission.ts";
import { parseParts, type TemplatePart, TextTemplate } from "../source/text_template.ts";
import { BodyReadError } from "../target.ts";
import type { BodyContext } from "./body.ts";
import { refuseReplaced } from "./value_file.ts";

/** A file of at most so many bytes is read once and kept; a larger one is read for each request. */
const MAX_KEPT_BYTES = 64 * 1024;

/** The longest part that comes from a pipe, which is held in memory. */
const MAX_PIPED_BYTES = 64 * 1024 * 1024;

const encoder = new TextEncoder();

/**
 * Reads the parts of a form.
 *
 * @param given as `--form` has them
 * @throws {UsageError} If one cannot be read, or names no file that can be.
 */
export async function readForm(
  given: readonly string[],
  context: BodyContext,
): Promise<{ form: Form; contentType: string }> {
  // What a record or a file holds must not be able to end a part: so nobody can know it before.
  const boundary = `${"-".repeat(24)}${crypto.getRandomValues(new Uint8Array(11)).toHex()}`;
  const pieces: FormPiece[] = [];
  const identity: unknown[] = [];
  let text: TemplatePart[] = [];
  const flush = (): void => {
    const template = new TextTemplate(text);
    pieces.push(template.isTemplate ? template : encoder.encode(template.start));
    text = [];
  };
  for (const one of given) {
    refuseReplaced("form", one, "put the value in a file: NAME=<FILE");
    const part = parsePart(one);
    if (typeof part === "string") {
      throw new UsageError(`Cannot read '--form ${showName(one)}': ${part}`);
    }
    text.push(`--${boundary}\r\n${formatPartHead(part)}`);
    if (part.from === "value") {
      const value = context.variables.fill(parseParts(part.text));
      text.push(...value);
      identity.push([part, new TextTemplate(value).source]);
    } else {
      flush();
      const { piece, state } = await readPartFile(part, context);
      pieces.push(piece);
      identity.push([part, state]);
    }
    text.push("\r\n");
  }
  text.push(`--${boundary}--\r\n`);
  flush();
  return {
    form: new Form(pieces, identity),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}

/** A part's name. What is behind it can be a secret. */
function showName(given: string): string {
  const equals = given.indexOf("=");
  return equals < 0 ? "…" : `${given.slice(0, equals)}=…`;
}

/** The file of a part, and what says whether it is the same one. */
async function readPartFile(
  { name, from, text: path }: FormPart,
  { readFile, streams }: BodyContext,
): Promise<{ piece: FormPiece; state: unknown }> {
  const flag = `--form ${name}=${from === "file" ? "@" : "<"}${path}`;
  if (path === "-") {
    throw new UsageError(`Cannot read '${flag}': standard input cannot be a part: name a file`);
  }
  const size = await findSize(path);
  if (streams && size !== undefined && size > MAX_KEPT_BYTES) {
    const file = new FormFile(path, size);
    try {
      const { mtime } = file.open().statSync();
      return { piece: file, state: [size, mtime?.getTime() ?? 0] };
    } catch (error) {
      if (!(error instanceof BodyReadError)) throw error;
      throw new UsageError(`Cannot read '${flag}': ${error.reason}: name a file that can be read`);
    } finally {
      // A run that only looks at its options leaves nothing open.
      file.close();
    }
  }
  const bytes = await readFile(path, flag, size === undefined ? { maxBytes: MAX_PIPED_BYTES } : {});
  if (size === undefined && bytes.length > MAX_PIPED_BYTES) {
    throw new UsageError(
      `Cannot read '${flag}': it is longer than 64 MiB, and no file: write it to one first`,
    );
  }
  return { piece: bytes, state: bytes };
}

/** The length of a file that can be read anew; undefined for a pipe and what cannot be read. */
async function findSize(path: string): Promise<number | undefined> {
  if (!isGranted({ name: "read", path })) return undefined;
  try {
    const { isFile, size } = await Deno.stat(path);
    return isFile ? size : undefined;
  } catch {
    // Where it is read, the message says why it cannot be.
    return undefined;
  }
}
