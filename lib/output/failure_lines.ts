import { toRecord } from "../check/record_expectations.ts";
import type { Result } from "../result.ts";
import type { RequestTemplates } from "../source/request_defaults.ts";
import { withoutFilters } from "../source/template_functions.ts";
import type { HeaderList, RequestBody } from "../target.ts";
import { escapeJson } from "../text/escape.ts";
import { isSecretHeader } from "../text/secrets.ts";

/** What the run gives every request, so that a line need not repeat it. */
export interface RunDefaults {
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: RequestBody | undefined;
  readonly templates?: RequestTemplates | undefined;
  /** Whether lines hold the credentials of their requests. @default {false} */
  readonly failuresWithSecrets?: boolean;
  /** Called once, when credentials are left out of a line for the first time. */
  readonly onWithheld?: (() => void) | undefined;
}

const decoder = new TextDecoder();

/**
 * Whether a result belongs among the failures. A record that no request could be made of does not:
 * it would not become one by being read again, and its text could be taken for a path.
 */
function isFailure({ error, target }: Result): boolean {
  return error !== undefined && target.invalid === undefined;
}

/**
 * Makes a line of JSONL of a failed request, in the form that `--input` reads, and an empty text of
 * any other result. The same command with such lines in place of its source makes the requests
 * again. A line is safe to print on a terminal. It holds neither what the command itself gives nor,
 * unless the user asks for them, credentials: null stands for a field that the command fills with
 * them, since it would be filled from the line itself.
 */
export function createFailureFormatter(run: RunDefaults): (result: Result) => string {
  if (run.failuresWithSecrets) return createFormatter(run, () => false);
  const withheld = secretTemplates(run);
  const names = new Set(withheld.map((name) => name.toLowerCase()));
  const isSecret = (name: string): boolean => isSecretHeader(name) || names.has(name.toLowerCase());
  const format = createFormatter(run, isSecret, withheld);
  let { onWithheld } = run;
  if (onWithheld === undefined) return format;
  return (result) => {
    if (onWithheld !== undefined && isFailure(result)) {
      const { headers } = result.target;
      if (headers.some((field) => isSecret(field[0]) && !run.headers.includes(field))) {
        onWithheld();
        onWithheld = undefined;
      }
    }
    return format(result);
  };
}

/**
 * @param isSecret whether the value of a field is left out
 * @param withheld the fields of the run that null stands for
 */
function createFormatter(
  run: RunDefaults,
  isSecret: (name: string) => boolean,
  withheld: readonly string[] = [],
): (result: Result) => string {
  return (result) => {
    if (!isFailure(result)) return "";
    const { url, method, headers, body, expect } = result.target;
    const own: [string, string | null][] = withheld.map((name) => [name, null]);
    if (headers !== run.headers) own.push(...ownFields(headers, run.headers, isSecret));
    const json = JSON.stringify({
      url,
      method: method === run.method ? undefined : method,
      headers: own.length === 0 ? undefined : toObject(own),
      // With --failures, only a body that is the same for each request is read while it is sent.
      body: body instanceof Uint8Array && body !== run.body ? decoder.decode(body) : undefined,
      expect: expect === undefined ? undefined : toRecord(expect),
    });
    return `${escapeJson(json)}\n`;
  };
}

/** Fields that only the request has; all of a name, since those of a record replace the run's. */
function ownFields(
  headers: HeaderList,
  ofRun: HeaderList,
  isSecret: (name: string) => boolean,
): [string, string][] {
  const shown = headers.filter(([name]) => !isSecret(name));
  const own = shown.filter((field) => !ofRun.includes(field));
  const names = new Set(own.map(([name]) => name.toLowerCase()));
  return shown.filter(([name]) => names.has(name.toLowerCase())).map((field) => [...field]);
}

/** The fields that the run fills with credentials, judged by their names and their placeholders. */
function secretTemplates({ templates }: RunDefaults): string[] {
  return Array.from(templates?.headers ?? [])
    .filter(([[name], { placeholders, hasVariables }]) =>
      hasVariables || isSecretHeader(name) ||
      placeholders.some(({ name }) => isSecretHeader(withoutFilters(name)))
    )
    .map(([[name]]) => name);
}

/** Fields by name; several of one name become a list of their values. */
function toObject(
  headers: readonly (readonly [string, string | null])[],
): Record<string, string | null | string[]> {
  const object: Record<string, string | null | string[]> = Object.create(null);
  for (const [name, value] of headers) {
    const before = object[name];
    object[name] = value === null || before === undefined || before === null
      ? value
      : [before, value].flat();
  }
  return object;
}
