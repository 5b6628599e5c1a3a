import { ClosedPipe, OutputError } from "../../errors.ts";
import { type LineWriter, openLineWriter } from "../../output/line_writer.ts";

/** A request as it arrived. */
export interface Arrival {
  /** The number of the request in order of arrival, from 0. */
  readonly n: number;
  /** When it arrived, in milliseconds since the Unix epoch. */
  readonly epochMs: number;
  /** The same moment by `performance.now()`, a clock that nobody sets. */
  readonly startMs: number;
  readonly method: string;
  readonly path: string;
}

/** An access log: a line of JSON for each response. */
export class AccessLog {
  readonly #lines: LineWriter;
  readonly #name: string;

  /**
   * Opens a file, and empties it.
   *
   * @throws {UsageError} If it cannot be written.
   */
  static async open(path: string): Promise<AccessLog> {
    const flag = "--access-log";
    return new AccessLog(await openLineWriter(path, { flag }), `${flag} ${path}`);
  }

  private constructor(lines: LineWriter, name: string) {
    this.#lines = lines;
    this.#name = name;
  }

  /** Fulfils with what to tell the user when lines cannot be written. Never rejects. */
  get failed(): Promise<Error> {
    return this.#lines.failed.then((error) =>
      error instanceof ClosedPipe
        ? new OutputError(`Cannot write '${this.#name}': its reader has closed it`)
        : error
    );
  }

  /**
   * Adds the line of a response; does nothing after a failure.
   *
   * @param delayMs the delay that was drawn
   * @returns a promise to wait for before responding, if the disk is slower than the responses; it
   * never rejects
   */
  add(
    { n, epochMs, startMs, method, path }: Arrival,
    status: number,
    delayMs: number,
  ): Promise<void> | undefined {
    const at = new Date(epochMs).toISOString();
    const ms = (performance.now() - startMs).toFixed(3);
    // A method is a token (RFC 9110 §5.6.2), which JSON does not escape.
    const line = `{"n":${n},"at":"${at}","method":"${method}","path":${
      JSON.stringify(path)
    },"status":${status},"delay_ms":${delayMs},"ms":${ms}}\n`;
    try {
      const full = this.#lines.write(line);
      return full instanceof Promise ? full.catch(() => {}) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Writes what is left, and closes the file; `failed` tells whether lines are missing. */
  async close(): Promise<void> {
    await this.#lines.close().catch(() => {});
  }
}
