import { NumberSet } from "./number_set.ts";

/** What the delay server did until a moment. */
export interface Served {
  /** Responses. */
  readonly count: number;
  /** The sum of the delays that were drawn. */
  readonly drawnMs: number;
  /** The sum of the times from a request's arrival to its response. */
  readonly heldMs: number;
}

/** The longest that a line of the log can be: the paths of benches are numbers. */
const MAX_LINE = 1_000;

/** The access log of the delay server, read as it is written: it would be gigabytes in a file. */
export class DelayLog {
  /** The numbers in the paths that were requested. */
  readonly numbers = new NumberSet();
  #count = 0;
  #drawnMs = 0;
  #heldMs = 0;

  get served(): Served {
    return { count: this.#count, drawnMs: this.#drawnMs, heldMs: this.#heldMs };
  }

  /** Reads to the end. @throws {Error} If a line is too long. */
  async read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      if (rest.length > MAX_LINE) throw new Error("the server's log has a line that is too long");
      for (const line of lines) this.#readLine(line);
    }
  }

  #readLine(line: string): void {
    // The server's first line says where it listens.
    if (!line.startsWith("{")) return;
    const { path, delay_ms, ms } = JSON.parse(line);
    this.#count++;
    this.#drawnMs += delay_ms;
    this.#heldMs += ms;
    this.numbers.add(Number(path.slice(1)));
  }
}
