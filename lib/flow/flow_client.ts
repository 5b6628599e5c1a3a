import type { FlowRequest, FlowRequestOptions } from "./flow_request.ts";
import type { FlowResponse } from "./flow_response.ts";

/** Makes the requests of one iteration. */
export interface FlowClient {
  /** The number of the iteration. */
  readonly i: number;
  /** The number of the virtual user, from 0 to one less than the concurrency. */
  readonly user: number;
  /** Aborted when the iteration is ended from outside: by its time limit, or with the run. */
  readonly signal: AbortSignal;
  /**
   * Makes a request, with the cookies that earlier responses of the iteration have set. A request that
   * fails has a response, too, which says why.
   *
   * @throws {Error} If the iteration has ended, or has made its maximum number of requests.
   */
  request(request: string | URL | FlowRequest): Promise<FlowResponse>;
  /** As {@linkcode FlowClient.request}, with the method GET. */
  get(url: string | URL, options?: FlowRequestOptions): Promise<FlowResponse>;
  /** As {@linkcode FlowClient.request}, with the method HEAD. */
  head(url: string | URL, options?: FlowRequestOptions): Promise<FlowResponse>;
  /** As {@linkcode FlowClient.request}, with the method POST. */
  post(url: string | URL, options?: FlowRequestOptions): Promise<FlowResponse>;
  /** As {@linkcode FlowClient.request}, with the method PUT. */
  put(url: string | URL, options?: FlowRequestOptions): Promise<FlowResponse>;
  /** As {@linkcode FlowClient.request}, with the method PATCH. */
  patch(url: string | URL, options?: FlowRequestOptions): Promise<FlowResponse>;
  /** As {@linkcode FlowClient.request}, with the method DELETE. */
  delete(url: string | URL, options?: FlowRequestOptions): Promise<FlowResponse>;
  /**
   * Counts a check of the iteration. One that does not hold fails the iteration, which goes on.
   *
   * @returns whether it holds
   */
  check(name: string, holds: unknown): boolean;
  /**
   * Waits as a user does who reads a page.
   *
   * @param time milliseconds, or a time as in `--think`: `500ms`, `1-3s`
   * @throws The reason of {@linkcode FlowClient.signal}, if that is aborted meanwhile.
   */
  think(time: number | string): Promise<void>;
}

/**
 * What a virtual user does in one iteration: the default export of a flow's module. A generator
 * yields requests, and gets the response of each.
 *
 * @param i the number of the iteration, from 0; no other iteration of the run has it
 * @param client makes the requests of the iteration
 */
export type Flow = (
  i: number,
  client: FlowClient,
) => unknown | AsyncGenerator<string | URL | FlowRequest, unknown, FlowResponse>;
