/**
 * Reads what curl's `-F` takes: `name=value`, `name=@file`, `name=<file`, each with `;type=` and
 * `;filename=` behind it.
 *
 * @module
 */
import { fieldProblem } from "../http/fields.ts";

/** A part of a form, as the user gives it. */
export interface FormPart {
  readonly name: string;
  /** What the content is: a text, the content of a file, or an uploaded file. */
  readonly from: "value" | "content" | "file";
  /** The text, or the path of the file. */
  readonly text: string;
  /** Undefined where the user names none. */
  readonly type: string | undefined;
  readonly filename: string | undefined;
}

/** What begins a parameter. curl also knows those that are refused here. */
const PARAMETER = /;[ \t]*(type|filename|headers|encoder)=/i;
/** A word in quotes, up to the end or the next parameter. Backslashes escape. */
const QUOTED = /^[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?=;|$)/s;

/** Reads a part; a text says what is wrong. */
export function parsePart(given: string): FormPart | string {
  const equals = given.indexOf("=");
  if (equals <= 0) return "use NAME=VALUE, NAME=@FILE or NAME=<FILE";
  const name = given.slice(0, equals);
  const sigil = given[equals + 1];
  const from = sigil === "@" ? "file" : sigil === "<" ? "content" : "value";
  let { word: text, rest } = readWord(given.slice(equals + (from === "value" ? 1 : 2)));
  const parameters = new Map<string, string>();
  while (rest !== "") {
    const match = PARAMETER.exec(rest);
    if (match?.index !== 0) return "after a word in quotes write ;type=TYPE or ;filename=NAME";
    const parameter = match[1].toLowerCase();
    if (parameter === "headers" || parameter === "encoder") {
      return `'${parameter}=' is not supported: leave it out`;
    }
    if (parameters.has(parameter)) return `'${parameter}=' is given twice: use it once`;
    const { word, rest: next } = readWord(rest.slice(match[0].length));
    parameters.set(parameter, word);
    rest = next;
  }
  if (from !== "value" && text === "") return `name a file behind '${sigil}'`;
  const type = parameters.get("type")?.trim();
  if (type !== undefined && (type === "" || fieldProblem("Content-Type", type) !== undefined)) {
    return "'type=' has no media type: use one like text/plain";
  }
  return { name, from, text, type, filename: parameters.get("filename") };
}

/** A word up to the next parameter, and that parameter with all behind it. */
function readWord(text: string): { word: string; rest: string } {
  const quoted = QUOTED.exec(text);
  if (quoted !== null) {
    const word = quoted[1].replace(/\\(["\\])/g, "$1");
    return { word, rest: text.slice(quoted[0].length) };
  }
  const end = PARAMETER.exec(text)?.index ?? text.length;
  return { word: text.slice(0, end), rest: text.slice(end) };
}
