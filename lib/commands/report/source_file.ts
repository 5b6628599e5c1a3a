import type { Input } from "../../source/input.ts";

/** Most bytes that are looked at to tell the kind of a file. */
const MAX_DETECTED = 1024 * 1024;
/** Most bytes of a summary: its histogram has at most 4,000 slots. */
const MAX_SUMMARY_BYTES = 16 * 1024 * 1024;

const OPEN_BRACE = 0x7b;
const LF = 0x0a;

/** A file whose beginning tells its kind, and is read again. */
export class SourceFile {
  readonly #input: Input;
  readonly #start: Uint8Array<ArrayBuffer>[] = [];
  #isSummary = false;

  /** @throws {InputError} If the file breaks off. */
  static async open(input: Input): Promise<SourceFile> {
    const file = new SourceFile(input);
    await file.#detectKind();
    return file;
  }

  private constructor(input: Input) {
    this.#input = input;
  }

  /** Whether it is the summary of a run; otherwise it can only be records. */
  get isSummary(): boolean {
    return this.#isSummary;
  }

  async #detectKind(): Promise<void> {
    let length = 0;
    while (length < MAX_DETECTED) {
      const block = await this.#input.read();
      if (block === undefined) break;
      // The input uses its block again.
      this.#start.push(block.slice());
      length += block.length;
      const first = firstByte(this.#start[0]);
      if (first !== undefined && this.#start[0][first] !== OPEN_BRACE) return;
      if (first !== undefined && block.indexOf(LF, this.#start.length === 1 ? first : 0) >= 0) {
        break;
      }
    }
    const text = new TextDecoder().decode(joined(this.#start)).trimStart();
    const line = text.split("\n", 1)[0].trim();
    // A record is one line; a summary is a document of many lines, or one line with these names.
    if (line === "{") return void (this.#isSummary = true);
    try {
      const value = JSON.parse(line);
      const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      this.#isSummary = isObject && Object.hasOwn(value, "requests") &&
        Object.hasOwn(value, "succeeded");
    } catch {
      // It is a record, or not JSON.
    }
  }

  /** The next block, as an input gives it, from the beginning. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#start.shift() ?? await this.#input.read();
  }

  /** The whole text; undefined if it is too long for a summary. */
  async text(): Promise<string | undefined> {
    const blocks: Uint8Array[] = [];
    let length = 0;
    for (let block; (block = await this.read()) !== undefined;) {
      length += block.length;
      if (length > MAX_SUMMARY_BYTES) return undefined;
      blocks.push(block.slice());
    }
    return new TextDecoder().decode(joined(blocks));
  }

  close(): void {
    this.#input.close();
  }
}

/** Where the text begins behind spaces and a byte order mark; undefined if it does not. */
function firstByte(bytes: Uint8Array): number | undefined {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const k = bytes.findIndex((byte, k) => k >= start && byte > 0x20);
  return k < 0 ? undefined : k;
}

function joined(blocks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(blocks.reduce((sum, { length }) => sum + length, 0));
  let length = 0;
  for (const block of blocks) {
    all.set(block, length);
    length += block.length;
  }
  return all;
}
