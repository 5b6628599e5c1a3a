import { listening } from "./port.ts";

/** A server in a process of its own, at a port of the loopback address. */
export class ServerProcess implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly #process: Deno.ChildProcess;

  /**
   * Starts it.
   *
   * @param port where the command makes it listen
   * @throws {Deno.errors.NotFound} If the program is not installed.
   */
  constructor(
    [program, ...args]: readonly string[],
    port: number,
    options: Deno.CommandOptions = {},
  ) {
    this.#process = new Deno.Command(program, { ...options, args }).spawn();
    this.port = port;
    this.url = `http://127.0.0.1:${port}/`;
  }

  /**
   * Waits until it listens.
   *
   * @throws {Error} If it does not within 10 s; it has then ended.
   */
  async listening(): Promise<this> {
    try {
      await listening(this.port);
      return this;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends it; its log is then complete. */
  async stop(): Promise<void> {
    try {
      this.#process.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await this.#process.status;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
