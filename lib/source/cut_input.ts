import { ByteBuffer } from "../byte_buffer.ts";
import type { Input } from "./input.ts";
import { MAX_LINE } from "./lines.ts";

const LF = 0x0a;
const CR = 0x0d;

/** About how many bytes a block has. */
const BLOCK_BYTES = 1024;
/** A block without the end of a line is given once it has so many bytes. */
const MAX_BLOCK_BYTES = 2 * MAX_LINE;

/** An input in small blocks of whole lines, so that reading can begin at each of them again. */
export class CutInput {
  readonly #input: Pick<Input, "read" | "close">;
  /** What was read and not given; at most {@linkcode MAX_BLOCK_BYTES} and a block of the input. */
  #rest = new ByteBuffer();
  #at = 0;
  #hasEnded = false;
  /** Where the next block begins, in bytes of the content. */
  #offset = 0;
  #endsLine = true;
  /** Called before each block is given that begins a line. @param offset where it begins */
  onBlock: (offset: number) => void = () => {};

  constructor(input: Pick<Input, "read" | "close">) {
    this.#input = input;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    let end = this.#findEnd();
    while (end === undefined && !this.#hasEnded) {
      const block = await this.#input.read();
      if (block === undefined) {
        this.#hasEnded = true;
        break;
      }
      this.#dropGiven();
      this.#rest.append(block);
      end = this.#findEnd();
    }
    const block = this.#rest.view().slice(this.#at, end);
    if (block.length === 0) return undefined;
    if (this.#endsLine) this.onBlock(this.#offset);
    this.#endsLine = end !== undefined && block.length < MAX_BLOCK_BYTES;
    this.#at += block.length;
    this.#offset += block.length;
    return block;
  }

  /** Behind the line end that ends the next block; undefined if more has to be read. */
  #findEnd(): number | undefined {
    const bytes = this.#rest.view();
    const lf = bytes.indexOf(LF, this.#at + BLOCK_BYTES);
    if (lf >= 0) return lf + 1;
    if (bytes.length - this.#at < MAX_BLOCK_BYTES) return undefined;
    // The byte behind a CR tells whether an LF belongs to it.
    const cr = bytes.lastIndexOf(CR, bytes.length - 2);
    return cr >= this.#at && bytes[cr + 1] !== LF ? cr + 1 : bytes.length;
  }

  #dropGiven(): void {
    const rest = new ByteBuffer();
    rest.append(this.#rest.view().slice(this.#at));
    this.#rest = rest;
    this.#at = 0;
  }

  close(): void {
    this.#input.close();
  }
}
