import type { ByteSink } from "../body_tap.ts";
import { ExchangeBody } from "../sockets/exchange_body.ts";
import { BodyReader } from "./body.ts";
import { type Head, ProtocolError } from "./head.ts";

/**
 * Reads bodies as {@linkcode BodyReader} does, and tells each byte of those of an
 * {@linkcode ExchangeBody}, with the lines of chunks and trailers.
 */
export class FramedBodyReader extends BodyReader {
  #exchange: ExchangeBody | undefined;
  /**
   * Reads the same bytes once before. So all that came in a read is told before what takes the body
   * can end the exchange.
   */
  readonly #ahead = new BodyReader();
  readonly #content: ByteSink = { write: (bytes) => this.#exchange!.listener.onContent(bytes) };

  override begin(head: Head, sink?: ByteSink): void {
    this.#exchange = sink instanceof ExchangeBody ? sink : undefined;
    super.begin(head, this.#exchange === undefined ? sink : this.#exchange.next);
    if (this.#exchange !== undefined) this.#ahead.begin(head, this.#content);
  }

  override feed(bytes: Uint8Array, from: number, to: number): number {
    if (this.#exchange !== undefined) this.#tell(this.#exchange, bytes, from, to);
    return super.feed(bytes, from, to);
  }

  #tell(exchange: ExchangeBody, bytes: Uint8Array, from: number, to: number): void {
    let end = to;
    try {
      end = this.#ahead.feed(bytes, from, to);
    } catch (error) {
      // The next one who reads them finds the same. They came as a part of the body nonetheless.
      if (!(error instanceof ProtocolError)) throw error;
    }
    if (end > from) exchange.listener.onFramed(bytes.subarray(from, end));
  }
}
