import type { ResponseHead } from "./engine.ts";

/** A head that can be read only during the call that it is passed to. */
export interface BorrowedHead extends ResponseHead {
  /** A copy that can be read later as well. */
  clone(): BorrowedHead;
}
