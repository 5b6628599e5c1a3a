import { isSecretHeader } from "../secrets.ts";
import type { HeaderList, Result } from "../types.ts";

/** What the run gives every request, and what a line therefore need not repeat. */
export interface RunDefaults {
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array | undefined;
}

const decoder = new TextDecoder();

/**
 * Whether a result belongs among the failures: what never was a request would not become one by
 * being read again, and its text could be taken for a path.
 */
export function isFailure({ error, target }: Result): boolean {
  return error !== undefined && target.invalid === undefined;
}

/**
 * Makes a line of JSONL of a failed request, in the form that `--input` reads: the same command
 * with it in place of its source makes the request again. What the command itself gives is not in
 * it, and credentials are not.
 */
export function failureLines(run: RunDefaults): (result: Result) => string {
  return ({ target: { url, method, headers, body } }) => {
    const own = headers === run.headers
      ? []
      : headers.filter((field) => !isSecretHeader(field[0]) && !run.headers.includes(field));
    return JSON.stringify({
      url,
      method: method === run.method ? undefined : method,
      headers: own.length === 0 ? undefined : toObject(own),
      body: body === run.body || body === undefined ? undefined : decoder.decode(body),
    }) + "\n";
  };
}

/** Fields by name; those of one name become a list of their values. */
function toObject(headers: HeaderList): Record<string, string | string[]> {
  const object: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of headers) {
    object[name] = name in object ? [object[name], value].flat() : value;
  }
  return object;
}
