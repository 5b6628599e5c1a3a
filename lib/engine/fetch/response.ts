/**
 * What a response of native fetch says.
 *
 * @module
 */
import { decodeFieldValue, normalizeCoding } from "../../http/fields.ts";
import type { BorrowedHead } from "../borrowed_head.ts";
import { toEarlyEndFailure } from "../failure.ts";
import { Refusal } from "./attempt.ts";

/** The head of a response of native fetch. */
export function toHead({ status, statusText, headers }: Response): BorrowedHead {
  return {
    status,
    coding: normalizeCoding(headers.get("content-encoding")),
    field: (name) => {
      const value = headers.get(name);
      return value === null ? null : decodeFieldValue(value);
    },
    clone() {
      return this;
    },
    lines: () => [
      `HTTP ${status} ${statusText}`.trimEnd(),
      ...Array.from(headers, ([name, value]) => `${name}: ${value}`),
    ],
  };
}

/** The `Retry-After` of a status that can have it (RFC 9110 §15.6.4, RFC 6585 §4). */
export function readRetryAfter({ status, headers }: Response): string | null {
  return status === 429 || status === 503 ? headers.get("retry-after") : null;
}

/**
 * The announced length of a body; 0 without one. The response to a HEAD announces a length without
 * having a body (RFC 9110 §9.3.2), and a transfer coding overrides a length (RFC 9112 §6.3).
 */
export function readLength({ headers }: Response, method: string): number {
  if (method === "HEAD" || headers.has("transfer-encoding")) return 0;
  return Number(headers.get("content-length"));
}

/**
 * Refuses a body that is not as long as announced: native fetch takes a stream that the server
 * cancelled, or closed by a GOAWAY, for one that has ended.
 *
 * @param length the announced length; 0 or not a number if it is unknown
 * @throws {Refusal} If it is not.
 */
export function checkLength(bytes: number, length: number): void {
  if (length > 0 && bytes !== length) throw new Refusal(toEarlyEndFailure(bytes, length));
}
