/** Most octets of a body that are looked at; what comes behind them is not. */
export const MAX_LOOKED_AT = 1024 * 1024;

// What is no UTF-8 becomes U+FFFD, and a byte order mark at the beginning goes.
const decoder = new TextDecoder();
const ofRest = new TextDecoder("utf-8", { ignoreBOM: true });

/** Collects the beginning of a body, at most {@linkcode MAX_LOOKED_AT} octets of it. */
export class BodyText {
  /** What came first, where no character can reach beyond it: a short body is not copied. */
  #start: string | undefined;
  /** The rest: `#length` octets of it. */
  #octets: Uint8Array | undefined;
  #length = 0;
  #room = MAX_LOOKED_AT;
  /** Whether there was more than is looked at. */
  isCut = false;

  write(octets: Uint8Array): void {
    if (octets.length > this.#room) {
      this.isCut = true;
      octets = octets.subarray(0, this.#room);
    }
    if (octets.length === 0) return;
    const isFirst = this.#room === MAX_LOOKED_AT;
    this.#room -= octets.length;
    if (isFirst && octets[octets.length - 1] < 0x80) this.#start = decoder.decode(octets);
    else this.#append(octets);
  }

  /** Its room doubles, so that one octet at a time is no burden. */
  #append(octets: Uint8Array): void {
    const needed = this.#length + octets.length;
    if (this.#octets === undefined) this.#octets = octets.slice();
    else {
      if (needed > this.#octets.length) {
        const longer = new Uint8Array(Math.min(MAX_LOOKED_AT, needed * 2));
        longer.set(this.#octets.subarray(0, this.#length));
        this.#octets = longer;
      }
      this.#octets.set(octets, this.#length);
    }
    this.#length = needed;
  }

  /** What came, as UTF-8. */
  text(): string {
    if (this.#octets === undefined) return this.#start ?? "";
    const octets = this.#octets.subarray(0, this.#length);
    return this.#start === undefined ? decoder.decode(octets) : this.#start + ofRest.decode(octets);
  }
}
