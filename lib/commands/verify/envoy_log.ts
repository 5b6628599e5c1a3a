import { isStatus, isVersion, next, PathStatus } from "./path_status.ts";

const SP = 0x20;
const QUOTE = 0x22;
const ZERO = 0x30;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Finds path and status in lines of Envoy's default format ("Default Format String" of its page on
 * access logging), and of Istio's, which begins alike:
 *
 * ```text
 * [2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" …
 * ```
 *
 * Nothing is escaped. A path can hold quotes and backslashes, but no space.
 */
export class EnvoyLog extends PathStatus {
  protected override find(octets: Uint8Array, from: number, to: number): boolean {
    if (octets[from] !== OPEN_BRACKET) return false;
    const time = next(octets, CLOSE_BRACKET, from, to);
    if (time + 3 > to || octets[time + 1] !== SP || octets[time + 2] !== QUOTE) return false;
    const path = next(octets, SP, time + 3, to) + 1;
    const version = next(octets, SP, path, to) + 1;
    const end = next(octets, QUOTE, version, to);
    if (end + 2 > to || octets[end + 1] !== SP || !isVersion(octets, version, end)) return false;
    const status = end + 2;
    if (isStatus(octets, status, to)) {
      return this.found([path, version - 1], false, [status, status + 3]);
    }
    // Where nobody was answered it is 0.
    const isNone = octets[status] === ZERO && status + 1 < to && octets[status + 1] === SP;
    return isNone && this.found([path, version - 1], false, [status, status + 1]);
  }
}
