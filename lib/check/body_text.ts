/** Most octets of a body that are looked at; what comes behind them is not. */
export const MAX_LOOKED_AT = 1024 * 1024;

// What is no UTF-8 becomes U+FFFD, and a byte order mark goes.
const decoder = new TextDecoder();

/** Collects the beginning of a body, at most {@linkcode MAX_LOOKED_AT} octets of it. */
export class BodyText {
  #octets: Uint8Array | undefined;
  #length = 0;
  /** Whether there was more than is looked at. */
  isCut = false;

  write(octets: Uint8Array): void {
    const room = MAX_LOOKED_AT - this.#length;
    if (octets.length > room) {
      this.isCut = true;
      if (room === 0) return;
      octets = octets.subarray(0, room);
    }
    if (this.#octets === undefined) this.#octets = octets.slice();
    else this.#append(octets);
    this.#length += octets.length;
  }

  /** Its room doubles, so that one octet at a time is no burden. */
  #append(octets: Uint8Array): void {
    const needed = this.#length + octets.length;
    if (needed > this.#octets!.length) {
      const room = new Uint8Array(Math.min(MAX_LOOKED_AT, needed * 2));
      room.set(this.#octets!.subarray(0, this.#length));
      this.#octets = room;
    }
    this.#octets!.set(octets, this.#length);
  }

  /** What came, as UTF-8. */
  text(): string {
    return this.#octets === undefined ? "" : decoder.decode(this.#octets.subarray(0, this.#length));
  }
}
