/**
 * The content codings (RFC 9110 §8.4.1) that can be decoded. A new one is a row here and a decoder.
 *
 * @module
 */
import { BrotliDecoder } from "./brotli_decoder.ts";
import { ContentDecoder, type ContentOptions } from "./content_decoder.ts";
import type { Decoder } from "./decoder.ts";
import { DeflateDecoder } from "./deflate_decoder.ts";
import { GzipDecoder } from "./gzip_decoder.ts";
import { ZstdDecoder } from "./zstd_decoder.ts";

const CODINGS = {
  gzip: GzipDecoder,
  deflate: DeflateDecoder,
  br: BrotliDecoder,
  zstd: ZstdDecoder,
} satisfies Record<string, new () => Decoder>;

type Coding = keyof typeof CODINGS;

/** A value for `Accept-Encoding` with all of them (RFC 9110 §12.5.3). */
export const ACCEPTED_CODINGS: string = Object.keys(CODINGS).join(", ");

/** The maximum number of codings of a body; more of them are not decoded. */
const MAX_CODINGS = 5;
/** The maximum number of unused decoders of a coding that are kept: making one takes 20 us. */
const MAX_IDLE = 16;

/** Decodes the bodies of an engine. */
export class ContentCodings {
  /** At most `MAX_IDLE` of each coding. */
  readonly #idle: Readonly<Record<Coding, Decoder[]>> = { gzip: [], deflate: [], br: [], zstd: [] };
  /** The last value of `Content-Encoding` and its codings: most responses of a run have the same. */
  #last: { readonly value: string; readonly codings: readonly Coding[] | undefined } | undefined;

  /** Loads what decodes, which takes up to 30 ms, before it is needed. */
  prepare(): void {
    this.#keep("gzip", new GzipDecoder());
  }

  /**
   * Whether a body can be decoded.
   *
   * @param value of `Content-Encoding`
   */
  knows(value: string): boolean {
    return this.#read(value) !== undefined;
  }

  /** Begins a body with codings that it {@linkcode knows}. */
  begin(value: string, options: ContentOptions): ContentDecoder {
    const codings = this.#read(value)!;
    const decoders = codings.map((coding) => this.#idle[coding].pop() ?? new CODINGS[coding]());
    return new ContentDecoder(decoders, options, (isWhole) => {
      for (const [k, decoder] of decoders.entries()) {
        if (isWhole) this.#keep(codings[k], decoder);
        else decoder.close();
      }
    });
  }

  #keep(coding: Coding, decoder: Decoder): void {
    const idle = this.#idle[coding];
    if (decoder.reset === undefined || idle.length === MAX_IDLE) return decoder.close();
    decoder.reset();
    idle.push(decoder);
  }

  /** The codings, the outermost first; undefined if one is unknown, or their number is wrong. */
  #read(value: string): readonly Coding[] | undefined {
    // The handles of Node take other arguments, and end the process at those of Deno.
    if (typeof Deno === "undefined") return undefined;
    if (this.#last?.value !== value) this.#last = { value, codings: parseCodings(value) };
    return this.#last.codings;
  }

  /** Lets go of the decoders. */
  close(): void {
    for (const idle of Object.values(this.#idle)) {
      for (const decoder of idle.splice(0)) decoder.close();
    }
  }
}

/** They are in the order in which they were applied; `identity` does not count. */
function parseCodings(value: string): readonly Coding[] | undefined {
  const names = value.toLowerCase().split(",").map((name) => name.trim())
    // RFC 9110 §8.4.1.3: the older name of gzip.
    .map((name) => name === "x-gzip" ? "gzip" : name)
    .filter((name) => name !== "" && name !== "identity");
  const isKnown = names.every((name) => Object.hasOwn(CODINGS, name));
  if (names.length === 0 || names.length > MAX_CODINGS || !isKnown) return undefined;
  return (names as Coding[]).reverse();
}
