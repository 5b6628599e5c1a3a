import { detachString } from "./detach.ts";

/** The length of an example that statistics keep, in UTF-16 code units. */
const MAX_LENGTH = 200;

/** The first 200 characters of a text, well-formed and in memory of their own. */
export function truncate(text: string): string {
  const start = text.length > MAX_LENGTH
    ? `${text.slice(0, MAX_LENGTH - 1).replace(/\p{Surrogate}$/u, "")}…`
    : text;
  return detachString(start.toWellFormed());
}
