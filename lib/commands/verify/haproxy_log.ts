import {
  findLast,
  findNext,
  isStatus,
  isVersion,
  parseHexByte,
  PathStatus,
} from "./path_status.ts";

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
 * or without the prefix of syslog, and of `option httpslog`:
 *
 * ```text
 * 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ----
 * 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"
 * ```
 *
 * The status is found from the left: no field before it has text of a client. Captured fields and
 * cookies can hold spaces, so the request is the last text in quotes; a quote in it is `#22` (8.6). A
 * request without its version was cut off by `tune.http.logurilen` or the maximum length of a line:
 * its path is unknown.
 */
export class HaproxyLog extends PathStatus {
  protected override find(bytes: Uint8Array, from: number, to: number): boolean {
    let k = from;
    const isTime = (): boolean =>
      (k === from || bytes[k - 1] === SP) && k + 3 < to && bytes[k + 3] === SLASH;
    while (k < to && !(bytes[k] === OPEN_BRACKET && isTime())) k++;
    k = findNext(bytes, CLOSE_BRACKET, k, to);
    // The frontend, the backend with its server, and the timers follow the time.
    for (let fields = 0; fields < 4; fields++) k = findNext(bytes, SP, k + 1, to);
    const timers = findLast(bytes, SP, from, k) + 1;
    for (let t = timers; t < k; t++) if (!isTimerByte(bytes[t])) return false;
    const status: [number, number] = isStatus(bytes, k + 1, to)
      ? [k + 1, k + 4]
      : bytes[k + 1] === MINUS
      ? [k + 1, k + 1]
      : [-1, -1];
    if (k >= to || timers >= k || status[0] < 0) return false;

    let end = findLast(bytes, QUOTE, k, to);
    let start = findLast(bytes, QUOTE, k, end) + 1;
    if (start <= k) return false;
    // Some syslog daemons write a backslash before each quote.
    if (bytes[start - 2] === BACKSLASH && bytes[end - 1] === BACKSLASH) end--;
    start = findNext(bytes, SP, start, end) + 1;
    const version = findLast(bytes, SP, start, end);
    if (version <= start || !isVersion(bytes, version + 1, end)) return false;
    const isEscaped = findNext(bytes, HASH, start, version) < version;
    return this.setFields([start, version], isEscaped, status);
  }

  protected override unescape(bytes: Uint8Array): number[] {
    const plain: number[] = [];
    for (let k = 0; k < bytes.length; k++) {
      const byte = bytes[k] === HASH ? parseHexByte(bytes, k + 1) : -1;
      plain.push(byte < 0 ? bytes[k] : byte);
      if (byte >= 0) k += 2;
    }
    return plain;
  }
}

/** Whether a byte can be in the timers: digits and slashes; `-1`; with `option logasap` a plus sign. */
function isTimerByte(byte: number): boolean {
  return (byte >= 0x2f && byte <= 0x39) || byte === MINUS || byte === 0x2b;
}
