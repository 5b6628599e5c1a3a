const STATUS_LINE = /^HTTP\/\d(?:\.\d)? (\d{3})(?: |$)/;
const CONTENT_TYPE = /^content-type[ \t]*:[ \t]*([^;,\s]+)/i;

const decoder = new TextDecoder();

/** What is read of the head of a response in an archive. */
export interface HttpHead {
  /** From 100 to 999; undefined where the first line does not tell one. */
  readonly status: number | undefined;
  /** The media type without parameters, as the server wrote it; undefined without one. */
  readonly mediaType: string | undefined;
}

/**
 * Reads the head of a response. Whatever a server sent is in an archive, so nothing of it is an error
 * here.
 */
export function parseHttpHead(head: Uint8Array): HttpHead {
  const lines = decoder.decode(head).split(/\r?\n/);
  const status = Number(STATUS_LINE.exec(lines[0])?.[1]);
  let mediaType: string | undefined;
  for (let k = 1; k < lines.length && mediaType === undefined; k++) {
    mediaType = CONTENT_TYPE.exec(lines[k])?.[1];
  }
  return { status: status >= 100 ? status : undefined, mediaType };
}
