import type { BodyReader, RequestBody, StreamedBody } from "../../target.ts";

/** The body of a request that is told while the connection takes it. */
export class ToldUpload implements StreamedBody {
  readonly length: number;
  readonly heldBytes: number;
  readonly #body: RequestBody;
  readonly #tell: (bytes: Uint8Array) => void;
  #reader: BodyReader | undefined;

  constructor(body: RequestBody, tell: (bytes: Uint8Array) => void) {
    this.length = body.length;
    this.heldBytes = body instanceof Uint8Array ? body.length : body.heldBytes;
    this.#body = body;
    this.#tell = tell;
  }

  /** Whether the connection has taken all of it. */
  get isTaken(): boolean {
    return this.#reader?.length === 0;
  }

  open(): BodyReader {
    const body = this.#body;
    const reader = body instanceof Uint8Array ? new ByteReader(body) : body.open();
    const tell = this.#tell;
    this.#reader = reader;
    return {
      get length() {
        return reader.length;
      },
      read: (maxBytes) => {
        const bytes = reader.read(maxBytes);
        tell(bytes);
        return bytes;
      },
    };
  }
}

/** Reads a body that is in memory. */
class ByteReader implements BodyReader {
  #rest: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#rest = bytes;
  }

  get length(): number {
    return this.#rest.length;
  }

  read(maxBytes: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#rest.subarray(0, maxBytes);
    this.#rest = this.#rest.subarray(maxBytes);
    return bytes;
  }
}
