/**
 * What each request is made of: its method, header fields and body.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import {
  FORM_TYPE,
  isFormType,
  isJsonBytes,
  isJsonText,
  isJsonType,
  JSON_TYPE,
} from "../http/content_type.ts";
import {
  fieldProblem,
  formatBasicCredentials,
  isToken,
  methodProblem,
  normalizeMethod,
} from "../http/fields.ts";
import { parseParts, type TemplatePart, TextTemplate } from "../source/text_template.ts";
import type { HeaderList } from "../target.ts";
import type { BodyContext, GivenBody } from "./body.ts";
import { type ReadVariable, Variables } from "./environment.ts";
import type { readForm } from "./form.ts";
import { BODY_FLAGS } from "./rows/request.ts";
import type { AskPassword, ReadFile } from "./read_file.ts";
import type { RunOptions } from "./run_options.ts";
import type { RunValues } from "./table.ts";
import {
  isFileReference,
  nameFlagFile,
  readSecret,
  readSecretLines,
  refuseReplaced,
} from "./value_file.ts";

/** What the request is read with. */
export interface RequestContext {
  /** The program's version. */
  readonly version: string;
  readonly readFile: ReadFile;
  readonly readVariable: ReadVariable;
  /** Whether files can be read while requests are made: not by other machines. */
  readonly streams: boolean;
  /** Undefined where nobody can be asked. */
  readonly askPassword: AskPassword | undefined;
}

interface FieldContext extends Pick<RequestContext, "readFile" | "askPassword"> {
  readonly variables: Variables;
}

/** The options of a run that say what each request is made of. */
type RequestOptions = Pick<
  RunOptions,
  "url" | "method" | "headers" | "body" | "form" | "templates" | "requestId" | "variables"
>;

/** The fields of a run, and which of them are templates. */
class HeaderFields {
  readonly list: HeaderList[number][] = [];
  readonly templates = new Map<HeaderList[number], TextTemplate>();
  readonly #names = new Set<string>();

  has(name: string): boolean {
    return this.#names.has(name.toLowerCase());
  }

  /** The value of a field, if there is one of this name; a template as it was written. */
  value(name: string): string | undefined {
    return this.list.find((field) => field[0].toLowerCase() === name)?.[1];
  }

  /**
   * Adds a field whose value is a template.
   *
   * @param place the flag that it comes from, for the message
   * @throws {UsageError} If it cannot be sent. Its value is not repeated.
   */
  add(name: string, value: readonly TemplatePart[], place: string): void {
    const template = new TextTemplate(value, "header");
    const problem = fieldProblem(name, template.with(""));
    if (problem !== undefined) {
      const isName = fieldProblem(name, "") !== undefined;
      const fix = !isToken(name) ? "use 'Name: value'" : isName ? "leave it out" : "remove them";
      throw new UsageError(`Cannot send '${place}': ${problem}: ${fix}`);
    }
    const field = [name, template.isTemplate ? template.source : template.start] as const;
    if (template.isTemplate) this.templates.set(field, template);
    this.list.push(field);
    this.#names.add(name.toLowerCase());
  }

  /** Adds a field whose value is sent as it is. */
  addLiteral(name: string, value: string, place: string): void {
    this.add(name, [value], place);
  }
}

/**
 * What each request of the run is made of.
 *
 * @throws {UsageError} If it cannot be sent, or a file cannot be read.
 */
export async function readRequest(
  values: RunValues,
  { url, inputs }: Pick<RunOptions, "url" | "inputs">,
  { version, readFile, readVariable, streams, askPassword }: RequestContext,
): Promise<RequestOptions> {
  const variables = new Variables(readVariable);
  const { form, contentType } = await readGivenForm(values, { readFile, variables, streams });
  const given = await readGivenBody(values, { readFile, variables, streams });
  const isQuery = values.get("get");
  const sent = isQuery ? undefined : given;
  const { parts, bytes, flag: bodyFlag } = sent ?? {};
  const text = parts && new TextTemplate(parts);
  const method = parseMethod(values, sent !== undefined || form !== undefined);
  const fields = await readHeaderFields(values, { readFile, variables, askPassword });
  if (contentType !== undefined) {
    if (fields.has("content-type")) {
      throw new UsageError("'--form' has its own Content-Type: leave the other one out");
    }
    fields.addLiteral("Content-Type", contentType, "--form");
  }
  if (sent !== undefined && !fields.has("content-type")) {
    const isJson = bytes === undefined ? looksLikeJson(text!) : isJsonBytes(bytes);
    fields.addLiteral("Content-Type", isJson ? JSON_TYPE : FORM_TYPE, "--data");
    if (isJson && !fields.has("accept")) fields.addLiteral("Accept", JSON_TYPE, "--data");
  }
  if (!fields.has("user-agent")) {
    fields.addLiteral("User-Agent", `myriad/${version}`, "--user-agent");
  }
  // Native fetch would ask for gzip and br by itself.
  if (!fields.has("accept-encoding")) fields.addLiteral("Accept-Encoding", "identity", "--header");

  const type = fields.value("content-type") ?? "";
  const kind = isJsonType(type) ? "json" : isFormType(type) ? "form" : "text";
  const filled = text && new TextTemplate(text.parts, kind);
  const body = filled?.isTemplate ? filled : undefined;
  const isForm = form !== undefined;
  const template = isForm && form.body === undefined ? form : body;
  const encoder = new TextEncoder();
  const filledUrl = url && variables.fillUrl(url);
  return {
    url: isQuery ? (await import("./query.ts")).addQuery(filledUrl, inputs, given!) : filledUrl,
    method,
    headers: fields.list,
    requestId: parseRequestId(values, fields),
    variables: [...variables.values],
    form,
    body: isForm
      ? form.body
      : bytes ?? (filled && encoder.encode(body === undefined ? filled.start : filled.source)),
    templates: template === undefined && fields.templates.size === 0
      ? undefined
      : { headers: fields.templates, body: template, bodyFlag: body && bodyFlag },
  };
}

