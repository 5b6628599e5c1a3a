import type { ExpectationInit, Fields } from "../client/options.ts";

/** How a request is made. */
export interface FlowRequestOptions {
  /** What the request is to the flow, for records, figures and thresholds, as in `login`. */
  readonly step?: string;
  /** Header fields; they take the place of those of the command line that have their names. */
  readonly headers?: Fields;
  /** A text or bytes that are sent as they are, parameters as a form, any other value as JSON. */
  readonly body?: string | Uint8Array<ArrayBuffer> | URLSearchParams | object;
  /** What the response is held against, in place of what the command line expects. */
  readonly expect?: ExpectationInit;
}

/** A request of a flow. */
export interface FlowRequest extends FlowRequestOptions {
  /** Absolute, or relative to the URL behind the flow on the command line. */
  readonly url: string | URL;
  /** The method, such as `PUT`. @default {"GET"}, or `POST` with a body */
  readonly method?: string;
}
