import type { Result } from "../result.ts";

/**
 * Whether a request was not sent since its host was given up: what is sent has attempts, and what
 * makes no request, or was interrupted, says so by its error.
 */
export function isSkipped({ attempts, error }: Pick<Result, "attempts" | "error">): boolean {
  return attempts === 0 && error !== undefined && error !== "url" && error !== "cancelled";
}
