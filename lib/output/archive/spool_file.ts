import { crc32 } from "node:zlib";
import { ByteBuffer } from "../../byte_buffer.ts";
import { OutputError } from "../../errors.ts";
import { describeWriteError } from "../../process/os_error.ts";
import type { ReservedDescriptors } from "../../process/reserved_descriptors.ts";
import { Digester } from "../../warc/digest.ts";
import type { PackedPart, RecordPacker } from "../../warc/record_packer.ts";
import { removeFile, SPOOL_ENDING } from "./archive_paths.ts";

/** Where the spool files of a thread are. */
export interface SpoolPlace {
  /** The path of the archive, for messages. */
  readonly archive: string;
  /** How their paths begin; no other thread or run has files like that. */
  readonly prefix: string;
  readonly packer: RecordPacker;
  /** Connections can take all file descriptors. */
  readonly spare: ReservedDescriptors;
}

let count = 0;

/**
 * A long block on the disk, as it will stand in the archive. It is written while the connection
 * waits, so that a slow disk slows the requests and does not fill the memory. The file is open during
 * a write only.
 */
export class SpoolFile implements PackedPart {
  readonly path: string;
  readonly #place: SpoolPlace;
  readonly #digester = new Digester();
  readonly #packed = new ByteBuffer();
  crc = 0;
  length = 0;
  /** The length of the file in bytes. */
  packedLength = 0;
  /** The CRC-32 of the file. */
  packedCrc = 0;

  constructor(place: SpoolPlace) {
    this.#place = place;
    this.path = `${place.prefix}${count++}${SPOOL_ENDING}`;
  }

  /** @throws {OutputError} If it cannot be written. */
  write(piece: Uint8Array): void {
    const packed = this.#packed;
    packed.length = 0;
    this.crc = this.#place.packer.packPiece(piece, this.crc, packed);
    this.#digester.update(piece);
    this.length += piece.length;
    const isFirst = this.packedLength === 0;
    // A file that is there already, or a link, is not followed.
    const options = isFirst ? { createNew: true, mode: 0o600 } : { append: true, create: false };
    try {
      this.#place.spare.use(() => Deno.writeFileSync(this.path, packed.view(), options));
    } catch (error) {
      throw new OutputError(
        `Cannot write '--save-bodies ${this.#place.archive}': ${describeWriteError(error)}`,
      );
    }
    this.packedLength += packed.length;
    this.packedCrc = crc32(packed.view(), this.packedCrc);
  }

  /** The labelled digest of the block. Call it once, after the last piece. */
  takeDigest(): string {
    return `${this.#digester}`;
  }

  remove(): void {
    removeFile(this.path);
  }
}
