import { findLast, findNext, isStatus, parseHexByte, PathStatus } from "./path_status.ts";

const SP = 0x20;
const QUOTE = 0x22;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const X = 0x78;

const TYPES = ["http", "https", "h2", "grpcs", "ws", "wss"]
  .map((type) => new TextEncoder().encode(`${type} `));

/** The fields from the type to the bytes sent, and the index of the status among them. */
const FIELDS_BEFORE_REQUEST = 12;
const STATUS_FIELD = 8;

/**
 * Finds path and status in entries of the access log of AWS's Application Load Balancer ("Access
 * log entries" of its user guide). The status is that of the load balancer, which the client got,
 * and not that of its target. A quote within the request is `\x22`:
 *
 * ```text
 * http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817
 * 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl" …
 * ```
 */
export class AlbLog extends PathStatus {
  protected override find(bytes: Uint8Array, from: number, to: number): boolean {
    if (!TYPES.some((type) => type.every((byte, k) => bytes[from + k] === byte))) return false;
    let k = from;
    let status = to;
    for (let field = 0; field < FIELDS_BEFORE_REQUEST; field++) {
      if (field === STATUS_FIELD) status = k;
      k = findNext(bytes, SP, k, to) + 1;
    }
    if (k >= to || bytes[k] !== QUOTE) return false;
    const end = findNext(bytes, QUOTE, k + 1, to);
    // The log has the target of a malformed request as it came, perhaps with spaces.
    const target = findNext(bytes, SP, k, end) + 1;
    const version = findLast(bytes, SP, target, end);
    if (end >= to || version <= target) return false;
    const isEscaped = findNext(bytes, BACKSLASH, target, version) < version;
    const statusRange: [number, number] | undefined = isStatus(bytes, status, to)
      ? [status, status + 3]
      : bytes[status] === MINUS
      ? [status, status]
      : undefined;
    return statusRange !== undefined && this.setFields([target, version], isEscaped, statusRange);
  }

  protected override unescape(bytes: Uint8Array): number[] {
    const plain: number[] = [];
    for (let k = 0; k < bytes.length; k++) {
      const isHex = bytes[k] === BACKSLASH && bytes[k + 1] === X;
      const byte = isHex ? parseHexByte(bytes, k + 2) : -1;
      plain.push(byte < 0 ? bytes[k] : byte);
      if (byte >= 0) k += 3;
    }
    return plain;
  }
}
