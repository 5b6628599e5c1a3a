/**
 * Records as they stand in a file: each is a gzip member of its own (ISO 28500:2017, annex D), so
 * that it can be read without those before it; or its plain bytes.
 *
 * ```text
 * record = head, empty line, block, CRLF CRLF
 * member = 10 bytes, record by DEFLATE, CRC-32, length
 * ```
 *
 * @module
 */
import type { ByteBuffer } from "../byte_buffer.ts";
import { boundDeflated, RawDeflater } from "../codec/raw_deflater.ts";
import { loadZlib } from "../codec/handle_decoder.ts";
import { combineCrc32 } from "./crc32.ts";

/**
 * How hard to compress. Level 2 takes three times as long as level 1, and archives get a sixth
 * smaller: a run is to spend its time on requests, and an archive can be compressed again after it.
 */
const LEVEL = 1;

/** RFC 1952 §2.3: DEFLATE, no name or time, from an unknown system. */
const MEMBER_HEAD = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
const TRAILER_BYTES = 8;
/** What stands behind the block of each record. */
const END = new TextEncoder().encode("\r\n\r\n");
/** The maximum number of bytes of a UTF-16 code unit in UTF-8. */
const MAX_UNIT_BYTES = 3;

const encoder = new TextEncoder();

/** What is known of a part of a record that was packed piece by piece. */
export interface PackedPart {
  /** Its CRC-32, and its length in bytes before it was packed. */
  readonly crc: number;
  readonly length: number;
}

/** Packs records for one archive. */
export class RecordPacker {
  /** Undefined if the archive is not compressed. */
  readonly #deflater: RawDeflater | undefined;
  readonly #crc32 = loadZlib().crc32;
  /** A whole record; as long as the longest one so far that was packed at once. */
  #record = new Uint8Array(1024);

  /** @param gzip whether the archive is compressed */
  constructor(gzip: boolean) {
    this.#deflater = gzip ? new RawDeflater(LEVEL) : undefined;
  }

  /** Packs a record whose block is in memory, behind what `into` has. */
  pack(head: string, block: Uint8Array, into: ByteBuffer): void {
    const headBytes = this.#encode(head, block.length);
    const record = this.#record;
    record.set(block, headBytes);
    record.set(END, headBytes + block.length);
    const whole = record.subarray(0, headBytes + block.length + END.length);
    if (this.#deflater === undefined) return void into.append(whole);
    into.append(MEMBER_HEAD);
    this.#deflate(whole, "end", into);
    this.#endMember(this.#crc32(whole), whole.length, into);
  }

  /**
   * Packs a piece of a block that is not kept in memory, behind what `into` has.
   *
   * @param crc that of the pieces before it; 0 for the first one
   * @returns that of the pieces so far
   */
  packPiece(piece: Uint8Array, crc: number, into: ByteBuffer): number {
    if (this.#deflater === undefined) {
      into.append(piece);
      return crc;
    }
    this.#deflate(piece, "more", into);
    return this.#crc32(piece, crc);
  }

  /** Packs what stands before the pieces of a block. @returns what is known of it */
  packBefore(head: string, into: ByteBuffer): PackedPart {
    if (this.#deflater !== undefined) into.append(MEMBER_HEAD);
    const length = this.#encode(head, 0);
    return { crc: this.packPiece(this.#record.subarray(0, length), 0, into), length };
  }

  /**
   * Packs what stands behind the pieces of a block.
   *
   * @param before what {@linkcode packBefore} has returned
   */
  packAfter(before: PackedPart, block: PackedPart, into: ByteBuffer): void {
    if (this.#deflater === undefined) return void into.append(END);
    this.#deflate(END, "end", into);
    const crc = combineCrc32(before.crc, block.crc, block.length);
    this.#endMember(this.#crc32(END, crc), before.length + block.length + END.length, into);
  }

  /** Encodes a head at the beginning of `#record`, with room for a block. @returns its length */
  #encode(head: string, blockLength: number): number {
    const needed = MAX_UNIT_BYTES * head.length + blockLength + END.length;
    if (needed > this.#record.length) this.#record = new Uint8Array(2 * needed);
    return encoder.encodeInto(head, this.#record).written;
  }

  #deflate(bytes: Uint8Array, end: "more" | "end", into: ByteBuffer): void {
    into.reserve(boundDeflated(bytes.length));
    into.length = this.#deflater!.deflate(bytes, end, into.bytes, into.length);
  }

  #endMember(crc: number, length: number, into: ByteBuffer): void {
    into.reserve(TRAILER_BYTES);
    const trailer = new DataView(into.bytes.buffer, into.length, TRAILER_BYTES);
    trailer.setUint32(0, crc, true);
    // Modulo 2^32 (RFC 1952 §2.3.1).
    trailer.setUint32(4, length % 2 ** 32, true);
    into.length += TRAILER_BYTES;
  }

  close(): void {
    this.#deflater?.close();
  }
}
