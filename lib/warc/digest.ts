import nodeCrypto from "node:crypto";

/**
 * SHA-256 in hexadecimal, as browsers' crawlers write it. A digest decides here which bodies are the
 * same, and for SHA-1 a server can make two that are not.
 */
const ALGORITHM = "sha256";

/** The labelled digest of bytes (ISO 28500:2017 §5.8). */
export function digestBytes(bytes: Uint8Array): string {
  return `${ALGORITHM}:${nodeCrypto.hash(ALGORITHM, bytes, "hex")}`;
}

/** The digest of bytes that come piece by piece. */
export class Digester {
  readonly #hash = nodeCrypto.createHash(ALGORITHM);

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Ends it. Call it once. */
  toString(): string {
    return `${ALGORITHM}:${this.#hash.digest("hex")}`;
  }
}
