/**
 * Requests and responses as lines for people, in the manner of curl: `>` stands before what is sent,
 * `<` before what is received, `*` before what is said about them.
 *
 * @module
 */
import { decodeFieldValue } from "../http/fields.ts";
import { escapeForTerminal } from "../text/escape.ts";
import { formatBytes } from "../text/format.ts";
import type { SecretFilter } from "./secret_filter.ts";

/** How much of a body is shown, in characters and in lines. */
const MAX_CHARACTERS = 2_048;
const MAX_LINES = 50;
/** The maximum length of a line of a head that is shown, in characters. */
const MAX_LINE_LENGTH = 1_000;
/** The maximum number of lines of a head. */
const MAX_HEAD_LINES = 100;

/**
 * How many bytes of a body are looked at: more than are shown, since a secret that is cut off would
 * not be known.
 */
export const MAX_KEPT_BYTES = 2 * MAX_CHARACTERS;

/** The beginning of a body, and how long all of it is. */
export interface BodyStart {
  /** At most {@linkcode MAX_KEPT_BYTES}. */
  readonly bytes: Uint8Array;
  readonly totalBytes: number;
  /** Its content coding; null without one. */
  readonly coding: string | null;
}

/** A line about a request. It can repeat what a server has sent. */
export function formatNote(text: string): string {
  return `* ${escapeForTerminal(text, MAX_LINE_LENGTH)}\n`;
}

/** A head. @param mark `>` or `<` */
export function formatHead(mark: string, head: readonly string[], secrets: SecretFilter): string {
  const lines = head.slice(0, MAX_HEAD_LINES).map((line) =>
    `${mark} ${escapeForTerminal(secrets.line(decodeFieldValue(line)), MAX_LINE_LENGTH)}\n`
  );
  if (head.length > MAX_HEAD_LINES) {
    lines.push(formatNote(`${head.length - MAX_HEAD_LINES} more lines`));
  }
  return `${lines.join("")}${mark}\n`;
}

/** The beginning of a body. @param mark `>` or `<` */
export function formatBody(mark: string, body: BodyStart, secrets: SecretFilter): string {
  const { bytes, totalBytes, coding } = body;
  if (totalBytes === 0) return "";
  const size = formatBytes(totalBytes);
  if (coding !== null) return formatNote(`a body of ${size}, coded as ${coding}`);
  const text = decodeText(bytes, bytes.length < totalBytes);
  if (text === undefined) return formatNote(`a body of ${size} that is not text`);
  const safe = secrets.body(text);
  const lines = safe.slice(0, MAX_CHARACTERS).toWellFormed().split("\n");
  if (lines.at(-1) === "") lines.pop();
  const shown = lines.slice(0, MAX_LINES).map((line) => `${mark} ${escapeLine(line)}\n`).join("");
  const isCut = bytes.length < totalBytes || safe.length > MAX_CHARACTERS ||
    lines.length > MAX_LINES;
  return isCut ? `${shown}${formatNote(`the beginning of a body of ${size}`)}` : shown;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes as text; undefined if they are not text in UTF-8. @param isCut whether the end is missing */
function decodeText(bytes: Uint8Array, isCut: boolean): string | undefined {
  // A character may have been cut in two.
  for (let cut = 0; cut <= (isCut ? 3 : 0); cut++) {
    try {
      const text = utf8.decode(bytes.subarray(0, bytes.length - cut));
      return text.includes("\0") ? undefined : text;
    } catch {
      // With a byte less it may be text.
    }
  }
  return undefined;
}

/** A line of a body. A TAB does a terminal no harm. */
function escapeLine(line: string): string {
  return line.replace(/\r$/, "").split("\t").map((part) => escapeForTerminal(part)).join("\t");
}
