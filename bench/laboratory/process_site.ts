import { sendSignal } from "../send_signal.ts";
import type { Host } from "./host.ts";
import type { LoggedRequest, Site } from "./site.ts";

/** A server that is one command, which stays in the foreground, and writes a log of lines. */
export interface ProcessSiteOptions {
  readonly host: Host;
  /** The command, for the server's machine. */
  readonly command: readonly string[];
  /** What it listens at. */
  readonly ports: readonly number[];
  /** The file that it logs into. */
  readonly log: string;
  /** What a line says; undefined for a line that tells of no request. */
  readLine(line: string): LoggedRequest | undefined;
  /** Makes it read its configuration again. @param pid of its first process */
  readonly reload?: ((pid: number) => Promise<void>) | undefined;
  /** Variables of its environment, beside those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What ends it. @default {"SIGTERM"} */
  readonly stopSignal?: Deno.Signal | undefined;
}

const NEWLINE = 0x0a;
const BLOCK_BYTES = 65_536;
/** How long a server may take to end by itself, as most units let it. */
const STOP_MS = 5_000;

/** A server that is a process. */
export class ProcessSite implements Site {
  readonly reload: (() => Promise<void>) | undefined;
  readonly #options: ProcessSiteOptions;
  /** Bytes of the log whose lines are counted, and those lines. */
  #countedBytes = 0;
  #counted = 0;
  #process: Deno.ChildProcess | undefined;

  constructor(options: ProcessSiteOptions) {
    this.#options = options;
    const { reload } = options;
    if (reload !== undefined) this.reload = () => reload(this.#process!.pid);
  }

  /**
   * Starts it, and waits until it listens.
   *
   * @throws {Error} If it does not; it has ended then.
   */
  async start(): Promise<void> {
    const { host, command, ports, env = {} } = this.#options;
    // Of a group of its own: what it leaves behind can be ended too.
    const options = { stdout: "null", stderr: "null", detached: true, env } as const;
    this.#process = host.spawn(command, options);
    try {
      for (const port of ports) await host.listening(port);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    const timer = setTimeout(() => sendSignal(-process.pid, "SIGKILL"), STOP_MS);
    sendSignal(process.pid, this.#options.stopSignal ?? "SIGTERM");
    await process.status;
    clearTimeout(timer);
    sendSignal(-process.pid, "SIGKILL");
  }

  async countRequests(): Promise<number> {
    using log = await this.#openLog();
    if (log === undefined) return 0;
    await log.seek(this.#countedBytes, Deno.SeekMode.Start);
    const block = new Uint8Array(BLOCK_BYTES);
    for (let read; (read = await log.read(block)) !== null;) {
      this.#countedBytes += read;
      for (let at = -1; (at = block.indexOf(NEWLINE, at + 1)) >= 0 && at < read;) this.#counted++;
    }
    return this.#counted;
  }

  async forEachRequest(visit: (request: LoggedRequest) => void): Promise<void> {
    const log = await this.#openLog();
    if (log === undefined) return;
    // A line for each request of a run, which are some thousands.
    const text = await new Response(log.readable).text();
    for (const line of text.split("\n")) {
      const request = this.#options.readLine(line);
      if (request !== undefined) visit(request);
    }
  }

  async #openLog(): Promise<Deno.FsFile | undefined> {
    try {
      return await Deno.open(this.#options.log);
    } catch (error) {
      // It got no request.
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
