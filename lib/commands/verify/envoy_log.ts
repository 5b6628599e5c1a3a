import { findNext, isStatus, isVersion, PathStatus } from "./path_status.ts";

const SP = 0x20;
const QUOTE = 0x22;
const ZERO = 0x30;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Finds path and status in lines of Envoy's default format ("Default Format String" of its page on
 * access logging), and of Istio's format, which begins in the same way:
 *
 * ```text
 * [2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" …
 * ```
 *
 * The format has no escapes. A path can hold quotes and backslashes, but no spaces.
 */
export class EnvoyLog extends PathStatus {
  protected override find(bytes: Uint8Array, from: number, to: number): boolean {
    if (bytes[from] !== OPEN_BRACKET) return false;
    const time = findNext(bytes, CLOSE_BRACKET, from, to);
    if (time + 3 > to || bytes[time + 1] !== SP || bytes[time + 2] !== QUOTE) return false;
    const path = findNext(bytes, SP, time + 3, to) + 1;
    const version = findNext(bytes, SP, path, to) + 1;
    const end = findNext(bytes, QUOTE, version, to);
    if (end + 2 > to || bytes[end + 1] !== SP || !isVersion(bytes, version, end)) return false;
    const status = end + 2;
    if (isStatus(bytes, status, to)) {
      return this.setFields([path, version - 1], false, [status, status + 3]);
    }
    // 0 means that there was no response.
    const isUnanswered = bytes[status] === ZERO && status + 1 < to && bytes[status + 1] === SP;
    return isUnanswered && this.setFields([path, version - 1], false, [status, status + 1]);
  }
}
