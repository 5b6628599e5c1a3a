import { describeOsError } from "../process/os_error.ts";
import { BodyReadError } from "../target.ts";

/**
 * A file that is a part of bodies. It is open as long as the process lives, so a file that is renamed
 * or removed meanwhile stays readable, and connections that take all descriptors do not matter.
 */
export class FormFile {
  readonly path: string;
  /** Its length in bytes, as it was when the run began. */
  readonly length: number;
  #file: Deno.FsFile | undefined;

  constructor(path: string, length: number) {
    this.path = path;
    this.length = length;
  }

  /** Opens it, unless it is open. @throws {BodyReadError} If it cannot be, or has become shorter. */
  open(): Deno.FsFile {
    if (this.#file !== undefined) return this.#file;
    try {
      const file = Deno.openSync(this.path);
      const { size } = file.statSync();
      if (size >= this.length) return this.#file = file;
      file.close();
      return this.#fail(`it has become shorter: ${size} of ${this.length} bytes`);
    } catch (error) {
      if (error instanceof BodyReadError) throw error;
      return this.#fail(describeOsError(error));
    }
  }

  /**
   * Reads bytes, and waits for the disk meanwhile.
   *
   * @param at their position, less than the length
   * @returns how many were read, from 1
   * @throws {BodyReadError} If they cannot be read, or are no longer there.
   */
  read(at: number, into: Uint8Array): number {
    const file = this.open();
    let count;
    try {
      file.seekSync(at, Deno.SeekMode.Start);
      count = file.readSync(into);
    } catch (error) {
      return this.#fail(describeOsError(error));
    }
    if (count === null || count === 0) {
      this.#fail(`it has become shorter: ${at} of ${this.length} bytes`);
    }
    return count;
  }

  #fail(why: string): never {
    throw new BodyReadError(`'${this.path}'`, why);
  }

  /** Closes it, if it is open. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
