/**
 * Sealing: nobody without the key of a run reads, changes or moves what the bus keeps of it.
 *
 * ```text
 * format, 1 byte │ sender, 24 bytes │ number, 8 bytes │ ciphertext │ tag, 16 bytes
 * ```
 *
 * The cipher is AES-256-GCM (NIST SP 800-38D), with the run and the place in it as additional data:
 * what is sealed for one place opens at no other. A nonce must never come twice under one key, and
 * the senders of a run cannot agree on nonces. So each sender has a key of its own, which is derived
 * (HKDF, RFC 5869) from the key of the run and 24 random bytes; its nonces are numbers that it counts.
 *
 * Names of places are hashed with a key of their own (HMAC-SHA-256, RFC 2104): without one, whoever
 * guesses what a name is made of could see that it is so.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import { KEY_BYTES } from "../options/cluster_key.ts";

const FORMAT = 1;
const SENDER_BYTES = 24;
const NUMBER_BYTES = 8;
const TAG_BYTES = 16;
const NUMBER_AT = 1 + SENDER_BYTES;
const TEXT_AT = NUMBER_AT + NUMBER_BYTES;
/** The number stands at the end of a nonce (12 bytes), whose beginning is 0. */
const NONCE_BYTES = 12;
/** The maximum number of senders whose keys are kept. */
const MAX_SENDERS = 1_000;

const encoder = new TextEncoder();

/** Seals and opens what belongs to one run. */
export class Seal {
  readonly #key: Uint8Array;
  readonly #run: string;
  readonly #sender = crypto.getRandomValues(new Uint8Array(SENDER_BYTES));
  readonly #ownKey: Uint8Array;
  readonly #nameKey: Uint8Array;
  #number = 0n;
  /** The keys of others who have sealed something, by sender; at most {@linkcode MAX_SENDERS}. */
  readonly #keys = new Map<string, Uint8Array>();

  /** @param key {@linkcode KEY_BYTES} bytes */
  constructor(key: Uint8Array, run: string) {
    this.#key = key;
    this.#run = run;
    this.#ownKey = this.#deriveKey(this.#sender);
    this.#nameKey = this.#deriveKey(new Uint8Array(), " names");
  }

  /** A name that only tells whoever has the key what it is made of, in hexadecimal. */
  toName(text: string): string {
    return createHmac("sha256", this.#nameKey).update(text).digest("hex");
  }

  /** @param place where it belongs in the run */
  seal(place: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const sealed = new Uint8Array(TEXT_AT + bytes.length + TAG_BYTES);
    sealed[0] = FORMAT;
    sealed.set(this.#sender, 1);
    new DataView(sealed.buffer).setBigUint64(NUMBER_AT, this.#number++);
    const cipher = createCipheriv("aes-256-gcm", this.#ownKey, toNonce(sealed));
    cipher.setAAD(this.#toData(place));
    sealed.set(cipher.update(bytes), TEXT_AT);
    cipher.final();
    sealed.set(cipher.getAuthTag(), TEXT_AT + bytes.length);
    return sealed;
  }

  /** What was sealed for this place of the run with its key; undefined if something else is there. */
  open(place: string, sealed: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    if (sealed.length < TEXT_AT + TAG_BYTES || sealed[0] !== FORMAT) return undefined;
    const end = sealed.length - TAG_BYTES;
    const sender = sealed.slice(1, NUMBER_AT);
    const name = sender.toHex();
    const key = this.#keys.get(name) ?? this.#deriveKey(sender);
    const decipher = createDecipheriv("aes-256-gcm", key, toNonce(sealed));
    decipher.setAAD(this.#toData(place));
    decipher.setAuthTag(sealed.slice(end));
    const bytes = Uint8Array.from(decipher.update(sealed.subarray(TEXT_AT, end)));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    if (this.#keys.size < MAX_SENDERS) this.#keys.set(name, key);
    return bytes;
  }

  /** @param use what it is for; the keys of senders have none */
  #deriveKey(salt: Uint8Array, use = ""): Uint8Array {
    const about = encoder.encode(`myriad ${this.#run}${use}`);
    return new Uint8Array(hkdfSync("sha256", this.#key, salt, about, KEY_BYTES));
  }

  /** The name of a run has no space. */
  #toData(place: string): Uint8Array {
    return encoder.encode(`${this.#run} ${place}`);
  }
}

function toNonce(sealed: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  nonce.set(sealed.subarray(NUMBER_AT, TEXT_AT), NONCE_BYTES - NUMBER_BYTES);
  return nonce;
}
