/**
 * The part of `myriad` that other programs may import: a client, files of records that an interrupted
 * program goes on with, a schedule of starts, a histogram, and the pool below all of it.
 *
 * @example The pool with requests by something else: ten at a time, from a list of any length
 * ```ts
 * import { asCompleted } from "@myriad/myriad";
 * import { assertEquals } from "@std/assert";
 *
 * const server = Deno.serve(
 *   { hostname: "127.0.0.1", port: 0, onListen: () => {} },
 *   (request) => new Response(new URL(request.url).pathname),
 * );
 * const urls = (function* () {
 *   for (let i = 0; i < 100; i++) yield `http://127.0.0.1:${server.addr.port}/${i}`;
 * })();
 * let responses = 0;
 * const client = Deno.createHttpClient({ poolMaxIdlePerHost: 10 });
 * const get = async (url: string, signal: AbortSignal) =>
 *   (await fetch(url, { client, signal })).text();
 * for await (const _text of asCompleted(urls, get, { concurrency: 10 })) responses++;
 * client.close();
 * await server.shutdown();
 * assertEquals(responses, 100);
 * ```
 *
 * @module
 */
export { Client, type HitOptions, type OneHitOptions } from "./client/client.ts";
export type { Hit } from "./client/hit.ts";
export type {
  ClientOptions,
  Duration,
  ExpectationInit,
  Fields,
  Rate,
  Size,
} from "./client/options.ts";
export { pace, type PaceOptions } from "./client/pace.ts";
export { type Numbered, Records, type RecordsOptions } from "./client/records.ts";
export { Histogram, type HistogramState } from "./stats/histogram.ts";
export type { TargetInit, TargetLike } from "./client/target.ts";
export type { Flow, FlowClient } from "./flow/flow_client.ts";
export type { FlowRequest, FlowRequestOptions } from "./flow/flow_request.ts";
export type { FlowResponse } from "./flow/flow_response.ts";
export type { BodySink } from "./engine/engine.ts";
export { asCompleted, type AsCompletedOptions } from "./as_completed.ts";
export type { MaybePromise, Source, Step } from "./stream.ts";
export { ERROR_KINDS, type ErrorKind, type HttpVersion } from "./result.ts";
