import { closesConnection } from "../../http/fields.ts";
import type { HeaderList } from "../../target.ts";
import type { Hop } from "../redirect.ts";

/** Header fields in the form that costs native fetch least. */
export interface PreparedFields {
  readonly of: HeaderList;
  readonly fields: [string, string][];
  /** Fields with which native fetch does not decode the body; undefined if they accept no coding. */
  readonly coded:
    | { readonly http1: [string, string][]; readonly http2: [string, string][] }
    | undefined;
  /** Whether they have `Connection: close`, which native fetch sends without acting on it. */
  readonly closes: boolean;
}

/**
 * Prepares header fields. Native fetch decodes only the first member of gzip, does not tell bytes
 * after it or the transferred bytes, and has no option for that. It does not decode a body if the
 * first `Accept-Encoding` is `identity`, which some servers take for the whole field; or if there is
 * a `Range`. In HTTP/2, the `Range` is not sent if `Connection` names it, as such fields are for the
 * connection only (RFC 9110 §7.6.1).
 */
export function prepareFields(headers: HeaderList): PreparedFields {
  const closes = closesConnection(headers);
  // They are sent in lower case anyway.
  const fields = headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const encoding = fields.find(([name]) => name === "accept-encoding")?.[1];
  const identity: [string, string] = ["accept-encoding", "identity"];
  // Otherwise it would accept gzip and br by itself.
  if (encoding === undefined) {
    return { of: headers, fields: [...fields, identity], coded: undefined, closes };
  }
  const isPlain = encoding.toLowerCase() === "identity" ||
    fields.some(([name]) => name === "range");
  if (isPlain) return { of: headers, fields, coded: undefined, closes };
  const http2: [string, string][] = [["connection", "range"], ["range", "none"], ...fields];
  return { of: headers, fields, coded: { http1: [identity, ...fields], http2 }, closes };
}

/** What native fetch is asked for, line by line: it adds fields of its own, and does not tell them. */
export function describeRequest(
  { method, url, headers, requestId }: Hop,
  fields: HeaderList = prepareFields(headers).fields,
): readonly string[] {
  const all = requestId === undefined ? fields : [...fields, requestId];
  return [`${method} ${url}`, ...all.map(([name, value]) => `${name.toLowerCase()}: ${value}`)];
}
