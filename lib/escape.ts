// C0 and C1 controls and DEL; what changes the direction of text; line and paragraph separators;
// byte order mark; surrogates that stand alone.
const UNSAFE =
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

/**
 * A text that a server or an input sent, safe to print on a terminal: control characters (RFC
 * 9110 §5.5 allows octets that a terminal takes as commands) and what else could change how the
 * rest reads become `\x1b` or `\u{202e}`.
 *
 * @param maxLength most characters, from 1; a longer text ends in `…`
 */
export function escapeForTerminal(text: string, maxLength = Infinity): string {
  const safe = text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u{${code}}`;
  });
  return safe.length > maxLength ? `${safe.slice(0, maxLength - 1).toWellFormed()}…` : safe;
}
