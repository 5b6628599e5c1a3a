import type { ByteSink } from "../body_tap.ts";

/** What takes the body of a response whose exchange is told. */
export class ExchangeBody implements ByteSink {
  /** Takes the content, without the framing of HTTP/1.1. */
  readonly content: ByteSink;
  /** Takes each byte of the body after the content that is in it. */
  readonly framed: ByteSink;
  /** Takes the content afterwards, whoever else wants it; undefined if nobody does. */
  readonly next: ByteSink | undefined;

  constructor(content: ByteSink, framed: ByteSink, next: ByteSink | undefined) {
    this.content = content;
    this.framed = framed;
    this.next = next;
  }

  /** Takes content that has no other framing, as HTTP/2 gives it. */
  write(bytes: Uint8Array): void {
    this.content.write(bytes);
    this.framed.write(bytes);
    this.next?.write(bytes);
  }
}
