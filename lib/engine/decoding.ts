/**
 * Decodes the bodies of responses that have a content coding (RFC 9110 §8.4).
 *
 * @module
 */
import { ContentCodings } from "../codec/content_codings.ts";
import type { ContentDecoder } from "../codec/content_decoder.ts";
import { DecodingError, type Take, TooLongError } from "../codec/decoder.ts";
import { UsageError } from "../errors.ts";
import { asksForCoding } from "../http/fields.ts";
import type { Failure } from "../result.ts";
import type { HeaderList } from "../target.ts";
import { type BodyOwner, BodyTap } from "./body_tap.ts";
import type { BorrowedHead } from "./borrowed_head.ts";
import type { BodySink, ResponseHead } from "./engine.ts";
import { toBodyFailure, toLengthFailure } from "./failure.ts";

/** How a body is taken. */
interface TapOptions {
  /** The maximum number of bytes after decoding, from 0. */
  readonly maxBodyBytes: number;
  readonly owner: BodyOwner;
  readonly onSinkFailure: (error: unknown) => void;
}

/** Decodes the bodies that a request has asked to be coded, and those that something looks at. */
export class BodyDecoding {
  readonly #codings = new ContentCodings();
  /** The last list of fields, because many requests of a run share a list. */
  #last: { readonly headers: HeaderList; readonly isAsking: boolean } | undefined;

  /**
   * Loads what decodes before it is needed: where bodies are sure to need it.
   *
   * @throws {UsageError} If this version of the runtime cannot decode.
   */
  prepare(): void {
    try {
      this.#codings.prepare();
    } catch (error) {
      if (!(error instanceof DecodingError)) throw error;
      throw new UsageError(`Cannot read compressed responses: ${error.message}`);
    }
  }

  /** A head as the body is after decoding. */
  show(head: BorrowedHead): BorrowedHead {
    return new DecodedHead(head, this.#isDecodable);
  }

  /**
   * Whether a body is to be decoded, and can be.
   *
   * @param headers the fields of the request
   * @param hasSink whether something looks at the body
   */
  isWanted(head: ResponseHead, headers: HeaderList, hasSink: boolean): boolean {
    return (hasSink || this.#isAsked(headers)) && this.#isDecodable(head);
  }

  /** Begins a body that {@linkcode isWanted}. @param sink gets the decoded bytes */
  begin({ coding }: ResponseHead, sink: BodySink | undefined, options: TapOptions): BodyTap {
    const { maxBodyBytes: maxBytes } = options;
    const begin = (take: Take): ContentDecoder => this.#codings.begin(coding!, { maxBytes, take });
    return new DecodingTap(begin, sink, options);
  }

  #isAsked(headers: HeaderList): boolean {
    if (this.#last?.headers !== headers) {
      this.#last = { headers, isAsking: asksForCoding(headers) };
    }
    return this.#last.isAsking;
  }

  /** A part of a coded body (RFC 9110 §14.2) cannot be decoded by itself. */
  readonly #isDecodable = ({ status, coding }: ResponseHead): boolean =>
    coding !== null && status !== 206 && this.#codings.knows(coding);

  /** Lets go of what decodes. */
  close(): void {
    this.#codings.close();
  }
}

/** The head of a response whose body is decoded on the way, if it can be. */
class DecodedHead implements BorrowedHead {
  readonly #head: BorrowedHead;
  readonly #isDecodable: (head: ResponseHead) => boolean;

  constructor(head: BorrowedHead, isDecodable: (head: ResponseHead) => boolean) {
    this.#head = head;
    this.#isDecodable = isDecodable;
  }

  get status(): number {
    return this.#head.status;
  }

  get coding(): string | null {
    return this.#isDecodable(this.#head) ? null : this.#head.coding;
  }

  field(name: string): string | null {
    return this.#head.field(name);
  }

  lines(): readonly string[] {
    return this.#head.lines();
  }

  clone(): DecodedHead {
    return new DecodedHead(this.#head.clone(), this.#isDecodable);
  }
}

/** Decodes a body on its way to the sink. */
class DecodingTap extends BodyTap {
  readonly #maxBodyBytes: number;
  readonly #owner: BodyOwner;
  readonly #begin: () => ContentDecoder;
  /** Undefined before the first byte: many responses with a coding have no body. */
  #decoder: ContentDecoder | undefined;
  /** Whether the body is complete, given up or broken. */
  #isOver = false;
  /** Bytes before and after decoding. */
  #bytes = 0;
  #decodedBytes = 0;

  constructor(
    begin: (take: Take) => ContentDecoder,
    sink: BodySink | undefined,
    { maxBodyBytes, owner, onSinkFailure }: TapOptions,
  ) {
    super(sink, onSinkFailure);
    this.#maxBodyBytes = maxBodyBytes;
    this.#owner = owner;
    this.#begin = () => begin((bytes) => this.#take(bytes));
  }

  override get decodedBytes(): number {
    return this.#decodedBytes;
  }

  #take(bytes: Uint8Array): void {
    this.#decodedBytes += bytes.length;
    super.write(bytes);
  }

  override write(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#bytes += bytes.length;
    try {
      this.#decoder ??= this.#begin();
      this.#decoder.write(bytes);
    } catch (error) {
      this.#release();
      this.#owner.onBodyFailure(this.#toFailure(error), this.#bytes);
    }
  }

  override close(failure: Failure | undefined): Failure | undefined {
    try {
      if (failure === undefined) this.#decoder?.end();
    } catch (error) {
      failure = this.#toFailure(error);
    }
    this.#release();
    return super.close(failure);
  }

  #toFailure(error: unknown): Failure {
    if (error instanceof TooLongError) return toLengthFailure(this.#maxBodyBytes);
    if (error instanceof DecodingError) return toBodyFailure(error.message);
    throw error;
  }

  #release(): void {
    this.#isOver = true;
    this.#decoder?.close();
    this.#decoder = undefined;
  }
}
