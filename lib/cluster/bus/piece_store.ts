import { DamagedError } from "../damaged_error.ts";
import type { Stored } from "../messages.ts";
import { MIN_PAYLOAD_BYTES } from "./connection.ts";
import { digest } from "./digest.ts";
import type { RunAccess } from "./run_access.ts";

/** The maximum number of bytes of a piece, where the server takes messages of that size. */
const MAX_PIECE_BYTES = 512 * 1024;
/** What a message has beside a piece: its header fields. */
const HEADER_BYTES = 1_024;
/** The maximum number of pieces that are on their way at once. */
const PIECES_AT_ONCE = 4;

/** Blocks of records and parts, each in pieces that the server takes as messages. */
export class PieceStore {
  readonly #access: RunAccess;

  constructor(access: RunAccess) {
    this.#access = access;
  }

  /** Stores bytes under a name, in pieces. To try it again stores no piece twice. */
  async write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Stored> {
    const { js, nc } = this.#access.connection;
    // It is not known while the connection is away.
    const maxBytes = nc.info?.max_payload ?? MIN_PAYLOAD_BYTES;
    const pieceBytes = Math.min(MAX_PIECE_BYTES, maxBytes - HEADER_BYTES);
    return await this.#access.do("store what was done", async () => {
      const seqs: number[] = [];
      for (let at = 0; at < bytes.length; at += pieceBytes * PIECES_AT_ONCE) {
        const acks = [];
        for (let k = at; k < Math.min(bytes.length, at + pieceBytes * PIECES_AT_ONCE);) {
          const piece = bytes.subarray(k, k + pieceBytes);
          acks.push(
            js.publish(`myriad.${this.#access.run}.store.${name}`, piece, {
              msgID: `${name}.${k}`,
            }),
          );
          k += pieceBytes;
        }
        seqs.push(...(await Promise.all(acks)).map(({ seq }) => seq));
      }
      return { seqs, bytes: bytes.length, sha256: digest(bytes) };
    });
  }

  /** Reads what was stored. @throws {DamagedError} If it is not what was stored. */
  async read({ seqs, bytes, sha256 }: Stored): Promise<Uint8Array<ArrayBuffer>> {
    const { jsm } = this.#access.connection;
    const whole = new Uint8Array(bytes);
    let length = 0;
    for (let at = 0; at < seqs.length; at += PIECES_AT_ONCE) {
      const pieces = await this.#access.do("read what was stored", () =>
        Promise.all(
          seqs.slice(at, at + PIECES_AT_ONCE).map((seq) =>
            jsm.direct.getMessage(this.#access.names.store, { seq })
          ),
        ));
      for (const piece of pieces) {
        if (piece === null || length + piece.data.length > bytes) {
          throw new DamagedError("What the bus keeps of the run is damaged");
        }
        whole.set(piece.data, length);
        length += piece.data.length;
      }
    }
    if (length !== bytes || digest(whole) !== sha256) {
      throw new DamagedError("What the bus keeps of the run is damaged");
    }
    return whole;
  }

  /** Removes what was stored. What is not removed goes with the run. */
  async drop({ seqs }: Stored): Promise<void> {
    const { jsm } = this.#access.connection;
    await Promise.all(
      seqs.map((seq) =>
        jsm.streams.deleteMessage(this.#access.names.store, seq, false).catch(() => {})
      ),
    );
  }

  /** The names of everything that is stored. */
  async list(): Promise<string[]> {
    const prefix = `myriad.${this.#access.run}.store.`;
    const { state } = await this.#access.do(
      "list what was stored",
      () =>
        this.#access.connection.jsm.streams.info(this.#access.names.store, {
          subjects_filter: `${prefix}>`,
        }),
    );
    return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
  }

  /** Drops what is stored under a name. */
  async dropName(name: string): Promise<void> {
    const filter = `myriad.${this.#access.run}.store.${name}`;
    await this.#access.do(
      "remove what was stored",
      () => this.#access.connection.jsm.streams.purge(this.#access.names.store, { filter }),
    );
  }
}
