/** The longest head of a request, in bytes. */
export const MAX_HEAD_BYTES = 8_192;

/** The parts of a head that a request for metrics is told by. */
export interface RequestHead {
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
  /** The value of the `Host` field; undefined in a request of HTTP/1.0 without one. */
  readonly host: string | undefined;
}

/** A method (RFC 9110 §9.1), a target in origin-form (RFC 9112 §3.2.1), and the version. */
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\w]+) (\/[!-~]*) HTTP\/1\.([01])$/;

/**
 * Parses the head of a request (RFC 9112 §3), in which each character is a byte.
 *
 * @returns undefined if it is not valid
 */
export function parseHead(text: string): RequestHead | undefined {
  const [first, ...lines] = text.split(/\r?\n/);
  const match = REQUEST_LINE.exec(first);
  if (match === null) return undefined;
  const hosts = lines.flatMap((line) => /^host:[ \t]*(.*?)[ \t]*$/i.exec(line)?.[1] ?? []);
  // RFC 9112 §3.2: exactly one field, except in HTTP/1.0.
  if (hosts.length > 1 || (hosts.length === 0 && match[3] === "1")) return undefined;
  return {
    method: match[1],
    path: match[2].replace(/\?.*$/s, ""),
    host: hosts.at(0),
  };
}
