import { dropBytes, type Take } from "./decoder.ts";
import { findHandle, type Handle, HandleDecoder, loadZlib } from "./handle_decoder.ts";

/** A handle before it decodes. */
interface NewHandle extends Handle {
  init(parameters: Uint32Array, onWrite: () => void): boolean;
}

/** How many parameters there are, and what stands for the default of each. */
const PARAMETERS = new Uint32Array(10).fill(0xffff_ffff);

const ZERO = Uint8Array.of(0);

/** Brotli (RFC 7932). With Deno 2.9 its handle cannot begin anew. */
export class BrotliDecoder extends HandleDecoder {
  readonly coding = "br";

  constructor() {
    const { constants, createBrotliDecompress } = loadZlib();
    const stream = createBrotliDecompress();
    const { constructor } = findHandle(stream);
    stream.close();
    const handle = new (constructor as new (mode: number) => NewHandle)(constants.BROTLI_DECODE);
    handle.init(PARAMETERS, dropBytes);
    // `writeSync` of Deno 2.9 does not tell what is wrong, and neither does `brotliDecompressSync`.
    super(handle, "write");
  }

  protected override decode(bytes: Uint8Array, depth: number, take: Take): void {
    if (this.feed(bytes, 0, depth, take) < bytes.length) this.fail("bytes behind the end");
  }

  /** Another byte is left over if all is there. */
  protected override isComplete(): boolean {
    return this.feed(ZERO, 0, 0, dropBytes) === 0;
  }
}
