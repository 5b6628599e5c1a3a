import type { RunOptions } from "../options/run_options.ts";
import { openFailureEncoder, openRecordEncoder } from "../output/open_output.ts";
import type { SliceEncoders } from "./open_slice.ts";

/** The encoders of a worker's slices, which are used again. */
export class SliceEncoderPool {
  readonly #options: RunOptions;
  /** Those that no slice has at present: as many as slices had at once. */
  readonly #spare: SliceEncoders[] = [];
  #isWithheldTold = false;
  /** Called once, when credentials are left out of a failure for the first time. */
  onWithheld: () => void = () => {};

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** Gives the encoders of a slice. */
  async take(): Promise<SliceEncoders> {
    return this.#spare.pop() ?? await this.#open();
  }

  async #open(): Promise<SliceEncoders> {
    const options = this.#options;
    const output = options.output && { ...options.output, gzip: true };
    return {
      records: output && await openRecordEncoder({ ...options, output }),
      failures: options.failures === undefined
        ? undefined
        : await openFailureEncoder({ ...options, onWithheld: () => this.#tellWithheld() }),
    };
  }

  /** Each encoder tells it. */
  #tellWithheld(): void {
    if (this.#isWithheldTold) return;
    this.#isWithheldTold = true;
    this.onWithheld();
  }

  /** Takes back the encoders of a slice whose results were taken out of them. */
  giveBack(encoders: SliceEncoders): void {
    this.#spare.push(encoders);
  }
}
