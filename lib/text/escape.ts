/**
 * Characters that could act on a terminal or mislead its reader: C0 and C1 controls and DEL;
 * characters that change the direction of text (UAX #9); line and paragraph separators; the byte
 * order mark; lone surrogates; the noncharacters U+FFFE and U+FFFF.
 */
const UNSAFE =
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|\p{Surrogate}/gu;

/**
 * Makes a text from a server or an input safe to print on a terminal: control characters (RFC 9110
 * §5.5 allows bytes that a terminal takes as commands) and others that change how the rest reads
 * become `\x1b` or `\u{202e}`.
 *
 * @param maxLength at most so many UTF-16 code units, from 1; a longer text ends in `…`
 */
export function escapeForTerminal(text: string, maxLength = Infinity): string {
  // Escapes only lengthen the text, so the part beyond the limit needs none.
  const safe = text.slice(0, maxLength + 1).replace(UNSAFE, (character) => {
    const code = toHex(character);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u{${code}}`;
  });
  if (safe.length <= maxLength) return safe;
  return `${safe.slice(0, maxLength - 1).replace(/\p{Surrogate}$/u, "")}…`;
}

/** Makes a JSON document safe to print on a terminal without changing its meaning. */
export function escapeJson(json: string): string {
  return json.replace(
    UNSAFE,
    (character) => character === "\n" ? character : `\\u${toHex(character).padStart(4, "0")}`,
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/**
 * Escapes a text for HTML and XML, as the content of an element or as a quoted attribute value.
 * Control characters, which XML does not allow at all (XML 1.0 §2.2), and characters that change
 * the direction of text are made visible first, as on a terminal.
 */
export function escapeMarkup(text: string): string {
  return escapeForTerminal(text).replace(/[&<>"'`]/g, (character) => ENTITIES[character]);
}

function toHex(character: string): string {
  return character.codePointAt(0)!.toString(16);
}
