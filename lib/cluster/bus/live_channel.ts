import { type Live, MAX_MESSAGE_BYTES } from "../messages.ts";
import type { RunAccess } from "./run_access.ts";

/** What a worker says that leaves at once, with its version; it cannot seal it. */
const MISFIT = /^misfit ([\w.+-]{1,40})$/;
const MAX_MISFIT_BYTES = 50;

/** What workers do at present, which the bus does not keep. */
export class LiveChannel {
  readonly #access: RunAccess;

  constructor(access: RunAccess) {
    this.#access = access;
  }

  /** Tells what this worker does. It may be lost. */
  tell(live: Live): void {
    const bytes = this.#access.codec.encode("live", "", live);
    // The server would not take a longer one.
    if (bytes.length > MAX_MESSAGE_BYTES) return;
    this.#access.connection.nc.publish(this.#subject, bytes);
  }

  /**
   * Tells that this program does not fit the run: whoever has submitted it may not see what it says.
   *
   * @param version of the program
   */
  tellMisfit(version: string): void {
    this.#access.connection.nc.publish(this.#subject, `misfit ${version}`);
  }

  get #subject(): string {
    return `myriad.${this.#access.run}.live`;
  }

  /**
   * Calls back with what workers do.
   *
   * @param onMisfit called with the version of a worker that does not fit the run, or its key
   * @returns what ends that
   */
  listen(take: (live: Live) => void, onMisfit: (version: string) => void = () => {}): () => void {
    const subscription = this.#access.connection.nc.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error !== null) return;
        const live = this.#access.codec.decode("live", "", message.data);
        if (live !== undefined) return take(live);
        const misfit = message.data.length > MAX_MISFIT_BYTES
          ? null
          : MISFIT.exec(message.string());
        if (misfit !== null) onMisfit(misfit[1]);
        else this.#access.leaveOut("the state of a worker");
      },
    });
    return () => subscription.unsubscribe();
  }
}
