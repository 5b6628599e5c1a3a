/**
 * What an engine tells of requests and responses as they are on the wire, for `-v`.
 *
 * @module
 */
import type { Result } from "../result.ts";
import type { Target } from "../target.ts";
import type { BodySink, ResponseHead } from "./engine.ts";
import type { Hop } from "./redirect.ts";

/** Receives what is sent and received for one request. In each line of a head, a character is a byte. */
export interface RequestTrace {
  /**
   * A request is sent: the first one, one after a redirect, or the same once more over another
   * connection.
   *
   * @param head its head, line by line: the request line, or the pseudo-header fields of HTTP/2, and
   * the fields in the order in which they are sent
   */
  onRequest(head: readonly string[], hop: Hop): void;
  /** The head of a final response has come, line by line. */
  onResponse(head: readonly string[]): void;
  /** The request has ended. */
  onEnd(result: Result): void;
}

/** Chooses the requests that are shown. */
export interface Trace {
  /** Called when a request starts; undefined if it is not to be shown. */
  begin(target: Target): RequestTrace | undefined;
  /** Returns what takes the body of the final response, if the request of the target is shown. */
  bodyFor(target: Target, head: ResponseHead): BodySink | undefined;
}

/** Makes the head of a request as an engine would send it first, as {@linkcode RequestTrace} has it. */
export type DescribeRequest = (hop: Hop) => readonly string[];

/** Passes a result on, and tells the trace before. */
export function tellEnd(
  trace: RequestTrace,
  done: (result: Result) => void,
): (result: Result) => void {
  return (result) => {
    trace.onEnd(result);
    done(result);
  };
}
