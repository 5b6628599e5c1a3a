import { detachString } from "./detach.ts";

/** The most characters (UTF-16 code units) of a text that is kept of a request. */
const LENGTH = 200;

/** The beginning of a text, well-formed and in memory of its own. */
export function truncate(text: string): string {
  const start = text.length > LENGTH
    ? `${text.slice(0, LENGTH - 1).replace(/\p{Surrogate}$/u, "")}…`
    : text;
  return detachString(start.toWellFormed());
}
