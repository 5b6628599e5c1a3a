/**
 * What could act on a terminal or mislead who reads it: C0 and C1 controls and DEL; what changes
 * the direction of text (UAX #9); line and paragraph separators; byte order mark; surrogates that
 * stand alone; what is no character (U+FFFE, U+FFFF).
 */
const UNSAFE =
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|\p{Surrogate}/gu;

/**
 * A text that a server or an input sent, safe to print on a terminal: control characters (RFC
 * 9110 §5.5 allows bytes that a terminal takes as commands) and what else could change how the
 * rest reads become `\x1b` or `\u{202e}`.
 *
 * @param maxLength most characters (UTF-16 code units), from 1; a longer text ends in `…`
 */
export function escapeForTerminal(text: string, maxLength = Infinity): string {
  // Escapes only lengthen it, so what is cut off anyway need not be looked at.
  const safe = text.slice(0, maxLength + 1).replace(UNSAFE, (character) => {
    const code = toHex(character);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u{${code}}`;
  });
  if (safe.length <= maxLength) return safe;
  return `${safe.slice(0, maxLength - 1).replace(/\p{Surrogate}$/u, "")}…`;
}

/** A JSON document that says the same and is safe to print on a terminal; line feeds stay. */
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
 * A text that reads the same in HTML and XML, as an element's content and as an attribute's value in
 * quotes. What would mislead who reads it becomes visible first, as on a terminal: control
 * characters, which XML cannot have at all (XML 1.0 §2.2), and those that change the direction of
 * text.
 */
export function escapeMarkup(text: string): string {
  return escapeForTerminal(text).replace(/[&<>"'`]/g, (character) => ENTITIES[character]);
}

function toHex(character: string): string {
  return character.codePointAt(0)!.toString(16);
}
