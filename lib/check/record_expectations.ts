import { DURATION_UNITS } from "../cli/units.ts";
import { isToken } from "../http/fields.ts";
import type { Expectation } from "../target.ts";
import { isSecretHeader } from "../text/secrets.ts";
import { findPatternProblem, Patterns } from "./pattern.ts";
import { StatusSet } from "./status_set.ts";

const KINDS = ["status", "headers", "body", "sha256", "latency"];
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

/**
 * The maximum number of lists of statuses that are kept, and the longest: most records have the
 * same list.
 */
const MAX_LISTS = 100;
const MAX_LIST_LENGTH = 4_096;

/** Why the `expect` of a record is invalid, in words. */
class Problem extends Error {}

/** Reads the `expect` of records. */
export class RecordExpectations {
  readonly #patterns = new Patterns();
  /** By text; at most `MAX_LISTS`. */
  readonly #lists = new Map<string, StatusSet>();

  /**
   * Reads an object with `status`, `headers`, `body`, `sha256` and `latency`, each optional.
   *
   * @returns the expectation, or what is wrong with the object, in words
   */
  parse(value: unknown): Expectation | string {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return "'expect' must be an object";
    }
    const fields = value as Record<string, unknown>;
    const unknown = Object.keys(fields).find((name) => !KINDS.includes(name));
    if (unknown !== undefined) {
      return `'expect' has '${unknown.slice(0, 40).toWellFormed()}', not one of ${
        KINDS.join(", ")
      }`;
    }
    const { status, headers, body, sha256, latency } = fields;
    try {
      return {
        statuses: status == null ? undefined : this.#parseStatuses(status),
        headers: headers == null ? undefined : this.#parseHeaders(headers),
        bodies: body == null ? undefined : [this.#parsePattern(body, "body")],
        sha256: sha256 == null ? undefined : parseSha256(sha256),
        latencyMs: latency == null ? undefined : parseLatency(latency),
      };
    } catch (error) {
      if (error instanceof Problem) return error.message;
      throw error;
    }
  }

  #parseStatuses(value: unknown): StatusSet {
    const list = Array.isArray(value) ? value : [value];
    const isList = list.every((it) => typeof it === "string" || typeof it === "number");
    const text = isList ? list.join(",") : "";
    const before = this.#lists.get(text);
    if (before !== undefined) return before;
    const statuses = StatusSet.parse(text);
    if (statuses === undefined) {
      throw new Problem("'expect.status' must be a list of statuses, like 404 or \"2xx,304\"");
    }
    if (this.#lists.size === MAX_LISTS) this.#lists.clear();
    if (text.length <= MAX_LIST_LENGTH) this.#lists.set(text, statuses);
    return statuses;
  }

  #parseHeaders(headers: unknown): Expectation["headers"] {
    if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
      throw new Problem("'expect.headers' must be an object");
    }
    return Object.entries(headers).flatMap(([name, given]) => {
      if (!isToken(name)) throw new Problem("a name in 'expect.headers' must be a token");
      // `--failures` writes null in place of a secret.
      if (given === null && isSecretHeader(name)) {
        throw new Problem(
          `the pattern of 'expect.headers' for '${name}' was left out as a secret: use the original input`,
        );
      }
      return (Array.isArray(given) ? given : [given]).map((source) => ({
        name: name.toLowerCase(),
        pattern: this.#parsePattern(source, "headers"),
      }));
    });
  }

  #parsePattern(source: unknown, name: string): ReturnType<Patterns["compile"]> {
    if (typeof source !== "string") {
      throw new Problem(`a regular expression in 'expect.${name}' must be a string`);
    }
    if (!source.isWellFormed()) {
      throw new Problem(`a regular expression in 'expect.${name}' has a lone surrogate`);
    }
    try {
      return this.#patterns.compile(source);
    } catch (error) {
      throw new Problem(
        `'expect.${name}' is not a regular expression: ${findPatternProblem(error)}`,
      );
    }
  }
}

function parseSha256(value: unknown): string {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/i.test(value)) {
    throw new Problem("'expect.sha256' must be 64 hexadecimal digits");
  }
  return value.toLowerCase();
}

function parseLatency(value: unknown): number {
  const match = typeof value === "string" ? DURATION.exec(value) : null;
  const ms = match === null ? NaN : Number(match[1]) * DURATION_UNITS[match[2]];
  if (!(ms > 0 && ms < Infinity)) {
    throw new Problem("'expect.latency' must be a duration, like \"500ms\"");
  }
  return ms;
}

/** An expectation as the object of a record; null stands in for a secret. */
export function toRecord(
  { statuses, headers, bodies, sha256, latencyMs }: Expectation,
): Record<string, unknown> {
  return {
    status: statuses?.text,
    headers: headers && headersToRecord(headers),
    body: bodies?.[0].source,
    sha256,
    latency: latencyMs === undefined ? undefined : `${latencyMs}ms`,
  };
}

/** Patterns by name; several patterns of a name become a list. */
function headersToRecord(
  headers: NonNullable<Expectation["headers"]>,
): Record<string, string | string[] | null> {
  const record: Record<string, string | string[] | null> = Object.create(null);
  for (const { name, pattern: { source } } of headers) {
    const before = record[name];
    record[name] = isSecretHeader(name)
      ? null
      : before === undefined || before === null
      ? source
      : [before, source].flat();
  }
  return record;
}
