import type { Failure } from "../../result.ts";
import { BodyReadError, type StreamedBody } from "../../target.ts";
import { toUnreadFailure } from "../failure.ts";

/** How much of a body is read at once, in bytes. */
const PIECE_BYTES = 64 * 1024;

/**
 * A body as native fetch takes it. Its length is not sent: native fetch drops `Content-Length`.
 *
 * @param onFailure is told if the body cannot be read
 */
export function toStream(
  body: StreamedBody,
  onFailure: (failure: Failure) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.open();
  return new ReadableStream({
    pull: (controller) => {
      if (reader.length === 0) return controller.close();
      try {
        controller.enqueue(reader.read(PIECE_BYTES).slice());
      } catch (error) {
        if (!(error instanceof BodyReadError)) throw error;
        onFailure(toUnreadFailure(error));
        controller.error(error);
      }
    },
  }, { highWaterMark: 0 });
}
