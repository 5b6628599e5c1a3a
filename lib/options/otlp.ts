/**
 * Where metrics are sent by OTLP.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { fieldProblem, formatBasicCredentials } from "../http/fields.ts";
import { withoutSecrets } from "../text/secrets.ts";
import type { ReadFile } from "./read_file.ts";
import { splitField } from "./request.ts";
import type { OtlpOptions } from "./run_options.ts";
import type { RunValues } from "./table.ts";
import { isFileReference, nameFlagFile, readSecret, readSecretLines } from "./value_file.ts";

/** Where a receiver takes metrics, if its URL has no path (OTLP 1.0, "OTLP/HTTP Request"). */
const DEFAULT_PATH = "/v1/metrics";

/** Fields that the message sets itself. */
const OWN_FIELDS: readonly string[] = ["content-type", "host"];

/**
 * Where metrics are sent, and with which fields.
 *
 * @param given the value of `--otlp`
 * @throws {UsageError} If the URL or a field is wrong, or a file cannot be read. Nothing of a value is
 * repeated: it can hold a secret.
 */
export async function parseOtlp(
  given: string,
  values: RunValues,
  readFile: ReadFile,
): Promise<OtlpOptions> {
  const text = await readSecret("otlp", given, readFile);
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(
      "Cannot read '--otlp …': use the http or https URL of a receiver, like http://127.0.0.1:4318",
    );
  }
  if (url.pathname === "/") url.pathname = DEFAULT_PATH;
  const fields: [string, string][] = [];
  const { username, password } = url;
  url.username = url.password = url.hash = "";
  if (username !== "" || password !== "") {
    fields.push(["Authorization", formatBasicCredentials(decode(username), decode(password))]);
  }
  fields.push(...await readFields(values, readFile));
  return { url: url.href, shown: withoutSecrets(url.href), headers: fields };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(
      "Cannot read '--otlp …': invalid percent-encoding in the user or password: encode % as %25",
    );
  }
}

async function readFields(values: RunValues, readFile: ReadFile): Promise<[string, string][]> {
  const fields: [string, string][] = [];
  for (const given of values.get("otlp-header")) {
    const lines = isFileReference(given)
      ? await readSecretLines("otlp-header", given, readFile)
      : [[given, 1] as const];
    const flag = isFileReference(given) ? nameFlagFile("otlp-header", given) : "--otlp-header …";
    for (const [line] of lines) {
      const field = splitField(line);
      const fail = (why: string): never => {
        throw new UsageError(`Cannot use '${flag}': ${why}`);
      };
      if (field === undefined) return fail("it has no colon: use 'Name: value'");
      if (OWN_FIELDS.includes(field[0].toLowerCase())) {
        fail(`each message has its own field ${field[0]}: leave it out`);
      }
      const problem = fieldProblem(...field);
      if (problem !== undefined) fail(`${problem}: use 'Name: value'`);
      fields.push(field);
    }
  }
  return fields;
}
