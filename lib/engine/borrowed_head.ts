import type { ResponseHead } from "./engine.ts";

/** A head that can be read only during the call that it is passed to. */
export interface BorrowedHead extends ResponseHead {
  /** A copy that can be read later as well. */
  clone(): BorrowedHead;
  /** The status line, or `:status` of HTTP/2, and the fields, as they came; each character a byte. */
  lines(): readonly string[];
}
