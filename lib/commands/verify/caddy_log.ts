import { PathStatus } from "./path_status.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The beginning of the names of access loggers; other loggers write to the same file. */
const LOGGER = "http.log.access";

/**
 * Finds path and status in Caddy's access log: by default a line of JSON for each request, with
 * `request.uri` as it was sent, and `status`. A status of 0 means that no handler wrote a status: the
 * client got a 200.
 */
export class CaddyLog extends PathStatus {
  protected override find(bytes: Uint8Array, from: number, to: number): boolean {
    let entry;
    try {
      entry = JSON.parse(decoder.decode(bytes.subarray(from, to)));
    } catch {
      return false;
    }
    const { logger = LOGGER, status } = entry ?? {};
    const uri = entry?.request?.uri;
    if (typeof uri !== "string" || typeof logger !== "string" || !logger.startsWith(LOGGER)) {
      return false;
    }
    if (!Number.isInteger(status) || status < 0 || status > 999) return false;
    this.bytes = encoder.encode(`${status === 0 ? 200 : status} ${uri}`);
    const space = this.bytes.indexOf(0x20);
    return this.setFields([space + 1, this.bytes.length], true, [0, space]);
  }
}
