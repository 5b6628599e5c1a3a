/**
 * Which requests of a connection that has ended may be sent again, and how.
 *
 * @module
 */
import type { Resend } from "../sockets/connection.ts";

/** How a connection ended, or will end. */
export interface Ending {
  /** The last stream that the server accepts (GOAWAY, RFC 9113 §6.8); Infinity if it said nothing. */
  readonly lastStreamId: number;
  /** Whether the server, or the network, ended it because of an error. */
  readonly isError: boolean;
  /** The last stream whose HEADERS were sent, and the first one of the same write; 0 before any. */
  readonly lastSentId: number;
  readonly lastWriteId: number;
}

/**
 * Finds the streams that may be why the server ended the connection. A server reads the fields of
 * requests in the order of their streams, and stops at the one that it cannot bear. nginx then names
 * that one as the last stream, HAProxy the one before it. Without a word of the server, streams of
 * the last write are the likely ones.
 *
 * @param ids of the streams without a response, in their order
 */
export function findSuspects(ids: readonly number[], ending: Ending): ReadonlySet<number> {
  const { lastStreamId, isError, lastSentId, lastWriteId } = ending;
  if (!isError) return new Set();
  const sent = ids.filter((id) => id <= lastSentId);
  if (lastStreamId <= lastSentId) {
    const next = sent.find((id) => id > lastStreamId);
    return new Set(next === undefined ? [lastStreamId] : [lastStreamId, next]);
  }
  const last = sent.filter((id) => id >= lastWriteId);
  return new Set(last.length > 0 ? last : sent.slice(-1));
}

/** Whether a request without a response may be sent again. */
export function findResend(id: number, isSuspect: boolean, ending: Ending): Resend {
  const isUnprocessed = id > ending.lastSentId || id > ending.lastStreamId;
  if (isUnprocessed) return isSuspect ? "always-alone" : "always";
  return isSuspect ? "alone" : "idempotent";
}
