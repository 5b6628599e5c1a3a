/** What every engine is told. */
export interface EngineOptions {
  /** How many connections to a host may idle, from 1: most requests in flight. */
  concurrency: number;
  /** Milliseconds for a whole attempt, redirects and body included, more than 0. */
  timeoutMs: number;
  /** Most redirects to follow, from 0; with 0 the 3xx itself is the answer. */
  redirects: number;
  /** Most octets of a body, after decoding, from 0. */
  maxBodyBytes: number;
  /** Whether a URL's host may be talked to; undefined if every one may. */
  permits?: ((url: string) => boolean) | undefined;
  /** Whether to look at the clock when the head of an answer is there. */
  ttfb: boolean;
}
