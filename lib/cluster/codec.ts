import { gunzipSync } from "node:zlib";
import type { Check } from "../text/json_shape.ts";
import { digest } from "./bus/digest.ts";
import { DamagedError, SealError } from "./damaged_error.ts";
import { CHECKS, MAX_MESSAGE_BYTES, type Messages } from "./messages.ts";
import { Seal } from "./seal.ts";

/** What is stored of a run, in pieces. */
export type StoredKind = "spec" | "block" | "part";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Writes and reads what a run has on the bus: sealed if the run has a key, and checked as what a
 * stranger sends in any case.
 */
export class Codec {
  readonly #seal: Seal | undefined;

  /** @param key that the run is sealed with; undefined if it is not */
  constructor(run: string, key: Uint8Array | undefined) {
    this.#seal = key && new Seal(key, run);
  }

  get isSealed(): boolean {
    return this.#seal !== undefined;
  }

  /** @param id what the place of the message on the bus is named by; empty if by its kind alone */
  encode<Kind extends keyof Messages>(
    kind: Kind,
    id: string,
    message: Messages[Kind],
  ): Uint8Array<ArrayBuffer> {
    return this.seal(kind, id, encoder.encode(JSON.stringify(message)));
  }

  /** The message; undefined if it is not one of this run. */
  decode<Kind extends keyof Messages>(
    kind: Kind,
    id: string,
    bytes: Uint8Array,
  ): Messages[Kind] | undefined {
    if (bytes.length > MAX_MESSAGE_BYTES) return undefined;
    const opened = this.#open(kind, id, bytes);
    return opened && parse(opened, CHECKS[kind]) as Messages[Kind] | undefined;
  }

  /** A name of a place on the bus, in hexadecimal; without a key, whoever guesses the text knows it. */
  toName(text: string): string {
    return this.#seal?.toName(text) ?? digest(encoder.encode(text));
  }

  seal(
    kind: StoredKind | keyof Messages,
    id: string,
    bytes: Uint8Array<ArrayBuffer>,
  ): Uint8Array<ArrayBuffer> {
    return this.#seal === undefined ? bytes : this.#seal.seal(`${kind} ${id}`, bytes);
  }

  /** @throws {SealError} If it was not sealed for this place with the key of the run. */
  open(kind: StoredKind, id: string, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const opened = this.#open(kind, id, bytes);
    if (opened !== undefined) return opened;
    throw new SealError(`A ${kind} of the run on the bus was not sealed with its key`);
  }

  #open<Bytes extends Uint8Array>(
    kind: StoredKind | keyof Messages,
    id: string,
    bytes: Bytes,
  ): Bytes | Uint8Array<ArrayBuffer> | undefined {
    return this.#seal === undefined ? bytes : this.#seal.open(`${kind} ${id}`, bytes);
  }
}

/** A value of JSON that passes the check; undefined if there is something else. */
export function parse(bytes: Uint8Array, check: Check): unknown {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {DamagedError} If it is not gzip, or is longer than so many bytes. */
export function gunzip(bytes: Uint8Array, maxOutputLength: number): Uint8Array<ArrayBuffer> {
  try {
    const { buffer, byteOffset, length } = gunzipSync(bytes, { maxOutputLength });
    // Not a Buffer: that is slower to search.
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
  } catch {
    throw new DamagedError("What the bus keeps of the run is damaged: it cannot be decompressed");
  }
}
