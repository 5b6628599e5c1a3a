/** What `JSON` has since ES2026, and the types do not. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
};

export { isRawJSON };

/** Digits enough for a number that a double cannot hold (RFC 8259 §6), such as a 64-bit id. */
const LONG_NUMBER = /\d{16}/;

/** Keeps a number as it is written where it would become another one. */
function exactly(_: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" && LONG_NUMBER.test(context?.source ?? "")
    ? rawJSON(context!.source!)
    : value;
}

/**
 * Reads JSON; a number that a double cannot hold becomes a raw one, with its digits.
 *
 * @throws {SyntaxError} If the text is none.
 */
export function parseLosslessJson(text: string): unknown {
  return JSON.parse(text, LONG_NUMBER.test(text) ? exactly : undefined);
}
