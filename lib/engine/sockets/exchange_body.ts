import type { ByteSink } from "../body_tap.ts";

/** Is told the body of a response. */
export interface BodyListener {
  /** Content, without the framing of HTTP/1.1. */
  onContent(bytes: Uint8Array): void;
  /** The bytes of the body as they came; those of the content in it were told before. */
  onFramed(bytes: Uint8Array): void;
}

/** What takes the body of a response whose exchange is told. */
export class ExchangeBody implements ByteSink {
  readonly listener: BodyListener;
  /** Takes the content afterwards, whoever else wants it; undefined if nobody does. */
  readonly next: ByteSink | undefined;

  constructor(listener: BodyListener, next: ByteSink | undefined) {
    this.listener = listener;
    this.next = next;
  }

  /** Takes content that has no other framing, as HTTP/2 gives it. */
  write(bytes: Uint8Array): void {
    this.listener.onContent(bytes);
    this.listener.onFramed(bytes);
    this.next?.write(bytes);
  }
}
