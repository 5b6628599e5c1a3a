/**
 * What a server says about the end of a stream or a connection, as failures of requests.
 *
 * @module
 */
import { toCutFailure, toEarlyEndFailure } from "../failure.ts";
import type { Failure } from "../../result.ts";
import { ErrorCode, nameErrorCode } from "./http2_error.ts";
import type { Stream } from "./stream.ts";

/** The failure of a request whose stream the server has reset (RFC 9113 §6.4). */
export function toResetFailure(stream: Stream, code: number): Failure {
  if (stream.head !== undefined) {
    return toLostBodyFailure(stream, `the server reset the stream (${nameErrorCode(code)})`);
  }
  if (code === ErrorCode.Http11Required) {
    const detail = "the server takes this request over HTTP/1.1 only: use --http1.1";
    return { error: "protocol", detail, scope: "host", isPermanent: true };
  }
  const did = code === ErrorCode.RefusedStream ? "refused" : "reset";
  const detail = `the server ${did} the stream (${nameErrorCode(code)})`;
  return { error: "protocol", detail, scope: "host" };
}

/** The failure of a request that the server has not processed (GOAWAY, RFC 9113 §6.8). */
export function toUnprocessedFailure(stream: Stream, code: number, debug: string): Failure {
  const why = describeGoaway(code, debug);
  if (stream.head !== undefined) return toLostBodyFailure(stream, why);
  return {
    error: code === ErrorCode.NoError ? "reset" : "protocol",
    detail: `${why} before it processed the request`,
    scope: "host",
  };
}

/** The failure of a request whose connection has ended. @param why in words */
export function toLossFailure(stream: Stream, why: string): Failure {
  if (stream.head !== undefined) return toLostBodyFailure(stream, why);
  return { error: "reset", detail: why, scope: "host" };
}

/** What a server has said by GOAWAY, in words. @param debug each character a byte */
export function describeGoaway(code: number, debug: string): string {
  const said = debug === "" ? "" : `: ${JSON.stringify(debug)}`;
  return code === ErrorCode.NoError
    ? `the server closed the connection (GOAWAY${said})`
    : `the server ended the connection (GOAWAY ${nameErrorCode(code)}${said})`;
}

function toLostBodyFailure({ size, head }: Stream, why: string): Failure {
  const { length } = head!;
  return length > size
    ? toEarlyEndFailure(size, length)
    : toCutFailure(`${why} before the end of the body`);
}
