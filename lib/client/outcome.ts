import type { BorrowedHead } from "../engine/borrowed_head.ts";
import type { Result } from "../result.ts";

/** The final result of a request, with what came of its response. */
export interface Outcome {
  readonly result: Result;
  /** Undefined without a response. */
  readonly head: BorrowedHead | undefined;
  /** Undefined without a response, and where it is not kept. */
  readonly body: Uint8Array<ArrayBuffer> | undefined;
}
