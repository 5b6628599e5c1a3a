/** Functions that `JSON` has since ES2026; TypeScript does not know them yet. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
};

export { isRawJSON };

/** A number with so many digits may not fit a double (RFC 8259 §6), as a 64-bit id. */
const LONG_NUMBER = /\d{16}/;

/** Keeps the digits of a number that would change as a double. */
function keepDigits(_: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" && LONG_NUMBER.test(context?.source ?? "")
    ? rawJSON(context!.source!)
    : value;
}

/**
 * Parses JSON; a number that a double cannot hold becomes a raw JSON value with its digits.
 *
 * @throws {SyntaxError} If the text is not JSON.
 */
export function parseLosslessJson(text: string): unknown {
  return JSON.parse(text, LONG_NUMBER.test(text) ? keepDigits : undefined);
}
