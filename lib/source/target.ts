import { UsageError } from "../errors.ts";
import { formatBasicCredentials } from "../http/fields.ts";
import type { HeaderList, Target } from "../target.ts";
import { isSecretHeader, withoutUserinfo } from "../text/secrets.ts";
import type { RequestDefaults } from "./request_defaults.ts";

/** How much of a text that is not a URL is repeated in a record, in UTF-16 code units. */
const MAX_SHOWN_LENGTH = 200;

/** Why a record that is not UTF-8 becomes no request, in words. */
export const NOT_UTF8 =
  "not UTF-8: convert the input to UTF-8, or percent-encode such bytes of URLs";

/** `URL` also takes any number of slashes, and then user information would not be seen. */
const ABSOLUTE = /^https?:\/\/[^/?#\\\s]/i;

// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f]/;

/**
 * Says why the characters of a text cannot stand in a URL. `URL` drops TAB, CR and LF, which makes
 * it another URL, and takes a lone surrogate for U+FFFD.
 */
export function characterProblem(text: string): string | undefined {
  const control = CONTROL.exec(text)?.[0];
  if (control !== undefined) {
    return `a URL cannot hold a control character (here ${encodeURIComponent(control)})`;
  }
  if (!text.isWellFormed()) return "a URL cannot hold a lone surrogate";
}

/** Checks a URL as far as native fetch would, so that what it would throw is known before. */
function findUrlProblem(url: string): string | undefined {
  const problem = characterProblem(url);
  if (problem !== undefined) return problem;
  if (!ABSOLUTE.test(url)) return "not an absolute http or https URL";
  const parsed = URL.parse(url);
  if (parsed === null) return "not a URL";
  if (parsed.port === "0") return "port 0 cannot be requested";
}

/** Moves the credentials of a URL (RFC 3986 §3.2.1) into an `Authorization` field. */
function withCredentials(url: string, headers: HeaderList): { url: string; headers: HeaderList } {
  const bare = withoutUserinfo(url);
  if (bare === url) return { url, headers };
  const { username, password } = new URL(url);
  const given = headers.some(([name]) => name.toLowerCase() === "authorization");
  if (given || (username === "" && password === "")) return { url: bare, headers };
  const field = [
    "Authorization",
    formatBasicCredentials(decode(username), decode(password)),
  ] as const;
  return { url: bare, headers: [...headers, field] };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * What may be user information: before an `@` where a URL begins, with or without its slashes, and
 * behind any two of them. A text has at most one way to match each of these, so that they take time
 * by its length: it can be a line of 1 MiB.
 */
const LEADING = /^((?:\s*[a-z][a-z\d+.-]*:)?[/\\\s]*)(?:[^/?#\\\s][^/?#\\]*)?@/i;
const WITHIN = /([/\\]{2})[^/?#\\\s"']*@/g;

/** What is shown in place of user information that cannot be told from the rest. */
const HIDDEN = "…@";

/** The beginning of user information that goes on to the last `@`. */
const BROKEN = /(:[/\\]{2}|^)[^/?#\\:]*:/;

/** Names in quotes of what can hold secrets in a line of JSON, also in one that is not valid. */
const MAY_HOLD_SECRETS = /^(?:headers|body)$/i;

/** The beginning of a text that may not be a URL, without what may be secret in it. */
function redact(text: string): string {
  const start = cutFields(text);
  const bare = start.includes("@") ? start.replace(LEADING, "$1").replaceAll(WITHIN, "$1") : start;
  return hideBroken(bare).slice(0, MAX_SHOWN_LENGTH).toWellFormed();
}

/** What stands before the first name in quotes whose value can be a secret. */
function cutFields(text: string): string {
  let open = text.indexOf('"');
  for (let close; open >= 0 && (close = text.indexOf('"', open + 1)) >= 0; open = close) {
    const name = text.slice(open + 1, close);
    if (MAY_HOLD_SECRETS.test(name) || isSecretHeader(name)) return text.slice(0, open);
  }
  return text;
}

/** Hides a password with a character that ends the user information, so that the URL is invalid. */
function hideBroken(text: string): string {
  const end = text.lastIndexOf("@");
  if (end < 0) return text;
  const found = BROKEN.exec(text.slice(0, end));
  if (found === null) return text;
  return text.slice(0, found.index + found[1].length) + HIDDEN + text.slice(end + 1);
}

/** A target that no request can be made of, and why. */
export function invalidTarget(i: number, text: string, why: string, of: RequestDefaults): Target {
  return {
    i,
    url: redact(text),
    method: of.method,
    headers: of.headers,
    body: of.body,
    invalid: why,
    expect: undefined,
    requestId: undefined,
  };
}

/** The same, of a record that is not a URL. */
export function invalidRecord(i: number, record: string, why: string, of: RequestDefaults): Target {
  const target = invalidTarget(i, record, why, of);
  return of.redactedUrl === undefined ? target : { ...target, url: of.redactedUrl };
}

/** Makes a target of a URL that nobody has looked at yet; white space around it is dropped. */
export function checkedTarget(i: number, text: string, of: RequestDefaults): Target {
  const trimmed = text.trim();
  const problem = findUrlProblem(trimmed);
  if (problem !== undefined) return invalidTarget(i, trimmed, problem, of);
  const { url, headers } = withCredentials(trimmed, of.headers);
  return trustedTarget(i, url, headers === of.headers ? of : { ...of, headers });
}

/** Makes a target of a URL whose template has an origin that {@linkcode checkOrigin} checked. */
export function filledTarget(i: number, url: string, of: RequestDefaults): Target {
  const problem = characterProblem(url);
  return problem === undefined ? trustedTarget(i, url, of) : invalidTarget(i, url, problem, of);
}

/** Makes a target of a URL whose characters and origin have all been checked. */
export function trustedTarget(i: number, url: string, of: RequestDefaults): Target {
  const { method, headers, body, expect } = of;
  return { i, url, method, headers, body, invalid: undefined, expect, requestId: undefined };
}

/** A host with a port or with dots, or `localhost`; or any host before a path. */
const HOST = /^(\[[\da-f:.]+\]|[\w-]+(\.[\w-]+)*)(:\d+)?([/?#]|$)/i;
const WORD = /^(?!localhost$)[\w-]+$/i;

/**
 * Whether a template lacks only `http://` in front of it, and holds nothing secret.
 *
 * @param url what the template begins with
 */
function lacksScheme(template: string, url: string): boolean {
  return HOST.test(template) && !WORD.test(template) && redact(template) === template &&
    findUrlProblem(`http://${url}`) === undefined;
}

/**
 * Checks what every URL of a run begins with, once.
 *
 * @param whole the text that begins so, in which user information can be recognized
 * @returns the same without credentials, which the headers have instead
 * @throws {UsageError} If no http or https URL begins so.
 */
export function checkOrigin(
  url: string,
  headers: HeaderList,
  whole: string = url,
): { url: string; headers: HeaderList } {
  const problem = findUrlProblem(url);
  if (problem !== undefined) {
    const all = redact(whole);
    const text = all.includes(HIDDEN) ? all : redact(url);
    const fix = lacksScheme(whole, url)
      ? `did you mean 'http://${whole}'?`
      : "use one like http://host/path";
    throw new UsageError(`Cannot request '${text}': ${problem}: ${fix}`);
  }
  return withCredentials(url, headers);
}
