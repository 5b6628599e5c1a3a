import { hexByte, isStatus, isVersion, last, next, PathStatus } from "./path_status.ts";

const SP = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const MINUS = 0x2d;
const SLASH = 0x2f;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;

/**
 * Finds path and status in lines of HAProxy's `option httplog` (configuration manual, 8.2.3), with
 * or without what syslog puts before them, and of `option httpslog`:
 *
 * ```text
 * 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ----
 * 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"
 * ```
 *
 * The status is found from the left, where nothing is a client's. Captured headers and cookies can
 * hold spaces, and the request is the last text in quotes: a quote within is `#22` (8.6). A request
 * without its version was cut off, by `tune.http.logurilen` or the line's length: it is none.
 */
export class HaproxyLog extends PathStatus {
  protected override find(bytes: Uint8Array, from: number, to: number): boolean {
    let k = from;
    const isTime = (): boolean =>
      (k === from || bytes[k - 1] === SP) && k + 3 < to && bytes[k + 3] === SLASH;
    while (k < to && !(bytes[k] === OPEN_BRACKET && isTime())) k++;
    k = next(bytes, CLOSE_BRACKET, k, to);
    // Behind the time stand the frontend, the backend with its server, and the timers.
    for (let fields = 0; fields < 4; fields++) k = next(bytes, SP, k + 1, to);
    const timers = last(bytes, SP, from, k) + 1;
    for (let t = timers; t < k; t++) if (!isOfTimers(bytes[t])) return false;
    const status: [number, number] = isStatus(bytes, k + 1, to)
      ? [k + 1, k + 4]
      : bytes[k + 1] === MINUS
      ? [k + 1, k + 1]
      : [-1, -1];
    if (k >= to || timers >= k || status[0] < 0) return false;

    let end = last(bytes, QUOTE, k, to);
    let start = last(bytes, QUOTE, k, end) + 1;
    if (start <= k) return false;
    // Some daemons of syslog write a backslash before each quote.
    if (bytes[start - 2] === BACKSLASH && bytes[end - 1] === BACKSLASH) end--;
    start = next(bytes, SP, start, end) + 1;
    const version = last(bytes, SP, start, end);
    if (version <= start || !isVersion(bytes, version + 1, end)) return false;
    const isEscaped = next(bytes, HASH, start, version) < version;
    return this.found([start, version], isEscaped, status);
  }

  protected override unescape(bytes: Uint8Array): number[] {
    const plain: number[] = [];
    for (let k = 0; k < bytes.length; k++) {
      const byte = bytes[k] === HASH ? hexByte(bytes, k + 1) : -1;
      plain.push(byte < 0 ? bytes[k] : byte);
      if (byte >= 0) k += 2;
    }
    return plain;
  }
}

/** Digits between slashes; a timer can be -1, and with `option logasap` begin with a plus sign. */
function isOfTimers(byte: number): boolean {
  return (byte >= 0x2f && byte <= 0x39) || byte === MINUS || byte === 0x2b;
}
