import { ERROR_KINDS, type ErrorKind } from "../../result.ts";
import { EXTENSION_FIELDS } from "../../warc/extension_fields.ts";
import { readHttpHead } from "../../warc/read_http_head.ts";
import { WarcReader } from "../../warc/read_records.ts";
import type { WarcHead } from "../../warc/warc_head.ts";
import type { TalliedRecord } from "./run_record.ts";

/** How much of the fields of an archive is looked at to learn which program wrote it. */
const MAX_INFO_BYTES = 64 * 1024;
/** What this program writes there. */
const OWN_SOFTWARE = /^software: myriad\//m;
const NUMBER = /^\d{1,15}(?:\.\d{1,9})?$/;
const NAMES = Object.fromEntries(
  Object.entries(EXTENSION_FIELDS).map(([key, name]) => [key, name.toLowerCase()]),
) as Record<keyof typeof EXTENSION_FIELDS, string>;

/**
 * The responses of a web archive as records of a run. In an archive of this program, a response that
 * was a redirect belongs to the request that followed it; in others, each is one of its own.
 *
 * @param name what messages call the archive
 * @throws {InputError} If it is not WARC, or breaks off.
 */
export async function* readResponses(
  input: { read(): Promise<Uint8Array | undefined> },
  name: string,
): AsyncGenerator<TalliedRecord, undefined> {
  const reader = new WarcReader(input, name);
  let isOwn = false;
  for (let head; (head = await reader.next()) !== undefined;) {
    if (head.type === "warcinfo") isOwn = OWN_SOFTWARE.test(await readText(reader));
    const { type, isHttp, webUrl: url } = head;
    if (type !== "response" && type !== "revisit") continue;
    if (!isHttp || url === undefined) continue;
    if (isOwn && head.field(NAMES.number) === undefined) continue;
    yield toRecord(head, url, await readHttpHead(reader, head));
  }
}

function toRecord(
  head: WarcHead,
  url: string,
  { status, length }: { readonly status: number | undefined; readonly length: number },
): TalliedRecord {
  const number = (key: keyof typeof NAMES): number | undefined => {
    const text = head.field(NAMES[key]);
    return text !== undefined && NUMBER.test(text) ? Number(text) : undefined;
  };
  const [i, ms, attempts] = [number("number"), number("ms"), number("attempts")];
  // Of a revisit, the body is in another record.
  const stored = head.type === "revisit" ? undefined : head.contentLength - length;
  const bytes = number("bytes") ?? stored;
  const at = head.timeMs;
  const error = status === undefined ? "protocol" : toErrorKind(head.field(NAMES.error));
  return {
    target: { i: i ?? 0, url, invalid: undefined },
    origin: undefined,
    status: status ?? null,
    error,
    detail: status === undefined ? "the response has no status line" : "",
    ms: ms ?? 0,
    bytes: bytes ?? 0,
    attempts: attempts ?? 0,
    at: at >= 0 ? at : 0,
    hasStatus: true,
    hasReason: true,
    hasUrl: true,
    hasNumber: i !== undefined,
    hasMs: ms !== undefined,
    hasBytes: bytes !== undefined,
    hasAttempts: attempts !== undefined,
    hasAt: at >= 0,
    phases: [],
  };
}

function toErrorKind(text: string | undefined): ErrorKind | undefined {
  return ERROR_KINDS.find((kind) => kind === text);
}

/** The block of a record as text, if it is short. */
async function readText(reader: WarcReader): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let piece; (piece = await reader.read()) !== undefined && text.length < MAX_INFO_BYTES;) {
    text += decoder.decode(piece, { stream: true });
  }
  return text;
}