/** The body; undefined without a flag that gives one. */
async function readGivenBody(
  values: RunValues,
  context: BodyContext,
): Promise<GivenBody | undefined> {
  if (!values.all.some(([name]) => BODY_FLAGS.includes(name))) return undefined;
  return await (await import("./body.ts")).readBody(values, context);
}

/** The form, and the field that says where its parts end; neither without one. */
async function readGivenForm(
  values: RunValues,
  context: BodyContext,
): Promise<Partial<Awaited<ReturnType<typeof readForm>>>> {
  const parts = values.get("form");
  if (parts.length === 0) return {};
  const { readForm } = await import("./form.ts");
  const given = await readForm(parts, context);
  if (given.form.body === undefined && values.has("failures")) {
    throw new UsageError(
      "Cannot use '--failures' with placeholders in '--form': its lines hold no files: " +
        "use --retry-failed to make the failed requests again",
    );
  }
  return given;
}

/**
 * Refuses lines of failures that would hold the value of a variable: a body that is filled in for
 * each request stands there whole.
 *
 * @throws {UsageError} If there would be such lines.
 */
export function refuseVariablesInFailures(
  { templates, failures, failuresWithSecrets }: Pick<
    RunOptions,
    "templates" | "failures" | "failuresWithSecrets"
  >,
): void {
  const body = templates?.body;
  const hasSecret = body instanceof TextTemplate && body.hasVariables;
  if (!hasSecret || failures === undefined || failuresWithSecrets) return;
  throw new UsageError(
    "Cannot use '--failures' with {env:NAME} and other placeholders in a body: the lines would " +
      "hold the value: use {env:NAME} in a header, or add --failures-with-secrets",
  );
}

async function readHeaderFields(
  values: RunValues,
  { readFile, variables, askPassword }: FieldContext,
): Promise<HeaderFields> {
  const fields = new HeaderFields();
  const parse = (text: string): readonly TemplatePart[] => variables.fill(parseParts(text));
  for (const header of values.get("header")) {
    if (isFileReference(header)) await addFile(fields, header, readFile);
    else {
      const [name, value] = splitField(header) ?? [];
      if (name === undefined || value === undefined) {
        throw new UsageError(`Cannot read a '--header' without a colon: use 'Name: value'`);
      }
      const isName = fieldProblem(name, "") === undefined || !/\s/.test(name);
      fields.add(name, parse(value), isName ? `--header ${name}` : "--header");
    }
  }
  const check = (flag: string, name: string): void => {
    if (!fields.has(name)) return;
    throw new UsageError(
      `'--${flag}' and '--header ${name}' contradict each other: use one of them`,
    );
  };
  const type = values.get("content-type");
  if (type !== undefined) {
    check("content-type", "Content-Type");
    fields.addLiteral("Content-Type", type, "--content-type");
  }
  const user = values.get("user");
  if (user !== undefined) {
    check("user", "Authorization");
    refuseReplaced("user", user, "put the credentials in a file: @FILE");
    fields.addLiteral(
      "Authorization",
      await readCredentials(user, { readFile, askPassword }),
      "--user",
    );
  }
  if (values.has("cookie")) {
    check("cookie", "Cookie");
    const cookies: TemplatePart[] = [];
    for (const cookie of values.get("cookie")) {
      const text = await readSecret("cookie", cookie, readFile);
      if (cookies.length > 0) cookies.push("; ");
      // The text of a file is not a template.
      cookies.push(...isFileReference(cookie) ? [text] : parse(text));
    }
    fields.add("Cookie", cookies, "--cookie");
  }
  // As with curl, a field of one's own says which codings: browsers copy both.
  if (values.get("compressed") && !fields.has("Accept-Encoding")) {
    const { ACCEPTED_CODINGS } = await import("../codec/content_codings.ts");
    fields.addLiteral("Accept-Encoding", ACCEPTED_CODINGS, "--compressed");
  }
  const agent = values.get("user-agent");
  if (agent !== undefined) {
    check("user-agent", "User-Agent");
    fields.add("User-Agent", parse(agent), "--user-agent");
  }
  const referer = values.get("referer");
  if (referer !== undefined) {
    check("referer", "Referer");
    fields.add("Referer", parse(referer), "--referer");
  }
  return fields;
}

