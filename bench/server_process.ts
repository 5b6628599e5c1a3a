import { listening } from "./port.ts";
import { readCpuSeconds } from "./process_figures.ts";

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
    { scheme = "http", ...options }: Deno.CommandOptions & { scheme?: "http" | "https" } = {},
  ) {
    this.#process = new Deno.Command(program, { ...options, args }).spawn();
    this.port = port;
    this.url = `${scheme}://127.0.0.1:${port}/`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What it prints, where the options say `piped`. */
  get stdout(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#process.stdout;
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

  /**
   * Seconds of user and system time that it took so far, with its own children; undefined where the
   * system does not say, as only Linux does.
   */
  async cpuSeconds(): Promise<number | undefined> {
    const { pid } = this.#process;
    try {
      const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
      const all = [`${pid}`, ...children.trim().split(" ").filter((child) => child !== "")];
      const seconds = await Promise.all(all.map(readCpuSeconds));
      return seconds.reduce((sum, value) => sum + value, 0);
    } catch {
      return undefined;
    }
  }

  /** Ends it; its log is then complete, unless it is killed. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    try {
      this.#process.kill(signal);
    } catch {
      // It has ended already.
    }
    await this.#process.status;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
