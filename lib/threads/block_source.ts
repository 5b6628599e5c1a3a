import { openSource } from "../source/open.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import type { Target } from "../target.ts";
import type { Block } from "./messages.ts";
import type { WorkerOptions } from "./packed_options.ts";

/** The targets of the blocks that a worker is given. It asks for more before it runs dry. */
export class BlockSource implements Source<Target> {
  readonly #options: WorkerOptions;
  readonly #want: () => void;
  readonly #blocks: Block[] = [];
  #current: Source<Target> | undefined;
  #hasEnded = false;
  #wake: (() => void) | undefined;

  /** @param want asks for another block */
  constructor(options: WorkerOptions, want: () => void) {
    this.#options = options;
    this.#want = want;
  }

  add(block: Block): void {
    this.#blocks.push(block);
    this.#wake?.();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  next(): MaybePromise<Step<Target>> {
    const step = this.#current?.next();
    if (step !== undefined && !(step instanceof Promise) && !step.done) return step;
    return this.#nextBlock();
  }

  async #nextBlock(): Promise<Step<Target>> {
    for (;;) {
      while (this.#blocks.length === 0) {
        if (this.#hasEnded) return { value: undefined, done: true };
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
      const block = this.#blocks.shift()!;
      this.#want();
      if (block.kind !== "numbers") throw new Error("not yet");
      const [first, count] = block.runs;
      const { shard } = this.#options;
      this.#current = await openSource({
        ...this.#options,
        start: first,
        count: (count - 1) * shard.count + 1,
        template: this.#options.url,
      });
      const step = await this.#current.next();
      if (!step.done) return step;
    }
  }
}
