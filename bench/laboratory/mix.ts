/**
 * Requests of all kinds: of 100 numbers 50 are GETs and 48 POSTs with a short body, one is an upload
 * and one a download. The path of a URL says which: `/17`, `/post/17`, `/post/upload/17`, `/large/17`.
 *
 * @module
 */

const EVERY = 100;
/** The bytes of the body of a POST. */
const POST_BYTES = 100;
/** More than the buffers of servers. */
const UPLOAD_BYTES = 100_000;

/** Where the URL of a request has its kind, before its number. */
export function toFolder(number: number): string {
  const place = number % EVERY;
  if (place === 0) return "/post/upload/";
  if (place === EVERY / 2) return "/large/";
  return place % 2 === 0 ? "/post/" : "/";
}

/** The body that a request to a URL has; empty for a GET. */
export function toBody(url: string): string {
  if (!url.includes("/post/")) return "";
  return "x".repeat(url.includes("/upload/") ? UPLOAD_BYTES : POST_BYTES);
}
