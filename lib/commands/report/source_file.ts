import { ByteBuffer } from "../../byte_buffer.ts";
import type { Input } from "../../source/input.ts";
import { PeekedInput } from "../../source/peeked_input.ts";
import { beginsWarc } from "../../warc/read_records.ts";

/** Bytes of a summary: its histogram has at most 4,000 slots. */
const MAX_SUMMARY_BYTES = 16 * 1024 * 1024;

/** What a file has of a run. */
export type SourceKind = "summary" | "records" | "archive";

/** A file of a run. Its beginning tells what it has. */
export class SourceFile {
  readonly #input: PeekedInput;
  readonly kind: SourceKind;

  /** @throws {InputError} If it breaks off. */
  static async open(input: Input): Promise<SourceFile> {
    return new SourceFile(await PeekedInput.open(input));
  }

  private constructor(input: PeekedInput) {
    this.#input = input;
    this.kind = tellKind(input.firstLine);
  }

  /** The path of the file; `-` for standard input. */
  get path(): string {
    return this.#input.path;
  }

  /** The next block, from the beginning on; undefined at the end. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#input.read();
  }

  /** All of it; undefined if that is too much for a summary. */
  async text(): Promise<string | undefined> {
    const bytes = new ByteBuffer(MAX_SUMMARY_BYTES);
    for (let block; (block = await this.read()) !== undefined;) {
      if (!bytes.append(block)) return undefined;
    }
    return new TextDecoder().decode(bytes.view());
  }

  close(): void {
    this.#input.close();
  }
}

function tellKind(firstLine: Uint8Array): SourceKind {
  if (beginsWarc(firstLine)) return "archive";
  return beginsSummary(new TextDecoder().decode(firstLine).trim()) ? "summary" : "records";
}

/** A record is a line; a summary is a document of many lines, or one with these names. */
function beginsSummary(line: string): boolean {
  if (line === "{") return true;
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) &&
      Object.hasOwn(value, "requests") && Object.hasOwn(value, "succeeded");
  } catch {
    return false;
  }
}
