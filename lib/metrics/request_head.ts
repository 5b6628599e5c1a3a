/** Bytes that the head of a request may have. */
export const MAX_HEAD_BYTES = 8_192;

/** What is wanted of a request for metrics. */
export interface RequestHead {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** The value of the `Host` field; undefined without one, as HTTP/1.0 has it. */
  readonly host: string | undefined;
}

/** What a method may be (RFC 9110 §9.1), and a target in origin-form (RFC 9112 §3.2.1). */
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\w]+) (\/[!-~]*) HTTP\/1\.([01])$/;

/**
 * Reads the head of a request (RFC 9112 §3), each character a byte.
 *
 * @returns undefined if it is none
 */
export function readHead(text: string): RequestHead | undefined {
  const [first, ...lines] = text.split(/\r?\n/);
  const match = REQUEST_LINE.exec(first);
  if (match === null) return undefined;
  const hosts = lines.flatMap((line) => /^host:[ \t]*(.*?)[ \t]*$/i.exec(line)?.[1] ?? []);
  // RFC 9112 §3.2: exactly one.
  if (hosts.length > 1 || (hosts.length === 0 && match[3] === "1")) return undefined;
  return {
    method: match[1],
    path: match[2].replace(/\?.*$/s, ""),
    host: hosts.at(0),
  };
}
