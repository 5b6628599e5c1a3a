import { grouped, markdownCell } from "./table.ts";

/** The runs of one client, in which one that fails is the last: the next would fail as well. */
export class Attempts<T extends { readonly failed: number }> {
  readonly #run: () => Promise<T>;
  #failure: string | undefined;

  constructor(run: () => Promise<T>) {
    this.#run = run;
  }

  /** Undefined when it fails, and ever after. */
  async run(): Promise<T | undefined> {
    if (this.#failure !== undefined) return undefined;
    try {
      return await this.#run();
    } catch (error) {
      this.#failure = (error as Error).message;
      return undefined;
    }
  }

  /** For a cell: how many requests failed, by round, and why there were no more rounds. */
  failed(samples: readonly T[]): string {
    const counts = samples.map(({ failed }) => failed);
    const parts = Math.max(0, ...counts) === 0 ? [] : [counts.map(grouped).join(", ")];
    if (this.#failure !== undefined) parts.push(markdownCell(this.#failure));
    return parts.join("; then ") || "0";
  }
}