/** Adds the fields that stand in a file, one a line. Nothing of it is repeated in a message. */
async function addFile(
  fields: HeaderFields,
  header: string,
  readFile: ReadFile,
): Promise<void> {
  const flag = nameFlagFile("header", header);
  for (const [line, number] of await readSecretLines("header", header, readFile)) {
    const field = splitField(line);
    if (field === undefined) {
      throw new UsageError(
        `Cannot read '${flag}': line ${number} has no colon: write 'Name: value' on each line`,
      );
    }
    fields.addLiteral(...field, `line ${number} of ${flag}`);
  }
}

/** A field's name and value, without the white space around the value (RFC 9112 §5). */
export function splitField(text: string): [name: string, value: string] | undefined {
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  return [text.slice(0, colon), text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
}

/** Whether cookies are kept, and where; undefined if they are not. */
export function parseCookieJar(values: RunValues): RunOptions["cookieJar"] {
  const path = values.get("cookie-jar");
  return path === false ? undefined : { path: path === true ? undefined : path };
}

/**
 * The value of `Authorization`. A name alone gets its password from the user, as with curl; a file
 * has to hold both.
 *
 * @throws {UsageError} If there is no password. The name is not repeated: it can be one.
 */
async function readCredentials(
  given: string,
  { readFile, askPassword }: Pick<RequestContext, "readFile" | "askPassword">,
): Promise<string> {
  const user = await readSecret("user", given, readFile);
  const colon = user.indexOf(":");
  if (colon >= 0) return formatBasicCredentials(user.slice(0, colon), user.slice(colon + 1));
  if (isFileReference(given)) {
    throw new UsageError("Cannot read '--user': there is no colon: write NAME:PASSWORD");
  }
  if (user === "") {
    throw new UsageError("Cannot read '--user': the name is empty: use '-u NAME:PASSWORD'");
  }
  if (askPassword === undefined) {
    throw new UsageError(
      "Cannot ask for the password of '--user': standard input is not a terminal: " +
        "use '-u NAME:PASSWORD' or '-u @FILE'",
    );
  }
  const password = await askPassword(user);
  refuseReplaced("user", password, "put the credentials in a file: @FILE");
  return formatBasicCredentials(user, password);
}

/** Whether a text is JSON with a number, which is also good within a string, for each placeholder. */
function looksLikeJson({ parts }: TextTemplate): boolean {
  return isJsonText(parts.map((part) => typeof part === "string" ? part : "0").join(""));
}

function parseMethod(values: RunValues, hasBody: boolean): string {
  const isHead = values.get("head");
  if (isHead && hasBody) {
    throw new UsageError(
      "'--head' and a body contradict each other: use one of them, or --get for a query",
    );
  }
  const given = values.get("method") ?? (isHead ? "HEAD" : hasBody ? "POST" : "GET");
  const method = normalizeMethod(given);
  const problem = methodProblem(method, hasBody);
  if (problem !== undefined) {
    throw new UsageError(`Cannot send '--method ${given}': ${problem}: use another, like POST`);
  }
  return method;
}

const DEFAULT_REQUEST_ID = "X-Request-Id";

/** The name of the field that ids go into; undefined without ids. */
function parseRequestId(values: RunValues, fields: HeaderFields): string | undefined {
  const given = values.get("request-id");
  if (given === false) return undefined;
  const name = given === true ? DEFAULT_REQUEST_ID : given;
  const isOthers = /^(host|connection|cookie|(proxy-)?authorization)$/i.test(name);
  const problem = isOthers ? "it has a meaning of its own" : fieldProblem(name, "");
  if (problem !== undefined) {
    throw new UsageError(
      `Cannot send '--request-id=${name}': ${problem}: use the name of a field, like X-Request-Id`,
    );
  }
  if (fields.has(name)) {
    throw new UsageError(
      `'--request-id' and the header field '${name}' contradict each other: use one of them`,
    );
  }
  return name;
}
