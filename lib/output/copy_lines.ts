import { readMode } from "../process/fresh_file.ts";
import type { RecordScanner } from "../scan/scanner.ts";
import { Input } from "../source/input.ts";
import type { MaybePromise } from "../stream.ts";
import { type LineWriter, openLineWriter } from "./line_writer.ts";
import type { CopyOptions, Position, RecordInput, RecordUse } from "./output.ts";

/** What becomes of records that are text, and of that text. */
export interface LineUse extends Omit<RecordUse, "take" | "isEnough"> {
  /** Takes a record, and where its text is, without its end; valid until it returns. */
  take(scanner: RecordScanner, bytes: Uint8Array, from: number, to: number): void;
  /** Takes the text of a header. */
  onHeader?(bytes: Uint8Array, from: number, to: number): void;
  isEnough?: (() => MaybePromise<boolean>) | undefined;
}

const decoder = new TextDecoder();

/**
 * Copies records that are lines of text.
 *
 * @param read reads such records
 * @throws {UsageError} If a file cannot be opened.
 * @throws {InputError} If the input breaks off.
 * @throws {OutputError} If the copy cannot be written.
 */
export async function copyLines(
  read: (input: RecordInput, names: readonly string[], use: LineUse) => Promise<void>,
  { from, to, gzip, names, isKept, onUnreadable }: CopyOptions,
): Promise<Position> {
  const input = await Input.open(from, `--output ${from}`);
  const open = async (): Promise<LineWriter> => {
    const mode = await readMode(from);
    return await openLineWriter(to, { flag: "--retry-failed", gzip, mode, isFresh: true });
  };
  const copy = await open().catch((error) => {
    input.close();
    throw error;
  });
  try {
    let written: MaybePromise<void>;
    const write = (bytes: Uint8Array, from: number, to: number): void => {
      // The lines of one block are held at most, until they are written.
      written = copy.write(`${decoder.decode(bytes.subarray(from, to))}\n`) ?? written;
    };
    await read(input, names, {
      take: (scanner, bytes, from, to) => {
        if (isKept(scanner)) write(bytes, from, to);
      },
      onHeader: write,
      onUnreadable,
      isEnough: async () => {
        await written;
        return false;
      },
    });
    return await copy.sync();
  } finally {
    await copy.close();
  }
}
