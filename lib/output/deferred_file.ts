import { OutputError, UsageError } from "../errors.ts";
import { describeWriteError } from "../process/os_error.ts";
import { writeAll } from "../process/write_all.ts";
import { openFile, truncateTo } from "./line_writer.ts";

/** A file that gets all of its text in the end; until then it keeps what it has. */
export class DeferredFile {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #name: string;
  readonly #isNew: boolean;

  /**
   * Opens it, so that it is known from the beginning that it can be written.
   *
   * @param flag the flag that names it, for messages, such as `--report`
   * @throws {UsageError} If it cannot.
   */
  static async open(path: string, flag: string): Promise<DeferredFile> {
    if (path === "-") {
      throw new UsageError(`'${flag}' cannot go to standard output: give it a name`);
    }
    const { file, isNew } = await openFile(path, { flag });
    return new DeferredFile(file, path, flag, isNew);
  }

  private constructor(file: Deno.FsFile, path: string, flag: string, isNew: boolean) {
    this.#file = file;
    this.#path = path;
    this.#name = `${flag} ${path}`;
    this.#isNew = isNew;
  }

  /**
   * Puts the text in the place of what it had, and closes it. Where that fails it is empty: half of
   * a text is worse than none.
   *
   * @throws {OutputError} If it cannot be written.
   */
  async write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    try {
      await truncateTo(this.#file, 0);
      await writeAll(this.#file, bytes);
    } catch (error) {
      await truncateTo(this.#file, 0).catch(() => {});
      throw new OutputError(`Cannot write '${this.#name}': ${describeWriteError(error)}`);
    } finally {
      this.#file.close();
    }
  }

  /** Closes it, with what it had before; if it was not there, it is not there again. */
  async abandon(): Promise<void> {
    this.#file.close();
    if (this.#isNew) await Deno.remove(this.#path).catch(() => {});
  }
}
