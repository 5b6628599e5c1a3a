import { BusError } from "../../errors.ts";
import { type Control, isControl } from "../messages.ts";
import type { RunAccess } from "./run_access.ts";

/** How often it is read again, since what was told can be missed, in milliseconds. */
const READ_AGAIN_MS = 10_000;

/** What the submitter tells all workers. */
export class ControlKey {
  readonly #access: RunAccess;

  constructor(access: RunAccess) {
    this.#access = access;
  }

  async write(control: Control): Promise<void> {
    await this.#access.do("control the run", () => this.#access.kv.put("control", control));
  }

  /** What the submitter told last; `over` if the run is not on the bus any more. */
  async read(): Promise<Control> {
    try {
      const entry = await this.#access.do("read the run", () => this.#access.kv.get("control"));
      return entry === null ? "run" : this.#toControl(entry.string()) ?? "run";
    } catch (error) {
      if (error instanceof BusError && error.trouble === "gone") return "over";
      throw error;
    }
  }

  /**
   * Calls back with each control, the present one first. One that comes while the connection is
   * broken is heard when it is back.
   *
   * @returns what ends that
   */
  async watch(take: (control: Control) => void): Promise<() => void> {
    const { connection } = this.#access;
    let last: Control | undefined;
    const hear = (control: Control): void => {
      if (control === last) return;
      last = control;
      take(control);
    };
    // A key is a subject. To listen leaves no consumer on the server, and survives its restart.
    const subscription = connection.nc.subscribe(`$KV.${this.#access.names.bucket}.control`, {
      callback: (error, message) => {
        const control = error === null ? this.#toControl(message.string()) : undefined;
        if (control !== undefined) hear(control);
      },
    });
    // What does not come now, comes with the next one.
    const readAgain = (): void => void this.read().then(hear, () => {});
    const stopWaiting = connection.onReconnect(readAgain);
    const timer = setInterval(readAgain, READ_AGAIN_MS);
    const stop = (): void => {
      subscription.unsubscribe();
      stopWaiting();
      clearInterval(timer);
    };
    try {
      hear(await this.read());
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  #toControl(text: string): Control | undefined {
    if (isControl(text)) return text;
    this.#access.leaveOut("an order");
    return undefined;
  }
}
