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
  /** Makes it read its configuration again. */
  readonly reload?: (() => Promise<void>) | undefined;
}

const NEWLINE = 0x0a;
const BLOCK_BYTES = 65_536;
/** How long a server may take to end by itself, as systemd waits at most. */
const STOP_MS = 10_000;

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
    this.reload = options.reload;
  }

  /**
   * Starts it, and waits until it listens.
   *
   * @throws {Error} If it does not; it has ended then.
   */
  async start(): Promise<void> {
    const { host, command, ports } = this.#options;
    this.#process = host.spawn(command, { stdout: "null", stderr: "inherit" });
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
    const timer = setTimeout(() => kill(process, "SIGKILL"), STOP_MS);
    kill(process, "SIGTERM");
    await process.status;
    clearTimeout(timer);
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

function kill(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch {
    // It has ended already.
  }
}
