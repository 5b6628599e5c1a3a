/** The maximum number of payloads that are remembered, those of all threads together. */
export const MAX_SEEN = 65_536;
/** The longest URI, in characters, of a payload that is remembered: 65,536 take 160 MiB at most. */
const MAX_URI = 2_048;

/** The record of a payload: what a later one refers to. */
export interface SeenRecord {
  readonly id: string;
  readonly uri: string;
  readonly date: string;
}

/** Which payloads an archive has, the last of them: a later one need not be stored again. */
export class SeenPayloads {
  readonly #max: number;
  /** By their digest, the one least recently seen first; at most `#max`. */
  readonly #records = new Map<string, SeenRecord>();

  /** @param max the maximum number of payloads that are remembered, from 1 */
  constructor(max: number) {
    this.#max = max;
  }

  /** The record with a payload; undefined if it is not remembered. */
  find(digest: string): SeenRecord | undefined {
    const record = this.#records.get(digest);
    if (record === undefined) return undefined;
    this.#records.delete(digest);
    this.#records.set(digest, record);
    return record;
  }

  /** Remembers the record of a payload that {@linkcode find} does not know. */
  add(digest: string, record: SeenRecord): void {
    if (record.uri.length > MAX_URI) return;
    if (this.#records.size === this.#max) {
      const [oldest] = this.#records.keys();
      this.#records.delete(oldest);
    }
    this.#records.set(digest, record);
  }
}
